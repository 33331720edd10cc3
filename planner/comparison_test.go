package planner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// What a comparison asks of the cluster, in its two steps.

func TestScopeNamesWhatHasToBeRead(t *testing.T) {
	sc := scene{
		want: "p: v2\nn: v3", retire: "v1 v0", last: "p: v1\nx: v1\nd2/y: w", pending: "p: v1 > v2",
	}
	got := planner.Compare(sc.desired(t), sc.state(t), planner.Options{}).Scope()
	want := planner.Scope{Databases: []planner.DatabaseScope{
		{Name: "d2", Aliases: map[string]string{"y": "w"}},
		{Name: "default", Aliases: map[string]string{"p": "v2", "n": "v3", "x": "v1"}, Targets: []string{"v2", "v3"}, Retirees: []string{"v0", "v1"}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scope (-want +got):\n%s", diff)
	}
	only := planner.Compare(sc.desired(t), sc.state(t), planner.Options{Only: some("n")}).Scope()
	want = planner.Scope{Databases: []planner.DatabaseScope{
		{Name: "default", Aliases: map[string]string{"n": "v3"}, Targets: []string{"v3"}},
	}}
	if diff := cmp.Diff(want, only); diff != "" {
		t.Errorf("scope with only (-want +got):\n%s", diff)
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
		// That it is loaded is asked for; the binding that stays is no switch.
		Serving: []planner.ServingRun{{Database: "default", Blue: "v1", Green: "v2", Rows: true}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
}
