package stores

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/testkit"
	"aliasctl/internal/testkit/weather"
)

// A forecast is what a store does to the requests of one apply: it begins at one of
// them.
type forecast struct {
	name string
	// strikes decides what becomes of the i-th request since it began, from 0, that
	// long after.
	strikes func(i int, since time.Duration) weather.Strike
	delay   func(kind string) time.Duration // of each request, nil for none
	// endured is weather that an apply gets over.
	endured bool
	// lags are reads of a replica; the rival gets nothing else.
	lags bool
	once bool // it begins at the first request only
}

func during(n int, strike weather.Strike) func(int, time.Duration) weather.Strike {
	return func(i int, _ time.Duration) weather.Strike {
		if i < n {
			return strike
		}
		return weather.Pass
	}
}

const forEver = 1 << 30

var forecasts = []forecast{
	{name: "slow", strikes: during(0, weather.Pass), endured: true, once: true, delay: func(kind string) time.Duration {
		switch {
		case scene.FullSweep():
			return 5 * time.Second
		case kind == "git":
			return time.Second
		}
		return 2 * time.Second
	}},
	{name: "503 three times", strikes: during(3, weather.BusyBefore), endured: true},
	{name: "502 after the effect, twice", strikes: during(2, weather.BadAfter), endured: true},
	{name: "no network for 3 seconds", endured: true, strikes: func(_ int, since time.Duration) weather.Strike {
		if since < 3*time.Second {
			return weather.CutBefore
		}
		return weather.Pass
	}},
	{name: "the network is gone", strikes: during(forEver, weather.CutBefore)},
	{name: "the answers are gone", strikes: during(forEver, weather.CutAfter)},
	{name: "a replica lags once", strikes: during(1, weather.Older), lags: true},
	{name: "a replica lags", strikes: during(forEver, weather.Older), lags: true},
}

// apply is one case: an apply in a forecast that begins at one of its requests.
type apply struct {
	kind string
	forecast
	at int
}

func (a apply) String() string { return fmt.Sprintf("%s, %s from request %d on", a.kind, a.name, a.at) }

// play has the apply run, with a second one that tries to get in while it is at its
// first write to the cluster, and then the next plain run.
func (a apply) play(sky *weather.Sky, s site, dir string, tally *scene.Tally) error {
	proxy := sky.Over(s.name, s.server)
	c, err := scene.PlayAt(s.location, scene.RichStory, emulator.V26, dir, "--parallel", "1", "--state", s.location, "--timeout", "2m")
	if err != nil {
		return err
	}
	defer c.End()
	c.Environment = append([]string{"COLUMNS=80"}, s.environment...)
	c.Watch()
	if a.lags {
		proxy.Remember()
	}

	// What any run before has read, a replica may show.
	if seen := c.Perform([]string{"aliasctl", "lock", "show", "--state", s.location}); seen.Code != 0 {
		return fmt.Errorf("lock show: %v", seen)
	}
	var rivals atomic.Bool // only the rival asks
	var mixed error
	c.AddHook(testkit.Hook{Match: testkit.Match{Writes: true, Nth: 1}, Do: func(testkit.Request) {
		rivals.Store(true)
		defer rivals.Store(false)
		_, before := c.Counts()
		rival := c.Perform(c.Command())
		if _, after := c.Counts(); after != before || rival.Code == 0 || rival.Code == -1 {
			mixed = fmt.Errorf("the rival wrote %d times: %v", after-before, rival)
		}
	}})
	var mu sync.Mutex
	var n int
	var began time.Time
	proxy.Strikes(func(*http.Request) (weather.Strike, time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if rivals.Load() {
			if a.lags {
				return weather.Older, 0
			}
			return weather.Pass, 0
		}
		n++
		switch {
		case n < a.at:
			return weather.Pass, 0
		case n == a.at:
			began = time.Now()
		}
		var delay time.Duration
		if a.delay != nil {
			delay = a.delay(a.kind)
		}
		return a.strikes(n-a.at, time.Since(began)), delay
	})
	before := c.Look()
	e := c.Run()
	lagged := proxy.Lagged()
	proxy.Strikes(nil)
	tally.Count(fmt.Sprintf("%s: exit %d", a.name, e.Code))
	if a.lags {
		tally.Count(fmt.Sprintf("lagged %t", lagged > 0))
	}
	if mixed != nil {
		return fmt.Errorf("%w\nin %v", mixed, e)
	}
	if a.endured && e.Code != 0 {
		return fmt.Errorf("it is not endured: %v", e)
	}
	if err := a.told(c, e, before); err != nil {
		return err
	}
	return a.recovers(c, e)
}

