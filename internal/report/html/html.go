// Package html prints a report as one file that needs nothing else: no
// network, no script. It is for a browser of any width, light or dark, and for
// paper.
package html

import (
	"cmp"
	_ "embed" // for the style sheet
	"io"
	"strconv"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
)

//go:embed report.css
var styleSheet string

// Write prints the verdict, what a reviewer must not miss, the tables, and the
// proof. A plan of any size is written as it goes. The only errors are those
// of w.
func Write(w io.Writer, d report.Document) error {
	doc := d.Page()
	p := newPage(w)
	p.head(doc.Head)
	p.verdict(doc.Head)
	then := []report.Kind{report.Groups, report.Steps}
	if doc.Head.Applied != "" {
		then = []report.Kind{report.Switched, report.Results}
	}
	kinds := append([]report.Kind{report.Problems, report.Failed, report.Failures, report.Conflicts, report.Refusals, report.Losses,
		report.Drifted, report.Changed, report.Left, report.Checks, report.Golden, report.Graph}, then...)
	for s := range doc.Sections(append(kinds, report.Notes, report.Proof, report.Unverified, report.Unmanaged, report.Causes)...) {
		p.section(s)
	}
	p.WriteString("</main>\n</body>\n</html>\n")
	return p.Flush()
}

// head forbids the page to load anything, whatever it may hold. The empty icon
// keeps a browser from asking for one.
func (p *page) head(h report.Head) {
	title, description := "aliasctl: "+h.Verdict, cmp.Or(h.Counts, h.Cause, sentence(h.Verdict))
	if h.Cluster.Label != "" {
		title += " (" + h.Cluster.Label + ")"
	}
	p.WriteString(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
`)
	p.say("<meta name=\"description\" content=\"%s\">\n<title>%s</title>\n", description, title)
	p.WriteString("<style>\n" + styleSheet + "</style>\n</head>\n<body>\n<main>\n")
}

// verdict is the first card of a page.
func (p *page) verdict(h report.Head) {
	p.say("<header class=\"card verdict %s\">\n<p class=\"program\">%s</p>\n<h1>%s</h1>\n", string(h.Tone), h.Program, sentence(h.Verdict))
	p.paragraphs(h.Applied, sentence(h.Offline), h.Next, h.Cause)
	if h.Hint != "" {
		p.paragraphs("Hint: " + h.Hint)
	}
	p.WriteString("<dl class=\"facts\">\n")
	for _, f := range h.Run {
		if f.Value.Role == report.Name { // to be copied and compared
			p.say("<dt>%s</dt><dd><span class=\"name\">%s</span></dd>\n", sentence(f.Label), f.Value.Text)
			continue
		}
		p.fact(sentence(f.Label), f.Value.Text)
	}
	if h.Cause == "" {
		p.facts(h)
	}
	p.WriteString("</dl>\n</header>\n")
	if h.Tallies == nil {
		return
	}
	p.WriteString("<ul class=\"counts\">\n")
	for _, t := range h.Tallies {
		if t.N == 0 && t.Rare {
			continue
		}
		class := t.Kind
		if t.N > 0 {
			class += " some"
		}
		p.say("<li class=\"%s\"><b>%s</b> %s</li>\n", class, strconv.Itoa(t.N), t.What)
	}
	p.WriteString("</ul>\n")
}

// facts are what was compared, and how the comparison came out.
func (p *page) facts(h report.Head) {
	if h.Cluster.Label != "" || h.Cluster.URI != "" {
		p.WriteString("<dt>Cluster</dt><dd>")
		if h.Cluster.Label != "" {
			p.say("<strong>%s</strong> ", h.Cluster.Label)
		}
		p.say("<span class=\"name\">%s</span></dd>\n", h.Cluster.URI)
	}
	p.say("<dt>State</dt><dd>%s", strings.TrimPrefix(h.State, "state "))
	if h.StatePath != "" {
		p.say(" %s <span class=\"name\">%s</span>", h.At, h.StatePath)
	}
	p.WriteString("</dd>\n")
	if len(h.Flags) > 0 {
		p.WriteString("<dt>Flags</dt><dd>")
		for _, flag := range h.Flags {
			p.say("<span class=\"name\">%s</span> ", flag)
		}
		p.WriteString("</dd>\n")
	}
	p.fact("Proof", strings.TrimPrefix(h.Proof, "proof: "))
	p.fact("The manifest wants", h.Wants)
	p.fact("Lock", h.Holder)
	if h.Unmanaged > 0 {
		p.fact("Not managed", quantity.Of(h.Unmanaged, "alias"))
	}
}

// paragraphs prints each sentence that is one.
func (p *page) paragraphs(sentences ...string) {
	for _, s := range sentences {
		if s != "" {
			p.WriteString("<p>")
			p.prose(s)
			p.WriteString("</p>\n")
		}
	}
}

func (p *page) fact(label, value string) {
	if value != "" {
		p.say("<dt>%s</dt><dd>%s</dd>\n", label, value)
	}
}

// sentence begins with a capital letter, as a heading does.
func sentence(s string) string { return strings.ToUpper(s[:min(len(s), 1)]) + s[min(len(s), 1):] }

// cards are the sections whose entries are cards of their own.
var cards = map[report.Kind]bool{report.Failures: true, report.Conflicts: true, report.Refusals: true, report.Failed: true, report.Switched: true}

func (p *page) section(s report.Section) {
	if s.Kind == report.Unmanaged && s.Lists == nil {
		return // the head has the count
	}
	class := ""
	if s.Tone == report.Bad || s.Tone == report.Loss {
		class = " alert " + string(s.Tone)
	}
	p.say("<section class=\"card%s\">\n<h2>%s</h2>\n", class, s.Title)
	switch s.Kind {
	case report.Problems, report.Proof:
		p.say("<p>%s</p>\n", sentence(s.Intro))
	}
	if s.Remark != "" {
		p.say("<p class=\"faint\">%s</p>\n", s.Remark)
	}
	p.lists(s)
	switch {
	case s.Table != nil:
		p.table(s.Table)
	case s.Bars != nil:
		p.bars(s.Bars)
	case s.Graph != nil:
		p.graph(s.Graph)
	}
	p.WriteString("</section>\n")
}

// lists prints the lists of a section as one.
func (p *page) lists(s report.Section) {
	open, class := "<ul class=\"%s\">\n", "plain"
	switch {
	case cards[s.Kind]:
		class = "list"
	case s.Kind == report.Unmanaged, s.Kind == report.Unverified, s.Kind == report.Causes:
		open, class = "<ul>\n", ""
	}
	if len(s.Lists) == 0 || s.Kind != report.Losses && s.Lists[0].N == 0 {
		return
	}
	if s.Kind == report.Proof {
		p.say("<h3>%s</h3>\n", s.Lists[0].Title)
	}
	p.say(open, class)
	for _, l := range s.Lists {
		if l.N == 0 { // its title is all there is
			p.say("<li>%s</li>\n", l.Title)
			continue
		}
		left := l.N
		for item := range l.Items {
			switch {
			case s.Kind == report.Losses:
				p.say("<li>%s ", l.Noun)
			case len(item.Line) == 1 && item.Line[0].Role == report.Name:
				p.say("<li class=\"name\">%s</li>\n", item.Line[0].Text)
				left--
				continue
			case s.Kind == report.Failures:
				item.Line[0].Text = sentence(item.Line[0].Text)
				fallthrough
			default:
				p.WriteString("<li>")
			}
			p.line(item.Line)
			if cards[s.Kind] {
				p.WriteByte('\n')
				p.below(item)
			}
			p.WriteString("</li>\n")
			left--
		}
		if left > 0 {
			p.say("<li>and %s more, left out here</li>\n", quantity.Of(left, l.Noun))
		}
	}
	p.WriteString("</ul>\n")
}

// below prints what stands below the line of an entry.
func (p *page) below(item report.Item) {
	p.paragraphs(item.Reason, item.Note)
	if item.Facts != nil {
		p.WriteString("<dl class=\"facts\">")
		for _, f := range item.Facts {
			p.say("<dt>%s</dt><dd class=\"name\">%s</dd>", f.Label, f.Value.Text)
		}
		p.WriteString("</dl>\n")
	}
	if n := len(item.WaysOut); n > 0 {
		p.say("<p class=\"ways-title\"><strong>%s out</strong></p>\n<ul class=\"ways\">\n", quantity.Noun(n, "Way"))
		for _, way := range item.WaysOut {
			p.WriteString("<li>")
			p.prose(way)
			p.WriteString("</li>\n")
		}
		p.WriteString("</ul>\n")
	}
	if item.Members != nil {
		p.WriteString("<ul class=\"plain\">\n")
		for _, m := range item.Members {
			p.WriteString("<li>")
			p.line(m.Line)
			p.WriteString("</li>\n")
		}
		p.WriteString("</ul>\n")
	}
}

func (p *page) line(spans []report.Span) {
	for _, s := range spans {
		switch s.Role {
		case report.Lead, report.Subject:
			p.say("<strong class=\"name\">%s</strong>", s.Text)
		case report.Name, report.Missing:
			p.say("<span class=\"name\">%s</span>", s.Text)
		case report.Class:
			p.say("<span class=\"kind\">%s</span>", s.Text)
		case report.Strong:
			p.say("<strong>%s</strong>", s.Text)
		case report.Prose:
			p.prose(s.Text)
		default:
			p.text(s.Text)
		}
	}
}
