// Package script runs the scripts of testdata/script: what a user types, against
// emulated clusters, and what has to come of it. The stories of every version, which
// are half of them, have a package of their own, so that both run at the same time.
package script

import (
	"errors"
	"fmt"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
)

// Of is the scripts of a folder, for testscript.Run. $PROFILE is the version that
// clusters play unless a script says otherwise, $EXAMPLES the folder of that name.
//
// The scripts run the real binary against emulated clusters that live in this
// test process, each behind a loopback socket of its own. They see nothing of
// the machine: testscript gives them a fresh environment without HOME, CI,
// MILVUS_ or ALIASCTL_ variables.
//
// Besides the commands of testscript they have these:
//
//	exits CODE PROGRAM ARG...       run it and require exactly this exit code
//	json FILE PATH WORD...          require a value of a JSON file, or of stdout
//	events FILE EVENT...            require the events of --log-format json
//	start NAME PROGRAM ARG...       run it in the background
//	says NAME PATTERN [VARIABLE]    wait until it has written that; keep the group
//	signal NAME INT|TERM|KILL
//	ended NAME CODE                 wait for its end and require the exit code
//
//	cluster NAME SEED [WORD...]     start a cluster; $URI is its address
//
// and those of cluster.go and actor.go about that cluster. With -v a script goes
// on behind a line that failed.
func Of(dir string, profile emulator.Profile) testscript.Params {
	commands := map[string]func(*testscript.TestScript, bool, []string){
		"exits":  exits,
		"json":   requireJSON,
		"events": requireEvents,
	}
	for _, more := range []map[string]func(*testscript.TestScript, bool, []string){processCommands, clusterCommands} {
		for name, command := range more {
			commands[name] = command
		}
	}
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		ContinueOnError:     testing.Verbose(),
		Cmds:                commands,
		Condition:           conditions(profile),
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, program.QuickRace)
			w := newWorld(env.Vars)
			env.Values[worldKey{}] = w
			env.Defer(w.close)
			env.Setenv("PROFILE", profile.Name)
			examples, err := filepath.Abs("examples")
			env.Setenv("EXAMPLES", examples)
			return err
		},
	}
}

// conditions are what a script of every version asks of it: [groups], it has
// privilege groups; [resolves], a grant on an alias is one on its collection; [nohup],
// what is started here inherits that SIGHUP is ignored.
func conditions(p emulator.Profile) func(string) (bool, error) {
	return func(name string) (bool, error) {
		switch name {
		case "groups":
			return p.Name != "2.3", nil
		case "resolves":
			return p.ResolvesGrants, nil
		case "nohup":
			return signal.Ignored(syscall.SIGHUP), nil
		}
		return false, fmt.Errorf("no condition %q", name)
	}
}

// worldKey finds the world of a script.
type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// world is what a script has around it: clusters and running programs.
type world struct {
	environment []string
	clusters    map[string]*cluster
	current     *cluster
	processes   map[string]*program.Process
}

func newWorld(environment []string) *world {
	return &world{environment: environment, clusters: map[string]*cluster{}, processes: map[string]*program.Process{}}
}

// close ends what the script has left: programs first, because a cluster waits
// for its clients.
func (w *world) close() {
	for _, p := range w.processes {
		p.Kill()
	}
	for _, c := range w.clusters {
		c.close()
	}
}

// exits runs a program to its end and requires its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want := number(ts, args[0])
	err := ts.Exec(args[1], args[2:]...)
	if code := exitCodeOf(ts, err); code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// exitCodeOf is -1 for a program that a signal ended.
func exitCodeOf(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	ts.Fatalf("cannot run it: %v", err)
	return 0
}

func number(ts *testscript.TestScript, word string) int {
	n, err := strconv.Atoi(word)
	if err != nil {
		ts.Fatalf("%q is not a number", word)
	}
	return n
}
