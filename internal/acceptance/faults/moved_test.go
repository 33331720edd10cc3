package faults

import (
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// TestLateAfterKill kills a run, changes the manifest, and lets the last
// request of the killed run land before each request of the next one, or after
// it: a third of them by default, in turn, and all with -sweep=full. Whenever it
// lands, it is ours: the run after that undoes it, instead of taking it for
// another client's drift, or never seeing it again.
func TestLateAfterKill(t *testing.T) {
	dir := scene.Shared(t)
	var count scene.Tally
	first := baselines(t, emulator.V26, dir)
	var group errgroup.Group
	group.SetLimit(4)
	n := 0
	for i, s := range sequels() {
		for _, r := range first[i] {
			if !r.Writes {
				continue
			}
			for next := int64(1); next <= 61; next += 4 {
				n++
				if thin := (r.N+next/4)%3 != 0; thin && !scene.FullSweep() || scene.LeftOut(n) {
					continue
				}
				group.Go(func() error {
					count.Count("landings")
					if err := lateAfterKill(s, dir, r.N, next); err != nil {
						t.Errorf("%s, killed at %s, which lands before the %dth request of the next run:\n%v", s.Name, scene.Described(r), next, err)
					}
					return nil
				})
			}
		}
	}
	_ = group.Wait()
	t.Log(count.Text())
}

func lateAfterKill(s scene.Sequel, dir string, n, next int64) error {
	c, err := scene.Play(s.First, emulator.V26, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.End()
	if err := c.Killed(n, scene.Later); err != nil {
		return err
	}
	c.ClearFaults()
	if err := c.Write(s.Then); err != nil {
		return err
	}
	sent, _ := c.Counts()
	c.AddHook(testkit.Hook{Match: testkit.Match{Request: sent + next}, Do: func(testkit.Request) { c.Land() }})
	second := c.Run("--settle", "200ms")
	c.Land()
	if second.Code != 0 && second.Code != 5 {
		return fmt.Errorf("the next run: %v", second)
	}
	third := c.Run("--settle", "200ms")
	if err := c.Arrived(); third.Code != 0 || err != nil {
		return fmt.Errorf("the run after that: exit code %d, %v\n%s", third.Code, err, third.Stderr)
	}
	return c.Rests()
}
