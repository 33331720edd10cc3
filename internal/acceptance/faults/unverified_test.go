package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// verified is a switch with a verification to follow, as a sweep plays it.
type verified struct {
	name    string
	aliases []string
	group   string
	flags   []string
	lost    bool // the answer to the first change never comes
}

var verifiedSwitches = []verified{
	{name: "an alias", aliases: []string{"products"}},
	{name: "a group", aliases: []string{"products", "reviews"}, group: "shop"},
	{name: "by drop and create", aliases: []string{"products"}, flags: []string{"--switch", "recreate"}},
	{name: "a lost answer", aliases: []string{"products"}, lost: true},
}

// Filters of a canary: what every green has, and what none has.
const (
	passing = "id >= 0"
	failing = "id > 100000"
)

// document binds each alias to its collection of a version. With a filter the
// first alias has a canary.
func (v verified) document(version, filter string) string {
	var text strings.Builder
	text.WriteString("version: 1\naliases:\n")
	for i, alias := range v.aliases {
		fmt.Fprintf(&text, "  %s: {collection: %s_%s", alias, alias, version)
		if filter != "" && v.group != "" {
			fmt.Fprintf(&text, ", group: %s", v.group)
		}
		if filter != "" && i == 0 {
			fmt.Fprintf(&text, ", canary: {query: {filter: %q, limit: 3}}", filter)
		}
		text.WriteString("}\n")
	}
	return text.String()
}

// play is the scene in which the aliases are at v1 and the manifest wants them at
// v2, with a verification.
func (v verified) play(dir, filter string) (*scene.Scene, error) {
	c, err := scene.Play(scene.Story{}, emulator.V26, dir, slices.Concat([]string{"--parallel", "1"}, v.flags)...)
	if err != nil {
		return nil, err
	}
	var seed strings.Builder
	seed.WriteString("databases:\n  default:\n    collections:\n")
	for _, alias := range v.aliases {
		for _, version := range []string{"v1", "v2"} {
			fmt.Fprintf(&seed, "      - {name: %s_%s, rows: 10}\n", alias, version)
		}
	}
	path := c.Dir + ".seed.yaml"
	defer os.Remove(path)
	err = os.WriteFile(path, []byte(seed.String()), 0o600)
	if err == nil {
		err = c.Fill(path)
	}
	if err == nil {
		err = manifestIs(c, v.document("v1", ""))
	}
	if err != nil {
		return c, err
	}
	if e := c.Run(); e.Code != 0 {
		return c, fmt.Errorf("the first apply: %v", e)
	}
	return c, manifestIs(c, v.document("v2", filter))
}

func manifestIs(c *scene.Scene, text string) error {
	return os.WriteFile(filepath.Join(c.Dir, "aliases.yaml"), []byte(text), 0o600)
}

// lose takes away the answer to the next change, which happens.
func (v verified) lose(c *scene.Scene) {
	if v.lost {
		c.AddFault(testkit.Fault{Match: testkit.Match{Writes: true, Nth: 1}, Kind: testkit.Reset, When: testkit.After})
	}
}

// points are the requests of a run from its first change on.
func (v verified) points(dir, filter string, code int) ([]testkit.Request, error) {
	c, err := v.play(dir, filter)
	if c != nil {
		defer c.End()
	}
	if err != nil {
		return nil, err
	}
	v.lose(c)
	c.Record(scene.Recorded)
	before, _ := c.Counts()
	if e := c.Run("--settle", "200ms"); e.Code != code {
		return nil, fmt.Errorf("a run that is not cut: %v", e)
	}
	requests := c.Requests()
	requests = slices.DeleteFunc(requests, func(r testkit.Request) bool { return r.N <= before })
	first := slices.IndexFunc(requests, func(r testkit.Request) bool { return r.Writes })
	if first < 0 {
		return nil, fmt.Errorf("it changes nothing")
	}
	return requests[first:], nil
}

// cuts are the ways in which a run ends at a request.
var cuts = []string{"killed before", "killed after", "interrupted"}

