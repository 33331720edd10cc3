package state_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/stores"
)

// run is what an apply does to its state, from the lock to its release. It
// ends with the first error.
func run(t *testing.T, o statefile.Location) (saved uint64, err error) {
	t.Helper()
	l, err := o.Lock(t.Context(), 0, deploy)
	if err != nil {
		return 0, err
	}
	defer func() {
		if released := l.Release(); err == nil && released != nil {
			err = released
		}
	}()
	s, err := o.Read(t.Context())
	if err != nil && !statefile.IsAbsent(err) {
		return 0, err
	}
	saved = s.Serial
	for range 2 {
		if err := o.Save(t.Context(), numbered(saved+1)); err != nil {
			return saved, err
		}
		saved++
	}
	return saved, nil
}

// Every request of two runs, a first and a later one, fails once in every way.
// A run gets over each of them: what took effect is found out and not done
// again, what did not is done.
func TestSweepOfStoreFailures(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	p := g.through(t)
	key := 0
	for _, earlier := range []uint64{0, 2} {
		prepare := func() string {
			key++
			name := fmt.Sprintf("%d.json", key)
			p.inject(func(int, *http.Request) storeFault { return none })
			if earlier > 0 {
				p.trust(t, g, name)
				if _, err := run(t, object(t, p.location(name), longLease)); err != nil {
					t.Fatal(err)
				}
			}
			return name
		}
		name := prepare()
		p.inject(func(int, *http.Request) storeFault { return none })
		if _, err := run(t, object(t, p.location(name), longLease)); err != nil {
			t.Fatal(err)
		}
		requests := p.requests()
		failures := 0
		for _, fault := range []storeFault{cutBefore, cutAfter, busyBefore, badAfter, halfBody, twice, late} {
			for n := 1; n <= len(requests); n++ {
				name := prepare()
				p.inject(func(i int, _ *http.Request) storeFault {
					if i == n {
						return fault
					}
					return none
				})
				failures++
				saved, err := run(t, object(t, p.location(name), longLease))
				if err != nil || saved != earlier+2 {
					t.Errorf("%d, %s: %s: saved %d, %v", n, requests[n-1], fault, saved, err)
				}
				p.pending.Wait()
				if got := stateAt(t, g.object(t, name, longLease)); got != earlier+2 {
					t.Errorf("%d, %s: %s: serial %d", n, requests[n-1], fault, got)
				}
				if status, err := g.object(t, name, longLease).LockStatus(t.Context()); err != nil || status.Held {
					t.Errorf("%d, %s: %s: the lock: %+v, %v", n, requests[n-1], fault, status, err)
				}
			}
		}
		t.Logf("%d failures over %d requests: %q", failures, len(requests), requests)
	}
}

// A store goes away at every request and does not come back: the error says
// what is known of the state, and is right.
func TestAStoreThatGoesAway(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	p := g.through(t)
	requests := len(func() []string {
		if _, err := run(t, object(t, p.location("0.json"), longLease)); err != nil {
			t.Fatal(err)
		}
		return p.requests()
	}())
	for n := 1; n <= requests; n++ {
		for _, fault := range []storeFault{cutBefore, cutAfter} {
			name := fmt.Sprintf("%d %s.json", n, fault)
			p.inject(func(i int, _ *http.Request) storeFault {
				if i < n {
					return none
				}
				return fault
			})
			o := object(t, p.location(name), longLease)
			statefile.SetPatience(t, o, 200*time.Millisecond)
			saved, err := run(t, o)
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			s, readErr := g.object(t, name, longLease).Read(t.Context())
			if readErr != nil && !statefile.IsAbsent(readErr) {
				t.Fatal(readErr)
			}
			var save *statefile.SaveError
			errors.As(err, &save)
			switch known := save == nil || !save.Unknown; {
			case known && s.Serial != saved:
				t.Errorf("%s: serial %d, was told %d: %v", name, s.Serial, saved, err)
			case !known && s.Serial != saved && s.Serial != saved+1:
				t.Errorf("%s: serial %d, was told %d or one more: %v", name, s.Serial, saved, err)
			}
		}
	}
}

