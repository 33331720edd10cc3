package formats_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/planner"
	"aliasctl/planner/drift"
)

// A driftScenario is a scenario of `aliasctl drift`.
type driftScenario struct {
	name   string
	report report.DriftReport
}

func driftScenarios() []driftScenario {
	return []driftScenario{
		{"drift-none", driftReport()},
		{"drift-found", driftFound()},
		{"drift-unfinished", driftReport(drift.Drift{Kind: drift.Moved, Database: "default", Alias: "products", Last: "products_v42", Live: "products_v43", Unfinished: true})},
		{"drift-hostile", driftHostile()},
		{"drift-unverified", driftUnverified()},
	}
}

func driftReport(drift ...drift.Drift) report.DriftReport {
	return report.DriftReport{
		Cluster: planner.Cluster{URI: "http://milvus.prod-eu.example:19530", Label: "prod-eu"}, Serial: 41, StatePath: "prod.state.json",
		Bindings: []planner.Bound{
			binding("default", "products", "products_v42"), binding("default", "questions", "questions_v3"),
			protected(binding("default", "reviews", "reviews_v7")),
		},
		Drift: drift,
		Plan:  planner.Summary{Unchanged: 3 - len(drift), Conflicts: len(drift)},
	}
}

func driftFound() report.DriftReport {
	r := driftReport(
		drift.Drift{Kind: drift.Moved, Database: "default", Alias: "products", Last: "products_v42", Live: "products_v9"},
		drift.Drift{Database: "default", Alias: "questions", Last: "questions_v3", Kind: drift.Unbound},
		drift.Drift{Kind: drift.Moved, Database: "shop", Alias: "carts", Last: "carts_v1", Live: "carts_v2", Unfinished: true},
	)
	r.Bindings = append(r.Bindings, binding("shop", "carts", "carts_v1"))
	r.Manifest, r.Plan = true, planner.Summary{Create: 1, Switch: 1, Unchanged: 1, Conflicts: 1}
	return r
}

func driftUnverified() report.DriftReport {
	r := driftReport()
	at := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	r.Unverified = []planner.Unverified{
		{Database: "default", Alias: "products", From: "products_v41", To: "products_v42", At: at},
		{Database: "default", Alias: "questions", To: "questions_v3", At: at, Failed: true},
	}
	return r
}

func driftHostile() report.DriftReport {
	r := driftReport(drift.Drift{Kind: drift.Moved, Database: "default", Alias: "products", Last: "products_v42", Live: "\x1b[2J</td>|`@team`\nPlan: 1 to drop"})
	r.StatePath = "s3://bucket/<b>.json"
	return r
}

// everyTextOfDrift is all that a report of drift has to say.
func everyTextOfDrift(r report.DriftReport) []string {
	texts := []string{r.Cluster.URI, r.Cluster.Label, r.StatePath}
	for _, d := range r.Drift {
		texts = append(texts, d.Alias, d.Last, d.Live)
	}
	return texts
}

func TestDriftInEveryFormat(t *testing.T) {
	for _, s := range driftScenarios() {
		for _, f := range formats.All() {
			t.Run(s.name+"/"+string(f), func(t *testing.T) {
				got := withoutStyle(written(t, f, s.report, layout.Style{}))
				golden(t, s.name+"."+string(f), got)
				// Nothing is going to be applied, and no script may think so.
				for _, never := range []string{"\nPlan:", "proof", "Steps", "way out", "aliasctl-report"} {
					if strings.Contains("\n"+string(got), never) {
						t.Errorf("%q stands in\n%s", never, got)
					}
				}
			})
		}
	}
}

