package planner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// cut is a scene in which every alias of the manifest has the same cutover and
// the collections have facts.
type cut struct {
	scene
	cutover manifest.Cutover
	facts   map[string]planner.Facts
	names   string // all collections of the database
	golden  map[string]*planner.GoldenFact
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
		d.Golden = c.golden
		for name, f := range c.facts {
			collection := d.Collections[name]
			collection.Facts = &f
			d.Collections[name] = collection
		}
	}
	o := c.options
	o.Now = noon
	p := planner.Build(m, s, live, o)
	if proof := planner.Prove(p, live); !proof.OK {
		t.Errorf("the plan fails its proof: %q", proof.Problems)
	}
	return p
}

// checks is the preflight table as a reviewer reads it.
func checks(p planner.Plan) []string {
	var out []string
	for _, c := range p.Checks {
		out = append(out, strings.Join(strings.Fields(fmt.Sprintf("%s %s | %s | %s | %s", c.Alias, c.Name, c.Blue, c.Green, c.Verdict)), " "))
		for _, d := range c.Details {
			out = append(out, "  "+d)
		}
	}
	return out
}

func loaded(state string, progress int) *planner.LoadFact {
	return &planner.LoadFact{State: state, Progress: progress}
}

func rows(n int64) *planner.RowsFact { return &planner.RowsFact{Count: n, Source: "count(*)"} }

