package main

import (
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/emulator"
)

// TestLateEffects answers each write of a run with 408 and carries it out
// later (promise "Lost answers"): some requests later in the same run, when it
// is over, and at every request of the next one.
func TestLateEffects(t *testing.T) {
	dir := shared(t)
	profiles := []emulator.Profile{emulator.V26}
	if fullSweep() {
		profiles = emulator.Profiles()
	}
	var count tally
	for _, profile := range profiles {
		list := baseline(t, richStory, profile, dir, "--parallel", "1")
		var group errgroup.Group
		group.SetLimit(abreast)
		late := func(r emulator.Request, when, effect string, run func() error) {
			group.Go(func() error {
				count.count(when)
				if err := run(); err != nil {
					t.Errorf("milvus %s, %s takes effect %s:\n%v", profile.Name, described(r), effect, err)
				}
				return nil
			})
		}
		for _, r := range list {
			if !r.Writes {
				continue
			}
			for _, wait := range []int64{1, 2, 3, 4, 5, 8, 13, int64(len(list))} {
				if leftOut(int(r.N + wait)) {
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
				if leftOut(int(next + r.N)) {
					continue
				}
				late(r, "in the next run", fmt.Sprintf("before the %dth request of the next run", next), func() error {
					return lateInNext(profile, dir, r.N, next)
				})
			}
		}
		_ = group.Wait()
	}
	t.Log(count.text())
}

func lateInRun(profile emulator.Profile, dir string, n, wait int64) error {
	c, err := play(richStory, profile, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.end()
	c.watch()
	before, limits := c.bindings(), hasty
	soon := wait <= 4 // the fourth read comes after 350 ms
	if soon {
		limits = []string{"--settle", "20s"}
	}
	c.AddFault(emulator.Fault{Match: emulator.Match{Request: n}, Kind: emulator.Late, LandAt: n + wait})
	e := c.run(limits...)
	c.Land()
	if soon && e.writes != int64(writesOfRich) {
		return fmt.Errorf("%d writes instead of %d: one was repeated although it took effect within the settle time: %v", e.writes, writesOfRich, e)
	}
	if err := c.truthful(e, before); err != nil {
		return err
	}
	return c.settles()
}

// writesOfRich is how many steps of the rich story write to the cluster.
const writesOfRich = 9

// silent answers the n-th request with 408, and nothing from then on.
func (c *scene) silent(n int64) {
	c.AddFault(emulator.Fault{Match: emulator.Match{Request: n}, Kind: emulator.Late})
	for m := n + 1; m < n+200; m++ {
		c.AddFault(emulator.Fault{Match: emulator.Match{Request: m}, Kind: emulator.Reset})
	}
}

// lateAfterRun lets a request take effect when its run has told its outcome:
// that may not have been "failed".
func lateAfterRun(profile emulator.Profile, dir string, n int64) error {
	c, err := play(richStory, profile, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.end()
	c.watch()
	before := c.bindings()
	c.silent(n)
	e := c.run("--retries", "0", "--settle", "1ms")
	if c.Land() != 1 {
		return fmt.Errorf("the request was not sent: %v", e)
	}
	if err := c.truthful(e, before); err != nil {
		return err
	}
	return c.settles()
}

// lateInNext is a run from whose n-th request on nothing is answered any more,
// and the n-th takes effect while the next run is at work.
func lateInNext(profile emulator.Profile, dir string, n, next int64) error {
	c, err := play(richStory, profile, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.end()
	c.watch()
	before := c.bindings()
	c.silent(n)
	if err := c.truthful(c.run("--retries", "0", "--settle", "1ms"), before); err != nil {
		return err
	}
	c.ClearFaults()
	c.watch()
	sent, _ := c.Counts()
	before = c.bindings()
	c.AddHook(emulator.Hook{Match: emulator.Match{Request: sent + next}, Do: func(emulator.Request) { c.Land() }})
	second := c.run("--settle", "120ms")
	c.Land()
	if err := c.truthful(second, before); err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	return c.settles()
}
