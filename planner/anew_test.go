package planner_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/drift"
	"aliasctl/planner/proof"
)

// A collection that was made anew under its name is seen for every binding of it
// whose id was read, and nothing is concluded from an id that was not.
func TestACollectionMadeAnew(t *testing.T) {
	for name, tt := range map[string]struct {
		recorded, live string // ids
		want, last, at string // collections
		steps          []string
		kind           drift.Kind
	}{
		"the same":             {"470764742955763162", "470764742955763162", "v1", "v1", "v1", nil, ""},
		"the last digit":       {"470764742955763162", "470764742955763163", "v1", "v1", "v1", []string{"= adopt p -> v1 drift"}, drift.Anew},
		"not recorded":         {"", "7", "v1", "v1", "v1", nil, ""},
		"not read":             {"7", "", "v1", "v1", "v1", nil, ""},
		"switched away":        {"7", "8", "v2", "v1", "v1", []string{"~ p: v1 -> v2"}, drift.Anew},
		"moved to another one": {"7", "8", "v2", "v1", "v2", []string{"= adopt p -> v2 drift"}, drift.Moved},
		"unbound":              {"7", "8", "v1", "v1", "", []string{"+ p -> v1 drift"}, drift.Unbound},
	} {
		t.Run(name, func(t *testing.T) {
			sc := scene{want: "p: " + tt.want, last: "p: " + tt.last, have: "v1#" + tt.live + " v2"}
			if tt.at != "" {
				sc.live = "p: " + tt.at
			}
			live, state := sc.cluster(t), sc.state(t)
			state.Bindings[0].CollectionID = tt.recorded
			p := planner.Compare(sc.desired(t), state, planner.Options{Now: noon}).Plan(live)
			if diff := cmp.Diff(tt.steps, lines(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if proof := proof.Of(p, live); !proof.OK {
				t.Errorf("proof: %q", proof.Problems)
			}
			for _, s := range p.Steps {
				if s.Anew() && (s.FromID != tt.recorded || s.ToID != tt.live || p.Summary.Adopt != 1) {
					t.Errorf("the step has %q -> %q", s.FromID, s.ToID)
				}
			}
			var kind drift.Kind
			for _, d := range drift.Of(state, live) {
				kind = d.Kind
			}
			if kind != tt.kind {
				t.Errorf("drift %q, want %q", kind, tt.kind)
			}
		})
	}
}

// What is asked of a binding is asked of the collection that took the place: its
// facts are needed, and there is no blue to compare it with.
func TestACollectionMadeAnewIsChecked(t *testing.T) {
	sc := scene{want: "p: v1", last: "p: v1", live: "p: v1", have: "v1#8"}
	m, live, state := sc.desired(t), sc.cluster(t), sc.state(t)
	m.Databases[0].Aliases[0].Cutover = &manifest.Cutover{Require: []manifest.Check{
		{Name: manifest.MinRows, Rows: 10}, {Name: manifest.RowsWithin, Percent: 5},
	}}
	c := planner.Compare(m, state, planner.Options{Now: noon})
	if needs := c.Needs(live); len(needs.Facts)+len(needs.Golden)+len(needs.Serving)+len(needs.Retirees) > 0 {
		t.Errorf("nothing shows that it was made anew: %+v", needs)
	}
	state.Bindings[0].CollectionID = "7"
	c = planner.Compare(m, state, planner.Options{Now: noon})
	want := []planner.Inspection{{Database: "default", Collection: "v1", Rows: true}}
	if needs := c.Needs(live); !slices.Equal(needs.Facts, want) || len(needs.Golden) > 0 {
		t.Errorf("needs %+v", needs)
	}
	in := live.Databases["default"].Collections["v1"]
	in.Facts = &planner.Facts{Rows: &planner.RowsFact{Count: 3}}
	live.Databases["default"].Collections["v1"] = in
	p := c.Plan(live)
	if len(p.Checks) != 1 || p.Checks[0].Verdict != planner.CheckFailed || len(p.Check(planner.DefaultLimits())) != 1 {
		t.Errorf("checks %+v", p.Checks)
	}
	// What is asked of it is part of what is reviewed.
	m.Databases[0].Aliases[0].Cutover = &manifest.Cutover{Require: []manifest.Check{{Name: manifest.MinRows, Rows: 11}}}
	if other := planner.Compare(m, state, planner.Options{Now: noon}).Plan(live); other.Digest() == p.Digest() {
		t.Error("other checks, and the same digest")
	}
	if !strings.Contains(strings.Join(p.Notes, " "), "made anew outside aliasctl: id 7, now 8") {
		t.Errorf("notes %q", p.Notes)
	}
}
