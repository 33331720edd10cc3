package contract

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"aliasctl/internal/state"
	"aliasctl/internal/state/stores"
)

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
