package main

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/emulator"
)

// sequel is what the manifest says when the command is given again.
type sequel struct {
	name  string
	first story
	then  story
}

// sequels are the same manifest; one that moved on, so that what the killed
// run created is not wanted any more; and one that was taken back.
func sequels() []sequel {
	unretired := richStory.with(nil, "-default/products_v1", "-default/old_v1", "-search/products_v1")
	return []sequel{
		{"the same manifest", richStory, richStory},
		{"moved on", richStory, richStory.with(map[string]string{
			"default/images": "", "default/products": "products_v3", "search/queries": "gone_v1",
		})},
		{"taken back", unretired, unretired.with(map[string]string{
			"default/products": "products_v1", "default/images": "", "default/old": "old_v1", "search/products": "products_v1",
			"search/queries": "", "search/gone": "gone_v1",
		})},
	}
}

// baselines lists the requests of the first run of each sequel.
func baselines(t *testing.T, profile emulator.Profile, dir string) [][]emulator.Request {
	t.Helper()
	var lists [][]emulator.Request
	for _, s := range sequels() {
		lists = append(lists, baseline(t, s.first, profile, dir, "--parallel", "1"))
	}
	return lists
}

// TestKillNine kills the real program at every request of a run, and gives the
// command again, with the same manifest and with changed ones (promise "Cut
// anywhere").
func TestKillNine(t *testing.T) {
	dir := shared(t)
	var count tally
	var group errgroup.Group
	group.SetLimit(4)
	profiles := []emulator.Profile{emulator.V26}
	if fullSweep() {
		profiles = emulator.Profiles()
	}
	var first [][]emulator.Request
	for _, profile := range profiles {
		_ = group.Wait()
		first = baselines(t, profile, dir)
		for i, s := range sequels() {
			for _, r := range first[i] {
				fates := []fate{dies}
				if r.Writes {
					fates = []fate{lands, dies, done}
				}
				for j, what := range fates {
					if leftOut(int(r.N)*len(fates) + j + i) {
						continue
					}
					group.Go(func() error {
						count.count("kills")
						if err := killAndGoOn(s, profile, dir, r.N, what); err != nil {
							t.Errorf("milvus %s, %s, killed at %s, which %s:\n%v", profile.Name, s.name, described(r), what, err)
						}
						return nil
					})
				}
			}
		}
	}
	_ = group.Wait()
	t.Log(count.text())
}

func killAndGoOn(s sequel, profile emulator.Profile, dir string, n int64, what fate) error {
	c, err := play(s.first, profile, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.end()
	if err := c.killed(n, what); err != nil {
		return err
	}
	if err := c.write(s.then); err != nil {
		return err
	}
	return c.settles()
}

// TestKillTwice kills two runs in a row, and lets the last request of the
// first one land only then (promise "Cut anywhere"): the second run has added
// its announcements to those of the first, so all three values are known as
// ours.
func TestKillTwice(t *testing.T) {
	dir := shared(t)
	var count tally
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
					t.Errorf("%s, killed at request %d: %v", s.name, r.N, err)
				}
				for j, n := range second {
					if leftOut(int(r.N) + i + j) {
						continue
					}
					count.count("pairs of kills")
					if err := killTwice(s, dir, r.N, n); err != nil {
						t.Errorf("%s, killed at %s, then at the %dth of the next run:\n%v", s.name, described(r), n, err)
					}
				}
				return nil
			})
		}
	}
	_ = group.Wait()
	t.Log(count.text())
}

// secondRun lists the requests of the run after a kill at which that one is
// killed too: all writes, and with -sweep=full the reads.
func secondRun(s sequel, dir string, n int64) ([]int64, error) {
	c, err := play(s.first, emulator.V26, dir, "--parallel", "1")
	if err != nil {
		return nil, err
	}
	defer c.end()
	if err := c.killed(n, later); err != nil {
		return nil, err
	}
	if err := c.write(s.then); err != nil {
		return nil, err
	}
	c.ClearFaults()
	c.Record(recorded)
	if e := c.run("--settle", "200ms"); e.code != 0 {
		return nil, fmt.Errorf("the next run: %v", e)
	}
	var list []int64
	requests := c.Requests()
	for _, r := range requests {
		if r.Writes || fullSweep() {
			list = append(list, r.N-requests[0].N+1)
		}
	}
	return list, nil
}

