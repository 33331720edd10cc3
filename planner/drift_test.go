package planner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/planner"
)

func TestDriftComparesEveryBindingWithTheCluster(t *testing.T) {
	sc := scene{
		last:    "same: v1\nmoved: v1\ngone: v1\nours: v1\nd2/moved: w1",
		pending: "ours: v1 > v2\nnew: - > v1",
		live:    "same: v1\nmoved: v9\nours: v2\nforeign: v1\nnew: v1\nd2/moved: w2",
	}
	want := []planner.Drift{
		{Kind: planner.DriftMoved, Database: "d2", Alias: "moved", Last: "w1", Live: "w2"},
		{Kind: planner.DriftUnbound, Database: "default", Alias: "gone", Last: "v1"},
		{Kind: planner.DriftMoved, Database: "default", Alias: "moved", Last: "v1", Live: "v9"},
		{Kind: planner.DriftMoved, Database: "default", Alias: "ours", Last: "v1", Live: "v2", Unfinished: true},
	}
	if diff := cmp.Diff(want, planner.DriftOf(sc.state(t), sc.cluster(t))); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
}