// TestKillBeforeTheVerification ends the real program at every request from a
// switch to the end of its verification, and of its switch-back where that fails:
// the state remembers what is not verified, drift, doctor and history show it, and
// the next apply makes it up (promise "A verification is not lost").
func TestKillBeforeTheVerification(t *testing.T) {
	dir := scene.Shared(t)
	var count scene.Tally
	var group errgroup.Group
	group.SetLimit(8)
	i := 0
	for _, v := range verifiedSwitches {
		for filter, code := range map[string]int{passing: 0, failing: 7} {
			points, err := v.points(dir, filter, code)
			if err != nil {
				t.Errorf("%s, %s: %v", v.name, filter, err)
				continue
			}
			for _, r := range points {
				for j, cut := range cuts {
					i++
					thin := j == 1 && !r.Writes || j == 2 && i%2 == 0 // a read leaves nothing behind
					if scene.LeftOut(i) || thin && !scene.FullSweep() {
						continue
					}
					group.Go(func() error {
						owed, err := v.cutAt(dir, filter, code, r.N, cut)
						count.Count(cut)
						if owed {
							count.Count("verifications made up")
						}
						if err != nil {
							t.Errorf("%s, canary %q, %s %s:\n%v", v.name, filter, cut, scene.Described(r), err)
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

// cutAt ends a run at a request and holds the next one to what was promised. It
// reports whether a verification was owed.
func (v verified) cutAt(dir, filter string, code int, n int64, cut string) (bool, error) {
	c, err := v.play(dir, filter)
	if c != nil {
		defer c.End()
	}
	if err != nil {
		return false, err
	}
	v.lose(c)
	p := c.Spawn("--settle", "200ms")
	hook := testkit.Hook{Match: testkit.Match{Request: n}, When: testkit.Before, Do: func(testkit.Request) { p.Die() }}
	switch cut {
	case "killed before":
		c.AddFault(testkit.Fault{Match: hook.Match, Kind: testkit.Reset})
	case "killed after":
		hook.When = testkit.After
	case "interrupted":
		hook.Do = func(testkit.Request) {
			p.Signalled(syscall.SIGINT)
			p.Says("interrupted")
		}
	}
	c.AddHook(hook)
	e, err := p.Whole()
	if err != nil {
		return false, err
	}
	c.ClearFaults()
	owed, err := v.remembered(c)
	if err != nil {
		return owed, fmt.Errorf("%w\n%v", err, e)
	}

	probes := 0
	c.AddHook(testkit.Hook{Match: testkit.Match{Route: "entities/query"}, Do: func(testkit.Request) { probes++ }})
	next := c.Run("--settle", "200ms")
	if next.Code != code {
		return owed, fmt.Errorf("the next run ends with %d, want %d: %v\nafter %v", next.Code, code, next, e)
	}
	if owed && probes == 0 {
		return owed, fmt.Errorf("the next run does not verify: %v", next)
	}
	want := map[int]string{0: "v2", 7: "v1"}[code]
	if at := v.at(c); len(at) != len(v.aliases) || slices.ContainsFunc(at, func(version string) bool { return version != want }) {
		return owed, fmt.Errorf("the aliases end at %q, want %s: %v", at, want, next)
	}
	state, err := c.Stored()
	if err != nil {
		return owed, err
	}
	if len(state.Unverified) > 0 {
		return owed, fmt.Errorf("still owed: %+v: %v", state.Unverified, next)
	}
	for _, b := range state.Bindings {
		if b.Collection != b.Alias+"_"+want {
			return owed, fmt.Errorf("the state knows %s at %s, want %s", b.Alias, b.Collection, want)
		}
	}
	if code != 0 {
		return owed, nil
	}
	if last := c.Run(); last.Code != 0 || last.Writes > 0 || len(last.Report.Steps) > 0 {
		return owed, fmt.Errorf("one more run is not empty: %v", last)
	}
	return owed, nil
}

// at are the versions to which the aliases are bound.
func (v verified) at(c *scene.Scene) []string {
	var list []string
	for alias, to := range c.Bindings("default") {
		list = append(list, strings.TrimPrefix(to, alias+"_"))
	}
	return list
}

// remembered holds what the state, drift, doctor and history show against the
// cluster, and reports whether a verification is owed. What reads the cluster shows
// the switches that were made; what reads the state alone shows all, and claims
// of none that it was made when it was not.
func (v verified) remembered(c *scene.Scene) (bool, error) {
	state, err := c.Stored()
	if err != nil {
		return false, err
	}
	owed, made := len(state.Unverified), 0
	for _, u := range state.Unverified {
		if c.Bindings(u.Database)[u.Alias] == u.To {
			made++
		}
	}
	cluster := []string{"--state", c.StatePath(), "--uri", c.Server.URL()}
	for _, line := range [][]string{
		slices.Concat([]string{"drift"}, cluster),
		slices.Concat([]string{"doctor"}, cluster),
		{"history", "--state", c.StatePath()},
	} {
		e := program.Perform(c.Dir, slices.Concat([]string{"aliasctl"}, line)...)
		text := e.Stdout
		if line[0] == "history" {
			text += e.Stderr
		}
		text = strings.Join(strings.Fields(text), " ")
		shown, claimed := strings.Count(text, "the switch of alias "), strings.Count(text, ") was not verified")
		want := owed
		if line[0] == "drift" {
			want = made
		}
		if e.Code != 0 || shown != want || claimed > made || strings.Contains(text, "did not bind it again") && len(v.at(c)) == len(v.aliases) {
			return owed > 0, fmt.Errorf("%d owed, %d made, and %v: %v", owed, made, line, e)
		}
	}
	e := program.Perform(c.Dir, slices.Concat([]string{"aliasctl", "drift", "-o", "json"}, cluster)...)
	var report struct{ Unverified []json.RawMessage }
	if err := json.Unmarshal([]byte(e.Stdout), &report); err != nil || len(report.Unverified) != made {
		return owed > 0, fmt.Errorf("drift -o json has %d of %d: %v %v", len(report.Unverified), made, err, e)
	}
	return owed > 0, nil
}