func killTwice(s sequel, dir string, first, second int64) error {
	c, err := play(s.first, emulator.V26, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.end()
	if err := c.killed(first, later); err != nil {
		return err
	}
	if err := c.write(s.then); err != nil {
		return err
	}
	if err := c.killed(second, dies); err != nil {
		return err
	}
	if c.Land() != 1 {
		return fmt.Errorf("the request of the first run has not landed now")
	}
	return c.settles()
}

// TestKillAtAnyInstant kills the real program at points of time, most of which
// lie between two requests, and around the writes of the state.
func TestKillAtAnyInstant(t *testing.T) {
	dir, points := shared(t), 60
	if fullSweep() {
		points = 1000
	}
	var count tally
	var group errgroup.Group
	group.SetLimit(2)
	for i := range points {
		if leftOut(i) {
			continue
		}
		group.Go(func() error {
			after := time.Duration(i) * 20 * time.Millisecond / time.Duration(points)
			cut, err := killAfter(dir, after)
			if cut {
				count.count("kills")
			} else {
				count.count("runs that were faster")
			}
			if err != nil {
				t.Errorf("killed %v after its first request: %v", after, err)
			}
			return nil
		})
	}
	_ = group.Wait()
	t.Log(count.text())
}

// killAfter says whether the program was still running.
func killAfter(dir string, after time.Duration) (bool, error) {
	c, err := play(richStory, emulator.V26, dir, "--parallel", "8")
	if err != nil {
		return false, err
	}
	defer c.end()
	c.watch()
	p := c.spawn()
	c.AddHook(emulator.Hook{Match: emulator.Match{Request: 1}, Do: func(emulator.Request) {
		time.AfterFunc(after, p.die)
	}})
	e, err := p.whole()
	if err != nil {
		return false, err
	}
	return e.code == -1, c.settles()
}

// TestSignals sends the real program one signal, or two, at every request of a
// run (promise "Signals").
func TestSignals(t *testing.T) {
	dir := shared(t)
	var count tally
	var group errgroup.Group
	group.SetLimit(4)
	for _, r := range baseline(t, richStory, emulator.V26, dir, "--parallel", "1") {
		for i, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
			when := emulator.Before
			if i == 1 {
				when = emulator.After
			}
			for j, twice := range []bool{false, true} {
				if leftOut(int(r.N)*4 + 2*i + j) {
					continue
				}
				group.Go(func() error {
					count.count(map[bool]string{false: "one signal", true: "two signals"}[twice])
					if err := interrupt(dir, r.N, when, signal, twice); err != nil {
						t.Errorf("%v (twice: %v) %s the effect of %s:\n%v", signal, twice, when, described(r), err)
					}
					return nil
				})
			}
		}
	}
	_ = group.Wait()
	t.Log(count.text())
}

func interrupt(dir string, n int64, when emulator.When, signal os.Signal, twice bool) error {
	c, err := play(richStory, emulator.V26, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.end()
	c.watch()
	before, p := c.bindings(), c.spawn()
	var soFar int64
	c.AddHook(emulator.Hook{Match: emulator.Match{Request: n}, When: when, Do: func(emulator.Request) {
		_, soFar = c.Counts()
		p.signalled(signal)
		p.says("interrupted")
		if twice {
			p.signalled(signal)
			<-p.done // it has to end although this answer does not come
		}
	}})
	e, err := p.whole()
	if err != nil {
		return err
	}
	_, writes := c.Counts()
	if twice && e.code == -1 {
		return c.settles() // the second came when it was ending already
	}
	if e.code != 130 {
		return fmt.Errorf("exit code %d, want 130: %v", e.code, e)
	}
	if writes > soFar+1 {
		return fmt.Errorf("%d writes after the signal: %v", writes-soFar, e)
	}
	if err := c.truthful(e, before); err != nil {
		return err
	}
	state, err := c.stored()
	if err != nil {
		return err
	}
	if !twice && len(state.Pending) > 0 {
		return fmt.Errorf("still announced after an orderly end: %v\n%v", state.Pending, e)
	}
	if results := e.report.Results; results != nil && len(results) != len(e.report.Steps) {
		return fmt.Errorf("%d results of %d steps: %v", len(results), len(e.report.Steps), e)
	}
	return c.settles()
}
