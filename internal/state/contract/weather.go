package contract

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"aliasctl/internal/state"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/testkit/weather"
)

// shortest is a lease that every store grants.
const shortest = 15 * time.Second

// struck is the location that a child process uses until it is killed.
const struck = "ALIASCTL_CONTRACT_STRUCK"

// A strike is what becomes of one request: weather, or the end of the client.
type strike int

const (
	pass        = strike(weather.Pass)
	cutBefore   = strike(weather.CutBefore)
	cutAfter    = strike(weather.CutAfter)
	busyBefore  = strike(weather.BusyBefore)
	badAfter    = strike(weather.BadAfter)
	halfAnswer  = strike(weather.HalfAnswer)
	deathBefore = strike(-2) // the client dies as it sends it
	deathAfter  = strike(-1) // the client dies once it is carried out
)

func (s strike) String() string {
	switch s {
	case deathBefore:
		return "death before"
	case deathAfter:
		return "death after"
	}
	return weather.Strike(s).String()
}

// sky is a proxy before a server. What it does is by the name of the state,
// which is in the address of every request.
type sky struct {
	mu    sync.Mutex
	names map[string]*plan
}

type plan struct {
	seen   []string // METHOD and path
	strike func(n int) strike
	kill   func()
}

func (s *sky) plan(name string, strike func(n int) strike) *plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &plan{strike: strike}
	s.names[name] = p
	return p
}

func (s *sky) next(r *http.Request) (strike, *plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, p := range s.names {
		if address, _ := url.PathUnescape(r.URL.String()); strings.Contains(address, name) {
			p.seen = append(p.seen, r.Method+" "+r.URL.Path)
			return p.strike(len(p.seen)), p
		}
	}
	return pass, nil
}

func (s *sky) start(t *testing.T, server string) (address string) {
	forward := weather.Forward(server)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strike, p := s.next(r); strike {
		case deathBefore:
			p.kill()
			weather.CutBefore.Answer(w, r, forward)
		case deathAfter:
			weather.CutAfter.Answer(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				forward.ServeHTTP(w, r)
				p.kill()
			}))
		default:
			weather.Strike(strike).Answer(w, r, forward)
		}
	}))
	t.Cleanup(proxy.Close)
	return proxy.Listener.Addr().String()
}

// Weather has every request of a run meet every strike once: the store speaks
// HTTP at an address. use takes the address of the proxy, and returns what Test
// takes.
func Weather(t *testing.T, server string, use func(address string) func(name string) string) {
	if location := os.Getenv(struck); location != "" {
		l, err := stores.OpenWith(location, state.Options{Lease: shortest})
		if err == nil {
			_, err = apply(t, l)
		}
		fmt.Println(err)
		os.Exit(0)
	}
	s := &sky{names: make(map[string]*plan)}
	location := use(s.start(t, server))
	for _, earlier := range []uint64{0, 2} { // saves of a run before
		requests := s.count(t, location, earlier)
		t.Logf("%d requests after %d saves: %q", len(requests), earlier, requests)
		t.Run(fmt.Sprintf("one strike after %d saves", earlier), func(t *testing.T) { s.once(t, location, earlier, requests) })
		t.Run(fmt.Sprintf("an outage after %d saves", earlier), func(t *testing.T) { s.outage(t, location, earlier, requests) })
		t.Run(fmt.Sprintf("a death after %d saves", earlier), func(t *testing.T) { s.death(t, location, earlier, requests) })
	}
}

