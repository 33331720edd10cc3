package faults

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// loading are the requests of a run from its first load up to its first write to an
// alias: the loads, and the reads and checks behind them.
func loading(t *testing.T, list []testkit.Request) []testkit.Request {
	t.Helper()
	isLoad := func(r testkit.Request) bool { return r.Route == "collections/load" }
	first := slices.IndexFunc(list, isLoad)
	last := slices.IndexFunc(list, func(r testkit.Request) bool { return r.Writes && !isLoad(r) })
	if first < 2 || last < first {
		t.Fatalf("the loads are requests %d to %d", first, last)
	}
	return list[first-2 : last+1] // with the look before the first one
}

// TestSweepLoads lets every request of the loads of a run go wrong in every way,
// and kills the program at each (promises "Cut anywhere", "Lost answers" and "Green
// must be able to serve"): no alias is ever bound to what is not loaded, and the same
// command again finishes.
func TestSweepLoads(t *testing.T) {
	dir := scene.Shared(t)
	var done scene.Tally
	var group errgroup.Group
	group.SetLimit(scene.Abreast)
	for p, profile := range emulator.Profiles() {
		list := loading(t, baseline(t, scene.LoadStory, profile, dir, "--parallel", "1"))
		for i, r := range list {
			for k, kind := range testkit.Kinds() {
				// Outside of a load, the requests are those of any plan.
				rare := 8
				if strings.Contains(r.Route, "load") {
					rare = 2
				}
				turn := (i+k)%len(emulator.Profiles()) == p && (i+k)/len(emulator.Profiles())%rare == 0
				if !turn && !scene.FullSweep() || scene.LeftOut(7*i+k) || kind == testkit.Redirect {
					continue
				}
				for _, when := range []testkit.When{testkit.After, testkit.Before} {
					if when == testkit.Before && (acknowledges(kind) || !r.Writes) {
						continue
					}
					s := striking{profile, r, testkit.Fault{
						Match: testkit.Match{Request: r.N}, Kind: kind, When: when,
						Code: 65535, Message: "etcdserver: too many operations in txn request", Delay: delayOf(kind), Body: "default backend - 404",
					}, []string{"--parallel", "1"}, scene.LoadStory}
					group.Go(func() error {
						if err := strike(s, dir, &done); err != nil {
							t.Errorf("%v:\n%v", s, err)
						}
						return nil
					})
				}
			}
			fates := []scene.Fate{scene.Dies}
			if r.Writes {
				fates = []scene.Fate{scene.Lands, scene.Dies, scene.Done}
			}
			for j, fate := range fates {
				if (i+j)%len(emulator.Profiles()) != p && !scene.FullSweep() || scene.LeftOut(i+j) {
					continue
				}
				group.Go(func() error {
					done.Count("kills")
					same := sequel{"the same manifest", scene.LoadStory, scene.LoadStory}
					if err := killAndGoOn(same, profile, dir, r.N, fate); err != nil {
						t.Errorf("milvus %s, killed at %s, which %s:\n%v", profile.Name, described(r), fate, err)
					}
					return nil
				})
			}
		}
	}
	_ = group.Wait()
	t.Log(done.Text())
}