func TestPreflight(t *testing.T) {
	move := scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2#2"}
	schema := func(fields ...planner.Field) planner.Facts {
		return planner.Facts{Schema: &planner.SchemaFact{Fields: fields}}
	}
	require := func(checks ...manifest.Check) manifest.Cutover { return manifest.Cutover{Require: checks} }
	ms := time.Millisecond
	tests := map[string]struct {
		cut
		want    []string
		refused bool
	}{
		"fit to serve": {cut{scene: move,
			cutover: require(manifest.Check{Name: manifest.Exists}, manifest.Check{Name: manifest.Loaded}, manifest.Check{Name: manifest.MinRows, Rows: 100}),
			facts:   map[string]planner.Facts{"v2": {Load: loaded(planner.Loaded, 100), Rows: rows(120)}},
		}, []string{"p exists | | there | pass", "p loaded | | loaded | pass", "p min_rows | | 120 (count(*)) | pass"}, false},
		"not loaded": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.Loaded}),
			facts: map[string]planner.Facts{"v2": {Load: loaded("LoadStateLoading", 40)}},
		}, []string{"p loaded | | loading, 40% | fail", "  load it, and wait until it is: readers would get errors"}, true},
		"too few rows": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.MinRows, Rows: 100}),
			facts: map[string]planner.Facts{"v2": {Rows: rows(99)}},
		}, []string{"p min_rows | | 99 (count(*)) | fail", "  99 rows are fewer than 100"}, true},
		"rows too far from blue": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.RowsWithin, Percent: 5}),
			facts: map[string]planner.Facts{"v1": {Rows: rows(100)}, "v2": {Rows: rows(94)}},
		}, []string{"p rows_within | 100 (count(*)) | 94 (count(*)) | fail", "  94 rows are 6.0% away from 100; 5% are allowed"}, true},
		"rows just within": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.RowsWithin, Percent: 5}),
			facts: map[string]planner.Facts{"v1": {Rows: rows(100)}, "v2": {Rows: rows(105)}},
		}, []string{"p rows_within | 100 (count(*)) | 105 (count(*)) | pass"}, false},
		"indexes": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.Indexed}),
			facts: map[string]planner.Facts{"v2": {Indexes: &planner.IndexFact{Fields: []planner.VectorIndex{
				{Field: "a"}, {Field: "b", Index: "b", State: "InProgress"}, {Field: "c", Index: "c", State: "Finished", Pending: 7}, {Field: "d", Index: "d", State: "Finished"},
			}}}},
		}, []string{"p indexed | | 1 of 4 fields | fail", `  vector field "a" has no index`, `  index "b" of field "b" is inprogress`, `  index "c" of field "c" has 7 pending rows`}, true},
		"schema differences, one by one": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.SameSchema}),
			facts: map[string]planner.Facts{
				"v1": schema(planner.Field{Name: "id", Type: "Int64", Primary: true}, planner.Field{Name: "old", Type: "VarChar"}, planner.Field{Name: "v", Type: "FloatVector", Dim: "8", Metric: "L2"}),
				"v2": schema(planner.Field{Name: "id", Type: "VarChar", Primary: true}, planner.Field{Name: "new", Type: "VarChar"}, planner.Field{Name: "v", Type: "FloatVector", Dim: "16", Metric: "COSINE"}),
			},
		}, []string{
			"p same_schema | 3 fields | 3 fields | fail",
			`  field "id": type is "Int64" in blue and "VarChar" in green`,
			`  field "old" is missing in green`,
			`  field "v": dimension is "8" in blue and "16" in green`,
			`  field "v": metric is "L2" in blue and "COSINE" in green`,
			`  field "new" is new in green`,
		}, true},
		"what a server cannot answer fails": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.MinRows, Rows: 1}),
			facts: map[string]planner.Facts{"v2": {Rows: &planner.RowsFact{Why: "the collection is not loaded"}}},
		}, []string{"p min_rows | | | unknown", "  the collection is not loaded"}, true},
		"unless it is allowed": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.MinRows, Rows: 1, AllowUnknown: true}),
			facts: map[string]planner.Facts{"v2": {Rows: &planner.RowsFact{Why: "the collection is not loaded"}}},
		}, []string{"p min_rows | | | unknown-allowed", "  the collection is not loaded"}, false},
		"skipped, and it shows": {cut{scene: func() scene {
			s := move
			s.options.SkipChecks = map[manifest.CheckName]bool{manifest.Loaded: true}
			return s
		}(), cutover: require(manifest.Check{Name: manifest.Loaded}),
			facts: map[string]planner.Facts{"v2": {Load: loaded("LoadStateNotLoad", 0)}},
		}, []string{"p loaded | | not loaded | skipped", "  skipped by --skip-check; it would be: fail", "  load it, and wait until it is: readers would get errors"}, false},
		"green is not built yet": {cut{scene: scene{want: "p: v2", last: "p: v1", live: "p: v1", options: planner.Options{AllowMissingTargets: true}},
			cutover: require(manifest.Check{Name: manifest.Loaded}),
		}, []string{"p loaded | | | pending"}, false},
		"an unchanged binding is not checked": {cut{scene: scene{want: "p: v1", last: "p: v1", live: "p: v1"},
			cutover: require(manifest.Check{Name: manifest.Loaded})}, nil, false},
		"a first binding has nothing to compare with": {cut{scene: scene{want: "p: v1", have: "v1#1"},
			cutover: require(manifest.Check{Name: manifest.SameSchema}, manifest.Check{Name: manifest.Exists})},
			[]string{"p exists | | there | pass"}, false},
		"golden queries agree": {cut{scene: move, cutover: manifest.Cutover{Golden: &manifest.Golden{MinOverlap: 0.8, MaxLatencyRatio: 1.5}},
			golden: map[string]*planner.GoldenFact{"p": {K: 10, Queries: []planner.GoldenQuery{{Overlap: 1, Blue: 2 * ms, Green: 3 * ms}, {Overlap: 0.6, Blue: 2 * ms, Green: 3 * ms}}}},
		}, []string{"p golden | median 2ms | median 3ms, overlap 0.80 (least 0.60) | pass"}, false},
		"golden queries disagree, and slowly": {cut{scene: move, cutover: manifest.Cutover{Golden: &manifest.Golden{MinOverlap: 0.9, MaxLatencyRatio: 1.2}},
			golden: map[string]*planner.GoldenFact{"p": {K: 10, Queries: []planner.GoldenQuery{{Overlap: 0.8, Blue: 2 * ms, Green: 3 * ms}}}},
		}, []string{"p golden | median 2ms | median 3ms, overlap 0.80 (least 0.80) | fail",
			"  the top 10 agree by 0.80 on average; 0.90 is asked for", "  green takes 1.50 times as long as blue; 1.20 is allowed"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := tt.build(t)
			if diff := cmp.Diff(tt.want, checks(p)); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
			refusals := p.Check(planner.DefaultLimits())
			if refused := len(refusals) > 0; refused != tt.refused {
				t.Errorf("refused: %v, want %v: %+v", refused, tt.refused, refusals)
			}
		})
	}
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

