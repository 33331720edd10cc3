package text

import (
	"io"
	"iter"
	"strings"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
)

// Page is a text being written, with the parts that a diff has, too.
type Page struct{ *layout.Page }

// NewPage writes to w.
func NewPage(w io.Writer, s layout.Style) Page { return Page{layout.NewPage(w, s)} }

// Lines prints each line in the form that it has.
func (p Page) Lines(lines iter.Seq[report.Line]) {
	for l := range lines {
		switch l.Form {
		case report.Whole:
			p.Line(p.ink(l.Tone), l.Text)
		case report.Record:
			p.Record(2, p.ink(l.Tone), l.Text)
		case report.Wrapped:
			p.Prose(l.Head, l.Text)
		}
	}
}

// Verdict prints the proof in one line, with its problems below, and the counts.
func (p Page) Verdict(h report.Head) {
	ink := p.Good
	if !h.Proved {
		ink = p.Bad
	}
	p.Record(2, ink, h.Proof+safetext.Line(h.Gaps))
	for _, problem := range h.Problems {
		p.Prose("  x ", problem)
	}
	if digest := string(h.Origin.Digest); digest != "" {
		p.Record(2, layout.Paint{}, "digest: "+digest)
	}
	// The counts break after the changes, where they have to.
	if changes, rest, cut := strings.Cut(h.Counts, "; "); cut && !p.Fits(h.Counts) {
		p.Record(6, p.Title, changes+";")
		p.Line(p.Title, "      "+rest)
	} else {
		p.Line(p.Title, h.Counts)
	}
	if h.Released != "" {
		p.WriteString(h.Released + "\n")
	}
	if h.StateOnly != "" {
		p.WriteString(h.StateOnly + "\n")
	}
}
