package formats_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aliasctl/executor"
	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/internal/report/text"
	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// hostile draws strings as a careless or hostile server may send them.
func hostile() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 30), func(b []byte) string { return string(b) }),
		rapid.SampledFrom([]string{"", "products", "\x1b]0;title\a", "a\nPlan: 0 to create", "\u009b31m", "\u202eevil", "a\r", "--- before", "\xff\x9b", "\U000e0041"}),
	)
}

// reports draws reports any shape, also ones that no planner makes.
func reports() *rapid.Generator[report.Report] {
	steps := rapid.Custom(func(t *rapid.T) planner.Step {
		return planner.Step{
			Op:       rapid.SampledFrom(planner.Ops()).Draw(t, "op"),
			Database: hostile().Draw(t, "database"), Alias: hostile().Draw(t, "alias"), Collection: hostile().Draw(t, "collection"),
			From: hostile().Draw(t, "from"), To: hostile().Draw(t, "to"),
			Drift: rapid.Bool().Draw(t, "drift"), Protect: rapid.Bool().Draw(t, "protect"),
			Cutover:    rapid.SampledFrom([]*planner.Cutover{nil, {Group: hostile().Draw(t, "group"), Confirmations: 2, Canary: &manifest.Canary{Search: &manifest.Search{}}}}).Draw(t, "cutover"),
			RolledBack: rapid.Bool().Draw(t, "rolled back"), ReleaseFirst: rapid.Bool().Draw(t, "release"),
		}
	})
	checks := rapid.Custom(func(t *rapid.T) planner.Check {
		return planner.Check{
			Database: hostile().Draw(t, "database"), Alias: hostile().Draw(t, "alias"), Name: manifest.CheckName(hostile().Draw(t, "check")),
			Blue: hostile().Draw(t, "blue"), Green: hostile().Draw(t, "green"),
			Verdict: rapid.SampledFrom([]planner.Verdict{planner.CheckPassed, planner.CheckFailed, planner.CheckUnknown, planner.CheckAllowed,
				planner.CheckSkipped, planner.CheckPending}).Draw(t, "verdict"),
			Details: rapid.SliceOfN(hostile(), 0, 3).Draw(t, "details"),
			Golden:  rapid.SampledFrom([]*planner.GoldenFact{nil, {}, {K: 3, Queries: []planner.GoldenQuery{{Overlap: 0.5, Blue: 1, Green: 2}, {}}}}).Draw(t, "golden"),
		}
	})
	bindings := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) planner.Bound {
		return planner.Bound{Database: hostile().Draw(t, "database"), Alias: hostile().Draw(t, "alias"), Collection: hostile().Draw(t, "collection")}
	}), 0, 4)
	return rapid.Custom(func(t *rapid.T) report.Report {
		texts := func(label string) []string { return rapid.SliceOfN(hostile(), 0, 3).Draw(t, label) }
		r := report.Report{
			Plan: planner.Plan{
				Cluster: planner.Cluster{URI: hostile().Draw(t, "uri"), Label: hostile().Draw(t, "label")},
				Live:    rapid.SampledFrom([]string{planner.LiveRead, planner.LiveAssumed}).Draw(t, "live"),
				Steps:   rapid.SliceOfN(steps, 0, 5).Draw(t, "steps"), Notes: texts("notes"),
				Checks: rapid.SliceOfN(checks, 0, 4).Draw(t, "checks"),
				Before: bindings.Draw(t, "before"), After: bindings.Draw(t, "after"),
				Conflicts: []planner.Conflict{{
					Kind: planner.Drifted, Database: hostile().Draw(t, "database"), Alias: hostile().Draw(t, "alias"),
					Reason: hostile().Draw(t, "reason"), Want: hostile().Draw(t, "want"), Live: hostile().Draw(t, "live"), WaysOut: planner.ByHand(texts("ways")...),
				}},
			},
			Proof:     proof.Proof{OK: rapid.Bool().Draw(t, "ok"), Gaps: texts("gaps"), Problems: texts("problems")},
			Refusals:  []planner.Refusal{{Guard: hostile().Draw(t, "guard"), Reason: hostile().Draw(t, "reason"), WayOut: planner.WayOut{Before: hostile().Draw(t, "way")}}},
			Applied:   rapid.Bool().Draw(t, "applied"),
			StatePath: hostile().Draw(t, "path"),
		}
		for _, s := range r.Plan.Steps {
			err := errors.New(hostile().Draw(t, "error"))
			r.Results = append(r.Results, executor.Result{Step: s, Outcome: executor.Failed, Err: err})
			r.Cutovers = append(r.Cutovers, executor.Cutover{Database: s.Database, Group: hostile().Draw(t, "group"), Err: err, Mixed: 1,
				Members: []executor.Member{{Alias: s.Alias, Stands: executor.Elsewhere, At: s.From}}})
		}
		return r
	})
}

func TestNothingRawReachesATerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := reports().Draw(t, "report")
		for _, f := range formats.All() {
			var b bytes.Buffer
			if err := formats.Write(&b, f, r, layout.Style{}); err != nil {
				t.Fatal(err)
			}
			if !utf8.Valid(b.Bytes()) {
				t.Fatalf("%s: not UTF-8: %q", f, b.String())
			}
			for _, c := range b.String() {
				if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) {
					t.Fatalf("%s: raw %U in %q", f, c, b.String())
				}
			}
		}
	})
}

// TestALineOfCountsCannotBeForged: whatever a server says, one line begins
// with what scripts search for.
func TestALineOfCountsCannotBeForged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := reports().Draw(t, "report")
		for _, f := range []formats.Format{formats.Text, formats.Diff} {
			var b bytes.Buffer
			if err := formats.Write(&b, f, r, layout.Style{}); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count("\n"+b.String(), "\nPlan: "); n != 1 {
				t.Fatalf("%s: %d lines begin with \"Plan: \":\n%s", f, n, b.String())
			}
		}
	})
}

func TestJSONIsValidAndComplete(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := reports().Draw(t, "report")
		var b bytes.Buffer
		if err := formats.Write(&b, formats.JSON, r, layout.Style{}); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatalf("%v in %s", err, b.String())
		}
		for _, name := range []string{"steps", "conflicts", "notes", "checks", "refusals"} {
			if _, ok := got[name].([]any); !ok {
				t.Fatalf("%s is %v, want a list", name, got[name])
			}
		}
		if _, ok := got["results"]; ok != r.Applied {
			t.Fatalf("results there: %v, applied: %v", ok, r.Applied)
		}
		if !strings.HasSuffix(b.String(), "}\n") || strings.HasSuffix(b.String(), "\n\n") {
			t.Fatalf("ends in %q", b.String()[b.Len()-3:])
		}

		// What comes back is what went in, but for bytes that are not UTF-8.
		var plan planner.Plan
		if err := json.Unmarshal(b.Bytes(), &plan); err != nil {
			t.Fatal(err)
		}
		var writes []planner.Step
		for _, s := range r.Plan.Steps {
			writes = append(writes, s.Halves()...)
		}
		if len(writes) != len(plan.Steps) {
			t.Fatalf("%d steps came back, want %d", len(plan.Steps), len(writes))
		}
		for i, s := range plan.Steps {
			if want := strings.ToValidUTF8(writes[i].Alias, "\ufffd"); utf8.ValidString(writes[i].Alias) && s.Alias != want {
				t.Fatalf("alias %q came back as %q", want, s.Alias)
			}
		}
	})
}

