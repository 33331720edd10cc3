package planner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// Of every switch green is held against blue, whatever the manifest asks for:
// what blue can do, green can. The table has every pair of answers.
func TestServing(t *testing.T) {
	loads := map[string]*planner.LoadFact{
		"loaded": loaded(planner.Loaded, 100), "loading": loaded("LoadStateLoading", 40), "not": loaded("LoadStateNotLoad", 0),
		"unknown": {Why: "403"},
	}
	counts := map[string]*planner.RowsFact{"rows": rows(100), "none": rows(0), "unknown": {Why: "403"}}
	move := scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2#2"}
	build := func(t *testing.T, sc scene, c *manifest.Cutover, blue, green planner.Facts) planner.Plan {
		m, live := sc.desired(t), sc.cluster(t)
		m.Databases[0].Aliases[0].Cutover = c
		live.Databases["default"].Serving = map[string]*planner.Facts{"v1": &blue, "v2": &green}
		sc.options.Now = noon
		return planner.Compare(m, sc.state(t), sc.options).Plan(live)
	}
	// verdict is what became of a plan: refused by a check, with a note, or fine.
	verdict := func(p planner.Plan) string {
		switch refusals := p.Check(planner.DefaultLimits()); {
		case len(refusals) == 1 && refusals[0].Guard == "preflight":
			return "refused"
		case len(refusals) > 0 || len(p.Conflicts) > 0:
			t.Errorf("refusals %v, conflicts %v", refusals, p.Conflicts)
		case len(p.Notes) > 0:
			return "note"
		case len(p.Checks) > 0:
			return "listed"
		}
		return "fine"
	}
	ways := map[string]struct {
		cutover *manifest.Cutover
		skip    bool
	}{
		"bare":    {},
		"other":   {cutover: &manifest.Cutover{Require: []manifest.Check{{Name: manifest.Exists}}}},
		"waived":  {cutover: &manifest.Cutover{Waived: []manifest.CheckName{manifest.Loaded, manifest.MinRows}}},
		"skipped": {skip: true},
	}
	judge := func(way, want string) string {
		switch way {
		case "waived":
			return "fine"
		case "skipped":
			return "listed"
		}
		return want
	}
	for way, w := range ways {
		sc := move
		if w.skip {
			sc.options.SkipChecks = map[manifest.CheckName]planner.Selection{manifest.Loaded: {All: true}, manifest.MinRows: {All: true}}
		}
		for b, blue := range loads {
			for g, green := range loads {
				want := "fine"
				switch {
				case g == "unknown" || g != "loaded" && b == "unknown":
					want = "note"
				case g != "loaded" && b == "loaded":
					want = "refused"
				}
				got := verdict(build(t, sc, w.cutover, planner.Facts{Load: blue, Rows: rows(1)}, planner.Facts{Load: green, Rows: rows(1)}))
				if want = judge(way, want); got != want && !(way == "other" && want == "fine" && got == "listed") {
					t.Errorf("%s: load %s -> %s: %s, want %s", way, b, g, got, want)
				}
			}
		}
		for b, blue := range counts {
			for g, green := range counts {
				want := "fine"
				switch {
				case g == "unknown" || g == "none" && b == "unknown":
					want = "note"
				case g == "none" && b == "rows":
					want = "refused"
				}
				all := loaded(planner.Loaded, 100)
				got := verdict(build(t, sc, w.cutover, planner.Facts{Load: all, Rows: blue}, planner.Facts{Load: all, Rows: green}))
				if want = judge(way, want); got != want && !(way == "other" && want == "fine" && got == "listed") {
					t.Errorf("%s: rows %s -> %s: %s, want %s", way, b, g, got, want)
				}
			}
		}
	}

	short := planner.Facts{Load: loads["not"], Rows: counts["none"]}
	fit := planner.Facts{Load: loads["loaded"], Rows: counts["rows"]}
	recreate, back := move, move
	recreate.options.Switch = planner.ByRecreate
	back.options.RollingBack = true
	for name, sc := range map[string]scene{"alter": move, "recreate": recreate} {
		p := build(t, sc, nil, fit, short)
		want := []string{
			"p loaded | loaded | not loaded | fail", `  "v1" is loaded and "v2" is not: readers would get errors`,
			"p min_rows | 100 (count(*)) | 0 (count(*)) | fail", `  "v1" has rows and "v2" has none: readers would find nothing`,
		}
		if diff := cmp.Diff(want, checks(p)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		ways := p.Check(planner.DefaultLimits())
		if len(ways) != 2 || !strings.Contains(ways[0].WayOut.String(), "`require: {loaded: false}`") || !strings.Contains(ways[1].WayOut.String(), "`require: {min_rows: 0}`") {
			t.Errorf("%s: %+v", name, ways)
		}
	}
	for _, refusal := range build(t, back, nil, fit, short).Check(planner.DefaultLimits()) {
		if strings.Contains(refusal.WayOut.String(), "require") {
			t.Errorf("a rollback has no manifest: %s", refusal.WayOut)
		}
	}
	// What is no switch is not asked about.
	for name, sc := range map[string]scene{
		"create":    {want: "p: v2", have: "v1#1 v2#2"},
		"unchanged": {want: "p: v2", last: "p: v2", live: "p: v2", have: "v1#1"},
		"adopt":     {want: "p: v2", live: "p: v2", have: "v1#1"},
		"foreign":   {want: "p: v2", live: "p: v1", have: "v2#2"},
		"drifted":   {want: "p: v2", last: "p: v3", live: "p: v1", have: "v2#2 v3#3"},
		"unbuilt":   {want: "p: v9", last: "p: v1", live: "p: v1"},
	} {
		if needs := planner.Compare(sc.desired(t), sc.state(t), planner.Options{}).Needs(sc.cluster(t)); len(needs.Serving) > 0 {
			t.Errorf("%s: %+v", name, needs.Serving)
		}
	}
}
