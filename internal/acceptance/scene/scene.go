// Package scene has the clusters, manifests and states that tests of the real
// program play with, and the laws that hold for every run whatever fails.
package scene

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/testkit"
	"aliasctl/planner"
)

// sweep reports how much the tests of the promises cover:
//
//	go test ./internal/acceptance/{faults,sweeps}              every request and every kind of fault, in minutes
//	go test ./internal/acceptance/{faults,sweeps} -sweep=full  all server versions, all sides, more actors
var sweep = flag.String("sweep", "ci", "how much the sweeps cover: ci or full")

func FullSweep() bool { return *sweep == "full" }

// Scene is a story that is being played: a cluster that listens, a manifest
// and a state in a folder.
type Scene struct {
	*testkit.Cluster
	Story
	Server *emulator.Server
	Dir    string
	// Location is where tests find the state; "" is a file in Dir.
	Location string
	// Environment is what runs see; with it each is a process of its own.
	Environment []string
	fixed       []string // flags of every run

	origin    Picture  // at first
	reading   []reader // at first
	retirable []string // what a manifest has retired so far

	mu       sync.Mutex
	breaches []string // of what must hold at every instant, each at its first
}

// Play begins a story whose state is a file.
func Play(s Story, profile emulator.Profile, parent string, flags ...string) (*Scene, error) {
	return PlayAt("", s, profile, parent, flags...)
}

// PlayAt begins a story whose state is at a location.
func PlayAt(location string, s Story, profile emulator.Profile, parent string, flags ...string) (*Scene, error) {
	dir, err := os.MkdirTemp(parent, "scene-*")
	if err != nil {
		return nil, err
	}
	c := &Scene{Cluster: testkit.Around(s.Build(profile)), Story: s, Dir: dir, Location: location, fixed: flags}
	c.origin, c.reading = c.Look(), c.readers()
	if c.Server, err = emulator.Start(c, "127.0.0.1:0", emulator.ServerOptions{}); err != nil {
		return nil, err
	}
	if err := c.store(s.State(c.Emulator, c.Server.URL())); err != nil {
		return c, err
	}
	return c, c.Write(s)
}

// store puts the state of an earlier apply in place, as that did: under its lock.
func (c *Scene) store(state planner.State) error {
	ctx := context.Background()
	store, err := stores.Open(c.StatePath())
	if err != nil {
		return err
	}
	if c.Location == "" {
		return store.Save(ctx, state)
	}
	lock, err := store.Lock(ctx, 0, statefile.Holder{})
	if err != nil {
		return err
	}
	// A replica that lags shows what was there before.
	old := state
	old.Serial, old.Bindings = state.Serial-1, nil
	return errors.Join(store.Save(ctx, old), store.Save(ctx, state), lock.Release())
}

// End throws the scene away.
func (c *Scene) End() {
	c.Server.Close()
	os.RemoveAll(c.Dir)
}

// StatePath is the location of the state.
func (c *Scene) StatePath() string {
	if c.Location != "" {
		return c.Location
	}
	return filepath.Join(c.Dir, "aliases.state.json")
}

// Write puts the manifest of a story in place; from now on it is the one that
// has to come true.
func (c *Scene) Write(s Story) error {
	c.Story = s
	c.retirable = append(c.retirable, s.Retire...)
	return os.WriteFile(filepath.Join(c.Dir, "aliases.yaml"), []byte(s.Document()), 0o644)
}

// Command is the command line of every run.
func (c *Scene) Command(flags ...string) []string {
	line := []string{"aliasctl", "sync", "--apply", "-f", filepath.Join(c.Dir, "aliases.yaml"), "--uri", c.Server.URL(), "-o", "json", "--drain", "0s"}
	return slices.Concat(line, c.fixed, flags)
}

// Run is one run of the program.
func (c *Scene) Run(flags ...string) program.Ending {
	_, before := c.Counts()
	e := c.Perform(c.Command(flags...))
	_, after := c.Counts()
	e.Writes = after - before
	return e
}

// Perform is one command line.
func (c *Scene) Perform(line []string) program.Ending {
	if c.Environment == nil {
		return program.Perform(c.Dir, line...)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir, cmd.Env = c.Dir, program.Environment(c.Environment...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		return program.Ending{Code: -1, Stderr: err.Error()}
	}
	return program.NewEnding(cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), 0)
}

// Abreast is how many runs go on at the same time. They mostly wait: for a
// time limit, a settle time, or a pause between two tries.
var Abreast = map[bool]int{false: 24, true: 4}[program.Raced]

// Recorded is more requests than any run sends.
const Recorded = 100_000

// LeftOut is what sweeps skip while the detector makes everything ten times
// as slow: all but every 24th case. Without it they skip nothing.
func LeftOut(i int) bool { return program.Raced && !FullSweep() && i%24 != 0 }

// live is what an alias is bound to now, "" for nothing.
func (c *Scene) live(alias string) string {
	db, name := program.Place(alias)
	return c.Bindings(db)[name]
}

// Bound are all aliases of the cluster.
func (c *Scene) Bound() map[string]string {
	all := map[string]string{}
	for _, db := range c.Databases() {
		for alias, to := range c.Bindings(db) {
			all[db+"/"+alias] = to
		}
	}
	return all
}

func (c *Scene) exists(collection string) bool {
	db, name := program.Place(collection)
	_, there := c.Collections(db)[name]
	return there
}

// Stored is the state on disk.
func (c *Scene) Stored() (planner.State, error) {
	file, err := stores.Open(c.StatePath())
	if err != nil {
		return planner.State{}, err
	}
	return file.Read(context.Background())
}

// Tally counts what a sweep has done, for its last line.
type Tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (t *Tally) Count(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]int{}
	}
	t.n[what]++
}

// Text lists the counts with their names, in order.
func (t *Tally) Text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(t.n)) {
		parts = append(parts, fmt.Sprintf("%s: %d", name, t.n[name]))
	}
	return strings.Join(parts, ", ")
}

// Shared is a folder for many scenes.
func Shared(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "aliasctl-sweep-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