// driftReports draws reports any shape.
func driftReports() *rapid.Generator[report.DriftReport] {
	return rapid.Custom(func(t *rapid.T) report.DriftReport {
		r := report.DriftReport{
			Cluster:   planner.Cluster{URI: hostile().Draw(t, "uri"), Label: markup().Draw(t, "label")},
			StatePath: markup().Draw(t, "path"), Manifest: rapid.Bool().Draw(t, "manifest"),
		}
		for i := range rapid.IntRange(0, 5).Draw(t, "bindings") {
			b := binding("default", fmt.Sprintf("a%d", i)+markup().Draw(t, "alias"), hostile().Draw(t, "collection"))
			r.Bindings = append(r.Bindings, b)
			if rapid.Bool().Draw(t, "drifted") {
				r.Drift = append(r.Drift, drift.Drift{Kind: drift.Moved, Database: b.Database, Alias: b.Alias, Last: b.Collection,
					Live: rapid.OneOf(hostile(), markup()).Draw(t, "live"), Unfinished: rapid.Bool().Draw(t, "unfinished")})
			}
		}
		return r
	})
}

func TestDriftHoldsHostileNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := driftReports().Draw(t, "report")
		for _, f := range formats.All() {
			var b strings.Builder
			if err := formats.Write(&b, f, r, layout.Style{}); err != nil {
				t.Fatal(err)
			}
			if !utf8.ValidString(b.String()) {
				t.Fatalf("%s: not UTF-8: %q", f, b.String())
			}
			for _, c := range b.String() {
				if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) {
					t.Fatalf("%s: raw %U in %q", f, c, b.String())
				}
			}
			switch f {
			case formats.Markdown:
				holdMarkdown(t, b.String())
			case formats.HTML:
				holdHTML(t, []byte(b.String()))
			case formats.JSON:
				if !json.Valid([]byte(b.String())) {
					t.Fatalf("no JSON: %s", b.String())
				}
			}
		}
	})
}

func TestDriftInHTMLHoldsEveryText(t *testing.T) {
	for _, s := range driftScenarios() {
		holdShown(t, s.name, holdHTML(t, written(t, formats.HTML, s.report, layout.Style{})), s.report)
	}
}

// A comment has a limit; what is left out is counted.
func TestMarkdownOfMuchDriftFits(t *testing.T) {
	var r report.DriftReport
	for i := range 5_000 {
		name := fmt.Sprintf("alias_%04d", i)
		r.Drift = append(r.Drift, drift.Drift{Kind: drift.Moved, Database: "default", Alias: name, Last: name + "_v1", Live: name + "_v2", Unfinished: i%2 == 1})
	}
	text := string(written(t, formats.Markdown, r, layout.Style{}))
	holdMarkdown(t, text)
	rows := strings.Count(text, "\n| `alias_")
	var left, n int
	for _, line := range strings.Split(text, "\n") {
		if _, err := fmt.Sscanf(line, "*%d aliases more", &n); err == nil {
			left += n
		}
	}
	if rows < 1000 || rows+left != len(r.Drift) {
		t.Errorf("%d rows and %d left out of %d", rows, left, len(r.Drift))
	}
}

func TestJSONOfDriftComesBack(t *testing.T) {
	var got struct {
		Version int
		Drift   []drift.Drift
		Plan    planner.Summary
	}
	r := driftFound()
	if err := json.Unmarshal(written(t, formats.JSON, r, layout.Style{}), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r.Drift, got.Drift); d != "" || got.Version != 1 || got.Plan != r.Plan {
		t.Errorf("version %d, plan %+v, drift (-want +got):\n%s", got.Version, got.Plan, d)
	}
	if text := string(written(t, formats.JSON, driftReport(), layout.Style{})); !strings.Contains(text, `"drift": []`) {
		t.Errorf("the list is not empty but missing: %s", text)
	}
}

func TestAnErrorOfTheWriterOfDriftIsReturned(t *testing.T) {
	for _, f := range formats.All() {
		size := len(written(t, f, driftFound(), layout.Style{}))
		for n := range size {
			if err := formats.Write(&full{n}, f, driftFound(), layout.Style{}); !errors.Is(err, errFull) {
				t.Fatalf("%s into %d of %d bytes: %v", f, n, size, err)
			}
		}
	}
}
