package program

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// Patience is how long a script waits for what must happen. It is a bound
// against hanging, not a measure.
const Patience = 30 * time.Second

// Process is a program in the background.
type Process struct {
	Command        *exec.Cmd
	Stdout, Stderr Output
	Done           chan struct{}
	Err            error // once done
}

// Output is what a program has written so far.
type Output struct {
	mu      sync.Mutex
	written bytes.Buffer
}

func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.written.Write(b)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.written.String()
}

func (p *Process) Kill() {
	p.Command.Process.Kill()
	<-p.Done
}

// Place splits NAME or DATABASE/NAME.
func Place(name string) (database, bare string) {
	if database, bare, ok := strings.Cut(name, "/"); ok {
		return database, bare
	}
	return "default", name
}

func Must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
