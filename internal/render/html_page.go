package render

import (
	"bufio"
	"io"
	"strings"
)

// htmlPage writes HTML. Nothing foreign gets into it but through say or text,
// which escape. Its errors stick in the bufio.Writer and come out of Flush.
type htmlPage struct {
	*bufio.Writer
	names
}

func newHTMLPage(w io.Writer, n names) *htmlPage {
	return &htmlPage{Writer: bufio.NewWriterSize(w, 64<<10), names: n}
}

// say writes a piece of HTML with a text at each %s of it, be that in an
// element or in a quoted attribute. (Without fmt, which would take most of the
// time of a large report.)
func (p *htmlPage) say(format string, texts ...string) {
	for _, text := range texts {
		before, after, _ := strings.Cut(format, "%s")
		p.WriteString(before)
		p.text(text)
		format = after
	}
	p.WriteString(format)
}

// htmlEscapes is for text in elements and in quoted attributes.
var htmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

func (p *htmlPage) text(s string) {
	s = Clean(s)
	if strings.ContainsAny(s, `&<>"'`) {
		htmlEscapes.WriteString(p, s)
		return
	}
	p.WriteString(s)
}

// prose writes a sentence; what stands between backticks in it is code.
func (p *htmlPage) prose(s string) {
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
