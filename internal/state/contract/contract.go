// Package contract is what every kind of store has to keep, as one suite of
// tests: the tests of a store run it against a real server.
//
//	func TestContract(t *testing.T) {
//		address := startServer(t)
//		contract.Test(t, func(name string) string { return "scheme://" + address + "/" + name })
//	}
package contract

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"aliasctl/internal/state"
	"aliasctl/internal/state/stores"
	"aliasctl/planner"
)

// sweep=full races each store for 20 rounds, and a slow one too.
var sweep = flag.String("sweep", "ci", "how many rounds a slow store is raced for: ci or full")

const (
	runs = 8 // at once in a race

	short = 3 * time.Second // a lease
	long  = time.Minute
	// hold is the location that a child process locks until it is killed.
	hold = "ALIASCTL_CONTRACT_HOLD"
)

// Trait is what a kind of store does not have.
type Trait int

const (
	// NoExpiry is a store whose locks never end by themselves.
	NoExpiry Trait = iota
	// LongLease is a store that grants no lease of less than 15 seconds.
	LongLease
	// Guarded is a store without conditional writes: it is written under its
	// lock only, and a race is one for the lock too.
	Guarded
	// Slow is a store whose races last for minutes: they are 3 rounds, and 20
	// with -sweep=full. Its leases are longer: a renewal lasts.
	Slow
)

// Test runs the suite. location names a state that no other test uses.
func Test(t *testing.T, location func(name string) string, traits ...Trait) {
	t.Helper()
	s := suite{location: location, traits: make(map[Trait]bool)}
	for _, trait := range traits {
		s.traits[trait] = true
	}
	if held := os.Getenv(hold); held != "" {
		holdUntilKilled(t, held, s.short())
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"a first run and a later one", s.firstRun},
		{"a large state", s.large},
		{"locks at once", s.locks},
		{"saves at once", s.saves},
		{"first saves at once", s.firstSaves},
		{"a lock that is released from outside", s.broken},
		{"a lock is renewed", s.renewed},
		{"a run that is killed", s.killed},
		{"copies of replaced states", s.copies},
		{"push and migrate", s.transfer},
	} {
		t.Run(test.name, test.run)
	}
}

type suite struct {
	location func(name string) string
	traits   map[Trait]bool
}

// short is a lease that ends while a test waits, and that a renewal keeps.
func (s suite) short() time.Duration {
	switch {
	case s.traits[LongLease]:
		return 15 * time.Second
	case s.traits[Slow]:
		return 10 * time.Second
	}
	return short
}

// rounds of a race.
func (s suite) rounds() int {
	if s.traits[Slow] && *sweep != "full" {
		return 3
	}
	return 20
}

// open is a new run's view of a state.
func (s suite) open(t testing.TB, name string, options state.Options) state.Location {
	t.Helper()
	l, err := stores.OpenWith(s.location(name), options)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Holder is who holds the locks of the suite.
var Holder = state.Holder{Host: "ci-7", PID: 4711, User: "deploy", Command: "aliasctl sync --apply",
	Started: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}

const lineage = "2f5bb1c8-1d29-4c7e-9c07-9c2b6a4c5d11"

// State is one of this serial and so many bindings.
func State(serial uint64, bindings int) planner.State {
	s := state.New(planner.Cluster{URI: "http://milvus:19530"})
	s.Lineage, s.Serial = lineage, serial
	s.UpdatedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range bindings {
		s.Bindings = append(s.Bindings, planner.Binding{Database: "default", Alias: fmt.Sprintf("alias_%06d", i),
			Collection: fmt.Sprintf("collection_%06d_v%d", i, serial), Since: s.UpdatedAt})
	}
	return s
}

// at runs something several times at once, from one start.
func at(n int, do func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// winners counts what succeeded; all else has to be a defeat.
func winners(t *testing.T, what string, errs []error, lost func(error) bool) int {
	t.Helper()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !lost(err):
			t.Errorf("%s: %v", what, err)
		}
	}
	return won
}
