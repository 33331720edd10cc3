package faults

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// TestSweepForeignAnswers lets something between the program and Milvus answer
// the changes of a run, of a switch-back and of a rollback, with or without their
// effect (promise "Lost answers").
func TestSweepForeignAnswers(t *testing.T) {
	dir := scene.Shared(t)
	var count scene.Tally
	var group errgroup.Group
	group.SetLimit(scene.Abreast)
	bodies := slices.Sorted(maps.Keys(testkit.ForeignBodies))
	shop := verifiedSwitches[1]
	back, err := shop.points(dir, failing, 7)
	if err != nil {
		t.Fatal(err)
	}
	list := scene.Baseline(t, scene.RichStory, emulator.V26, dir, "--parallel", "1")
	cases := 0
	each := func(r testkit.Request, do func(f testkit.Fault) error) {
		for k, name := range bodies {
			for j, when := range []testkit.When{testkit.Before, testkit.After} {
				cases++
				if thin := (int(r.N)+2*k+j)%9 != 0; thin && !scene.FullSweep() || scene.LeftOut(cases) {
					continue
				}
				status := scene.ForeignStatuses[(int(r.N)+k)%len(scene.ForeignStatuses)]
				f := scene.Foreign(testkit.Match{Request: r.N}, testkit.ForeignBodies[name], status, when)
				group.Go(func() error {
					count.Count("foreign answers")
					if err := do(f); err != nil {
						t.Errorf("%s, %d %q %s the effect:\n%v", scene.Described(r), status, f.Body, when, err)
					}
					return nil
				})
			}
		}
	}
	for _, r := range list {
		if r.Writes {
			each(r, func(f testkit.Fault) error {
				return scene.Striking{Profile: emulator.V26, Request: r, Fault: f, Flags: []string{"--parallel", "1"}, Story: scene.RichStory}.Strike(dir, &count)
			})
		}
	}
	for _, r := range back {
		if r.Writes {
			each(r, func(f testkit.Fault) error { return shop.goesBack(dir, f) })
		}
	}
	for n := range 4 {
		each(testkit.Request{N: int64(n)}, func(f testkit.Fault) error { return rolledBack(dir, f, n%2 == 1) })
	}
	_ = group.Wait()
	t.Log(count.Text())
}

// goesBack lets one change of a group that fails its verification be answered by
// another client: it may stay where it is only with the word that it does, and the
// next run brings all members back.
func (v verified) goesBack(dir string, f testkit.Fault) error {
	c, err := v.play(dir, failing)
	if c != nil {
		defer c.End()
	}
	if err != nil {
		return err
	}
	c.AddFault(f)
	e := c.Run(scene.Hasty...)
	if e.Code != 5 && e.Code != 7 {
		return fmt.Errorf("%v", e)
	}
	for _, r := range e.Report.Results {
		if at := c.Bindings("default")[r.Alias]; r.Outcome == "switched-back" && at != r.From || r.Outcome == "applied" && at != r.To {
			return fmt.Errorf("%s is said to be %s and is at %q: %v", r.Alias, r.Outcome, at, e)
		}
	}
	c.ClearFaults()
	next := c.Run("--settle", "200ms")
	if at := v.at(c); next.Code != 7 || len(at) != len(v.aliases) || slices.ContainsFunc(at, func(s string) bool { return s != "v1" }) {
		return fmt.Errorf("the next run leaves %q: %v\nafter %v", at, next, e)
	}
	return nil
}

// rolledBack lets the change of a rollback be answered by another client.
func rolledBack(dir string, f testkit.Fault, load bool) error {
	v := verifiedSwitches[0]
	c, err := v.play(dir, passing)
	if c != nil {
		defer c.End()
	}
	if err != nil {
		return err
	}
	if e := c.Run(); e.Code != 0 {
		return fmt.Errorf("the apply: %v", e)
	}
	line := []string{"aliasctl", "rollback", "--apply", "--state", c.StatePath(), "--uri", c.Server.URL(), "-o", "json"}
	if load { // is then the first change
		line = append(line, "--load")
		release := `{"collectionName":"products_v1"}`
		resp, err := http.Post(c.Server.URL()+"/v2/vectordb/collections/release", "application/json", strings.NewReader(release))
		if err != nil {
			return err
		}
		resp.Body.Close()
	}
	f.Match = testkit.Match{Writes: true, Nth: 1}
	c.AddFault(f)
	e := program.Perform(c.Dir, append(slices.Clone(line), scene.Hasty...)...)
	at := c.Bindings("default")["products"]
	unchanged := e.Code == 1 || load && e.Code == 3 // not loaded
	if e.Code == 0 && at != "products_v1" || unchanged && at != "products_v2" || e.Code != 0 && !unchanged && e.Code != 5 {
		return fmt.Errorf("the alias is at %q: %v", at, e)
	}
	if f.When == testkit.After && e.Code != 0 {
		return fmt.Errorf("it happened, and the alias is at %q: %v", at, e)
	}
	c.ClearFaults()
	if e.Code != 0 {
		if again := program.Perform(c.Dir, append(line, "--settle", "200ms")...); again.Code != 0 {
			return fmt.Errorf("the same command again: %v\nafter %v", again, e)
		}
	}
	if at := c.Bindings("default")["products"]; at != "products_v1" {
		return fmt.Errorf("the alias ends at %q", at)
	}
	return nil
}
