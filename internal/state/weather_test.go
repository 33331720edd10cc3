package state_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	statefile "aliasctl/internal/state"
)

// A store that slows down to a twelfth of the lease a request, as one of five
// seconds does to a lease of a minute: a run takes long, and gets through.
func TestASlowStore(t *testing.T) {
	t.Parallel()
	const delay = 500 * time.Millisecond
	g := startGateway(t)
	p := g.through(t)
	p.delay = delay
	for n := range uint64(2) {
		if saved, err := run(t, object(t, p.location("s.json"), 12*delay)); err != nil || saved != 2*n+2 {
			t.Errorf("run %d: saved %d, %v", n+1, saved, err)
		}
	}
	if got := stateAt(t, g.object(t, "s.json", longLease)); got != 4 {
		t.Errorf("serial %d", got)
	}
}

// A burst of refusals, or a while without a network, begins at every request
// of a run: it gets over it.
func TestSweepOfBursts(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	p := g.through(t)
	requests := func() int {
		p.trust(t, g, "0.json")
		if _, err := run(t, object(t, p.location("0.json"), longLease)); err != nil {
			t.Fatal(err)
		}
		return len(p.requests())
	}()
	for _, fault := range []storeFault{busyBefore, badAfter, cutBefore, cutAfter} {
		for n := 1; n <= requests; n++ {
			name := fmt.Sprintf("%d %s.json", n, fault)
			p.trust(t, g, name)
			p.inject(func(i int, _ *http.Request) storeFault {
				if i >= n && i < n+6 {
					return fault
				}
				return none
			})
			if saved, err := run(t, object(t, p.location(name), longLease)); err != nil || saved != 2 {
				t.Errorf("%s: saved %d, %v", name, saved, err)
			}
			if got := stateAt(t, g.object(t, name, longLease)); got != 2 {
				t.Errorf("%s: serial %d", name, got)
			}
		}
	}
}

// Reads are answered by a replica that lags one version behind, from every
// request of a run on, for a while or for good, while a second run tries to
// get in. No save that was confirmed is lost, no lock is held twice, and once
// the replica has caught up a run gets through.
func TestSweepOfALaggingReplica(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	p := g.through(t)
	prepare := func(name string) {
		p.inject(func(int, *http.Request) storeFault { return none })
		p.trust(t, g, name)
		for range 2 {
			if _, err := run(t, object(t, p.location(name), longLease)); err != nil {
				t.Fatal(err)
			}
		}
	}
	prepare("0.json")
	p.inject(func(int, *http.Request) storeFault { return none })
	if _, err := run(t, object(t, p.location("0.json"), longLease)); err != nil {
		t.Fatal(err)
	}
	requests := len(p.requests())
	outcomes := make(map[string]int)
	for _, lag := range []int{1, 3, 1000} {
		for _, lost := range []bool{false, true} { // the answers to writes too
			for n := 1; n <= requests+1; n++ {
				name := fmt.Sprintf("%d for %d %t.json", n, lag, lost)
				prepare(name)
				p.inject(func(i int, r *http.Request) storeFault {
					switch {
					case i < n || i >= n+lag:
					case r.Method == http.MethodGet || r.Method == http.MethodHead:
						return older
					case lost && i == n:
						return cutAfter
					}
					return none
				})
				var acknowledged, doubtful int
				var mu sync.Mutex
				var both sync.WaitGroup
				for range 2 {
					both.Go(func() {
						o := object(t, p.location(name), longLease)
						statefile.SetPatience(t, o, 300*time.Millisecond)
						saves, err := apply(t, o)
						mu.Lock()
						defer mu.Unlock()
						acknowledged += saves
						var save *statefile.SaveError
						var hinting interface{ Hint() string }
						switch {
						case err == nil:
							outcomes["got through"]++
						case statefile.IsLocked(err):
							outcomes["locked"]++
						case statefile.IsRace(err):
							outcomes["raced"]++
						case errors.As(err, &save) && save.Unknown:
							outcomes["in doubt"]++
							doubtful++
						case errors.As(err, &hinting) && hinting.Hint() != "":
							// A lost lock too: an old version of the lock object
							// shows the lock of the run before.
							outcomes["refused with a hint"]++
						default:
							t.Errorf("%s: no hint: %v", name, err)
						}
					})
				}
				both.Wait()
				p.inject(func(int, *http.Request) storeFault { return none })
				got := int(stateAt(t, g.object(t, name, longLease)))
				if got < 4+acknowledged || got > 4+acknowledged+doubtful {
					t.Errorf("%s: serial %d after %d saves and %d in doubt", name, got, acknowledged, doubtful)
				}
				p.holdsOnce(t, name)
				o := g.object(t, name, longLease)
				if status, err := o.LockStatus(t.Context()); err != nil {
					t.Error(err)
				} else if status.Held { // its release was in doubt
					outcomes["left a lock"]++
					if err := o.BreakLock(t.Context(), status.ID); err != nil {
						t.Error(err)
					}
				}
				if _, err := run(t, o); err != nil {
					t.Errorf("%s: the next run: %v", name, err)
				}
			}
		}
	}
	t.Logf("%d requests a run: %v", requests, outcomes)
	if outcomes["got through"] == 0 || outcomes["raced"] == 0 {
		t.Errorf("the sweep is blind: %v", outcomes)
	}
}