// The answer to the save was lost and so was every look for it. The next save
// of the same run must know its own work, at once.
func TestASaveAfterOneInDoubt(t *testing.T) {
	t.Parallel()
	markless := newFakeStore(t)
	markless.dropsMarks = true
	for name, g := range map[string]*gateway{"with marks": startGateway(t), "without": {markless.address}} {
		t.Run(name, func(t *testing.T) { saveAfterDoubt(t, g) })
	}
}

func saveAfterDoubt(t *testing.T, g *gateway) {
	for _, fault := range []storeFault{cutBefore, cutAfter} {
		p := g.through(t)
		o := object(t, p.location(string(fault)), longLease)
		if err := o.Save(t.Context(), numbered(1)); err != nil {
			t.Fatal(err)
		}
		statefile.SetPatience(t, o, 0)
		p.inject(func(_ int, r *http.Request) storeFault {
			if r.Method == http.MethodHead {
				return cutBefore
			}
			return fault
		})
		err := o.Save(t.Context(), numbered(2))
		var save *statefile.SaveError
		if !errors.As(err, &save) || !save.Unknown {
			t.Fatalf("%s: %v", fault, err)
		}
		p.inject(func(int, *http.Request) storeFault { return none })
		if err := o.Save(t.Context(), numbered(3)); err != nil {
			t.Errorf("%s: the next save: %v", fault, err)
		}
		if got := stateAt(t, g.object(t, string(fault), longLease)); got != 3 {
			t.Errorf("%s: serial %d", fault, got)
		}
	}
}

// The answer was lost, and another run has saved since.
func TestARaceInDoubtIsARace(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	p := g.through(t)
	o, other := object(t, p.location("s.json"), longLease), g.object(t, "s.json", longLease)
	if err := o.Save(t.Context(), numbered(1)); err != nil {
		t.Fatal(err)
	}
	p.inject(func(n int, r *http.Request) storeFault {
		if r.Method == http.MethodHead {
			return none
		}
		if _, err := other.Read(t.Context()); err == nil && n == 1 {
			if err := other.Save(t.Context(), numbered(7)); err != nil {
				t.Error(err)
			}
		}
		return cutBefore
	})
	if err := o.Save(t.Context(), numbered(2)); !statefile.IsRace(err) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(uint64(7), stateAt(t, other)); diff != "" {
		t.Error(diff)
	}
}

// Another run takes the lock, or keeps a copy, just before this one does: on a store
// without marks the bytes show whose it is, however many they are.
func TestAStoreWithoutMarksShowsWhoWasQuicker(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	store.dropsMarks = true
	if _, err := run(t, object(t, store.location("s.json"), longLease)); err != nil {
		t.Fatal(err)
	}
	p := (&gateway{store.address}).through(t)
	quicker := func(key, body string) {
		p.inject(func(_ int, r *http.Request) storeFault {
			if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, key) && body != "" {
				store.put(key, []byte(body))
				body = ""
			}
			return none
		})
	}
	long := strings.Repeat("x", 2000)
	quicker("s.json.lock", `{"id":"theirs","holder":{"host":"`+long+`"},"lease_seconds":60}`)
	var locked *statefile.LockedError
	if _, err := object(t, p.location("s.json"), longLease).Lock(t.Context(), 0, deploy); !errors.As(err, &locked) || locked.ID != "theirs" {
		t.Errorf("the lock: %v", err)
	}
	if n := len(p.requests()); n > 8 {
		t.Errorf("%d requests: %q", n, p.requests())
	}
	quicker("s.json.2", long)
	o, err := stores.Open(p.location("s.json") + "&history=2")
	if err != nil {
		t.Fatal(err)
	}
	if got := stateAt(t, o); got != 2 {
		t.Fatalf("serial %d", got)
	}
	if err := o.Save(t.Context(), numbered(3)); err != nil {
		t.Errorf("a save with a copy: %v", err)
	}
	if n := len(p.requests()); n > 16 {
		t.Errorf("%d requests: %q", n, p.requests())
	}
}
