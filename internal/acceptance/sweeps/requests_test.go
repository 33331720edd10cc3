package sweeps

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// TestSweepRequests lets every request of a rich run go wrong in every way,
// before and after its effect (promises "Cut anywhere", "Lost answers", "Partial
// failure is told truthfully" and "Bad servers"), and runs the same command
// again. Without -sweep=full the side is swept only where there is an effect, a
// read meets every second kind, and the server versions take turns.
func TestSweepRequests(t *testing.T) {
	dir, trap := scene.Shared(t), &trapdoor{}
	elsewhere := httptest.NewServer(trap)
	defer elsewhere.Close()

	var strikings []scene.Striking
	requests := map[string]int{}
	add := func(profile emulator.Profile, r testkit.Request, kind testkit.Kind, when testkit.When, flags ...string) {
		strikings = append(strikings, scene.Striking{
			Profile: profile, Request: r, Fault: scene.FaultAt(r, kind, when, elsewhere.URL), Flags: flags, Story: scene.RichStory,
		})
	}
	modes := [][]string{{"--parallel", "1"}}
	if scene.FullSweep() {
		modes = append(modes, []string{"--parallel", "8"}, []string{"--parallel", "1", "--switch", "recreate"})
	}
	for p, profile := range emulator.Profiles() {
		for _, flags := range modes {
			list := scene.Baseline(t, scene.RichStory, profile, dir, flags...)
			requests[profile.Name] = len(list)
			for i, r := range list {
				for k, kind := range testkit.Kinds() {
					round, turn := (i+k)/len(emulator.Profiles()), (i+k)%len(emulator.Profiles())
					swept := scene.FullSweep() || turn == p && (r.Writes || round%2 == 0)
					if !swept || scene.LeftOut(7*i+k) {
						continue
					}
					add(profile, r, kind, testkit.After, flags...)
					if !scene.Acknowledges(kind) && (r.Writes || scene.FullSweep()) {
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
			if err := s.Strike(dir, &done); err != nil {
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

// trapdoor is a host that nobody may be sent to.
type trapdoor struct{ requests atomic.Int64 }

func (h *trapdoor) ServeHTTP(w http.ResponseWriter, _ *http.Request) { h.requests.Add(1) }
