// Package layout puts words into lines of a width: with colours for a reader at
// a terminal, whole for one who searches. It knows nothing of what they mean.
package layout

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"aliasctl/internal/safetext"
)

// Style is how text is laid out. The caller knows the terminal; nothing here
// looks at the environment.
type Style struct {
	Color bool
	Width int // in columns; 0 means 80
}

// Page writes the lines of a text. Its errors stick in the bufio.Writer and
// come out of Flush.
type Page struct {
	*bufio.Writer
	Palette
	Width int
	fits  bool // the caller has a width: no line stays whole for the sake of a search
}

// NewPage writes to w.
func NewPage(w io.Writer, s Style) *Page {
	width := s.Width
	if width <= 0 {
		width = 80
	}
	return &Page{Writer: bufio.NewWriterSize(w, 64<<10), Palette: newPalette(s.Color), Width: width, fits: s.Width > 0}
}

// Word is a piece of a row that is never broken: a name must stay one word, so
// that it can be copied and searched for.
type Word struct {
	Text string
	Ink  Paint
	Pad  int // columns that it takes at least, when another word follows
}

// Put writes text in one colour.
func (p *Page) Put(ink Paint, text ...string) {
	p.WriteString(ink.before)
	for _, s := range text {
		p.WriteString(s)
	}
	p.WriteString(ink.after)
}

// Line writes one whole line in one colour.
func (p *Page) Line(ink Paint, text ...string) {
	p.Put(ink, text...)
	p.WriteByte('\n')
}

// Fits reports that a record can stay whole: the caller has set no width, or text
// is no wider.
func (p *Page) Fits(text string) bool { return !p.fits || utf8.RuneCountInString(text) <= p.Width }

// Record writes a line that scripts read: whole, but for a reader whose width is
// known. What does not fit there goes below, at the given indent.
func (p *Page) Record(indent int, ink Paint, text string) {
	if p.Fits(text) {
		p.Line(ink, text)
		return
	}
	var words []Word
	for s := range strings.FieldsSeq(text) {
		words = append(words, Word{Text: s, Ink: ink})
	}
	p.Row(indent, words...)
}

// Row writes words with a blank between them. A word that no longer fits goes
// on a line of its own below, at the given indent; one that fits on no line and is
// a phrase, not a sign with a name, is broken between its blanks.
func (p *Page) Row(indent int, words ...Word) {
	column, blanks := 0, 0
	words = p.broken(indent, words)
	for i, w := range words {
		text := safetext.Line(w.Text)
		if text == "" && w.Pad == 0 {
			continue
		}
		n := utf8.RuneCountInString(text)
		if i > 0 && column+blanks+n > p.Width && column > indent {
			p.WriteByte('\n')
			column, blanks = 0, indent
		}
		p.Blanks(blanks)
		p.Put(w.Ink, text)
		column += blanks + n
		blanks = max(w.Pad-n, 0) + 1
	}
	p.WriteByte('\n')
}

func (p *Page) broken(indent int, words []Word) []Word {
	long := func(w Word) bool {
		return len(w.Text) > p.Width-indent && strings.Count(w.Text, " ") > 2 && utf8.RuneCountInString(safetext.Line(w.Text)) > p.Width-indent
	}
	if len(words) < 2 || !slices.ContainsFunc(words[1:], long) {
		return words
	}
	parts := words[:1:1]
	for _, w := range words[1:] {
		if !long(w) {
			parts = append(parts, w)
			continue
		}
		for _, part := range strings.Fields(safetext.Line(w.Text)) {
			parts = append(parts, Word{Text: part, Ink: w.Ink})
		}
	}
	return parts
}

// Prose writes text wrapped as Wrap does, the first line after head, the others
// below it.
func (p *Page) Prose(head, text string) {
	indent := utf8.RuneCountInString(head)
	row := []Word{{Text: strings.TrimSuffix(head, " ")}} // which Row adds
	for s := range words(text, p.Width-indent) {
		row = append(row, Word{Text: s})
	}
	p.Row(indent, row...)
}

// Blanks writes n of them.
func (p *Page) Blanks(n int) {
	const some = "                                "
	for ; n > len(some); n -= len(some) {
		p.WriteString(some)
	}
	p.WriteString(some[:n])
}

// Heading writes the title of a block after an empty line.
func (p *Page) Heading(title string) {
	p.WriteByte('\n')
	p.Line(p.Title, title)
}
