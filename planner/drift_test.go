package planner_test

import (
	"testing"

	"aliasctl/planner/drift"

	"github.com/google/go-cmp/cmp"
)

func TestDriftComparesEveryBindingWithTheCluster(t *testing.T) {
	sc := scene{
		last:    "same: v1\nmoved: v1\ngone: v1\nours: v1\nd2/moved: w1",
		pending: "ours: v1 > v2\nnew: - > v1",
		live:    "same: v1\nmoved: v9\nours: v2\nforeign: v1\nnew: v1\nd2/moved: w2",
	}
	want := []drift.Drift{
		{Kind: drift.Moved, Database: "d2", Alias: "moved", Last: "w1", Live: "w2"},
		{Kind: drift.Unbound, Database: "default", Alias: "gone", Last: "v1"},
		{Kind: drift.Moved, Database: "default", Alias: "moved", Last: "v1", Live: "v9"},
		{Kind: drift.Moved, Database: "default", Alias: "ours", Last: "v1", Live: "v2", Unfinished: true},
	}
	if diff := cmp.Diff(want, drift.Of(sc.state(t), sc.cluster(t))); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
}
