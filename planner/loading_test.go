package planner_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// A plan with a load, for each thing that may be known of green.
func TestLoadComesFirst(t *testing.T) {
	move := scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2#2"}
	first := scene{want: "p: v2", have: "v2#2"}
	load := manifest.Cutover{
		Load: &manifest.Loading{Timeout: time.Hour}, Golden: &manifest.Golden{File: "g.jsonl", MinOverlap: 0.8},
		Require: []manifest.Check{{Name: manifest.Exists}, {Name: manifest.MinRows, Rows: 100}, {Name: manifest.Dimension, Dimension: 8}},
	}
	waived := load
	waived.Waived = []manifest.CheckName{manifest.Loaded}
	explicit := load
	explicit.Require = []manifest.Check{{Name: manifest.Loaded, AllowUnknown: true}}
	dim := &planner.SchemaFact{Fields: []planner.Field{{Name: "v", Type: "FloatVector", Dim: "8"}}}
	pending := "  made after the load"
	for name, tt := range map[string]struct {
		cut
		already bool
		want    []string
		refused bool
	}{
		"not loaded": {cut{scene: move, cutover: load, facts: map[string]planner.Facts{"v2": {Load: loaded("LoadStateNotLoad", 0), Schema: dim}}}, false,
			[]string{"p exists | | there | pass", "p loaded | | | pending", pending, "p min_rows | | | pending", pending, "p dimension | | 8 | pass", "p golden | | | pending", pending}, false},
		"on its way, and what is counted meanwhile decides nothing": {cut{scene: move, cutover: load, facts: map[string]planner.Facts{"v2": {Load: loaded(planner.Loading, 40), Rows: rows(7), Schema: dim}}}, false,
			[]string{"p exists | | there | pass", "p loaded | | | pending", pending, "p min_rows | | | pending", pending, "p dimension | | 8 | pass", "p golden | | | pending", pending}, false},
		"loaded": {cut{scene: move, cutover: load, facts: map[string]planner.Facts{"v2": {Load: loaded(planner.Loaded, 100), Rows: rows(7), Schema: dim}},
			golden: map[string]*planner.GoldenFact{"p": {Why: "no"}}}, true,
			[]string{"p exists | | there | pass", "p loaded | | loaded | pass", "p min_rows | | 7 (count(*)) | fail", "  7 rows are fewer than 100", "p dimension | | 8 | pass", "p golden | | | unknown", "  no"}, true},
		"what needs no load fails at once": {cut{scene: move, cutover: load, facts: map[string]planner.Facts{"v2": {Load: loaded("LoadStateNotLoad", 0), Schema: &planner.SchemaFact{Fields: []planner.Field{{Name: "v", Type: "FloatVector", Dim: "9"}}}}}}, false,
			[]string{"p exists | | there | pass", "p loaded | | | pending", pending, "p min_rows | | | pending", pending, "p dimension | | 9 | fail", "  field \"v\": dimension is 9, not 8", "p golden | | | pending", pending}, true},
		"the token may not see it": {cut{scene: move, cutover: load, facts: map[string]planner.Facts{"v2": {Load: &planner.LoadFact{Why: "403"}, Rows: rows(100), Schema: dim}},
			golden: map[string]*planner.GoldenFact{"p": {Why: "no"}}}, false,
			[]string{"p exists | | there | pass", "p loaded | | | unknown", "  403", "p min_rows | | 100 (count(*)) | pass", "p dimension | | 8 | pass", "p golden | | | unknown", "  no"}, true},
		"a first binding": {cut{scene: first, cutover: waived, facts: map[string]planner.Facts{"v2": {Load: loaded("LoadStateNotLoad", 0), Schema: dim}}}, false,
			[]string{"p exists | | there | pass", "p min_rows | | | pending", pending, "p dimension | | 8 | pass", "p golden | | | pending", pending}, false},
		"asked for by name, with the rows that every switch is held against": {cut{scene: move, cutover: explicit, facts: map[string]planner.Facts{"v2": {Load: loaded("LoadStateNotLoad", 0)}}}, false,
			[]string{"p loaded | | | pending", pending, "p min_rows | | | pending", pending, "p golden | | | pending", pending}, false},
		"offline": {cut{scene: scene{want: "p: v2", last: "p: v1", offline: true}, cutover: explicit}, false,
			[]string{"p loaded | | | pending", "p golden | | | pending"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := tt.build(t)
			if diff := cmp.Diff(tt.want, checks(p)); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
			if refused := len(p.Check(planner.DefaultLimits())) > 0; refused != tt.refused {
				t.Errorf("refused: %v", refused)
			}
			if s := p.Steps[0]; s.Op != planner.LoadCollection || s.Collection != "v2" || s.Timeout != time.Hour || s.Loaded != tt.already || p.Summary.Load != 1 {
				t.Errorf("%+v, %+v", s, p.Summary)
			}
		})
	}
}

