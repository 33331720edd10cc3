package formats_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aliasctl/executor"
	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/internal/report/markdown"
	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

const mostMarkdown = 60_000

var (
	code        = regexp.MustCompile("`[^`\n]+`|<code>(?:[A-Za-z0-9 ]|&#[0-9]+;)*</code>")
	ourElements = regexp.MustCompile(`^(?:<details(?: open)?><summary>[A-Za-z0-9 ]+</summary>|</details>)$`)
	ourMermaid  = regexp.MustCompile(`^(?:flowchart LR|  [ac]\d+(?:\(\["(?:\w|#\d+;)*"\]\)|\["(?:\w|#\d+;)*"\])` +
		`|  a\d+ (?:-\. before \.->|== after ==>) c\d+|  classDef \w+ [a-z0-9:#, -]+|  class [ac0-9,]+ \w+|  linkStyle [0-9,]+ stroke:#\w+)$`)
	row = regexp.MustCompile(`^\|(?: [^|]* \|| \|)+$`)
)

// holdMarkdown holds a report against what makes it harmless: outside of code
// there is nothing that Markdown, GitHub or a browser would act upon, but for
// our own structure.
func holdMarkdown(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) {
	t.Helper()
	if len(text) > mostMarkdown {
		t.Fatalf("%d bytes", len(text))
	}
	marker, body, _ := strings.Cut(text, "\n")
	if !regexp.MustCompile(`^<!-- aliasctl-(?:report|drift) (?:[\w.~%+-]+ )?-->$`).MatchString(marker) {
		t.Fatalf("marker %q", marker)
	}
	mermaid, columns := false, 0
	for _, line := range strings.Split(body, "\n") {
		switch {
		case mermaid && line == "```":
			mermaid = false
			continue
		case line == "```mermaid":
			mermaid = true
			continue
		case mermaid:
			if !ourMermaid.MatchString(line) {
				t.Fatalf("line of the graph: %s", line)
			}
			continue
		case ourElements.MatchString(line):
			continue
		}
		bare := code.ReplaceAllString(line, "C")
		if strings.HasPrefix(bare, "|") {
			if !row.MatchString(bare) {
				t.Fatalf("row: %s\n%s", bare, line)
			}
			n := strings.Count(bare, "|")
			if columns > 0 && n != columns {
				t.Fatalf("row of %d columns in a table of %d: %s", n, columns, line)
			}
			if columns == 0 && strings.HasPrefix(bare, "| # ") { // our header
				bare = "|"
			}
			columns = n
			bare = strings.ReplaceAll(strings.ReplaceAll(bare, "<br>", " "), "|", " ")
		} else {
			columns = 0
		}
		if bare = strings.TrimPrefix(bare, "> "); bare == "[!CAUTION]" || bare == "[!WARNING]" {
			continue
		}
		for _, ours := range []string{"### aliasctl", "#### ", "  - ", "- ", ">"} {
			if rest, ok := strings.CutPrefix(bare, ours); ok {
				bare = rest
				break
			}
		}
		bare = strings.TrimSuffix(bare, `\`)
		if i := strings.IndexAny(bare, "<>@[]#_~$&|`\\+=/"); i >= 0 {
			t.Fatalf("%q stands outside of code: %s", bare[i], line)
		}
		if regexp.MustCompile(`^\s*(?:[-+] |\d+[.)])|:\w+:|\b[A-Z]+-\d|\bwww\.`).MatchString(bare) {
			t.Fatalf("this means something: %s", line)
		}
	}
	if mermaid {
		t.Fatalf("the graph does not end")
	}
}

func markup() *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{
		"`", "``", "```", "|", "\\", "<b>", "</details>", "@team", "#1", "GH-1", "[x](y)", "![", "**", "_", "__init__", "~~", "$x$",
		"&lt;", "-->", "\n", " ", "1.", "1)", "-", "+", "=", "\"", "'", "(", ")", ":smile:", "www.a.b", "https://a.b", "a@b.c", "word", "42", "é",
	}), 0, 12), func(s []string) string { return strings.Join(s, "") })
}

