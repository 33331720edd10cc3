package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"

	"aliasctl/planner"
)

// Diff writes a unified diff of the bindings as canonical YAML, before and
// after the plan. Above it stand, as text that patch programs skip, what would
// stop an apply, the proof and the line of counts. The only errors are those
// of w.
func Diff(w io.Writer, r Report, s Style) error {
	p := newPage(w, s)
	p.preamble(r)
	before, after := sides(r.Plan)
	p.diff("before", before, "after", after)
	return p.Flush()
}

// diff writes the hunks in which two named sides differ, if they do.
func (p *page) diff(from string, before bindings, to string, after bindings) {
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // the default gives another diff on a slow machine
	h := &hunks{page: p, dmp: dmp, from: from, to: to}
	canonical(before, after, func(before, after string) {
		if before == after {
			h.feed(diffmatchpatch.DiffEqual, before)
			return
		}
		a, b, lines := dmp.DiffLinesToRunes(before, after)
		for _, d := range dmp.DiffCharsToLines(dmp.DiffMainRunes(a, b, false), lines) {
			h.feed(d.Type, d.Text)
		}
	})
	h.close()
}

func (p *page) preamble(r Report) {
	if r.offline() {
		p.WriteString(offlineLine)
	}
	for _, c := range r.Plan.Choices {
		p.line(p.title, "flag: "+Clean(c.String()))
	}
	n := newNames(r.Plan)
	for _, c := range r.Plan.Conflicts {
		p.line(p.bad, "conflict: "+Clean(n.ofConflict(c)+": "+c.Reason))
	}
	for _, refusal := range r.Refusals {
		p.line(p.bad, "refused: "+Clean(refusal.Guard+": "+refusal.Reason+": "+refusal.WayOut))
	}
	for _, c := range r.Plan.Checks {
		p.line(p.verdictInk(c.Verdict), "check: "+Clean(checkLine(n, c)))
	}
	for _, g := range n.groups(r.Plan.Steps) {
		p.WriteString("cutover: " + Clean("group "+g.name+": "+g.size()+"; "+g.fate()) + "\n")
	}
	for _, s := range r.Plan.Steps {
		if s.Op != planner.DropCollection {
			continue
		}
		if facts := destroyed(s); len(facts) > 0 {
			p.line(p.destroy, "dropped for good: "+Clean(n.of(s)+", "+strings.Join(facts, ", ")))
		}
	}
	for _, note := range r.Plan.Notes {
		p.WriteString("note: " + Clean(note) + "\n")
	}
	p.verdict(r)
}

// checkLine is a check on one line.
func checkLine(n names, c planner.Check) string {
	line := fmt.Sprintf("%s: %s: %s", n.key(c.Database, c.Alias), c.Name, verdictWord(c.Verdict))
	if c.Blue != "" {
		line += "; blue " + c.Blue
	}
	if c.Green != "" {
		line += "; green " + c.Green
	}
	for _, detail := range c.Details {
		line += "; " + detail
	}
	return line
}

// contextLines is how many unchanged lines stand around a change.
const contextLines = 3

// hunks gathers the lines of a diff, in order, into hunks and writes each one
// as soon as it is complete: its header has to name its length.
type hunks struct {
	*page
	dmp      *diffmatchpatch.DiffMatchPatch
	from, to string // what the sides are called
	started  bool   // the file headers are written

	hunk     []diffLine // the lines of the hunk being gathered; before it, the context that would lead it
	open     bool       // hunk holds a change
	trailing int        // unchanged lines at the end of hunk
	before   int        // lines of the text before, ahead of hunk
	after    int        // likewise of the text after
	database string     // the last `database` line ahead of hunk
}

type diffLine struct {
	op   diffmatchpatch.Operation
	text string // without the line break
}

// feed takes the next lines, all with the same operation.
func (h *hunks) feed(op diffmatchpatch.Operation, text string) {
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		h.push(diffLine{op, line})
	}
}

func (h *hunks) push(l diffLine) {
	h.hunk = append(h.hunk, l)
	if l.op != diffmatchpatch.DiffEqual {
		h.open, h.trailing = true, 0
		return
	}
	h.trailing++
	switch {
	case !h.open && h.trailing > contextLines:
		h.drop(1)
	case h.open && h.trailing > 2*contextLines:
		// No change is near enough to share its context with this hunk.
		h.write(len(h.hunk) - contextLines - 1)
		h.drop(len(h.hunk) - contextLines)
	}
}

// close writes the last hunk.
func (h *hunks) close() {
	if h.open {
		h.write(len(h.hunk) - max(h.trailing-contextLines, 0))
	}
}

// drop forgets the first n lines.
func (h *hunks) drop(n int) {
	for _, l := range h.hunk[:n] {
		h.count(l)
	}
	h.hunk = h.hunk[:copy(h.hunk, h.hunk[n:])]
	h.open, h.trailing = false, len(h.hunk)
}

func (h *hunks) count(l diffLine) {
	if l.op != diffmatchpatch.DiffInsert {
		h.before++
	}
	if l.op != diffmatchpatch.DiffDelete {
		h.after++
	}
	if strings.HasPrefix(l.text, databaseField) {
		h.database = l.text
	}
}
