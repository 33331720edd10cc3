package render_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"aliasctl/internal/render"
	"aliasctl/planner"
)

// document is what a reader of the canonical YAML finds in it.
type document struct {
	Database    string               `yaml:"database"`
	Aliases     map[string]yaml.Node `yaml:"aliases"`
	Collections []string             `yaml:"collections"`
}

// decoded reads canonical YAML back: DATABASE/ALIAS to COLLECTION, with a mark
// for a protected one, and the collections that are listed.
func decoded(t interface{ Fatalf(string, ...any) }, text string) map[string]string {
	found := make(map[string]string)
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var d document
		err := decoder.Decode(&d)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("canonical YAML does not decode: %v\n%s", err, text)
		}
		for alias, node := range d.Aliases {
			var long struct {
				Collection string
				Protect    bool
			}
			if node.Kind == yaml.ScalarNode {
				long.Collection = node.Value
				if node.Tag != "!!str" {
					t.Fatalf("collection %q reads as %s", node.Value, node.Tag)
				}
			} else if err := node.Decode(&long); err != nil {
				t.Fatalf("alias %q: %v", alias, err)
			}
			found[d.Database+"/"+alias] = fmt.Sprint(long.Collection, " ", long.Protect)
		}
		for _, c := range d.Collections {
			found[d.Database+"!"+c] = "listed"
		}
	}
}

func expected(bindings []planner.Binding, drops []planner.Step) map[string]string {
	want := make(map[string]string)
	for _, b := range bindings {
		want[b.Database+"/"+b.Alias] = fmt.Sprint(b.Collection, " ", b.Protect)
	}
	for _, s := range drops {
		want[s.Database+"!"+s.Collection] = "listed"
	}
	return want
}

var hunkHeader = regexp.MustCompile(`^@@ -(\d+),(\d+) \+(\d+),(\d+) @@( database: .*)?$`)

// hunk is one hunk of a unified diff as a patch program reads it.
type hunk struct {
	before, beforeLines, after, afterLines int
	lines                                  []string
}

// parsed reads a unified diff, and holds it against the rules of the format.
func parsed(t interface{ Fatalf(string, ...any) }, diff string) []hunk {
	lines := strings.SplitAfter(diff, "\n")
	for len(lines) > 0 && !strings.HasPrefix(lines[0], "--- ") {
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return nil
	}
	if lines[0] != "--- before\n" || lines[1] != "+++ after\n" {
		t.Fatalf("file headers: %q %q", lines[0], lines[1])
	}
	var hunks []hunk
	for lines = lines[2:]; len(lines) > 0 && lines[0] != ""; {
		var h hunk
		if !hunkHeader.MatchString(strings.TrimSuffix(lines[0], "\n")) {
			t.Fatalf("not a hunk header: %q", lines[0])
		}
		fmt.Sscanf(lines[0], "@@ -%d,%d +%d,%d @@", &h.before, &h.beforeLines, &h.after, &h.afterLines)
		lines = lines[1:]
		before, after := 0, 0
		for before < h.beforeLines || after < h.afterLines {
			if lines[0][0] != '+' {
				before++
			}
			if lines[0][0] != '-' {
				after++
			}
			h.lines = append(h.lines, lines[0])
			lines = lines[1:]
		}
		if before != h.beforeLines || after != h.afterLines {
			t.Fatalf("hunk says %d,%d lines and has %d,%d", h.beforeLines, h.afterLines, before, after)
		}
		hunks = append(hunks, h)
	}
	return hunks
}

// patched applies hunks to a text.
func patched(t interface{ Fatalf(string, ...any) }, text string, hunks []hunk) string {
	source := strings.SplitAfter(text, "\n")
	var out []string
	at := 0 // lines of source that are dealt with
	for _, h := range hunks {
		start := h.before
		if h.beforeLines > 0 {
			start--
		}
		out = append(out, source[at:start]...)
		at = start
		wantAfter := h.after
		if h.afterLines > 0 {
			wantAfter--
		}
		if len(out) != wantAfter {
			t.Fatalf("hunk begins after line %d of the result, and says %d", len(out), wantAfter)
		}
		for _, l := range h.lines {
			switch l[0] {
			case '+':
				out = append(out, l[1:])
				continue
			case ' ':
				out = append(out, l[1:])
			}
			if source[at] != l[1:] {
				t.Fatalf("line %d is %q, the diff says %q", at+1, source[at], l[1:])
			}
			at++
		}
	}
	return strings.Join(append(out, source[at:]...), "")
}

