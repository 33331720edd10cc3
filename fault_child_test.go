package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"aliasctl/internal/emulator"
)

// child is the real program in a process of its own, which a test can end at
// an exact point: in a hook, while its request waits for an answer.
type child struct {
	*process
	started chan struct{}
}

// spawn makes the program ready for a scene; hooks may use it at once.
func (c *scene) spawn(flags ...string) *child {
	return newChild(c.dir, c.command(flags...)...)
}

func newChild(dir string, line ...string) *child {
	p := &child{process: &process{command: exec.Command(line[0], line[1:]...), done: make(chan struct{})}, started: make(chan struct{})}
	p.command.Dir, p.command.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "GORACE=exitcode=66"}
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	return p
}

func (p *child) start() error {
	if err := p.command.Start(); err != nil {
		return err
	}
	close(p.started)
	go func() {
		p.err = p.command.Wait()
		close(p.done)
	}()
	return nil
}

// die ends the process by SIGKILL and returns when it is no more.
func (p *child) die() {
	<-p.started
	p.kill()
}

// signalled sends a signal to the process.
func (p *child) signalled(s os.Signal) {
	<-p.started
	p.command.Process.Signal(s)
}

// says waits until the process has written a text to stderr, or has ended.
func (p *child) says(text string) {
	p.prints(func(string) bool { return strings.Contains(p.stderr.String(), text) })
}

// prints waits until what the process has written is enough, or it has ended.
func (p *child) prints(enough func(said string) bool) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if enough(p.stdout.String() + p.stderr.String()) {
			return
		}
		select {
		case <-p.done:
			return
		case <-time.After(500 * time.Microsecond):
		}
	}
}

// ending waits for the end of the process.
func (p *child) ending() (ending, error) {
	select {
	case <-p.done:
	case <-time.After(patience):
		p.kill()
		return ending{}, fmt.Errorf("it does not end: %s%s", p.stdout.String(), p.stderr.String())
	}
	return newEnding(p.command.ProcessState.ExitCode(), p.stdout.String(), p.stderr.String(), 0), nil
}

// whole runs the program to its end, wherever that is.
func (p *child) whole() (ending, error) {
	if err := p.start(); err != nil {
		return ending{}, err
	}
	return p.ending()
}

// fate is what becomes of the request that was on its way when its sender was
// killed.
type fate string

const (
	lands fate = "takes effect"
	dies  fate = "never takes effect"
	done  fate = "had its effect"
	later fate = "takes effect later"
)

// killAt kills the next run at one of its requests.
func (c *scene) killAt(p *child, n int64, what fate) {
	at, when := emulator.Match{Request: n}, emulator.Before
	switch what {
	case dies:
		c.AddFault(emulator.Fault{Match: at, Kind: emulator.Reset})
	case later:
		c.AddFault(emulator.Fault{Match: at, Kind: emulator.Late})
	case done:
		when = emulator.After
	}
	c.AddHook(emulator.Hook{Match: at, When: when, Do: func(emulator.Request) { p.die() }})
}

// killed runs the program until it is killed at request n, counted from now.
func (c *scene) killed(n int64, what fate) error {
	c.ClearFaults()
	before, _ := c.Counts()
	c.watch()
	p, over := c.spawn("--settle", "200ms"), make(chan struct{})
	c.killAt(p, before+n, what)
	if what == lands {
		c.AddHook(emulator.Hook{Match: emulator.Match{Request: before + n}, When: emulator.After, Do: func(emulator.Request) { close(over) }})
	} else {
		close(over)
	}
	e, err := p.whole()
	if err == nil && e.code != -1 {
		return fmt.Errorf("it was not killed: %v", e)
	}
	<-over
	return err
}
