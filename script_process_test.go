package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a script waits for what must happen. It is a bound
// against hanging, not a measure.
const patience = 30 * time.Second

var processCommands = map[string]func(*testscript.TestScript, bool, []string){
	"start":  startProcess,
	"says":   waitForWords,
	"signal": signalProcess,
	"ended":  waitForEnd,
}

// process is a program in the background.
type process struct {
	command        *exec.Cmd
	stdout, stderr output
	done           chan struct{}
	err            error // once done
}

// output is what a program has written so far.
type output struct {
	mu      sync.Mutex
	written bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.written.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.written.String()
}

func (p *process) kill() {
	p.command.Process.Kill()
	<-p.done
}

// startProcess runs a program in the environment that the script began with.
func startProcess(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME PROGRAM ARG...")
	}
	w := worldOf(ts)
	if w.processes[args[0]] != nil {
		ts.Fatalf("there is a process %q already", args[0])
	}
	p := &process{command: exec.Command(args[1], args[2:]...), done: make(chan struct{})}
	p.command.Dir, p.command.Env = ts.MkAbs("."), w.environment
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	if err := p.command.Start(); err != nil {
		ts.Fatalf("cannot start it: %v", err)
	}
	w.processes[args[0]] = p
	go func() {
		p.err = p.command.Wait()
		close(p.done)
	}()
}

func processOf(ts *testscript.TestScript, name string) *process {
	p := worldOf(ts).processes[name]
	if p == nil {
		ts.Fatalf("there is no process %q", name)
	}
	return p
}

// waitForWords waits until a program has written something.
func waitForWords(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: says NAME PATTERN [VARIABLE]")
	}
	p := processOf(ts, args[0])
	pattern, err := regexp.Compile("(?m)" + args[1])
	if err != nil {
		ts.Fatalf("%v", err)
	}
	ended := p.done
	for deadline := time.Now().Add(patience); ; {
		said := p.stdout.String() + p.stderr.String()
		if found := pattern.FindStringSubmatch(said); found != nil {
			if len(args) == 3 {
				ts.Setenv(args[2], found[len(found)-1])
			}
			return
		}
		if ended == nil || time.Now().After(deadline) {
			ts.Fatalf("%q does not say %q but\n%s", args[0], args[1], said)
		}
		select {
		case <-ended: // look once more at what it said last
			ended = nil
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func signalProcess(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}
	if neg || len(args) != 2 || signals[args[1]] == nil {
		ts.Fatalf("usage: signal NAME INT|TERM|HUP|KILL")
	}
	if err := processOf(ts, args[0]).command.Process.Signal(signals[args[1]]); err != nil {
		ts.Fatalf("%v", err)
	}
}

// waitForEnd waits for a program; `stdout` and `stderr` then look at what it
// has written.
func waitForEnd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ended NAME CODE")
	}
	p, want := processOf(ts, args[0]), number(ts, args[1])
	select {
	case <-p.done:
	case <-time.After(patience):
		p.kill()
		ts.Fatalf("it did not end; it said\n%s%s", p.stdout.String(), p.stderr.String())
	}
	ts.Stdout().Write([]byte(p.stdout.String()))
	ts.Stderr().Write([]byte(p.stderr.String()))
	if code := exitCodeOf(ts, p.err); code != want {
		ts.Fatalf("exit code %d, want %d: %s", code, want, strings.TrimSpace(p.stderr.String()))
	}
}
