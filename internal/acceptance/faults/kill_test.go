package faults

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// sequels are the same manifest; one that moved on, so that what the killed
// run created is not wanted any more; and one that was taken back.
func sequels() []scene.Sequel {
	unretired := scene.RichStory.With(nil, "-default/products_v1", "-default/old_v1", "-search/products_v1")
	return []scene.Sequel{
		{Name: "the same manifest", First: scene.RichStory, Then: scene.RichStory},
		{Name: "moved on", First: scene.RichStory, Then: scene.RichStory.With(map[string]string{
			"default/images": "", "default/products": "products_v3", "search/queries": "gone_v1",
		})},
		{Name: "taken back", First: unretired, Then: unretired.With(map[string]string{
			"default/products": "products_v1", "default/images": "", "default/old": "old_v1", "search/products": "products_v1",
			"search/queries": "", "search/gone": "gone_v1",
		})},
	}
}

// baselines lists the requests of the first run of each sequel.
func baselines(t *testing.T, profile emulator.Profile, dir string) [][]testkit.Request {
	t.Helper()
	var lists [][]testkit.Request
	for _, s := range sequels() {
		lists = append(lists, scene.Baseline(t, s.First, profile, dir, "--parallel", "1"))
	}
	return lists
}

// TestKillNine kills the real program at every request of a run, and gives the
// command again, with the same manifest and with changed ones (promise "Cut
// anywhere").
func TestKillNine(t *testing.T) {
	dir := scene.Shared(t)
	var count scene.Tally
	var group errgroup.Group
	group.SetLimit(4)
	profiles := []emulator.Profile{emulator.V26}
	if scene.FullSweep() {
		profiles = emulator.Profiles()
	}
	var first [][]testkit.Request
	for _, profile := range profiles {
		_ = group.Wait()
		first = baselines(t, profile, dir)
		for i, s := range sequels() {
			for _, r := range first[i] {
				fates := scene.Fates(r)
				for j, what := range fates {
					if scene.LeftOut(int(r.N)*len(fates) + j + i) {
						continue
					}
					group.Go(func() error {
						count.Count("kills")
						if err := s.Play(profile, dir, r.N, what); err != nil {
							t.Errorf("milvus %s, %s, killed at %s, which %s:\n%v", profile.Name, s.Name, scene.Described(r), what, err)
						}
						return nil
					})
				}
			}
		}
	}
	_ = group.Wait()
	t.Log(count.Text())
}

// TestKillTwice kills two runs in a row, and lets the last request of the
// first one land only then (promise "Cut anywhere"): the second run has added
// its announcements to those of the first, so all three values are known as
// ours.
func TestKillTwice(t *testing.T) {
	dir := scene.Shared(t)
	var count scene.Tally
	var group errgroup.Group
	group.SetLimit(4)
	first := baselines(t, emulator.V26, dir)
	for i, s := range sequels() {
		for _, r := range first[i] {
			if !r.Writes {
				continue
			}
			group.Go(func() error {
				second, err := secondRun(s, dir, r.N)
				if err != nil {
					t.Errorf("%s, killed at request %d: %v", s.Name, r.N, err)
				}
				for j, n := range second {
					thin := (int(r.N)+j)%2 != 0
					if thin && !scene.FullSweep() || scene.LeftOut(int(r.N)+i+j) {
						continue
					}
					count.Count("pairs of kills")
					if err := killTwice(s, dir, r.N, n); err != nil {
						t.Errorf("%s, killed at %s, then at the %dth of the next run:\n%v", s.Name, scene.Described(r), n, err)
					}
				}
				return nil
			})
		}
	}
	_ = group.Wait()
	t.Log(count.Text())
}

// secondRun lists the requests of the run after a kill at which that one is
// killed too: the writes, of which every other one counts by default, and with
// -sweep=full the reads.
func secondRun(s scene.Sequel, dir string, n int64) ([]int64, error) {
	c, err := scene.Play(s.First, emulator.V26, dir, "--parallel", "1")
	if err != nil {
		return nil, err
	}
	defer c.End()
	if err := c.Killed(n, scene.Later); err != nil {
		return nil, err
	}
	if err := c.Write(s.Then); err != nil {
		return nil, err
	}
	c.ClearFaults()
	c.Record(scene.Recorded)
	if e := c.Run("--settle", "200ms"); e.Code != 0 {
		return nil, fmt.Errorf("the next run: %v", e)
	}
	var list []int64
	requests := c.Requests()
	for _, r := range requests {
		if r.Writes || scene.FullSweep() {
			list = append(list, r.N-requests[0].N+1)
		}
	}
	return list, nil
}

