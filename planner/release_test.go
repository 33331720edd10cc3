package planner_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// keeping is the plan of a scene whose retirees keep their data.
func keeping(t *testing.T, sc scene, after time.Duration, idle []planner.Idle, load *planner.LoadFact) (planner.Plan, *planner.Live) {
	t.Helper()
	m, s, live := sc.desired(t), sc.state(t), sc.cluster(t)
	for i := range m.Databases[0].Retire {
		m.Databases[0].Retire[i].KeepData, m.Databases[0].Retire[i].After = true, after
	}
	s.Idle = idle
	if live != nil && load != nil {
		c := live.Databases["default"].Collections["v1"]
		c.Facts = &planner.Facts{Load: load, Rows: rows(7)}
		live.Databases["default"].Collections["v1"] = c
	}
	o := sc.options
	o.Now = noon
	return planner.Compare(m, s, o).Plan(live), live
}

// What becomes of a collection whose data is kept, for everything that may be known.
func TestReleaseAndKeepTheData(t *testing.T) {
	moves := scene{want: "p: v2", last: "p: v1", live: "p: v1", retire: "v1", have: "v1#7 v2#8"}
	left := scene{want: "p: v2", last: "p: v2", live: "p: v2", retire: "v1", have: "v1#7 v2#8"}
	reached := scene{want: "p: v2", last: "p: v2", live: "p: v2\nforeign: v1", retire: "v1", have: "v1#7 v2#8"}
	back := left
	back.retired = "v1#6"
	offline := left
	offline.offline = true
	since := func(d time.Duration) []planner.Idle {
		return []planner.Idle{{Database: "default", Collection: "v1", CollectionID: "7", Since: noon.Add(-d)}}
	}
	is, loading, out, unknown := loaded(planner.Loaded, 100), loaded(planner.Loading, 40), loaded("LoadStateNotLoad", 0), &planner.LoadFact{Why: "403"}
	for name, tt := range map[string]struct {
		scene scene
		after time.Duration
		idle  []planner.Idle
		load  *planner.LoadFact
		want  []string
		note  string
	}{
		"behind the switch":             {scene: moves, load: is, want: []string{"~ p: v1 -> v2", "_ v1 #7"}},
		"left before":                   {scene: left, load: is, want: []string{"_ v1 #7"}},
		"being loaded":                  {scene: left, load: loading, want: []string{"_ v1 #7"}},
		"released already":              {scene: left, load: out},
		"not asked, as for a drift":     {scene: left},
		"the load state is unknown":     {scene: left, load: unknown, want: []string{"conflict load-state-unknown: v1"}},
		"an alias reaches it":           {scene: reached, load: is, want: []string{"conflict still-aliased: v1"}},
		"it came back":                  {scene: back, load: is, want: []string{"conflict retiree-came-back: v1"}},
		"its wait begins":               {scene: left, after: 24 * time.Hour, load: is, want: []string{"_ v1 #7"}, note: "due in 1d"},
		"it waits, and was released":    {scene: left, after: 24 * time.Hour, idle: since(time.Hour), load: out, note: "due in 23h"},
		"its wait is over":              {scene: left, after: 24 * time.Hour, idle: since(25 * time.Hour), load: out, want: []string{"! v1 #7"}},
		"over, and loaded again":        {scene: left, after: 24 * time.Hour, idle: since(25 * time.Hour), load: is, want: []string{"! v1 #7"}},
		"reached, with a wait":          {scene: reached, after: time.Hour, load: is, note: "its wait of 1h begins when it is left by alias foreign"},
		"offline":                       {scene: offline, note: "only the cluster shows"},
		"offline, its wait is not over": {scene: offline, after: 24 * time.Hour, idle: since(time.Hour), note: "due in 23h"},
		"offline, its wait is over":     {scene: offline, after: 24 * time.Hour, idle: since(25 * time.Hour), want: []string{"! v1 #"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, live := keeping(t, tt.scene, tt.after, tt.idle, tt.load)
			if got := lines(p); !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if !strings.Contains(strings.Join(p.Notes, "\n"), tt.note) {
				t.Errorf("notes %q", p.Notes)
			}
			if proof := proof.Of(p, live); !proof.OK {
				t.Errorf("%q", proof.Problems)
			}
			releases := 0
			for _, s := range p.Steps {
				if s.Op == planner.ReleaseCollection {
					releases++
				}
			}
			limits := planner.DefaultLimits()
			limits.CollectionDrops = 0
			if drops := len(p.Check(limits)); p.Summary.Release != releases || drops != p.Summary.Retire {
				t.Errorf("%d releases, %d refusals: %+v", releases, drops, p.Summary)
			}
		})
	}
}

// New work is not released unasked.
func TestANewcomerIsNotReleased(t *testing.T) {
	sc := scene{want: "p: v2", last: "p: v2", live: "p: v2", retire: "v1", have: "v1#9 v2#8"}
	p, _ := keeping(t, sc, 0, nil, loaded(planner.Loaded, 100))
	refusals := p.Check(planner.DefaultLimits())
	if len(refusals) != 1 || refusals[0].Guard != "newer-retiree" || !strings.HasSuffix(refusals[0].WayOut.String(), "to release it") {
		t.Errorf("%+v", refusals)
	}
}

// The proof of a plan with a release can fail.
func TestProofOfReleases(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil  func(p *planner.Plan)
		reason string
	}{
		"before its alias left": {func(p *planner.Plan) { slices.Reverse(p.Steps) }, "collection default/v1 would be released while 1 alias points at it"},
		"another id":            {func(p *planner.Plan) { p.Steps[1].ID = "9" }, `collection default/v1 has id "7" and the step expects "9"`},
		"twice":                 {func(p *planner.Plan) { p.Steps = append(p.Steps, p.Steps[1]) }, "collection default/v1 would be released twice"},
		"an alias goes there":   {func(p *planner.Plan) { p.Steps[1].Collection, p.Steps[1].ID = "v2", "8"; slices.Reverse(p.Steps) }, "alias default/p would point at default/v2, which is released"},
	} {
		p, live := keeping(t, scene{want: "p: v2", last: "p: v1", live: "p: v1", retire: "v1", have: "v1#7 v2#8"}, 0, nil, loaded(planner.Loaded, 100))
		tt.spoil(&p)
		if proof := proof.Of(p, live); proof.OK || !strings.Contains(strings.Join(proof.Problems, "\n"), tt.reason) {
			t.Errorf("%s: %q", name, proof.Problems)
		}
	}
}
