package formats_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// manyChecks is a plan of n switches with two checks each; every tenth is not
// loaded.
func manyChecks(n int) report.Report {
	r := many(n)
	for i, s := range r.Plan.Steps[:n] {
		loaded := checked(s.Alias, manifest.Loaded, "loaded", "loaded", planner.CheckPassed)
		if i%10 == 9 {
			loaded = checked(s.Alias, manifest.Loaded, "loaded", "notload", planner.CheckFailed, "load it")
		}
		r.Plan.Checks = append(r.Plan.Checks, checked(s.Alias, manifest.Exists, "", "there", planner.CheckPassed), loaded)
	}
	return r
}

// TestMarkdownShowsWhatFailsAboveTheFold: what refuses a plan stands before
// everything that is folded away, in a plan of any size.
func TestMarkdownShowsWhatFailsAboveTheFold(t *testing.T) {
	for _, n := range []int{10, 100, 10_000} {
		got := string(written(t, formats.Markdown, manyChecks(n), layout.Style{}))
		above, folded, _ := strings.Cut(got, "<details")
		if !strings.Contains(above, "| **fail**<br>load it |") || strings.Contains(folded, "**fail**") {
			t.Errorf("%d switches: what fails is not above the fold:\n%s", n, above)
		}
		if n > 10 && strings.Contains(above, "| pass |") {
			t.Errorf("%d switches: what passes is above the fold", n)
		}
	}
}

// TestMarkdownCountsChecksThatItLeavesOut: the rows that are there and the
// numbers of those that are not make up the checks.
func TestMarkdownCountsChecksThatItLeavesOut(t *testing.T) {
	for _, n := range []int{3, 10, 100, 10_000} {
		r := manyChecks(n)
		got := string(written(t, formats.Markdown, r, layout.Style{}))
		sum := strings.Count(got, "| pass |") + strings.Count(got, "**fail**")
		for _, m := range regexp.MustCompile(`\*(\d+) checks? more, left out here`).FindAllStringSubmatch(got, -1) {
			left := 0
			fmt.Sscan(m[1], &left)
			sum += left
		}
		if sum != len(r.Plan.Checks) {
			t.Errorf("%d switches: %d checks shown or counted of %d", n, sum, len(r.Plan.Checks))
		}
	}
}

// TestGoldenQueriesAreBounded: a file of queries of any length is a small
// table, that of the queries which agree least, and a count of the others.
func TestGoldenQueriesAreBounded(t *testing.T) {
	const n = 3_000
	f := &planner.GoldenFact{K: 10}
	for i := range n {
		f.Queries = append(f.Queries, planner.GoldenQuery{Overlap: 1, Blue: time.Millisecond, Green: time.Millisecond})
		if i == 1_234 {
			f.Queries[i].Overlap = 0.999
		}
	}
	p := altering(alter("products", "products_v41", "products_v42"))
	p.Checks = []planner.Check{{Database: "default", Alias: "products", Name: manifest.GoldenCheck, Verdict: planner.CheckPassed, Golden: f}}
	for _, c := range []struct {
		format formats.Format
		row    *regexp.Regexp
		most   int
		first  string // of the query that agrees least: its bar is not full
	}{
		{formats.Text, regexp.MustCompile(`(?m)^ +\d+ +[01]\.\d\d +1\.0ms +1\.0ms$`), 5, "1235     1.00"},
		{formats.Markdown, regexp.MustCompile("(?m)^\\| \\d+ \\| `[█░]+` [01]\\.\\d\\d \\|"), 20, "| 1235 | `█████████░` 1.00 |"},
		{formats.HTML, regexp.MustCompile(`<tr><td>\d+</td><td><svg class="bar overlap"`), 50, `<rect width="99" height="8"/></svg> 1.00`},
	} {
		got := string(written(t, c.format, report.Report{Plan: p, Proof: proved(1)}, layout.Style{}))
		rows := c.row.FindAllString(got, -1)
		if len(rows) != c.most {
			t.Errorf("%s: %d rows, want %d", c.format, len(rows), c.most)
		}
		if want := fmt.Sprintf("and %d more with an overlap of 1.00 or better", n-c.most); !strings.Contains(got, want) {
			t.Errorf("%s: no %q", c.format, want)
		}
		if !strings.Contains(got, c.first) {
			t.Errorf("%s: no %q in\n%s", c.format, c.first, rows)
		}
	}
}