func TestJSONListsAreNeverNull(t *testing.T) {
	got := string(written(t, formats.JSON, report.Report{Applied: true, Plan: planner.Plan{Conflicts: []planner.Conflict{{}}}}, layout.Style{}))
	for _, want := range []string{`"steps": []`, `"ways_out":[]`, `"notes": []`, `"checks": []`, `"refusals": []`, `"gaps":[]`, `"results": []`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

// TestTextFitsItsWidth: a line is longer than asked for only where a single
// word is.
func TestTextFitsItsWidth(t *testing.T) {
	for _, s := range scenarios() {
		for _, width := range []int{40, 80, 120} {
			for _, line := range strings.Split(string(written(t, formats.Text, s.report, layout.Style{Width: width})), "\n") {
				if len(line) <= width {
					continue
				}
				words := strings.Fields(line)
				if last := words[len(words)-1]; len(words) > 4 && len(last) < width {
					t.Errorf("%s at %d columns: %d in %q", s.name, width, len(line), line)
				}
			}
		}
	}
}

func TestTextSaysTheDatabaseWhereItMatters(t *testing.T) {
	step := planner.Step{Op: planner.CreateAlias, Database: "default", Alias: "products", To: "products_v1"}
	for _, c := range []struct {
		name, database, want string
	}{
		{"the default alone", "default", "1 + products  ->"},
		{"another one", "shop", "1 + shop/products  ->"},
	} {
		t.Run(c.name, func(t *testing.T) {
			step := step
			step.Database = c.database
			got := string(written(t, formats.Text, report.Report{Plan: plan(planner.Summary{Create: 1}, step)}, layout.Style{}))
			if !strings.Contains(got, c.want) {
				t.Errorf("no %q in\n%s", c.want, got)
			}
		})
	}
	t.Run("an unchanged binding of another one", func(t *testing.T) {
		p := plan(planner.Summary{Create: 1}, step)
		p.Before = []planner.Bound{binding("shop", "users", "users_v1")}
		got := string(written(t, formats.Text, report.Report{Plan: p}, layout.Style{}))
		if want := "1 + default/products  ->"; !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	})
}

func TestResultsCountEveryOutcome(t *testing.T) {
	var r report.Report
	for n, o := range []executor.Outcome{executor.Applied, executor.AlreadyDone, executor.Failed, executor.Undecided, executor.NotReached, executor.SwitchedBack} {
		for range n + 1 {
			r.Results = append(r.Results, executor.Result{Outcome: o, Took: 31 * time.Second})
		}
	}
	var b bytes.Buffer
	if err := text.Results(&b, r, layout.Style{}); err != nil {
		t.Fatal(err)
	}
	want := "Applied: 1 applied, 2 already done, 3 failed, 4 unknown, 5 not reached, 6 switched back.\n"
	if !strings.HasSuffix(b.String(), want) {
		t.Errorf("got %s, want it to end in %s", b.String(), want)
	}
}

// full is a writer that takes n bytes.
type full struct{ n int }

var errFull = errors.New("no space left on device")

func (w *full) Write(p []byte) (int, error) {
	if len(p) > w.n {
		return w.n, errFull
	}
	w.n -= len(p)
	return len(p), nil
}

var _ io.Writer = (*full)(nil)

func TestAnErrorOfTheWriterIsReturned(t *testing.T) {
	for _, f := range formats.All() {
		r := applyFailed()
		r.Digest = r.Plan.Digest()
		size := len(written(t, f, r, layout.Style{}))
		for n := range size {
			if err := formats.Write(&full{n}, f, r, layout.Style{}); !errors.Is(err, errFull) {
				t.Fatalf("%s into %d of %d bytes: %v", f, n, size, err)
			}
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range formats.All() {
		if got, err := formats.Parse(string(f)); err != nil || got != f {
			t.Errorf("%s: %v, %v", f, got, err)
		}
	}
	_, err := formats.Parse("xml")
	var unknown *formats.FormatError
	if !errors.As(err, &unknown) {
		t.Fatalf("got %v", err)
	}
	if d := cmp.Diff(`no format "xml": want one of text, diff, json, markdown, html, gitlab-terraform, slack, dotenv`, err.Error()); d != "" {
		t.Error(d)
	}
}