// told holds what the apply has reported.
func (a apply) told(c *scene.Scene, e program.Ending, before scene.Picture) error {
	if (e.Code == 6 || e.Code == 3 && a.lags) && e.Writes == 0 {
		e.Code = 1 // nothing was changed either: it was planned with an older state
	}
	if err := c.Truthful(e, before); err != nil {
		return err
	}
	if e.Code != 0 && (!strings.Contains(e.Stderr, "aliasctl: error: ") || !strings.Contains(e.Stderr, "aliasctl: hint: ")) {
		return fmt.Errorf("it does not tell what to do: %v", e)
	}
	return nil
}

var leftLock = regexp.MustCompile("`aliasctl lock release ([0-9a-f-]{36})`")

// recovers has the next plain run bring everything to an end. A lock that was left has
// to be named; whoever does not want to wait releases it by its id.
func (a apply) recovers(c *scene.Scene, e program.Ending) error {
	l, err := stores.Open(c.StatePath())
	if err != nil {
		return err
	}
	status, err := l.LockStatus(context.Background())
	if err != nil {
		return err
	}
	if status.Held {
		// The answer to the very request may be lost, and the store know no name.
		id := status.ID
		if named := leftLock.FindStringSubmatch(e.Stderr); id == "" && named != nil {
			id = named[1]
		}
		if !strings.Contains(e.Stderr, "lock") {
			return fmt.Errorf("its lock is left: %+v, %v", status, e)
		}
		if released := c.Perform([]string{"aliasctl", "lock", "release", id, "--state", c.StatePath()}); released.Code != 0 {
			return fmt.Errorf("%v after %v", released, e)
		}
	}
	left, err := filepath.Glob(filepath.Join(c.Dir, "errored.*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	if err := c.Settles(); err != nil {
		return fmt.Errorf("%w\nafter %v", err, e)
	}
	return nil
}

// share is one of how many cases of a kind is played without -sweep=full. A run on git
// is some fifty of its processes.
func share(kind string) int {
	switch {
	case scene.FullSweep():
		return 1
	case kind == "git":
		return 40
	}
	return 3
}

// TestBadWeather sweeps over the requests of an apply, on every kind of store. No binding
// is lost, no lock is held twice, the apply reports what is and what to do, and the next
// one brings all to its end.
func TestBadWeather(t *testing.T) {
	for kind, start := range sites {
		t.Run(kind, func(t *testing.T) {
			t.Parallel() // most of it waits for a store
			var sky weather.Sky
			server := httptest.NewServer(&sky)
			defer server.Close()
			site := start(t, &sky, server.Listener.Addr().String())
			dir := scene.Shared(t)
			requests := requestsOf(t, &sky, site("fine"), dir)
			var tally scene.Tally
			var group errgroup.Group
			group.SetLimit(map[bool]int{false: 8, true: 3}[kind == "git"])
			cases := 0
			for i, f := range forecasts {
				for at := 1; at <= requests; at++ {
					if f.once && at > 1 || !f.once && (7*at+i)%share(kind) != 0 {
						continue
					}
					cases++
					one := apply{kind, f, at}
					s := site(fmt.Sprintf("case-%03d-", cases))
					group.Go(func() error {
						if err := one.play(&sky, s, dir, &tally); err != nil {
							t.Errorf("%v:\n%v", one, err)
						}
						return nil
					})
				}
			}
			_ = group.Wait()
			t.Logf("%d cases over %d requests: %s", cases, requests, tally.Text())
		})
	}
}

// requestsOf is how many requests an apply sends to its store.
func requestsOf(t *testing.T, sky *weather.Sky, s site, dir string) int {
	proxy := sky.Over(s.name, s.server)
	c, err := scene.PlayAt(s.location, scene.RichStory, emulator.V26, dir, "--parallel", "1", "--state", s.location)
	program.Must(t, err)
	defer c.End()
	c.Environment = s.environment
	proxy.Strikes(nil)
	if e := c.Run(); e.Code != 0 {
		t.Fatal(e)
	}
	t.Logf("%q", proxy.Requests())
	return len(proxy.Requests())
}
