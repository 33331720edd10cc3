package script

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"aliasctl/internal/acceptance/program"
)

var processCommands = map[string]func(*testscript.TestScript, bool, []string){
	"start":  startProcess,
	"says":   waitForWords,
	"signal": signalProcess,
	"ended":  waitForEnd,
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
	p := &program.Process{Command: exec.Command(args[1], args[2:]...), Done: make(chan struct{})}
	p.Command.Dir, p.Command.Env = ts.MkAbs("."), w.environment
	p.Command.Stdout, p.Command.Stderr = &p.Stdout, &p.Stderr
	if err := p.Command.Start(); err != nil {
		ts.Fatalf("cannot start it: %v", err)
	}
	w.processes[args[0]] = p
	go func() {
		p.Err = p.Command.Wait()
		close(p.Done)
	}()
}

func processOf(ts *testscript.TestScript, name string) *program.Process {
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
	ended := p.Done
	for deadline := time.Now().Add(program.Patience); ; {
		said := p.Stdout.String() + p.Stderr.String()
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
	if err := processOf(ts, args[0]).Command.Process.Signal(signals[args[1]]); err != nil {
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
	case <-p.Done:
	case <-time.After(program.Patience):
		p.Kill()
		ts.Fatalf("it did not end; it said\n%s%s", p.Stdout.String(), p.Stderr.String())
	}
	ts.Stdout().Write([]byte(p.Stdout.String()))
	ts.Stderr().Write([]byte(p.Stderr.String()))
	if code := exitCodeOf(ts, p.Err); code != want {
		ts.Fatalf("exit code %d, want %d: %s", code, want, strings.TrimSpace(p.Stderr.String()))
	}
}
