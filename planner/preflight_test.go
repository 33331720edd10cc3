package planner_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
)

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
		"exactly as many rows": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.Rows, Rows: 100}),
			facts: map[string]planner.Facts{"v1": {Rows: rows(90)}, "v2": {Rows: rows(101)}},
		}, []string{"p rows | 90 (count(*)) | 101 (count(*)) | fail", "  101 rows are there; exactly 100 asked for"}, true},
		"exactly none": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.Rows}),
			facts: map[string]planner.Facts{"v1": {Rows: rows(90)}, "v2": {Rows: rows(0)}},
		}, []string{"p rows | 90 (count(*)) | 0 (count(*)) | pass"}, false},
		"blue cannot be counted": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.Rows, Rows: 7}),
			facts: map[string]planner.Facts{"v1": {Rows: &planner.RowsFact{Why: "no"}}, "v2": {Rows: rows(7)}},
		}, []string{"p rows | | 7 (count(*)) | pass"}, false},
		"exact vectors": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.Dimension, Dimension: 8},
			manifest.Check{Name: manifest.Metric, Word: "COSINE"}, manifest.Check{Name: manifest.IndexType, Word: "HNSW", Field: "a"}),
			facts: map[string]planner.Facts{
				"v1": schema(planner.Field{Name: "a", Type: "FloatVector", Dim: "8", Metric: "L2", Index: "FLAT"}),
				"v2": schema(planner.Field{Name: "a", Type: "FloatVector", Dim: "8", Metric: "cosine", Index: "HNSW"},
					planner.Field{Name: "id", Type: "Int64", Primary: true},
					planner.Field{Name: "s", Type: "SparseFloatVector", Metric: "IP", Index: "SPARSE_INVERTED_INDEX"}),
			},
		}, []string{"p dimension | 8 | 8 | pass", "p metric | L2 | a cosine, s IP | fail", `  field "s": metric is IP, not COSINE`, "p index_type | FLAT | HNSW | pass"}, true},
		"exact vectors that are not there": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.Dimension, Dimension: 8},
			manifest.Check{Name: manifest.Metric, Word: "L2", Field: "id"}, manifest.Check{Name: manifest.IndexType, Word: "HNSW", Field: "b"},
			manifest.Check{Name: manifest.IndexType, Word: "HNSW"}),
			facts: map[string]planner.Facts{"v2": schema(planner.Field{Name: "id", Type: "Int64"}, planner.Field{Name: "s", Type: "SparseFloatVector"})},
		}, []string{"p dimension | | none | fail", "  no vector field has a dimension", "p metric | | none | fail", `  field "id" is no vector field`,
			"p index_type | | none | fail", `  green has no field "b"`, "p index_type | | none | fail", `  field "s": index type is none, not HNSW`}, true},
		"exact fields": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.Fields, Fields: []string{"v", "id", "title", "parts"}}),
			facts: map[string]planner.Facts{
				"v1": schema(planner.Field{Name: "id"}),
				"v2": schema(planner.Field{Name: "id"}, planner.Field{Name: "parts"}, planner.Field{Name: "parts[emb]"}, planner.Field{Name: "tag"}, planner.Field{Name: "v"}),
			},
		}, []string{"p fields | 1 field | 5 fields | fail", `  field "title" is missing`, `  field "tag" is not asked for`}, true},
		"what a server cannot answer fails": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.MinRows, Rows: 1}),
			facts: map[string]planner.Facts{"v2": {Rows: &planner.RowsFact{Why: "the collection is not loaded"}}},
		}, []string{"p min_rows | | | unknown", "  the collection is not loaded"}, true},
		"unless it is allowed": {cut{scene: move, cutover: require(manifest.Check{Name: manifest.MinRows, Rows: 1, AllowUnknown: true}),
			facts: map[string]planner.Facts{"v2": {Rows: &planner.RowsFact{Why: "the collection is not loaded"}}},
		}, []string{"p min_rows | | | unknown-allowed", "  the collection is not loaded"}, false},
		"skipped, and it shows": {cut{scene: func() scene {
			s := move
			s.options.SkipChecks = map[manifest.CheckName]planner.Selection{manifest.Loaded: {All: true}}
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
			p.Spell(dashed)
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