func TestMarkdownHasNothingForeignOutsideOfCode(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			holdMarkdown(t, string(written(t, formats.Markdown, s.report, layout.Style{})))
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		r := reports().Draw(t, "report")
		for i := range r.Plan.Steps {
			s := &r.Plan.Steps[i]
			s.Alias, s.From, s.To = markup().Draw(t, "alias"), markup().Draw(t, "from"), markup().Draw(t, "to")
		}
		for i := range r.Results {
			r.Results[i].Step, r.Results[i].Err, r.Results[i].Note = r.Plan.Steps[i], errors.New(markup().Draw(t, "error")), markup().Draw(t, "note")
		}
		r.Plan.Conflicts[0].Reason, r.Plan.Conflicts[0].WaysOut = markup().Draw(t, "reason"), planner.ByHand(markup().Draw(t, "way"))
		r.Plan.Notes, r.Plan.Cluster.Label = []string{markup().Draw(t, "note")}, markup().Draw(t, "label")
		for i := range r.Plan.Checks {
			c := &r.Plan.Checks[i]
			c.Alias, c.Green, c.Details = markup().Draw(t, "alias"), markup().Draw(t, "green"), []string{markup().Draw(t, "detail")}
		}
		r.Refusals[0] = planner.Refusal{Guard: markup().Draw(t, "guard"), Reason: markup().Draw(t, "reason"), WayOut: planner.WayOut{Before: markup().Draw(t, "way")}}
		var b strings.Builder
		if err := markdown.Write(&b, r); err != nil {
			t.Fatalf("%v", err)
		}
		holdMarkdown(t, b.String())
	})
}

// TestMarkdownCountsWhatItLeavesOut: the rows that are there and the number of
// those that are not make up the plan.
func TestMarkdownCountsWhatItLeavesOut(t *testing.T) {
	for _, n := range []int{10, 300, 1_000, 20_000} {
		r := many(n)
		got := string(written(t, formats.Markdown, r, layout.Style{}))
		if len(got) > mostMarkdown {
			t.Errorf("%d switches: %d bytes", n, len(got))
		}
		shown := strings.Count(got, "| switch |") + strings.Count(got, "| **drop collection** |")
		left := 0
		if m := regexp.MustCompile(`\*(\d+) steps? more, left out here`).FindStringSubmatch(got); m != nil {
			fmt.Sscan(m[1], &left)
		}
		if shown+left != len(r.Plan.Steps) {
			t.Errorf("%d switches: %d steps shown and %d left out of %d", n, shown, left, len(r.Plan.Steps))
		}
		if shown < 10 || len(r.Plan.Steps) > 1_000 && left == 0 {
			t.Errorf("%d switches: %d steps shown, %d left out", n, shown, left)
		}
	}
}

