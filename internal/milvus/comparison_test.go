package milvus

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"aliasctl/internal/emulator"
	"aliasctl/manifest"
	"aliasctl/planner"

	"github.com/google/go-cmp/cmp"
)

// Golden queries: how much the answers of two collections overlap.

func TestGoldenRuns(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		fill(t, k, "blue", 1, 2, 3, 4, 5)
		fill(t, k, "green", 1, 2, 3, 14, 15)
		fill(t, k, "few", 1, 2)
		fill(t, k, "none")
		c := newClient(t, k.uri, nil)
		run := func(blue, green string) *planner.GoldenFact {
			t.Helper()
			golden := &manifest.Golden{File: "queries.jsonl", Field: "vector", Limit: 2}
			live := liveOf("blue", "green")
			return inspect(t, c, planner.Needs{Golden: []planner.GoldenRun{{
				Database: "default", Alias: "products", Blue: blue, Green: green, Golden: golden,
			}}}, live, []float64{1, 0}, []float64{3, 0.1}, []float64{5, 0}).Golden["products"]
		}
		overlaps := func(f *planner.GoldenFact) (list []float64) {
			if f.Why != "" || f.K != 2 {
				t.Errorf("%+v", f)
			}
			for _, q := range f.Queries {
				if q.Blue <= 0 || q.Green <= 0 {
					t.Errorf("a search took no time: %+v", q)
				}
				list = append(list, q.Overlap)
			}
			return list
		}
		for _, tt := range []struct {
			green string
			want  []float64
		}{
			{"blue", []float64{1, 1, 1}},
			{"green", []float64{1, 1, 0}}, // near 5 blue has 5 and 4, green 3 and 2
			{"few", []float64{1, 0.5, 0}},
			{"none", []float64{0, 0, 0}},
		} {
			if diff := cmp.Diff(tt.want, overlaps(run("blue", tt.green))); diff != "" {
				t.Errorf("%s: %s", tt.green, diff)
			}
		}
		if diff := cmp.Diff([]float64{0, 0, 0}, overlaps(run("none", "none"))); diff != "" {
			t.Errorf("nothing found twice is no agreement: %s", diff)
		}

		do(t, c.ReleaseCollection(t.Context(), "default", "green"))
		if f := run("blue", "green"); len(f.Queries) != 0 || !strings.HasPrefix(f.Why, "line ") || !strings.Contains(f.Why, " of queries.jsonl: ") || !strings.Contains(f.Why, "code 101") {
			t.Errorf("released: %+v", f)
		}
		if f := run("blue", "gone"); len(f.Queries) != 0 || !strings.Contains(f.Why, "code 100") {
			t.Errorf("missing: %+v", f)
		}
	})
}

// The two collections take turns, so that what slows one down hits both.
func TestGoldenRunsTakeTurns(t *testing.T) {
	k := newCluster(t, emulator.V26)
	fill(t, k, "blue", 1)
	fill(t, k, "green", 1)
	run := planner.GoldenRun{Database: "default", Alias: "products", Blue: "blue", Green: "green", Golden: &manifest.Golden{Limit: 3}}
	f, err := newClient(t, k.uri, nil).compare(t.Context(), run, bare([]float64{1, 0}, []float64{2, 0}))
	if err != nil || len(f.Queries) != 2 {
		t.Fatalf("%+v, %v", f, err)
	}
	var want []string
	for _, x := range []int{1, 1, 2} { // the first one is asked once before
		for _, name := range []string{"blue", "green"} {
			want = append(want, fmt.Sprintf(`entities/search {"collectionName":%q,"data":[[%d,0]],"limit":3}`, name, x))
		}
	}
	if diff := cmp.Diff(want, k.calls); diff != "" {
		t.Error(diff)
	}
}

// Milvus shows the key as "id" whatever its name; others by its name.
func TestIdentityOfAHit(t *testing.T) {
	for _, tt := range []struct {
		row  row
		want string
	}{
		{row{"id": "a", "distance": 0.5}, `{"id":"a"}`},
		{row{"id": "a", "distance": 0.5, "extra": 1}, `{"id":"a"}`},
		{row{"pk": "a<b", "distance": 0.5}, `{"pk":"a<b"}`},
	} {
		if got := tt.row.identity(); got != tt.want {
			t.Errorf("%v: %s", tt.row, got)
		}
	}
}

// Lines with ids are compared with those: blue is asked only where a bound of the
// latency needs it, and without a blue they are all that is asked.
func TestGoldenWithExpectedIDs(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		fill(t, k, "blue", 1, 2)
		fill(t, k, "green", 1, 2, 3)
		c := newClient(t, k.uri, nil)
		queries := []GoldenQuery{
			{Vector: []float64{1, 0}, IDs: []string{"1", "2", "9"}}, // the third is behind the limit
			{Vector: []float64{1, 0}, IDs: []string{"3", "1"}, Params: json.RawMessage(`{"level":1}`)},
			{Vector: []float64{1, 0}, IDs: []string{}, Filter: "id > 7"},
			{Vector: []float64{1, 0}, IDs: []string{"7"}, Filter: "id > 2"},
			{Vector: []float64{1, 0}, Filter: "id > 1"},
		}
		ask := func(blue string, ratio float64) (overlaps []float64, blues int) {
			k.took()
			run := planner.GoldenRun{Database: "default", Alias: "p", Blue: blue, Green: "green", Golden: &manifest.Golden{Limit: 2, MaxLatencyRatio: ratio}}
			f, err := c.compare(t.Context(), run, queries)
			if err != nil || f.Why != "" {
				t.Fatalf("%+v, %v", f, err)
			}
			for _, q := range f.Queries {
				overlaps = append(overlaps, q.Overlap)
				if (q.Blue > 0) != (blue != "" && (!q.Expected || ratio > 0)) {
					t.Errorf("blue took %v: %+v", q.Blue, q)
				}
			}
			return overlaps, strings.Count(strings.Join(k.took(), " "), `"collectionName":"blue"`)
		}
		for _, tt := range []struct {
			blue  string
			ratio float64
			want  []float64
			blues int
		}{
			{"blue", 0, []float64{1, 0.5, 1, 0, 0.5}, 1}, // blue has 2, green 2 and 3
			{"blue", 2, []float64{1, 0.5, 1, 0, 0.5}, 6},
			{"", 2, []float64{1, 0.5, 1, 0}, 0},
		} {
			got, blues := ask(tt.blue, tt.ratio)
			if diff := cmp.Diff(tt.want, got); diff != "" || blues != tt.blues {
				t.Errorf("%+v: blue was asked %d times; %s", tt, blues, diff)
			}
		}
	})
}