func TestWhatWasRolledBackFromStaysAway(t *testing.T) {
	sc := scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2"}
	if got := lines(cut{scene: sc, mark: "v2"}.build(t)); !slices.Equal(got, []string{"conflict rolled-back: p"}) {
		t.Errorf("the manifest still names it: %q", got)
	}
	forward := sc
	forward.options.Forward = some("p")
	if got := lines(cut{scene: forward, mark: "v2"}.build(t)); !slices.Equal(got, []string{"~ p: v1 -> v2"}) {
		t.Errorf("with --forward: %q", got)
	}
	if got := lines(cut{scene: sc, mark: "v9"}.build(t)); !slices.Equal(got, []string{"~ p: v1 -> v2"}) {
		t.Errorf("another target: %q", got)
	}
	back := cut{scene: scene{want: "p: v1", last: "p: v1", live: "p: v1"}, mark: "v2"}.build(t)
	if len(back.Steps) != 0 || len(back.Housekeeping.Settles) != 1 {
		t.Errorf("the manifest follows: the mark falls without a step, got %q and %+v", lines(back), back.Housekeeping)
	}
}

func TestKeepRetiresByNaturalOrder(t *testing.T) {
	all := "p_v1 p_v2 p_v9 p_v10 p_v11 p_v12 other_v1"
	have := ""
	for i, name := range strings.Fields(all) {
		have += fmt.Sprintf("%s#%d ", name, i+1)
	}
	keep := func(n int) manifest.Cutover {
		return manifest.Cutover{Keep: &manifest.Keep{N: n, Match: "p_v*"}}
	}
	tests := map[string]struct {
		cut
		want []string
	}{
		"two older ones stay, newer ones are not touched": {
			cut{scene: scene{want: "p: p_v11", last: "p: p_v10", live: "p: p_v10", have: have}, cutover: keep(2), names: all},
			[]string{"~ p: p_v10 -> p_v11", "! p_v1 #1", "! p_v2 #2"},
		},
		"one that any alias reaches stays": {
			cut{scene: scene{want: "p: p_v11", last: "p: p_v11", live: "p: p_v11\nforeign: p_v2", have: have}, cutover: keep(1), names: all},
			[]string{"! p_v1 #1", "! p_v9 #3"},
		},
		"fewer than asked for: nothing goes": {
			cut{scene: scene{want: "p: p_v2", last: "p: p_v2", live: "p: p_v2", have: have}, cutover: keep(2), names: all}, nil,
		},
		"the collection that it leaves in this run stays, however many rebuilds lie between": {
			cut{scene: scene{want: "p: p_v11", last: "p: p_v1", live: "p: p_v1", have: have}, cutover: keep(1), names: all},
			[]string{"~ p: p_v1 -> p_v11", "! p_v2 #2", "! p_v9 #3"},
		},
		"and the one that it left last": {
			cut{scene: scene{want: "p: p_v11", last: "p: p_v11", live: "p: p_v11", have: have}, cutover: keep(1), names: all, cameFrom: "p_v2"},
			[]string{"! p_v1 #1", "! p_v9 #3"},
		},
		"keep none": {
			cut{scene: scene{want: "p: p_v9", last: "p: p_v9", live: "p: p_v9", have: have}, cutover: keep(0), names: all},
			[]string{"! p_v1 #1", "! p_v2 #2"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := tt.build(t)
			if diff := cmp.Diff(tt.want, lines(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if got := p.Summary.Retire; got != strings.Count(strings.Join(tt.want, ""), "!") {
				t.Errorf("the guard on collection drops counts %d", got)
			}
		})
	}
}

func TestRetireAfterAWhile(t *testing.T) {
	sc := scene{retire: "v1", have: "v1#7"}
	first := cut{scene: sc, after: 24 * time.Hour}.build(t)
	if len(first.Steps) != 0 || len(first.Housekeeping.Idles) != 1 || !slices.Contains(first.Notes, `collection "v1": due in 24h0m`) {
		t.Errorf("first seen: %q %+v %q", lines(first), first.Housekeeping, first.Notes)
	}
	since := func(d time.Duration, id string) []planner.Idle {
		return []planner.Idle{{Database: "default", Collection: "v1", CollectionID: id, Since: noon.Add(-d)}}
	}
	waiting := cut{scene: sc, after: 24 * time.Hour, idle: since(20*time.Hour+48*time.Minute, "7")}.build(t)
	if len(waiting.Steps) != 0 || !waiting.Housekeeping.Empty() || !slices.Contains(waiting.Notes, `collection "v1": due in 3h12m`) {
		t.Errorf("waiting: %q %+v %q", lines(waiting), waiting.Housekeeping, waiting.Notes)
	}
	due := cut{scene: sc, after: 24 * time.Hour, idle: since(24*time.Hour, "7")}.build(t)
	if got := lines(due); !slices.Equal(got, []string{"! v1 #7"}) {
		t.Errorf("due: %q", got)
	}
	another := cut{scene: sc, after: 24 * time.Hour, idle: since(24*time.Hour, "6")}.build(t)
	if len(another.Steps) != 0 || len(another.Housekeeping.Idles) != 1 {
		t.Errorf("another collection of that name waits anew: %q", lines(another))
	}
	reached := cut{scene: scene{retire: "v1", have: "v1#7", live: "foreign: v1"}, after: time.Hour, idle: since(24*time.Hour, "7")}.build(t)
	if len(reached.Housekeeping.Unidles) != 1 {
		t.Errorf("reached again: the waiting ends, got %+v", reached.Housekeeping)
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

func TestNeedsNameWhatTheChecksLookAt(t *testing.T) {
	c := cut{scene: scene{want: "p: v2\nsame: v1", retire: "v0", last: "p: v1\nsame: v1", live: "p: v1\nsame: v1", have: "v2 v0#1"},
		cutover: manifest.Cutover{Require: []manifest.Check{{Name: manifest.Loaded}, {Name: manifest.RowsWithin}}, Golden: &manifest.Golden{File: "g"}}}
	m := c.desired(t)
	for i := range m.Databases[0].Aliases {
		m.Databases[0].Aliases[i].Cutover = &c.cutover
	}
	got := planner.Compare(m, c.state(t), planner.Options{}).Needs(c.cluster(t))
	want := planner.Needs{
		Facts: []planner.Inspection{
			{Database: "default", Collection: "v0", Rows: true},
			{Database: "default", Collection: "v1", Rows: true},
			{Database: "default", Collection: "v2", Load: true, Rows: true},
		},
		Golden: []planner.GoldenRun{{Database: "default", Alias: "p", Blue: "v1", Green: "v2", Golden: c.cutover.Golden}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
}

func TestRollbackUndoesWhatCameAfter(t *testing.T) {
	change := func(alias, from, to string) planner.Change {
		id := func(c string) string { return strings.Replace(c, "v", "10", 1) }
		return planner.Change{Database: "default", Alias: alias, From: from, FromID: id(from), To: to, ToID: id(to)}
	}
	s := planner.State{
		Serial: 9,
		Bindings: []planner.Binding{
			{Database: "default", Alias: "new", Collection: "v3", CollectionID: "103"},
			{Database: "default", Alias: "p", Collection: "v3", CollectionID: "103", Protect: true, Group: "g"},
		},
		History: []planner.Entry{
			{Serial: 7, Changes: []planner.Change{change("p", "v1", "v2")}},
			{Serial: 8, Changes: []planner.Change{change("gone", "v1", ""), change("new", "", "v3"), change("p", "v2", "v3")}},
			{Serial: 9},
		},
	}
	if got, err := planner.Previous(s); got != 7 || err != nil {
		t.Errorf("Previous = %d, %v, want 7", got, err)
	}
	for serial, want := range map[uint64]string{8: "new: v3 p: v3", 7: "gone: v1 p: v2", 6: "gone: v1 p: v1"} {
		m, ids, err := planner.Rollback(s, serial)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range m.Databases[0].Aliases {
			got = append(got, a.Name+": "+a.Collection)
			if a.Name == "p" && !a.Protect {
				t.Error("the mark of a protected alias is lost")
			}
			if group := map[string]string{"p": "g"}[a.Name]; a.Cutover.Group != group {
				t.Errorf("%s goes back in group %q, want %q", a.Name, a.Cutover.Group, group)
			}
			if want := strings.Replace(a.Collection, "v", "10", 1); ids[key(a.Collection)] != want {
				t.Errorf("id of %s is %q, want %q", a.Collection, ids[key(a.Collection)], want)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("serial %d: %q, want %q", serial, got, want)
		}
	}
	for _, serial := range []uint64{5, 9, 100} {
		if _, _, err := planner.Rollback(s, serial); err == nil || !strings.Contains(err.Error(), "serials 6 to 8") {
			t.Errorf("serial %d: %v", serial, err)
		}
	}
}

// What an apply only found is forgotten by a rollback, never dropped; what it
// took over goes back to where it was.
func TestRollbackOfWhatWasFound(t *testing.T) {
	s := planner.State{
		Serial: 3,
		Bindings: []planner.Binding{
			{Database: "default", Alias: "found", Collection: "v1"},
			{Database: "default", Alias: "taken", Collection: "v1"},
		},
		History: []planner.Entry{
			{Serial: 1, Changes: []planner.Change{{Database: "default", Alias: "found", To: "v1", Adopted: true}}},
			{Serial: 2, Changes: []planner.Change{{Database: "default", Alias: "taken", From: "foreign", To: "v1"}}},
			{Serial: 3, Changes: []planner.Change{{Database: "default", Alias: "learnt", To: "v1", Adopted: true}}},
		},
	}
	if got, err := planner.Previous(s); got != 1 || err != nil {
		t.Errorf("Previous = %d, %v: the last apply that changed a binding is 2", got, err)
	}
	m, _, err := planner.Rollback(s, 0)
	if err != nil {
		t.Fatal(err)
	}
	live := scene{live: "found: v1\ntaken: v1\nlearnt: v1", have: "foreign#9"}.cluster(t)
	p := planner.Build(m, s, live, planner.Options{Now: noon, RollingBack: true})
	if diff := cmp.Diff([]string{"~ taken: v1 -> foreign", "= forget found"}, lines(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestRollbackRefusesAnotherCollectionOfTheName(t *testing.T) {
	sc := scene{want: "p: v1", last: "p: v2", live: "p: v2", have: "v1#99",
		options: planner.Options{RollingBack: true, TargetIDs: map[planner.Key]string{key("v1"): "1"}}}
	if got := lines(sc.build(t)); !slices.Equal(got, []string{"conflict target-recreated: p"}) {
		t.Errorf("plan: %q", got)
	}
	sc.have = "v1#1"
	p := sc.build(t)
	if got := lines(p); !slices.Equal(got, []string{"~ p: v2 -> v1"}) || !p.Steps[0].RolledBack {
		t.Errorf("plan: %q", got)
	}
}

func TestMadeAtReadsTheClockOfAnID(t *testing.T) {
	at, ok := planner.MadeAt("470624968101594097", time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	if want := time.Date(2026, 11, 21, 20, 9, 38, 0, time.UTC); !ok || !at.Truncate(time.Second).Equal(want) {
		t.Errorf("made at %v (%v), want %v", at, ok, want)
	}
	for _, id := range []string{"", "7", "x", "9223372036854775807"} {
		if at, ok := planner.MadeAt(id, noon); ok {
			t.Errorf("MadeAt(%q) = %v, want no answer", id, at)
		}
	}
}
