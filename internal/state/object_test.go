package state_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/stores"
	"aliasctl/planner"
)

const longLease = time.Minute

// stateAt reads a state and returns its serial; the whole of it must be what
// numbered(serial) is.
func stateAt(t testing.TB, l statefile.Location) uint64 {
	t.Helper()
	s, err := l.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(numbered(s.Serial), s); diff != "" {
		t.Fatalf("state %d is not whole (-want +got):\n%s", s.Serial, diff)
	}
	return s.Serial
}

func TestASharedState(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	first := g.object(t, "team/prod.state.json", longLease)
	if _, err := first.Read(t.Context()); !statefile.IsAbsent(err) {
		t.Fatalf("read nothing: %v", err)
	}
	if keys := g.keys(t); len(keys) > 0 {
		t.Errorf("reading made %v", keys)
	}
	l, err := first.Lock(t.Context(), 0, deploy)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Save(t.Context(), numbered(1)); err != nil {
		t.Fatal(err)
	}
	if err := first.Save(t.Context(), numbered(2)); err != nil {
		t.Fatal(err)
	}

	second := g.object(t, "team/prod.state.json", longLease)
	if got := stateAt(t, second); got != 2 {
		t.Errorf("another machine reads serial %d", got)
	}
	_, err = second.Lock(t.Context(), 0, statefile.Holder{User: "other"})
	var locked *statefile.LockedError
	if !errors.As(err, &locked) || locked.Holder != deploy || locked.ID == "" {
		t.Fatalf("a second run: %v", err)
	}
	status, err := second.LockStatus(t.Context())
	want := statefile.LockStatus{Held: true, ID: locked.ID, Holder: deploy, Lease: longLease, Renewed: status.Renewed}
	if diff := cmp.Diff(want, status); diff != "" || err != nil || status.Renewed > longLease {
		t.Errorf("status: %v\n%s", err, diff)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if status, err := second.LockStatus(t.Context()); err != nil || status != (statefile.LockStatus{}) {
		t.Errorf("released: %+v, %v", status, err)
	}
	next, err := second.Lock(t.Context(), 0, statefile.Holder{User: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err != nil { // again: must not touch the lock of the next
		t.Error(err)
	}
	if status, err := first.LockStatus(t.Context()); err != nil || status.Holder.User != "other" {
		t.Errorf("held by the next: %+v, %v", status, err)
	}
	if err := next.Release(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"team/prod.state.json", "team/prod.state.json.lock"}, g.keys(t)); diff != "" {
		t.Errorf("in the bucket:\n%s", diff)
	}
}

// Without any lock: the writes alone let one win.
func TestOneOfManyWinsEachRound(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	// What a holder found out about the server spares each writer its own trial.
	l, err := g.object(t, "s.json", longLease).Lock(t.Context(), 0, deploy)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	const appliers, rounds = 32, 8
	for round := range uint64(rounds) {
		runs := make([]statefile.Location, appliers)
		var wg sync.WaitGroup
		for i := range runs {
			runs[i] = g.object(t, "s.json", longLease)
			wg.Go(func() {
				if s, err := runs[i].Read(t.Context()); round == 0 != statefile.IsAbsent(err) || s.Serial != round {
					t.Errorf("round %d: read serial %d, %v", round, s.Serial, err)
				}
			})
		}
		wg.Wait()
		errs := make([]error, appliers)
		for i, run := range runs {
			// All write the same bytes: that must not pass for having won.
			wg.Go(func() { errs[i] = run.Save(t.Context(), numbered(round+1)) })
		}
		wg.Wait()
		won := 0
		for i, err := range errs {
			switch {
			case err == nil:
				won++
			case !statefile.IsRace(err):
				t.Errorf("round %d, applier %d: %v", round, i, err)
			}
		}
		if won != 1 {
			t.Fatalf("round %d: %d won", round, won)
		}
	}
	if got := stateAt(t, g.object(t, "s.json", longLease)); got != rounds {
		t.Errorf("serial %d after %d rounds", got, rounds)
	}
}

// With the lock: everybody gets a turn, and nobody's update is lost.
func TestManyAppliersInTurn(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	const appliers = 32
	var wg sync.WaitGroup
	for range appliers {
		wg.Go(func() {
			o := g.object(t, "s.json", 10*time.Second)
			l, err := o.Lock(t.Context(), time.Minute, deploy)
			if err != nil {
				t.Error(err)
				return
			}
			s, err := o.Read(t.Context())
			if err != nil && !statefile.IsAbsent(err) {
				t.Error(err)
			}
			if err := o.Save(t.Context(), numbered(s.Serial+1)); err != nil {
				t.Error(err)
			}
			if err := l.Release(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := stateAt(t, g.object(t, "s.json", longLease)); got != appliers {
		t.Errorf("serial %d after %d applies", got, appliers)
	}
}

func TestAStateThatSomebodyElseReplacedIsNotOverwritten(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	a, b := g.object(t, "s.json", longLease), g.object(t, "s.json", longLease)
	for _, o := range []statefile.Location{a, b} {
		if _, err := o.Read(t.Context()); !statefile.IsAbsent(err) {
			t.Fatal(err)
		}
	}
	if err := a.Save(t.Context(), numbered(1)); err != nil {
		t.Fatal(err)
	}
	err := b.Save(t.Context(), numbered(2))
	if !statefile.IsRace(err) || !strings.HasSuffix(err.Error(), "was not saved: another run has created one since this run looked for it") {
		t.Errorf("create: %v", err)
	}
	if stateAt(t, b) != 1 {
		t.Error("overwritten")
	}
	if err := a.Save(t.Context(), numbered(2)); err != nil {
		t.Fatal(err)
	}
	err = b.Save(t.Context(), numbered(3))
	if !statefile.IsRace(err) || !strings.HasSuffix(err.Error(), "was not saved: another run has replaced it since this run read it") {
		t.Errorf("replace: %v", err)
	}
	if err := a.Save(t.Context(), planner.State{}); err == nil || statefile.IsRace(err) {
		t.Errorf("an invalid state: %v", err)
	}
	if got := stateAt(t, b); got != 2 {
		t.Errorf("serial %d", got)
	}
}

func TestCopiesOfReplacedStates(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	o, err := stores.Open(g.location("s.json") + "&history=2")
	if err != nil {
		t.Fatal(err)
	}
	for n := uint64(1); n <= 6; n++ {
		if err := o.Save(t.Context(), numbered(n)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"s.json", "s.json.4", "s.json.5"}, g.keys(t)); diff != "" {
		t.Errorf("in the bucket:\n%s", diff)
	}
	for n, key := range map[uint64]string{4: "s.json.4", 5: "s.json.5", 6: "s.json"} {
		if got := stateAt(t, g.object(t, key, longLease)); got != n {
			t.Errorf("%s has serial %d", key, got)
		}
	}
}