// One collection is loaded once, for as long as the most patient alias waits, and an
// alias of it that asks for no load is not refused because it is not loaded yet.
func TestOneLoadForAllAliases(t *testing.T) {
	sc := scene{want: "a: v2\nb: v2\nc: v2\nstays: v2", last: "a: v1\nb: v1\nc: v1\nstays: v2", live: "a: v1\nb: v1\nc: v1\nstays: v2", have: "v2#2"}
	m, live := sc.desired(t), sc.cluster(t)
	for i, timeout := range []time.Duration{time.Minute, time.Hour, 0, 24 * time.Hour} {
		if timeout > 0 {
			m.Databases[0].Aliases[i].Cutover = &manifest.Cutover{Load: &manifest.Loading{Timeout: timeout}}
		} else {
			m.Databases[0].Aliases[i].Cutover = &manifest.Cutover{Require: []manifest.Check{{Name: manifest.Loaded}}}
		}
	}
	c := live.Databases["default"].Collections["v2"]
	c.Facts = &planner.Facts{Load: loaded("LoadStateNotLoad", 0)}
	live.Databases["default"].Collections["v2"] = c
	p := planner.Compare(m, sc.state(t), planner.Options{Now: noon}).Plan(live)
	if len(p.Steps) != 4 || p.Steps[0].Timeout != time.Hour || p.Summary.Load != 1 || len(p.Check(planner.DefaultLimits())) > 0 {
		t.Errorf("%q, %+v, %q", lines(p), p.Steps[0], checks(p))
	}
}

// What is asked of the cluster: nothing that waits for the end of a load.
func TestNothingIsCountedThatIsBeingLoaded(t *testing.T) {
	sc := scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2#2"}
	m, live := sc.desired(t), sc.cluster(t)
	m.Databases[0].Aliases[0].Cutover = &manifest.Cutover{
		Load: &manifest.Loading{Timeout: time.Hour}, Golden: &manifest.Golden{File: "g.jsonl"},
		Require: []manifest.Check{{Name: manifest.Rows, Rows: 7}, {Name: manifest.RowsWithin, Percent: 5}},
	}
	ask := func(f *planner.Facts) planner.Needs {
		c := live.Databases["default"].Collections["v2"]
		c.Facts = f
		live.Databases["default"].Collections["v2"] = c
		return planner.Compare(m, sc.state(t), planner.Options{Now: noon}).Needs(live)
	}
	before := ask(nil)
	if diff := cmp.Diff(planner.Needs{Facts: []planner.Inspection{{Database: "default", Collection: "v2", Load: true}}}, before); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if again := ask(&planner.Facts{Load: loaded(planner.Loading, 50)}); !again.Except(before).Empty() {
		t.Errorf("while it is loaded: %+v", again)
	}
	after := ask(&planner.Facts{Load: loaded(planner.Loaded, 100)})
	if len(after.Golden) != 1 || len(after.Facts) != 2 || !after.Facts[1].Rows || after.Except(before).Empty() {
		t.Errorf("after: %+v", after)
	}
}

// The proof of a plan with a load can fail.
func TestProofOfLoads(t *testing.T) {
	build := func() (planner.Plan, *planner.Live) {
		c := cut{scene: scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2#2"}, cutover: manifest.Cutover{Load: &manifest.Loading{Timeout: time.Hour}}}
		return c.build(t), c.cluster(t)
	}
	for name, tt := range map[string]struct {
		spoil  func(p *planner.Plan)
		reason string
	}{
		"no load":       {func(p *planner.Plan) { p.Steps = p.Steps[1:] }, "alias default/p would be bound to default/v2, which is not loaded"},
		"load too late": {func(p *planner.Plan) { slices.Reverse(p.Steps) }, "load-collection of default/v2 stands after a later phase"},
		"load twice":    {func(p *planner.Plan) { p.Steps = append(p.Steps[:1:1], p.Steps...) }, "collection default/v2 would be loaded twice"},
		"another load":  {func(p *planner.Plan) { p.Steps[0].Collection = "v1" }, "alias default/p would be bound to default/v2, which is not loaded"},
	} {
		p, live := build()
		tt.spoil(&p)
		if proof := proof.Of(p, live); proof.OK || !strings.Contains(strings.Join(proof.Problems, "\n"), tt.reason) {
			t.Errorf("%s: %q", name, proof.Problems)
		}
	}
}

// The digest covers what is asked for, and not how far a load is.
func TestDigestOfALoad(t *testing.T) {
	digest := func(timeout time.Duration, line int, f planner.LoadFact) string {
		c := cut{scene: scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2#2"}, facts: map[string]planner.Facts{"v2": {Load: &f}}}
		if timeout > 0 {
			c.cutover.Load = &manifest.Loading{Timeout: timeout, Pos: manifest.Position{Line: line}}
		}
		return c.build(t).Digest()
	}
	one := digest(time.Hour, 1, planner.LoadFact{State: "LoadStateNotLoad"})
	if one != digest(time.Hour, 2, planner.LoadFact{State: planner.Loaded, Progress: 100}) {
		t.Error("a loaded collection, or another line, is another digest")
	}
	if one == digest(time.Minute, 1, planner.LoadFact{}) || one == digest(0, 1, planner.LoadFact{}) {
		t.Error("another timeout, or none, is the same digest")
	}
}
