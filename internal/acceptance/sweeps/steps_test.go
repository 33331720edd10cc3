package sweeps

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// sweep is a story with the requests that are its own: all others are those of any plan,
// which TestSweepRequests sweeps.
type sweep struct {
	name  string
	story func(emulator.Profile) scene.Story
	own   string // what the routes of its own requests contain
}

func always(s scene.Story) func(emulator.Profile) scene.Story {
	return func(emulator.Profile) scene.Story { return s }
}

// grouped has roles with privilege groups, where the server has them.
func grouped(s scene.Story) func(emulator.Profile) scene.Story {
	return func(p emulator.Profile) scene.Story {
		if p.Name == emulator.V23.Name {
			return s
		}
		return s.WithGroups()
	}
}

var sweeps = []sweep{
	{"loads", always(scene.LoadStory), "load"},
	{"newest", always(scene.NewestStory), "collections/describe"},
	{"releases", always(scene.ReleaseStory), "collections/"},
	{"displaced names", always(scene.DisplaceStory), "rename"},
	{"grants", grouped(scene.GrantStory), "roles/"},
	{"grants of displaced names", grouped(scene.DisplaceGrantStory), "rename"},
	{"renames", always(scene.RenameStory), "aliases/"},
}

// One of so many cases is played, unless -sweep=full asks for all.
const (
	shareOwn     = 110 // of requests of its own, and of writes
	shareOther   = 400
	shareForeign = 110
)

// cases are the runs of one sweep.
type cases struct {
	group errgroup.Group
	tally scene.Tally
	next  map[int]int
}

// plays reports whether one more case of a share is in the sweep.
func (c *cases) plays(share int) bool {
	c.next[share]++
	n := c.next[share]
	return (scene.FullSweep() || n%share == 0) && !scene.LeftOut(n)
}

func (c *cases) add(t *testing.T, what string, play func() error) {
	c.group.Go(func() error {
		if err := play(); err != nil {
			t.Errorf("%s:\n%v", what, err)
		}
		return nil
	})
}

var alone = []string{"--parallel", "1"}

// TestSweepSteps lets every request of a run go wrong in every way, and kills the program
// at each (promises "Cut anywhere", "Lost answers", "Partial failure is told
// truthfully" and "Bad servers"): what scene.Watch holds is true at every instant, the exit
// code and the report are true, and the same command again finishes.
func TestSweepSteps(t *testing.T) {
	for _, s := range sweeps {
		t.Run(strings.ReplaceAll(s.name, " ", "-"), func(t *testing.T) {
			dir := scene.Shared(t)
			c := &cases{next: map[int]int{}}
			c.group.SetLimit(scene.Abreast)
			for _, profile := range emulator.Profiles() {
				story := s.story(profile)
				list := scene.Baseline(t, story, profile, dir, alone...)
				for _, r := range list {
					c.faults(t, s, story, profile, r, dir)
					c.kills(t, s, story, profile, r, dir)
					if r.Writes {
						c.foreign(t, story, profile, r, dir)
					}
				}
				c.refusals(t, story, profile, list, dir)
			}
			_ = c.group.Wait()
			t.Log(c.tally.Text())
		})
	}
}

func (s sweep) share(r testkit.Request) int {
	if r.Writes || strings.Contains(r.Route, s.own) {
		return shareOwn
	}
	return shareOther
}

// faults lets one request go wrong.
func (c *cases) faults(t *testing.T, s sweep, story scene.Story, profile emulator.Profile, r testkit.Request, dir string) {
	for _, kind := range testkit.Kinds() {
		if kind == testkit.Redirect {
			continue
		}
		for _, when := range []testkit.When{testkit.After, testkit.Before} {
			if when == testkit.Before && (scene.Acknowledges(kind) || !r.Writes) || !c.plays(s.share(r)) {
				continue
			}
			one := scene.Striking{Profile: profile, Request: r, Fault: scene.FaultAt(r, kind, when, ""), Flags: alone, Story: story}
			c.add(t, one.String(), func() error { return one.Strike(dir, &c.tally) })
		}
	}
}

// kills ends the program at one request.
func (c *cases) kills(t *testing.T, s sweep, story scene.Story, profile emulator.Profile, r testkit.Request, dir string) {
	for _, fate := range scene.Fates(r) {
		if !c.plays(s.share(r) / 7) {
			continue
		}
		what := fmt.Sprintf("milvus %s, killed at %s, which %s", profile.Name, scene.Described(r), fate)
		c.add(t, what, func() error {
			c.tally.Count("kills")
			return scene.Sequel{First: story, Then: story}.Play(profile, dir, r.N, fate)
		})
	}
}

// foreign lets something else answer a write in the place of Milvus.
func (c *cases) foreign(t *testing.T, story scene.Story, profile emulator.Profile, r testkit.Request, dir string) {
	for k, name := range slices.Sorted(maps.Keys(testkit.ForeignBodies)) {
		for _, when := range []testkit.When{testkit.Before, testkit.After} {
			if !c.plays(shareForeign) {
				continue
			}
			status := scene.ForeignStatuses[(int(r.N)+k)%len(scene.ForeignStatuses)]
			f := scene.Foreign(testkit.Match{Request: r.N}, testkit.ForeignBodies[name], status, when)
			one := scene.Striking{Profile: profile, Request: r, Fault: f, Flags: alone, Story: story}
			c.add(t, fmt.Sprintf("%v, http %d %q", one, status, f.Body), func() error { return one.Strike(dir, &c.tally) })
		}
	}
}

// refusals lets the server refuse all requests of a route from one on: a privilege that is
// missing, or taken while the run is on.
func (c *cases) refusals(t *testing.T, story scene.Story, profile emulator.Profile, list []testkit.Request, dir string) {
	seen := map[string]int{}
	for _, r := range list {
		if seen[r.Route]++; !c.plays(map[bool]int{true: 3, false: 20}[r.Writes]) {
			continue
		}
		f := testkit.Fault{
			Match: testkit.Match{Route: r.Route, Nth: seen[r.Route], Times: -1}, Kind: testkit.Code, When: testkit.Before,
			Status: 403, Code: 65535, Message: "rpc error: code = PermissionDenied desc = PrivilegeX: permission deny to u in the `default` database",
		}
		one := scene.Striking{Profile: profile, Request: r, Fault: f, Flags: alone, Story: story}
		c.add(t, fmt.Sprintf("%v, refused from then on", one), func() error { return one.Strike(dir, &c.tally) })
	}
}
