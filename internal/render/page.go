package render

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"
)

// page writes the lines of a text. Its errors stick in the bufio.Writer and
// come out of Flush.
type page struct {
	*bufio.Writer
	palette
	width int
	fits  bool // the caller has a width: no line stays whole for the sake of a search
}

func newPage(w io.Writer, s Style) *page {
	width := s.Width
	if width <= 0 {
		width = 80
	}
	return &page{Writer: bufio.NewWriterSize(w, 64<<10), palette: newPalette(s.Color), width: width, fits: s.Width > 0}
}

// word is a piece of a row that is never broken: a name must stay one word, so
// that it can be copied and searched for.
type word struct {
	text string
	ink  paint
	pad  int // columns that it takes at least, when another word follows
}

// put writes text in one colour.
func (p *page) put(ink paint, text ...string) {
	p.WriteString(ink.before)
	for _, s := range text {
		p.WriteString(s)
	}
	p.WriteString(ink.after)
}

// line writes one whole line in one colour.
func (p *page) line(ink paint, text ...string) {
	p.put(ink, text...)
	p.WriteByte('\n')
}

// recorded writes a line that scripts read: whole, but for a reader whose width is
// known. What does not fit there goes below, at the given indent.
func (p *page) recorded(indent int, ink paint, text string) {
	if !p.fits || utf8.RuneCountInString(text) <= p.width {
		p.line(ink, text)
		return
	}
	var words []word
	for _, s := range strings.Fields(text) {
		words = append(words, word{text: s, ink: ink})
	}
	p.row(indent, words...)
}

// row writes words with a blank between them. A word that no longer fits goes
// on a line of its own below, at the given indent.
func (p *page) row(indent int, words ...word) {
	column, blanks := 0, 0
	for i, w := range words {
		text := Clean(w.text)
		if text == "" && w.pad == 0 {
			continue
		}
		n := utf8.RuneCountInString(text)
		if i > 0 && column+blanks+n > p.width && column > indent {
			p.WriteByte('\n')
			column, blanks = 0, indent
		}
		p.blanks(blanks)
		p.put(w.ink, text)
		column += blanks + n
		blanks = max(w.pad-n, 0) + 1
	}
	p.WriteByte('\n')
}

// prose writes text wrapped between blanks, the first line after head, the
// others below it.
func (p *page) prose(head, text string) {
	indent := utf8.RuneCountInString(head)
	words := []word{{text: head}}
	// head ends in the blank that row would add.
	words[0].text = strings.TrimSuffix(head, " ")
	for _, s := range strings.Fields(text) {
		words = append(words, word{text: s})
	}
	p.row(indent, words...)
}

func (p *page) blanks(n int) {
	const some = "                                "
	for ; n > len(some); n -= len(some) {
		p.WriteString(some)
	}
	p.WriteString(some[:n])
}

// heading writes the title of a block after an empty line.
func (p *page) heading(title string) {
	p.WriteByte('\n')
	p.line(p.title, title)
}
