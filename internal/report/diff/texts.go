package diff

import (
	"io"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"

	"aliasctl/internal/layout"
	"aliasctl/internal/report/text"
	"aliasctl/internal/safetext"
)

// Texts prints how one text becomes another as a unified diff: for files that
// people write. The lines are made safe to show; the only errors are those of w.
func Texts(w io.Writer, name, before, after string, s layout.Style) error {
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0
	name = safetext.Line(name)
	h := &hunks{Page: text.NewPage(w, s), dmp: dmp, from: name, to: name}
	a, b, lines := dmp.DiffLinesToRunes(shown(before), shown(after))
	for _, d := range dmp.DiffCharsToLines(dmp.DiffMainRunes(a, b, false), lines) {
		h.feed(d.Type, d.Text)
	}
	h.close()
	return h.Flush()
}

// shown is a text of safe lines that all end.
func shown(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(safetext.Line(strings.TrimRight(line, "\r\n")))
		b.WriteByte('\n')
	}
	return b.String()
}
