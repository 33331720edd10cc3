// Package diff prints what a report changes as a unified diff.
package diff

import (
	"io"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/text"
	"aliasctl/internal/safetext"
)

// Write prints a unified diff of the bindings as canonical YAML. Above it
// stand, as text that patch programs skip, what would stop an apply, the proof
// and the line of counts. The only errors are those of w.
func Write(w io.Writer, d report.Document, s layout.Style) error {
	doc := d.Page()
	p := text.NewPage(w, s)
	if doc.Head.Offline != "" {
		p.WriteString(doc.Head.Offline + "\n")
	}
	for _, flag := range doc.Head.Flags {
		p.Line(p.Title, "flag: "+safetext.Line(flag))
	}
	p.Lines(doc.Preamble)
	if doc.Head.Proof != "" {
		p.Verdict(doc.Head)
	}
	compare(p, doc.Before, doc.After)
	return p.Flush()
}

// compare writes the hunks in which the two sides differ, if they do.
func compare(p text.Page, before, after report.Side) {
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // the default gives another diff on a slow machine
	h := &hunks{Page: p, dmp: dmp, from: before.Name, to: after.Name}
	canonical(side(before), side(after), func(before, after string) {
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

// contextLines is how many unchanged lines stand around a change.
const contextLines = 3

// hunks gathers the lines of a diff, in order, into hunks and writes each one
// as soon as it is complete: its header has to name its length.
type hunks struct {
	text.Page
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