// wholeText is the canonical YAML of one side: the diff against nothing.
func wholeText(t interface{ Fatalf(string, ...any) }, bindings []planner.Binding, drops []planner.Step) string {
	report := render.Report{Plan: planner.Plan{Before: bindings, Steps: drops}}
	var b bytes.Buffer
	if err := render.Diff(&b, report, render.Style{}); err != nil {
		t.Fatalf("diff: %v", err)
	}
	var text strings.Builder
	for _, h := range parsed(t, b.String()) {
		for _, l := range h.lines {
			text.WriteString(l[1:])
		}
	}
	return text.String()
}

func nameGen() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"a", "b", "products", "reviews", "on", "null", "False", "y", "_", "products_v1", "products_v2"}),
		rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_]{0,20}`),
	)
}

// bindingsGen draws sorted bindings; near other ones when given some, so that
// most lines agree.
func bindingsGen(near []planner.Binding) *rapid.Generator[[]planner.Binding] {
	return rapid.Custom(func(t *rapid.T) []planner.Binding {
		all := make(map[planner.Key]planner.Binding)
		for _, b := range near {
			switch rapid.IntRange(0, 9).Draw(t, "fate") {
			case 0: // dropped
				continue
			case 1:
				b.Collection = nameGen().Draw(t, "collection")
			case 2:
				b.Protect = !b.Protect
			}
			all[planner.Key{Database: b.Database, Name: b.Alias}] = b
		}
		for range rapid.IntRange(0, 150/(1+len(near)/8)).Draw(t, "new") {
			b := planner.Binding{
				Database:   rapid.SampledFrom([]string{"default", "shop", "on"}).Draw(t, "database"),
				Alias:      nameGen().Draw(t, "alias"),
				Collection: nameGen().Draw(t, "collection"),
				Protect:    rapid.Bool().Draw(t, "protect"),
			}
			all[planner.Key{Database: b.Database, Name: b.Alias}] = b
		}
		var bindings []planner.Binding
		for _, b := range all {
			bindings = append(bindings, b)
		}
		slices.SortFunc(bindings, func(a, b planner.Binding) int {
			return strings.Compare(a.Database+"\x00"+a.Alias, b.Database+"\x00"+b.Alias)
		})
		return bindings
	})
}

func dropsGen() *rapid.Generator[[]planner.Step] {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) planner.Step {
		return planner.Step{
			Op: planner.DropCollection, Database: rapid.SampledFrom([]string{"default", "other"}).Draw(t, "database"),
			Collection: nameGen().Draw(t, "collection"),
		}
	}), 0, 5, func(s planner.Step) string { return s.Database + "/" + s.Collection })
}

func TestDiffAppliedToBeforeGivesAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := bindingsGen(nil).Draw(t, "before")
		after := bindingsGen(before).Draw(t, "after")
		if rapid.Bool().Draw(t, "unrelated") {
			after = bindingsGen(nil).Draw(t, "unrelated after")
		}
		drops := dropsGen().Draw(t, "drops")
		report := render.Report{Plan: planner.Plan{Before: before, After: after, Steps: drops}}
		var b bytes.Buffer
		if err := render.Diff(&b, report, render.Style{}); err != nil {
			t.Fatal(err)
		}
		textBefore, textAfter := wholeText(t, before, drops), wholeText(t, after, nil)
		hunks := parsed(t, b.String())
		if d := cmp.Diff(textAfter, patched(t, textBefore, hunks)); d != "" {
			t.Fatalf("patched text (-want +got):\n%s\ndiff:\n%s", d, b.String())
		}
		for _, h := range hunks {
			wellFormed(t, h)
		}
		if d := cmp.Diff(expected(before, drops), decoded(t, textBefore)); d != "" {
			t.Fatalf("canonical YAML reads as (-want +got):\n%s", d)
		}
	})
}

// wellFormed says that a hunk changes something and has no more context than
// asked for.
func wellFormed(t *rapid.T, h hunk) {
	context, changed := 0, false
	for _, l := range h.lines {
		if l[0] != ' ' {
			if !changed && context > 3 || context > 6 {
				t.Fatalf("%d lines of context ahead of a change", context)
			}
			context, changed = 0, true
			continue
		}
		context++
	}
	if !changed || context > 3 {
		t.Fatalf("hunk changed %v, ends in %d lines of context", changed, context)
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestColourAddsNothingButColour(t *testing.T) {
	for _, s := range scenarios() {
		for _, f := range render.Formats() {
			t.Run(s.name+"/"+string(f), func(t *testing.T) {
				plain := written(t, f, s.report, render.Style{})
				coloured := written(t, f, s.report, render.Style{Color: true})
				if d := cmp.Diff(string(plain), sgr.ReplaceAllString(string(coloured), "")); d != "" {
					t.Errorf("(-plain +coloured without SGR):\n%s", d)
				}
				if f.Coloured() && bytes.Equal(plain, coloured) {
					t.Error("no colour at all")
				}
			})
		}
	}
}

func TestDiffMarksTheChangedPartOfALine(t *testing.T) {
	report := switchAndRetire()
	got := string(written(t, render.FormatDiff, report, render.Style{Color: true}))
	for _, want := range []string{
		"\x1b[31m-  products: \x1b[0m\x1b[31mproducts_v\x1b[0m\x1b[31;7m1\x1b[0;27m\n",
		"\x1b[32m+  products: \x1b[0m\x1b[32mproducts_v\x1b[0m\x1b[32;7m2\x1b[0;27m\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
}

// TestEveryFormatGrowsLinearly: a diff would take minutes and fail if the two
// sides were handed over in one piece, since they have no line in common.
func TestEveryFormatGrowsLinearly(t *testing.T) {
	for _, f := range render.Formats() {
		took := func(n int) time.Duration {
			report := many(n)
			report.Plan.Before, report.Plan.After = unrelated(n).Before, unrelated(n).After
			start := time.Now()
			if err := render.Write(io.Discard, f, report, render.Style{}); err != nil {
				t.Fatal(err)
			}
			return time.Since(start)
		}
		// The fastest of a few: on a busy machine any one of them may be slow.
		small, large := took(2_000), took(16_000)
		for range 20 {
			if large < 24*small {
				break
			}
			small, large = min(small, took(2_000)), min(large, took(16_000))
		}
		if large >= 24*small {
			t.Errorf("%s: 8 times the steps took %d times as long: %v, %v", f, large/small, small, large)
		}
	}
}

// unrelated is a plan that leaves no binding as it was.
func unrelated(n int) planner.Plan {
	var p planner.Plan
	for i := range n {
		p.Before = append(p.Before, binding("default", fmt.Sprintf("a%07d", i), fmt.Sprintf("old_%d", i)))
		p.After = append(p.After, binding("default", fmt.Sprintf("b%07d", i), fmt.Sprintf("new_%d", i)))
	}
	return p
}

// TestHunks shows which changes share a hunk: those that fewer than seven
// unchanged lines keep apart. Line 4 is the first binding.
func TestHunks(t *testing.T) {
	for _, c := range []struct {
		name    string
		changed []int // which of 26 bindings, a to z
		want    []string
	}{
		{"at the top", []int{0}, []string{"@@ -1,7 +1,7 @@"}},
		{"at the end", []int{25}, []string{"@@ -26,4 +26,4 @@ database: default"}},
		{"near the end", []int{20}, []string{"@@ -21,7 +21,7 @@ database: default"}},
		{"six lines apart", []int{8, 15}, []string{"@@ -9,14 +9,14 @@ database: default"}},
		{"seven lines apart", []int{8, 16}, []string{"@@ -9,7 +9,7 @@ database: default", "@@ -17,7 +17,7 @@ database: default"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p planner.Plan
			for i := range 26 {
				p.Before = append(p.Before, binding("default", string(rune('a'+i)), "old"))
			}
			p.After = slices.Clone(p.Before)
			for _, i := range c.changed {
				p.After[i].Collection = "new"
			}
			var got []string
			for _, line := range strings.Split(string(written(t, render.FormatDiff, render.Report{Plan: p}, render.Style{})), "\n") {
				if strings.HasPrefix(line, "@@") {
					got = append(got, line)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
