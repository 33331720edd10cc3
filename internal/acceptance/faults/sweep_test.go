package faults

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// hasty are limits under which a lost answer does not cost a minute.
var hasty = []string{"--timeout", "400ms", "--settle", "120ms", "--retries", "2"}

// baseline lists the requests of a run without a fault, one after another.
func baseline(t *testing.T, s scene.Story, profile emulator.Profile, dir string, flags ...string) []testkit.Request {
	t.Helper()
	c, err := scene.Play(s, profile, dir, flags...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.End()
	c.Record(scene.Recorded)
	c.Watch()
	e := c.Run()
	if err := c.Arrived(); e.Code != 0 || err != nil {
		t.Fatalf("a run without a fault: %v\n%v", err, e)
	}
	requests := c.Requests()
	if err := c.Rests(); err != nil {
		t.Fatal(err)
	}
	return requests
}

// striking is one run of a sweep: a fault at one request.
type striking struct {
	profile emulator.Profile
	request testkit.Request
	fault   testkit.Fault
	flags   []string
	story   scene.Story
}

func (s striking) String() string {
	return fmt.Sprintf("milvus %s, %s, %s %s, %v", s.profile.Name, described(s.request), s.fault.Kind, s.fault.When, s.flags)
}

// described is a request as messages name it.
func described(r testkit.Request) string {
	return fmt.Sprintf("request %d (%s %s/%s%s)", r.N, r.Route, r.Database, r.Alias, r.Collection)
}

// TestSweepRequests lets every request of a rich run go wrong in every way,
// before and after its effect (promises "Cut anywhere", "Lost answers", "Partial
// failure is told truthfully" and "Bad servers"), and runs the same command
// again. Without -sweep=full the side is swept only where there is an effect, a
// read meets every second kind, and the server versions take turns.
func TestSweepRequests(t *testing.T) {
	dir, trap := scene.Shared(t), &trapdoor{}
	elsewhere := httptest.NewServer(trap)
	defer elsewhere.Close()

	var strikings []striking
	requests := map[string]int{}
	add := func(profile emulator.Profile, r testkit.Request, kind testkit.Kind, when testkit.When, flags ...string) {
		strikings = append(strikings, striking{profile, r, testkit.Fault{
			Match: testkit.Match{Request: r.N}, Kind: kind, When: when, URL: elsewhere.URL + "/v2/vectordb/aliases/list",
			Code: 65535, Message: "etcdserver: too many operations in txn request", Delay: delayOf(kind), Body: "default backend - 404",
		}, flags, scene.RichStory})
	}
	modes := [][]string{{"--parallel", "1"}}
	if scene.FullSweep() {
		modes = append(modes, []string{"--parallel", "8"}, []string{"--parallel", "1", "--switch", "recreate"})
	}
	for p, profile := range emulator.Profiles() {
		for _, flags := range modes {
			list := baseline(t, scene.RichStory, profile, dir, flags...)
			requests[profile.Name] = len(list)
			for i, r := range list {
				for k, kind := range testkit.Kinds() {
					round, turn := (i+k)/len(emulator.Profiles()), (i+k)%len(emulator.Profiles())
					swept := scene.FullSweep() || turn == p && (r.Writes || round%2 == 0)
					if !swept || scene.LeftOut(7*i+k) {
						continue
					}
					add(profile, r, kind, testkit.After, flags...)
					if !acknowledges(kind) && (r.Writes || scene.FullSweep()) {
						add(profile, r, kind, testkit.Before, flags...)
					}
				}
			}
		}
	}

	var done scene.Tally
	var group errgroup.Group
	group.SetLimit(scene.Abreast)
	for _, s := range strikings {
		group.Go(func() error {
			if err := strike(s, dir, &done); err != nil {
				t.Errorf("%v:\n%v", s, err)
			}
			return nil
		})
	}
	_ = group.Wait()
	if n := trap.requests.Load(); n > 0 {
		t.Errorf("%d requests followed a redirect to another host", n)
	}
	t.Logf("requests of a run: %v; faults: %d of %d kinds; runs: %d (%s)",
		requests, len(strikings), len(testkit.Kinds()), 3*len(strikings), done.Text())
}

// acknowledges reports that a fault leaves the answer readable. Before the effect
// of a write it would be a server that says success and does nothing, which is
// not a lost answer but a lie.
func acknowledges(kind testkit.Kind) bool {
	return kind == testkit.HTTP10 || kind == testkit.WrongType
}

// delayOf makes a slow answer slower than the client is patient. A server that
// restarts is back in between.
func delayOf(kind testkit.Kind) time.Duration {
	switch kind {
	case testkit.Delay, testkit.Frozen, testkit.SlowProxy:
		return time.Second
	case testkit.Drip, testkit.Restarted:
		return 100 * time.Millisecond
	}
	return 0
}

// trapdoor is a host that nobody may be sent to.
type trapdoor struct{ requests atomic.Int64 }

func (h *trapdoor) ServeHTTP(w http.ResponseWriter, _ *http.Request) { h.requests.Add(1) }

func strike(s striking, dir string, done *scene.Tally) error {
	c, err := scene.Play(s.story, s.profile, dir, s.flags...)
	if err != nil {
		return err
	}
	defer c.End()
	c.Watch()
	c.AddFault(s.fault)
	before := c.Bound()
	e := c.Run(hasty...)
	c.Land()
	done.Count("exit " + strconv.Itoa(e.Code))
	if err := c.Truthful(e, before); err != nil {
		return err
	}
	return c.Settles()
}