// TestMarkdownIsBoundedWhenEveryPartIsFull: every list overflows, with rows as
// long as they come.
func TestMarkdownIsBoundedWhenEveryPartIsFull(t *testing.T) {
	for _, long := range []string{strings.Repeat("x", 255), strings.Repeat("|", 5_000), strings.Repeat("`\U0001f600 ", 2_000)} {
		comparison := planner.GoldenFact{Queries: make([]planner.GoldenQuery, 30)}
		r := many(2_000)
		r.Plan.Cluster = planner.Cluster{URI: long, Label: long}
		r.StatePath = long
		for i := range r.Plan.Steps {
			s := &r.Plan.Steps[i]
			s.Alias, s.From, s.To, s.Drift = s.Alias+long, s.From+long, s.To+long, true
			s.Cutover = &planner.Cutover{Group: s.Alias}
			r.Plan.Notes = append(r.Plan.Notes, long)
			r.Plan.Checks = append(r.Plan.Checks, planner.Check{Alias: s.Alias, Name: manifest.CheckName(long), Blue: long, Green: long,
				Verdict: []planner.Verdict{planner.CheckFailed, planner.CheckPassed}[i%2], Details: []string{long, long}, Golden: &comparison})
			r.Plan.Conflicts = append(r.Plan.Conflicts, planner.Conflict{Kind: planner.Drifted, Alias: long, Reason: long, Want: long, Last: long, Live: long, WaysOut: planner.ByHand(long, long)})
			r.Refusals = append(r.Refusals, planner.Refusal{Guard: long, Reason: long, WayOut: planner.WayOut{Before: long}})
			r.Results = append(r.Results, executor.Result{Step: *s, Outcome: executor.Failed, Err: errors.New(long), Note: long})
			members := []executor.Member{{Step: i, Alias: s.Alias, At: long}}
			r.Cutovers = append(r.Cutovers, executor.Cutover{Group: long, Err: errors.New(long), Members: members}, executor.Cutover{Group: long, Members: members})
		}
		r.Plan.Steps = append(r.Plan.Steps, planner.Step{Op: planner.DropAlias, Alias: long, From: long})
		r.Proof = proof.Proof{Problems: r.Plan.Notes, Gaps: r.Plan.Notes}
		for _, r.Applied = range []bool{false, true} {
			got := string(written(t, formats.Markdown, r, layout.Style{}))
			holdMarkdown(t, got)
			if len(got) < 10_000 {
				t.Errorf("%.4s...: only %d bytes", long, len(got))
			}
			if _, steps, _ := strings.Cut(got, "| # |"); !strings.Contains(steps, "\n| 1 | ") {
				t.Errorf("%.4s...: no room is left for a step", long)
			}
		}
	}
}

func TestMarkdownSaysWhatWasDroppedAndNotWhatWouldHaveBeen(t *testing.T) {
	if got := string(written(t, formats.Markdown, applyFailed(), layout.Style{})); strings.Contains(got, "1 collection dropped for good") {
		t.Errorf("the drop was not reached, and stands above the fold:\n%s", got)
	}
}

func TestMarkdownProseStaysReadable(t *testing.T) {
	for _, c := range []struct{ said, want string }{
		{"alias \"products\" exists, and was never ours", "alias \"products\" exists, and was never ours"},
		{"move it with --overwrite-drift shop/products", "move it with `--overwrite-drift` `shop/products`"},
		{"set `protect: false` first", "set `protect: false` first"},
		{"code 65535: collection \"a_v1\" (gone)", "code 65535: collection \"`a_v1`\" (gone)"},
		{"ask @team, see #1", "ask `@team`, see `#1`"},
		{"a ` alone", "a <code>&#96;</code> alone"},
	} {
		r := report.Report{Plan: planner.Plan{Notes: []string{c.said}}, Proof: proof.Proof{OK: true}}
		_, got, _ := strings.Cut(string(written(t, formats.Markdown, r, layout.Style{})), "1 note</summary>\n\n- ")
		got, _, _ = strings.Cut(got, "\n")
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}

func TestMarker(t *testing.T) {
	for _, c := range []struct{ label, want string }{
		{"", "<!-- aliasctl-report -->"},
		{"prod-eu", "<!-- aliasctl-report prod-eu -->"},
		{"--> <b>", "<!-- aliasctl-report --%3E+%3Cb%3E -->"},
	} {
		cluster := planner.Cluster{Label: c.label, URI: "http://localhost:19530"}
		if got := markdown.Marker("aliasctl-report", cluster, report.Origin{}); got != c.want {
			t.Errorf("%q: %s", c.label, got)
		}
		text := written(t, formats.Markdown, report.Report{Plan: planner.Plan{Cluster: cluster}}, layout.Style{})
		if first, _, _ := strings.Cut(string(text), "\n"); first != c.want {
			t.Errorf("%q: the report begins with %s", c.label, first)
		}
		// A report of drift has a comment of its own.
		want := strings.Replace(c.want, "aliasctl-report", "aliasctl-drift", 1)
		text = written(t, formats.Markdown, report.DriftReport{Cluster: cluster}, layout.Style{})
		if first, _, _ := strings.Cut(string(text), "\n"); first != want {
			t.Errorf("%q: the report of drift begins with %s", c.label, first)
		}
	}
}