func TestJSONHasEveryGoldenQueryAndTheDigest(t *testing.T) {
	r := goldenQueries()
	var got struct {
		Digest string
		Checks []struct {
			Alias, Check, Verdict string
			Golden                *struct {
				K       int
				Queries []struct {
					Overlap      float64
					BlueSeconds  float64 `json:"blue_seconds"`
					GreenSeconds float64 `json:"green_seconds"`
				}
			}
		}
	}
	text := written(t, formats.JSON, r, layout.Style{})
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if want := r.Plan.Digest(); got.Digest != want {
		t.Errorf("digest %q, want %q", got.Digest, want)
	}
	if n := strings.Count(string(text), "\n    {\"database\":"); n != len(r.Plan.Checks) {
		t.Errorf("%d lines of checks, want %d", n, len(r.Plan.Checks))
	}
	if c := got.Checks[1]; c.Alias != "products" || c.Check != "golden" || c.Verdict != "fail" {
		t.Errorf("the second check is %+v", c)
	}
	if got.Checks[0].Golden != nil || len(got.Checks[1].Golden.Queries) != 60 {
		t.Fatalf("golden queries are not where they belong: %s", text)
	}
	if q := got.Checks[3].Golden.Queries[2]; q.Overlap != 0 || q.BlueSeconds != 0.00008 || q.GreenSeconds != 0.012 {
		t.Errorf("the last query is %+v", q)
	}
}

// TestJSONLeavesTheVectorOfACanaryOut: it is in the manifest, and long.
func TestJSONLeavesTheVectorOfACanaryOut(t *testing.T) {
	r := groupCutover()
	r.Plan.Steps = slices.Clone(r.Plan.Steps)
	for range 3 {
		r.Plan.Steps[0].Cutover.Canary.Search.Vector = append(r.Plan.Steps[0].Cutover.Canary.Search.Vector, 0.123456)
	}
	if text := string(written(t, formats.JSON, r, layout.Style{})); strings.Contains(text, "0.123456") {
		t.Errorf("the vector stands in %s", text)
	}
}

func TestDropsSayWhatTheyDestroy(t *testing.T) {
	rows := func(n int64) *int64 { return &n }
	order := func(place, of int) *planner.Order { return &planner.Order{Place: place, Of: of} }
	for _, c := range []struct {
		rows    *int64
		order   *planner.Order
		release bool
		want    string
	}{
		{nil, nil, false, "id 42"},
		{rows(0), nil, false, "id 42, 0 rows"},
		{rows(1), nil, false, "id 42, 1 row"},
		{rows(999), nil, false, "id 42, 999 rows"},
		{rows(1_000), nil, false, "id 42, 1,000 rows"},
		{rows(12_345_678), nil, true, "id 42, 12,345,678 rows, released first"},
		{nil, order(1, 2), false, "id 42, newest of 2"},
		{nil, order(2, 2), false, "id 42, oldest of 2"},
		{nil, order(2, 4), false, "id 42, 2nd newest of 4"},
		{nil, order(3, 4), false, "id 42, 3rd newest of 4"},
		{nil, order(4, 5), false, "id 42, 4th newest of 5"},
		{nil, order(11, 99), false, "id 42, 11th newest of 99"},
		{nil, order(22, 99), false, "id 42, 22nd newest of 99"},
		{nil, order(113, 999), false, "id 42, 113th newest of 999"},
		{rows(7), order(21, 99), true, "id 42, 7 rows, 21st newest of 99, released first"},
	} {
		step := planner.Step{Op: planner.DropCollection, Database: "default", Collection: "old", ID: "42", Rows: c.rows, Order: c.order, ReleaseFirst: c.release}
		r := report.Report{Plan: plan(planner.Summary{Retire: 1}, step), Proof: proved(1)}
		got := string(written(t, formats.Text, r, layout.Style{Width: 120}))
		_, got, _ = strings.Cut(got, "1 ! old  ")
		got, _, _ = strings.Cut(got, "\n")
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}

// TestSkippedChecksStandInTheHeadline of a plan that is not refused.
func TestSkippedChecksStandInTheHeadline(t *testing.T) {
	r := preflight()
	r.Plan.Checks = slices.Clone(r.Plan.Checks)
	r.Plan.Checks[1].Verdict = planner.CheckSkipped
	for _, f := range []formats.Format{formats.Markdown, formats.HTML} {
		if got := string(written(t, f, r, layout.Style{})); !strings.Contains(got, "1 change, 1 check skipped") {
			t.Errorf("%s: the headline says nothing of a skipped check:\n%.2000s", f, got)
		}
	}
}

func TestGroupsNameTheirSteps(t *testing.T) {
	group := &planner.Cutover{Group: "g", SwitchBack: true}
	first := planner.Step{Op: planner.RecreateAlias, Database: "default", Alias: "a", From: "old", To: "new", Cutover: group}
	single := alter("b", "old", "new")
	last := alter("c", "old", "new")
	last.Cutover = group
	p := plan(planner.Summary{}, first, single, last)
	got := string(written(t, formats.Text, report.Report{Plan: p, Proof: proved(4)}, layout.Style{Width: 120}))
	if want := "  group g: 2 switches as one, steps 1, 3; if one fails, those already switched go back\n"; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}