func killTwice(s scene.Sequel, dir string, first, second int64) error {
	c, err := scene.Play(s.First, emulator.V26, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.End()
	if err := c.Killed(first, scene.Later); err != nil {
		return err
	}
	if err := c.Write(s.Then); err != nil {
		return err
	}
	if err := c.Killed(second, scene.Dies); err != nil {
		return err
	}
	if c.Land() != 1 {
		return fmt.Errorf("the request of the first run has not landed now")
	}
	return c.Settles()
}

// TestKillAtAnyInstant kills the real program at points of time, most of which
// lie between two requests, and around the writes of the state.
func TestKillAtAnyInstant(t *testing.T) {
	dir, points := scene.Shared(t), 60
	if scene.FullSweep() {
		points = 1000
	}
	var count scene.Tally
	var group errgroup.Group
	group.SetLimit(2)
	for i := range points {
		if scene.LeftOut(i) {
			continue
		}
		group.Go(func() error {
			after := time.Duration(i) * 20 * time.Millisecond / time.Duration(points)
			cut, err := killAfter(dir, after)
			if cut {
				count.Count("kills")
			} else {
				count.Count("runs that were faster")
			}
			if err != nil {
				t.Errorf("killed %v after its first request: %v", after, err)
			}
			return nil
		})
	}
	_ = group.Wait()
	t.Log(count.Text())
}

// killAfter reports whether the program was still running.
func killAfter(dir string, after time.Duration) (bool, error) {
	c, err := scene.Play(scene.RichStory, emulator.V26, dir, "--parallel", "8")
	if err != nil {
		return false, err
	}
	defer c.End()
	c.Watch()
	p := c.Spawn()
	c.AddHook(testkit.Hook{Match: testkit.Match{Request: 1}, Do: func(testkit.Request) {
		time.AfterFunc(after, p.Die)
	}})
	e, err := p.Whole()
	if err != nil {
		return false, err
	}
	return e.Code == -1, c.Settles()
}

// TestSignals sends the real program one signal, or two, at every request of a
// run (promise "Signals").
func TestSignals(t *testing.T) {
	dir := scene.Shared(t)
	var count scene.Tally
	var group errgroup.Group
	group.SetLimit(4)
	for _, r := range scene.Baseline(t, scene.RichStory, emulator.V26, dir, "--parallel", "1") {
		for i, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
			when := testkit.Before
			if i == 1 {
				when = testkit.After
			}
			for j, twice := range []bool{false, true} {
				thin := !r.Writes && (int(r.N)+i+j)%2 != 0
				if thin && !scene.FullSweep() || scene.LeftOut(int(r.N)*4+2*i+j) {
					continue
				}
				group.Go(func() error {
					count.Count(map[bool]string{false: "one signal", true: "two signals"}[twice])
					if err := interrupt(dir, r.N, when, signal, twice); err != nil {
						t.Errorf("%v (twice: %v) %s the effect of %s:\n%v", signal, twice, when, scene.Described(r), err)
					}
					return nil
				})
			}
		}
	}
	_ = group.Wait()
	t.Log(count.Text())
}

func interrupt(dir string, n int64, when testkit.When, signal os.Signal, twice bool) error {
	c, err := scene.Play(scene.RichStory, emulator.V26, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.End()
	c.Watch()
	before, p := c.Look(), c.Spawn()
	var soFar int64
	c.AddHook(testkit.Hook{Match: testkit.Match{Request: n}, When: when, Do: func(testkit.Request) {
		_, soFar = c.Counts()
		p.Signalled(signal)
		p.Says("interrupted")
		if twice {
			p.Signalled(signal)
			<-p.Done // it has to end although this answer does not come
		}
	}})
	e, err := p.Whole()
	if err != nil {
		return err
	}
	_, writes := c.Counts()
	if twice && e.Code == -1 {
		return c.Settles() // the second came when it was ending already
	}
	if e.Code != 130 {
		return fmt.Errorf("exit code %d, want 130: %v", e.Code, e)
	}
	if writes > soFar+1 {
		return fmt.Errorf("%d writes after the signal: %v", writes-soFar, e)
	}
	if err := c.Truthful(e, before); err != nil {
		return err
	}
	state, err := c.Stored()
	if err != nil {
		return err
	}
	if !twice && len(state.Pending) > 0 {
		return fmt.Errorf("still announced after an orderly end: %v\n%v", state.Pending, e)
	}
	if results := e.Report.Results; results != nil && len(results) != len(e.Report.Steps) {
		return fmt.Errorf("%d results of %d steps: %v", len(results), len(e.Report.Steps), e)
	}
	return c.Settles()
}
