package formats_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/planner"
)

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

// wellFormed reports that a hunk changes something and has no more context than
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
			for _, line := range strings.Split(string(written(t, formats.Diff, report.Report{Plan: p}, layout.Style{})), "\n") {
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