// brief is a new run's view of a state, with a short lease.
func brief(t *testing.T, location string) state.Location {
	t.Helper()
	l, err := stores.OpenWith(location, state.Options{Lease: shortest})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (s *sky) prepare(t *testing.T, location string, earlier uint64) {
	t.Helper()
	if earlier == 0 {
		return
	}
	if saved, err := apply(t, brief(t, location)); err != nil || saved != earlier {
		t.Fatalf("the run before: %d, %v", saved, Told(err))
	}
}

func (s *sky) count(t *testing.T, location func(string) string, earlier uint64) []string {
	name := fmt.Sprintf("count-%d.json", earlier)
	s.prepare(t, location(name), earlier)
	p := s.plan(name, func(int) strike { return pass })
	if _, err := apply(t, brief(t, location(name))); err != nil {
		t.Fatal(Told(err))
	}
	return p.seen
}

// once: a run gets over each strike, and what took effect is not done again.
func (s *sky) once(t *testing.T, location func(string) string, earlier uint64, requests []string) {
	for kind := cutBefore; kind <= halfAnswer; kind++ {
		for n := range requests {
			name := fmt.Sprintf("once-%d-%d-%03d.json", earlier, kind, n)
			s.prepare(t, location(name), earlier)
			s.plan(name, at1(n+1, kind))
			saved, err := apply(t, brief(t, location(name)))
			if err != nil || saved != earlier+2 {
				t.Errorf("%s at %s: saved %d, %s", kind, requests[n], saved, Told(err))
			}
			s.after(t, location(name), earlier+2, earlier+2)
		}
	}
}

// outage: the store goes away at each request and does not come back before
// the run has ended. What the run reports of its state is right.
func (s *sky) outage(t *testing.T, location func(string) string, earlier uint64, requests []string) {
	var all sync.WaitGroup
	for _, kind := range []strike{cutBefore, cutAfter} {
		for n := range requests {
			name := fmt.Sprintf("outage-%d-%d-%03d.json", earlier, kind, n)
			s.prepare(t, location(name), earlier)
			s.plan(name, func(i int) strike {
				if i > n {
					return kind
				}
				return pass
			})
			all.Go(func() {
				saved, err := apply(t, brief(t, location(name)))
				// The last request may be one that only tidies up.
				if err == nil && (saved != earlier+2 || n < len(requests)-1) {
					t.Errorf("%s from %s on: saved %d and no error", kind, requests[n], saved)
				}
				s.plan(name, func(int) strike { return pass })
				least := max(saved, earlier) // it may not have read the state
				most := least
				if save := (*state.SaveError)(nil); errors.As(err, &save) && save.Unknown {
					most++
				}
				s.after(t, location(name), least, most)
			})
		}
	}
	all.Wait()
}

// death: the run is killed at each request. The state is what one of its
// saves has left.
func (s *sky) death(t *testing.T, location func(string) string, earlier uint64, requests []string) {
	var all sync.WaitGroup // for leases that no run can release end by themselves
	for kind := deathBefore; kind <= deathAfter; kind++ {
		for n := range requests {
			name := fmt.Sprintf("death-%d-%d-%03d.json", earlier, kind, n)
			s.prepare(t, location(name), earlier)
			child := exec.Command(os.Args[0], "-test.run=^"+strings.Split(t.Name(), "/")[0]+"$")
			child.Env = append(os.Environ(), struck+"="+location(name))
			s.plan(name, at1(n+1, kind)).kill = func() { _ = child.Process.Kill() }
			if err := child.Run(); err == nil || runtime.GOOS != "windows" && child.ProcessState.Exited() {
				t.Errorf("%s at %s: it was not killed: %v", kind, requests[n], err)
			}
			all.Go(func() { s.after(t, location(name), earlier, earlier+2) })
		}
	}
	all.Wait()
}

// at1 strikes the n-th request.
func at1(n int, kind strike) func(int) strike {
	return func(i int) strike {
		if i == n {
			return kind
		}
		return pass
	}
}

// after has the next run get through, once the lock of the one before is
// released by its id where it was left.
func (s *sky) after(t *testing.T, location string, least, most uint64) {
	t.Helper()
	l := brief(t, location)
	status, err := l.LockStatus(t.Context())
	if err == nil && status.Held && status.ID != "" { // else it died before it left its name
		err = l.BreakLock(t.Context(), status.ID)
	}
	if err != nil {
		t.Errorf("%s: the lock: %+v, %s", location, status, Told(err))
	}
	got, err := l.Read(t.Context())
	if err != nil && !(least == 0 && state.IsAbsent(err)) || got.Serial < least || got.Serial > most {
		t.Errorf("%s: serial %d, not %d to %d: %s", location, got.Serial, least, most, Told(err))
	}
	if saved, err := applyWithin(t, l, 2*shortest); err != nil || saved != got.Serial+2 {
		t.Errorf("%s: the next run: saved %d, %s", location, saved, Told(err))
	}
}

// apply is what a run does to its state, from the lock to its release. It ends
// with the first error; saved is the last serial that is in place by an answer.
func apply(t *testing.T, l state.Location) (saved uint64, err error) {
	return applyWithin(t, l, 0)
}

func applyWithin(t *testing.T, l state.Location, timeout time.Duration) (saved uint64, err error) {
	lock, err := l.Lock(t.Context(), timeout, Holder)
	if err != nil {
		if there, readErr := l.Read(t.Context()); readErr == nil {
			saved = there.Serial
		}
		return saved, err
	}
	defer func() {
		if released := lock.Release(); err == nil {
			err = released
		}
	}()
	there, err := l.Read(t.Context())
	if err != nil && !state.IsAbsent(err) {
		return 0, err
	}
	saved = there.Serial
	for range 2 {
		if err := l.Save(t.Context(), State(saved+1, 3)); err != nil {
			return saved, err
		}
		saved++
	}
	return saved, nil
}
