package html

import (
	"bufio"
	"io"
	"strings"

	"aliasctl/internal/safetext"
)

// page writes HTML. Nothing foreign gets into it but through say or text,
// which escape. Its errors stick in the bufio.Writer and come out of Flush.
type page struct{ *bufio.Writer }

func newPage(w io.Writer) *page { return &page{bufio.NewWriterSize(w, 64<<10)} }

// say writes a piece of HTML with a text at each %s of it, be that in an
// element or in a quoted attribute. (Without fmt, which would take most of the
// time of a large report.)
func (p *page) say(format string, texts ...string) {
	for _, text := range texts {
		before, after, _ := strings.Cut(format, "%s")
		p.WriteString(before)
		p.text(text)
		format = after
	}
	p.WriteString(format)
}

// escapes is for text in elements and in quoted attributes.
var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

func (p *page) text(s string) {
	s = safetext.Line(s)
	if strings.ContainsAny(s, `&<>"'`) {
		escapes.WriteString(p, s)
		return
	}
	p.WriteString(s)
}

// prose writes a sentence; what stands between backticks in it is code.
func (p *page) prose(s string) {
	parts := strings.Split(s, "`")
	if len(parts)%2 == 0 { // not in pairs
		p.text(s)
		return
	}
	for i, part := range parts {
		if i%2 == 1 {
			p.say("<code>%s</code>", part)
		} else {
			p.text(part)
		}
	}
}
