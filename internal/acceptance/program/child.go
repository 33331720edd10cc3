package program

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Child is the real program in a process of its own, which a test can end at
// an exact point: in a hook, while its request waits for an answer.
type Child struct {
	*Process
	started chan struct{}
}

func NewChild(dir string, line ...string) *Child {
	p := &Child{Process: &Process{Command: exec.Command(line[0], line[1:]...), Done: make(chan struct{})}, started: make(chan struct{})}
	p.Command.Dir, p.Command.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "GORACE=exitcode=66"}
	p.Command.Stdout, p.Command.Stderr = &p.Stdout, &p.Stderr
	return p
}

func (p *Child) Start() error {
	if err := p.Command.Start(); err != nil {
		return err
	}
	close(p.started)
	go func() {
		p.Err = p.Command.Wait()
		close(p.Done)
	}()
	return nil
}

// Die ends the process by SIGKILL and returns when it is no more.
func (p *Child) Die() {
	<-p.started
	p.Kill()
}

// Signalled sends a signal to the process.
func (p *Child) Signalled(s os.Signal) {
	<-p.started
	p.Command.Process.Signal(s)
}

// Says waits until the process has written a text to stderr, or has ended.
func (p *Child) Says(text string) {
	p.Prints(func(string) bool { return strings.Contains(p.Stderr.String(), text) })
}

// Prints waits until what the process has written is enough, or it has ended.
func (p *Child) Prints(enough func(said string) bool) {
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); {
		if enough(p.Stdout.String() + p.Stderr.String()) {
			return
		}
		select {
		case <-p.Done:
			return
		case <-time.After(500 * time.Microsecond):
		}
	}
}

// Ending waits for the end of the process.
func (p *Child) Ending() (Ending, error) {
	select {
	case <-p.Done:
	case <-time.After(Patience):
		p.Kill()
		return Ending{}, fmt.Errorf("it does not end: %s%s", p.Stdout.String(), p.Stderr.String())
	}
	return NewEnding(p.Command.ProcessState.ExitCode(), p.Stdout.String(), p.Stderr.String(), 0), nil
}

// Whole runs the program to its end, wherever that is.
func (p *Child) Whole() (Ending, error) {
	if err := p.Start(); err != nil {
		return Ending{}, err
	}
	return p.Ending()
}
