package faults

import (
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// TestLateEffects answers each write of a run with 408 and carries it out
// later (promise "Lost answers"): some requests later in the same run, when it
// is over, and at every request of the next one. There each write meets every
// third request and each request every third write; all pairs with -sweep=full.
func TestLateEffects(t *testing.T) {
	dir := scene.Shared(t)
	profiles := []emulator.Profile{emulator.V26}
	if scene.FullSweep() {
		profiles = emulator.Profiles()
	}
	var count scene.Tally
	for _, profile := range profiles {
		list := scene.Baseline(t, scene.RichStory, profile, dir, "--parallel", "1")
		var group errgroup.Group
		group.SetLimit(scene.Abreast)
		late := func(r testkit.Request, when, effect string, run func() error) {
			group.Go(func() error {
				count.Count(when)
				if err := run(); err != nil {
					t.Errorf("milvus %s, %s takes effect %s:\n%v", profile.Name, scene.Described(r), effect, err)
				}
				return nil
			})
		}
		for _, r := range list {
			if !r.Writes {
				continue
			}
			for _, wait := range []int64{1, 2, 3, 4, 5, 8, 13, int64(len(list))} {
				if scene.LeftOut(int(r.N + wait)) {
					continue
				}
				late(r, "later in the run", fmt.Sprintf("%d requests later", wait), func() error {
					return lateInRun(profile, dir, r.N, wait)
				})
			}
			late(r, "after the run", "when the run is over", func() error {
				return lateAfterRun(profile, dir, r.N)
			})
			for next := int64(1); next <= int64(len(list)); next++ {
				if thin := (next+r.N)%3 != 0; thin && !scene.FullSweep() || scene.LeftOut(int(next+r.N)) {
					continue
				}
				late(r, "in the next run", fmt.Sprintf("before the %dth request of the next run", next), func() error {
					return lateInNext(profile, dir, r.N, next)
				})
			}
		}
		_ = group.Wait()
	}
	t.Log(count.Text())
}

func lateInRun(profile emulator.Profile, dir string, n, wait int64) error {
	c, err := scene.Play(scene.RichStory, profile, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.End()
	c.Watch()
	before, limits := c.Look(), scene.Hasty
	soon := wait <= 4 // the fourth read comes after 350 ms
	if soon {
		limits = []string{"--settle", "20s"}
	}
	c.AddFault(testkit.Fault{Match: testkit.Match{Request: n}, Kind: testkit.Late, LandAt: n + wait})
	e := c.Run(limits...)
	c.Land()
	if soon && e.Writes != int64(writesOfRich) {
		return fmt.Errorf("%d writes instead of %d: one was repeated although it took effect within the settle time: %v", e.Writes, writesOfRich, e)
	}
	if err := c.Truthful(e, before); err != nil {
		return err
	}
	return c.Settles()
}

// writesOfRich is how many steps of the rich story write to the cluster.
const writesOfRich = 9

// silent answers the n-th request with 408, and nothing from then on.
func silent(c *scene.Scene, n int64) {
	c.AddFault(testkit.Fault{Match: testkit.Match{Request: n}, Kind: testkit.Late})
	for m := n + 1; m < n+200; m++ {
		c.AddFault(testkit.Fault{Match: testkit.Match{Request: m}, Kind: testkit.Reset})
	}
}

// lateAfterRun lets a request take effect when its run has told its outcome:
// that may not have been "failed".
func lateAfterRun(profile emulator.Profile, dir string, n int64) error {
	c, err := scene.Play(scene.RichStory, profile, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.End()
	c.Watch()
	before := c.Look()
	silent(c, n)
	e := c.Run("--retries", "0", "--settle", "1ms", "--patience", "0s")
	if c.Land() != 1 {
		return fmt.Errorf("the request was not sent: %v", e)
	}
	if err := c.Truthful(e, before); err != nil {
		return err
	}
	return c.Settles()
}

// lateInNext is a run from whose n-th request on nothing is answered any more,
// and the n-th takes effect while the next run is at work.
func lateInNext(profile emulator.Profile, dir string, n, next int64) error {
	c, err := scene.Play(scene.RichStory, profile, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.End()
	c.Watch()
	before := c.Look()
	silent(c, n)
	if err := c.Truthful(c.Run("--retries", "0", "--settle", "1ms", "--patience", "0s"), before); err != nil {
		return err
	}
	c.ClearFaults()
	c.Watch()
	sent, _ := c.Counts()
	before = c.Look()
	c.AddHook(testkit.Hook{Match: testkit.Match{Request: sent + next}, Do: func(testkit.Request) { c.Land() }})
	second := c.Run("--settle", "120ms")
	c.Land()
	if err := c.Truthful(second, before); err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	return c.Settles()
}
