package diff

import (
	"fmt"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"

	"aliasctl/internal/layout"
)

// write writes the first n gathered lines as a hunk.
func (h *hunks) write(n int) {
	if !h.started {
		h.started = true
		h.Line(h.Title, "--- "+h.from)
		h.Line(h.Title, "+++ "+h.to)
	}
	lines := h.hunk[:n]
	var before, after int
	for _, l := range lines {
		if l.op != diffmatchpatch.DiffInsert {
			before++
		}
		if l.op != diffmatchpatch.DiffDelete {
			after++
		}
	}
	header := fmt.Sprintf("@@ -%s +%s @@", span(h.before, before), span(h.after, after))
	h.Put(h.Info, header)
	if h.database != "" {
		h.WriteString(" " + h.database)
	}
	h.WriteByte('\n')
	for len(lines) > 0 {
		lines = lines[h.run(lines):]
	}
}

// span is the place of a hunk in one of the texts. An empty one names the line
// that it follows, as diff(1) does.
func span(ahead, length int) string {
	if length > 0 {
		ahead++
	}
	return fmt.Sprintf("%d,%d", ahead, length)
}

// run writes the lines up to where another kind of change begins, and returns
// how many: either one unchanged line, or removed lines with the added ones
// that follow them.
func (h *hunks) run(lines []diffLine) int {
	if lines[0].op == diffmatchpatch.DiffEqual {
		h.Line(layout.Paint{}, " ", lines[0].text)
		return 1
	}
	removed := leading(lines, diffmatchpatch.DiffDelete)
	added := leading(lines[removed:], diffmatchpatch.DiffInsert)
	n := removed + added
	if h.Remove == (layout.Paint{}) || removed == 0 || added == 0 {
		for _, l := range lines[:removed] {
			h.Line(h.Remove, "-", l.text)
		}
		for _, l := range lines[removed:n] {
			h.Line(h.Add, "+", l.text)
		}
		return n
	}
	then := make(map[string]string, added)
	for _, l := range lines[removed:n] {
		then[yamlKey(l.text)] = l.text
	}
	was := make(map[string]string, removed)
	for _, l := range lines[:removed] {
		was[yamlKey(l.text)] = l.text
		h.markedLine("-", l.text, then, diffmatchpatch.DiffDelete, h.Remove, h.RemoveMark)
	}
	for _, l := range lines[removed:n] {
		h.markedLine("+", l.text, was, diffmatchpatch.DiffInsert, h.Add, h.AddMark)
	}
	return n
}

func leading(lines []diffLine, op diffmatchpatch.Operation) int {
	n := 0
	for n < len(lines) && lines[n].op == op {
		n++
	}
	return n
}

// markedLine writes one line of a changed pair. Its other half is found by the
// key; what only this half has (mine) is marked.
func (h *hunks) markedLine(sign, text string, others map[string]string, mine diffmatchpatch.Operation, ink, mark layout.Paint) {
	key := yamlKey(text)
	other, ok := others[key]
	if !ok {
		h.Line(ink, sign, text)
		return
	}
	from, to := text[len(key):], other[len(key):]
	if mine == diffmatchpatch.DiffInsert {
		from, to = to, from
	}
	h.Put(ink, sign+key)
	parts := h.dmp.DiffCleanupSemantic(h.dmp.DiffMain(from, to, false))
	for _, part := range parts {
		switch part.Type {
		case diffmatchpatch.DiffEqual:
			h.Put(ink, part.Text)
		case mine:
			h.Put(mark, part.Text)
		}
	}
	h.WriteByte('\n')
}

// yamlKey is the part of a line up to its value.
func yamlKey(line string) string {
	if i := strings.Index(line, ": "); i >= 0 {
		return line[:i+len(": ")]
	}
	return line
}
