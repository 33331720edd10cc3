package planner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// cut is a scene in which every alias of the manifest has the same cutover and
// the collections have facts.
type cut struct {
	scene
	cutover manifest.Cutover
	facts   map[string]planner.Facts
	names   string // all collections of the database
	golden  map[string]*planner.GoldenFact
	grants  *planner.GrantFact
	idle    []planner.Idle
	after   time.Duration // of every retiree
	mark    string        // rolled_back_from of every binding

	cameFrom string // the collection that alias p left last
}

func (c cut) build(t *testing.T) planner.Plan {
	t.Helper()
	m, s, live := c.desired(t), c.state(t), c.cluster(t)
	for i := range m.Databases {
		for j := range m.Databases[i].Aliases {
			m.Databases[i].Aliases[j].Cutover = &c.cutover
		}
		for j := range m.Databases[i].Retire {
			m.Databases[i].Retire[j].After = c.after
		}
	}
	for i := range s.Bindings {
		s.Bindings[i].RolledBackFrom = c.mark
	}
	s.Idle = c.idle
	if c.cameFrom != "" {
		s.History = []planner.Entry{{Serial: 7, Changes: []planner.Change{{Database: "default", Alias: "p", From: c.cameFrom, To: "x"}}}}
	}
	if live != nil {
		d := live.Databases["default"]
		d.Names = strings.Fields(c.names)
		d.Golden, d.Grants = c.golden, c.grants
		for name, f := range c.facts {
			collection := d.Collections[name]
			collection.Facts = &f
			d.Collections[name] = collection
		}
	}
	o := c.options
	o.Now = noon
	p := planner.Compare(m, s, o).Plan(live)
	if proof := proof.Of(p, live); !proof.OK {
		t.Errorf("the plan fails its proof: %q", proof.Problems)
	}
	return p
}

func TestFromIsCompareAndSet(t *testing.T) {
	tests := map[string]struct {
		live string
		want []string
	}{
		"there":                   {"p: v1", []string{"~ p: v1 -> v3"}},
		"moved by another change": {"p: v2", []string{"conflict from-mismatch: p"}},
		"absent":                  {"", []string{"conflict from-mismatch: p"}},
		"already done":            {"p: v3", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := cut{scene: scene{want: "p: v3", last: "p: v1", pending: "p: v1 > v2\np: v2 > v3", live: tt.live, have: "v3"},
				cutover: manifest.Cutover{From: "v1"}}.build(t)
			if diff := cmp.Diff(tt.want, lines(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHalfAGroupIsRefused(t *testing.T) {
	sc := scene{want: "p: v2\nq: v2", last: "p: v1\nq: v1", live: "p: v1\nq: v1", have: "v2", options: planner.Options{Only: some("p")}}
	refusals := cut{scene: sc, cutover: manifest.Cutover{Group: "g"}}.build(t).Check(planner.DefaultLimits())
	if len(refusals) != 1 || refusals[0].Guard != "split-group" || !strings.Contains(refusals[0].Reason, "leaves out q") {
		t.Errorf("refusals: %+v", refusals)
	}
}

func TestAGroupIsNotSwitchedByRecreate(t *testing.T) {
	sc := scene{want: "p: v2\nq: v2", last: "p: v1\nq: v1", live: "p: v1\nq: v1", have: "v2", options: planner.Options{Switch: planner.ByRecreate}}
	refusals := cut{scene: sc, cutover: manifest.Cutover{Group: "g"}}.build(t).Check(planner.DefaultLimits())
	if len(refusals) != 1 || refusals[0].Guard != "group-recreate" {
		t.Errorf("refusals: %+v", refusals)
	}
}