// apply is run that counts the saves that were confirmed.
func apply(t *testing.T, o statefile.Location) (saves int, err error) {
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
	if err != nil {
		return 0, err
	}
	for i := range uint64(2) {
		if err := o.Save(t.Context(), numbered(s.Serial+1+i)); err != nil {
			return saves, err
		}
		saves++
	}
	return saves, nil
}

// holdsOnce looks at all that the lock object ever was: whoever took it found
// it free.
func (p *storeProxy) holdsOnce(t *testing.T, name string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	holder := ""
	for _, v := range p.written[name+".lock"] {
		var record struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(v.body, &record); err != nil {
			t.Fatal(err)
		}
		if holder != "" && record.ID != "" && record.ID != holder {
			t.Errorf("%s: %s has taken the lock of %s", name, record.ID, holder)
		}
		holder = record.ID
	}
}

// What is told of a replica that does not catch up.
func TestALaggingReplicaIsTold(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	p := g.through(t)
	for range 2 {
		if _, err := run(t, object(t, p.location("s.json"), longLease)); err != nil {
			t.Fatal(err)
		}
	}
	p.inject(func(_ int, r *http.Request) storeFault {
		if r.Method == http.MethodPut || !strings.HasSuffix(r.URL.Path, "s.json") {
			return none
		}
		return older
	})
	o := object(t, p.location("s.json"), longLease)
	statefile.SetPatience(t, o, 300*time.Millisecond)
	_, err := apply(t, o)
	var hinting interface{ Hint() string }
	if !errors.As(err, &hinting) || !strings.Contains(hinting.Hint(), "a replica that lags behind") {
		t.Errorf("got %v", err)
	}
}

// The first read of a run may be the one that is answered by a replica: the lock object
// remembers which state the run before has saved.
func TestAnOlderStateThanTheLockRemembersIsKnown(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	p := g.through(t)
	for range 2 {
		if _, err := run(t, object(t, p.location("s.json"), longLease)); err != nil {
			t.Fatal(err)
		}
	}
	looks := map[string]func(o statefile.Location) error{
		"dry run": func(o statefile.Location) error { _, err := o.LockStatus(t.Context()); return err },
		"apply": func(o statefile.Location) error {
			lock, err := o.Lock(t.Context(), 0, deploy)
			if err == nil {
				err = lock.Release()
			}
			return err
		},
	}
	for name, look := range looks {
		for lags, want := range map[bool]uint64{true: 4, false: 0} {
			p.inject(func(_ int, r *http.Request) storeFault {
				if lags && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "s.json") {
					return older
				}
				return none
			})
			o := object(t, p.location("s.json"), longLease).(*statefile.Shared)
			if err := look(o); err != nil {
				t.Fatal(err)
			}
			read, err := o.Read(t.Context())
			if err != nil || o.Behind() != want || (read.Serial < 4) != lags {
				t.Errorf("%s, lags %t: serial %d, behind %d, %v", name, lags, read.Serial, o.Behind(), err)
			}
		}
	}
}

// A state that was removed, as by a rule of the bucket, is no state that never was.
func TestAStateThatIsGoneIsKnown(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	if _, err := run(t, object(t, store.location("s.json"), longLease)); err != nil {
		t.Fatal(err)
	}
	store.mu.Lock()
	delete(store.objects, "s.json")
	store.mu.Unlock()
	o := object(t, store.location("s.json"), longLease)
	if _, err := o.LockStatus(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := o.Read(t.Context())
	if !statefile.IsAbsent(err) || statefile.WasSaved(err) != 2 || !strings.Contains(err.Error(), "where serial 2 was saved") {
		t.Errorf("%v", err)
	}
	if saved, err := run(t, object(t, store.location("s.json"), longLease)); err != nil || saved != 2 {
		t.Errorf("the next run: saved %d, %v", saved, err)
	}
}

// A store that fails for good is named, with what to do.
func TestAStoreThatFailsHasAHint(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	store.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
	o := object(t, store.location("s.json"), longLease)
	statefile.SetPatience(t, o, 200*time.Millisecond)
	_, read := o.Read(t.Context())
	_, lock := o.Lock(t.Context(), 0, deploy)
	for _, err := range []error{read, lock} {
		var hinting interface{ Hint() string }
		if !errors.As(err, &hinting) || !strings.Contains(hinting.Hint(), "look into the log of the store") {
			t.Errorf("no hint: %v", err)
		}
	}
}
