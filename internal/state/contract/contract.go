// Package contract is what every kind of store has to keep, as one suite of
// tests: the tests of a store run it against a real server.
//
//	func TestContract(t *testing.T) {
//		address := startServer(t)
//		contract.Test(t, func(name string) string { return "scheme://" + address + "/" + name })
//	}
package contract

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

func (s suite) lock(t testing.TB, l state.Location) *state.Lock {
	t.Helper()
	lock, err := l.Lock(t.Context(), 0, Holder)
	if err != nil {
		t.Fatal(err)
	}
	return lock
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

func (s suite) serial(t testing.TB, name string) uint64 {
	t.Helper()
	got, err := s.open(t, name, state.Options{}).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got.Serial
}

func (s suite) firstRun(t *testing.T) {
	l := s.open(t, "first.json", state.Options{Lease: long})
	if _, err := l.Read(t.Context()); !state.IsAbsent(err) {
		t.Fatalf("before the first run: %v", err)
	}
	for serial := uint64(1); serial <= 3; serial++ {
		l := s.open(t, "first.json", state.Options{Lease: long})
		lock := s.lock(t, l)
		if _, err := l.Read(t.Context()); err != nil && !(serial == 1 && state.IsAbsent(err)) {
			t.Fatal(err)
		}
		for range 2 { // an announcement and what came of it
			if err := l.Save(t.Context(), State(serial, 3)); err != nil {
				t.Fatal(err)
			}
		}
		if status, err := l.LockStatus(t.Context()); err != nil || !status.Held {
			t.Errorf("while it is held: %+v, %v", status, err)
		}
		if err := lock.Release(); err != nil {
			t.Fatal(err)
		}
		if got := s.serial(t, "first.json"); got != serial {
			t.Errorf("serial %d, want %d", got, serial)
		}
		if status, err := l.LockStatus(t.Context()); err != nil || status.Held {
			t.Errorf("after it: %+v, %v", status, err)
		}
	}
}

func (s suite) large(t *testing.T) {
	l := s.open(t, "large.json", state.Options{Lease: long})
	defer s.lock(t, l).Release()
	for _, bindings := range []int{20_000, 10, 20_000} {
		if err := l.Save(t.Context(), State(uint64(bindings), bindings)); err != nil {
			t.Fatal(err)
		}
		got, err := s.open(t, "large.json", state.Options{}).Read(t.Context())
		if err != nil || len(got.Bindings) != bindings {
			t.Fatalf("%d bindings of %d, %v", len(got.Bindings), bindings, err)
		}
	}
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

func (s suite) locks(t *testing.T) {
	for round := range s.rounds() {
		locks := make([]*state.Lock, runs)
		errs := at(runs, func(i int) (err error) {
			locks[i], err = s.open(t, "locks.json", state.Options{Lease: long}).Lock(t.Context(), 0, Holder)
			return err
		})
		if won := winners(t, fmt.Sprintf("round %d", round), errs, state.IsLocked); won != 1 {
			t.Fatalf("round %d: %d runs hold the lock", round, won)
		}
		for _, lock := range locks {
			if lock == nil {
				continue
			}
			if err := lock.Release(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// saves has several runs save what they made of the same state, without a
// lock: that is what is left when a lock was released by hand. A store whose
// writes ask for the lock refuses them all.
func (s suite) saves(t *testing.T) {
	first := s.open(t, "saves.json", state.Options{Lease: long})
	lock := s.lock(t, first)
	if err := first.Save(t.Context(), State(1, 3)); err != nil {
		t.Fatal(err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	for round := range s.rounds() {
		before := s.serial(t, "saves.json")
		s.race(t, fmt.Sprintf("round %d", round), "saves.json", before, []int{3, 3000}[round%2])
	}
}

func (s suite) firstSaves(t *testing.T) {
	for round := range s.rounds() {
		name := fmt.Sprintf("first-%d.json", round)
		// The lock remembers that the store was tried: saves race, not trials.
		if err := s.lock(t, s.open(t, name, state.Options{Lease: long})).Release(); err != nil {
			t.Fatal(err)
		}
		s.race(t, fmt.Sprintf("round %d", round), name, 0, []int{3, 3000}[round%2])
	}
}

func (s suite) race(t *testing.T, what, name string, before uint64, bindings int) {
	t.Helper()
	lease := long
	if s.traits[Guarded] {
		lease = time.Second // a tenth of which is how long the others wait between two tries
	}
	at1 := make([]state.Location, runs)
	for i := range at1 {
		at1[i] = s.open(t, name, state.Options{Lease: lease})
		if _, err := at1[i].Read(t.Context()); err != nil && !(before == 0 && state.IsAbsent(err)) {
			t.Fatal(err)
		}
	}
	errs := at(runs, func(i int) error {
		if s.traits[Guarded] {
			lock, err := at1[i].Lock(t.Context(), long, Holder)
			if err != nil {
				return err
			}
			defer lock.Release()
		}
		return at1[i].Save(t.Context(), State(before+1+uint64(i), bindings))
	})
	if won := winners(t, what, errs, state.IsRace); won != 1 {
		t.Fatalf("%s: %d runs have saved", what, won)
	}
	got := s.serial(t, name)
	for i, err := range errs {
		if err == nil && got != before+1+uint64(i) {
			t.Fatalf("%s: serial %d is there, and run %d has saved %d", what, got, i, before+1+uint64(i))
		}
	}
}

func (s suite) broken(t *testing.T) {
	l := s.open(t, "broken.json", state.Options{Lease: s.short()})
	lock := s.lock(t, l)
	if err := l.Save(t.Context(), State(1, 3)); err != nil {
		t.Fatal(err)
	}
	other := s.open(t, "broken.json", state.Options{Lease: s.short()})
	status, err := other.LockStatus(t.Context())
	if err != nil || !status.Held || status.ID == "" {
		t.Fatalf("the lock: %+v, %v", status, err)
	}
	var notHeld *state.NotHeldError
	if err := other.BreakLock(t.Context(), "not-the-id"); !errors.As(err, &notHeld) {
		t.Errorf("another id: %v", err)
	}
	if err := other.BreakLock(t.Context(), status.ID); err != nil {
		t.Fatal(err)
	}
	next := s.lock(t, other)
	if _, err := other.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := other.Save(t.Context(), State(7, 3)); err != nil {
		t.Fatal(err)
	}
	if err := l.Save(t.Context(), State(2, 3)); !state.IsRace(err) && !state.IsLost(err) {
		t.Errorf("a save of the run that has lost the lock: %v", err)
	}
	if err := lock.Release(); !state.IsLost(err) {
		t.Errorf("its release: %v", err)
	}
	if status, err := other.LockStatus(t.Context()); err != nil || !status.Held {
		t.Errorf("the lock of the next run: %+v, %v", status, err)
	}
	if err := next.Release(); err != nil {
		t.Error(err)
	}
	if got := s.serial(t, "broken.json"); got != 7 {
		t.Errorf("serial %d", got)
	}
}

func (s suite) renewed(t *testing.T) {
	if s.traits[NoExpiry] {
		t.Skip("its leases do not end while a test waits")
	}
	l := s.open(t, "renewed.json", state.Options{Lease: s.short()})
	lock := s.lock(t, l)
	other := s.open(t, "renewed.json", state.Options{Lease: s.short()})
	if _, err := other.Lock(t.Context(), 2*s.short(), Holder); !state.IsLocked(err) {
		t.Errorf("a lock that is renewed: %v", err)
	}
	if err := lock.Err(); err != nil {
		t.Error(err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}

// killed has a process die with the lock.
func (s suite) killed(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^"+strings.Split(t.Name(), "/")[0]+"$")
	cmd.Env = append(os.Environ(), hold+"="+s.location("killed.json"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, _ := out.Read(buf)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if !strings.HasPrefix(string(buf[:n]), "held") {
		t.Fatalf("the child: %s", buf[:n])
	}
	l := s.open(t, "killed.json", state.Options{Lease: s.short()})
	if _, err := l.Lock(t.Context(), 0, Holder); !state.IsLocked(err) {
		t.Errorf("at once: %v", err)
	}
	if s.traits[NoExpiry] {
		status, err := l.LockStatus(t.Context())
		if err != nil || !status.Held {
			t.Fatalf("%+v, %v", status, err)
		}
		if err := l.BreakLock(t.Context(), status.ID); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := l.Lock(t.Context(), 20*s.short(), Holder)
	if err != nil {
		t.Fatalf("after its lease: %v", err)
	}
	if got, err := l.Read(t.Context()); err != nil || got.Serial != 5 {
		t.Errorf("its state: serial %d, %v", got.Serial, err)
	}
	if err := l.Save(t.Context(), State(6, 3)); err != nil {
		t.Error(err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}

func holdUntilKilled(t *testing.T, location string, lease time.Duration) {
	l, err := stores.OpenWith(location, state.Options{Lease: lease})
	if err == nil {
		_, err = l.Lock(t.Context(), 0, Holder)
	}
	if err == nil {
		err = l.Save(t.Context(), State(5, 3))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("held")
	time.Sleep(time.Minute)
	os.Exit(1)
}

func (s suite) copies(t *testing.T) {
	for serial := uint64(1); serial <= 5; serial++ {
		options := state.Options{Lease: long, History: 2}
		if s.traits[Guarded] {
			options.History = 0 // has no place for copies
		}
		l := s.open(t, "copies.json", options)
		lock := s.lock(t, l)
		if _, err := l.Read(t.Context()); err != nil && !state.IsAbsent(err) {
			t.Fatal(err)
		}
		for range 2 {
			if err := l.Save(t.Context(), State(serial, 3)); err != nil {
				t.Fatal(err)
			}
		}
		if err := lock.Release(); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.serial(t, "copies.json"); got != 5 {
		t.Errorf("serial %d", got)
	}
}

func (s suite) transfer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "aliases.state.json")
	open := func(location string) state.Location {
		l, err := stores.OpenWith(location, state.Options{Lease: long})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	if err := open(path).Save(t.Context(), State(4, 3)); err != nil {
		t.Fatal(err)
	}
	there := open(s.location("transfer.json"))
	defer s.lock(t, there).Release()
	if got, err := state.Migrate(t.Context(), open(path), there); err != nil || got.Serial != 4 {
		t.Fatalf("migrate to it: serial %d, %v", got.Serial, err)
	}
	var occupied *state.OccupiedError
	if _, err := state.Migrate(t.Context(), open(path), there); !errors.As(err, &occupied) {
		t.Errorf("migrate again: %v", err)
	}
	for _, push := range []struct {
		serial  uint64
		force   bool
		changed bool
		refused bool
	}{{4, false, false, false}, {3, false, false, true}, {9, false, true, false}, {10, true, true, false}} {
		changed, err := state.Push(t.Context(), there, State(push.serial, 3), push.force)
		if changed != push.changed || state.IsPushRefused(err) != push.refused || err != nil && !push.refused {
			t.Errorf("push %+v: %v, %v", push, changed, err)
		}
	}
	back := filepath.Join(t.TempDir(), "back.json")
	if got, err := state.Migrate(t.Context(), open(s.location("transfer.json")), open(back)); err != nil || got.Serial != 10 {
		t.Errorf("migrate from it: serial %d, %v", got.Serial, err)
	}
}
