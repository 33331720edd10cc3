// Package text prints a report as a reviewer reads it in a terminal or a log.
package text

import (
	"io"
	"strings"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
)

// Write prints a document; after an apply the results follow the plan. The only
// errors are those of w.
func Write(w io.Writer, d report.Document, s layout.Style) error {
	if err := Plan(w, d, s); err != nil {
		return err
	}
	r, ok := d.(report.Report)
	if !ok || !r.Applied {
		return nil
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	return results(w, r, s, false)
}

// Plan prints what has changed outside aliasctl, the steps in the order in
// which they run, what stands in the way, the proof, and one line to search
// for. The only errors are those of w.
func Plan(w io.Writer, d report.Document, s layout.Style) error {
	p := d.Page()
	t := newText(w, s, p)
	if p.Lines != nil {
		t.Lines(p.Lines)
		return t.Flush()
	}
	t.header(p.Head)
	for s := range p.Sections(report.Drifted, report.Steps, report.Groups, report.Checks, report.Conflicts, report.Refusals, report.Notes) {
		switch s.Kind {
		case report.Steps:
			t.steps(s.Table)
		case report.Checks:
			t.WriteByte('\n')
			t.checks(s)
		case report.Drifted:
			t.Heading(s.Title + ":")
			t.drifted(s.Table)
		default:
			t.Heading(s.Title + ":")
			t.list(s)
		}
	}
	t.WriteByte('\n')
	if p.Head.Nothing != "" {
		t.Record(2, t.Good, p.Head.Nothing)
	}
	t.Verdict(p.Head)
	return t.Flush()
}

// Results prints what became of each step of an apply, with the reason of each
// that failed or whose outcome is unknown, and one line of counts. The numbers
// are those of the plan. The only errors are those of w.
func Results(w io.Writer, r report.Report, s layout.Style) error {
	return results(w, r, s, r.Rechecked)
}

// results prints them, perhaps behind the checks that were made meanwhile.
func results(w io.Writer, r report.Report, s layout.Style, checks bool) error {
	r.Applied = true
	p := r.Page()
	t := newText(w, s, p)
	if checks {
		for s := range p.Sections(report.Checks, report.Refusals) {
			if s.Kind == report.Checks {
				t.checks(s)
				continue
			}
			t.Heading(s.Title + ":")
			t.list(s)
		}
		t.WriteByte('\n')
	}
	for s := range p.Sections(report.Results) {
		t.Line(t.Title, s.Title+":")
		t.results(s.Table)
	}
	first := true
	for s := range p.Sections(report.Failed, report.Switched) {
		if first {
			t.Heading(s.Title + ":")
			first = false
		}
		t.list(s)
	}
	if !first {
		t.WriteByte('\n')
	}
	t.Record(9, t.Title, p.Head.Applied)
	return t.Flush()
}

// text is one document being printed.
type text struct {
	Page
	names int // columns for the names that stand below one another
	words []layout.Word
}

func newText(w io.Writer, s layout.Style, p *report.Page) *text {
	return &text{Page: NewPage(w, s), names: p.Head.NameColumn}
}

func (t *text) header(h report.Head) {
	if h.Offline != "" {
		t.WriteString(h.Offline + "\n")
	}
	if h.Cluster.Label != "" || h.Cluster.URI != "" {
		words := []layout.Word{{Text: "Cluster"}}
		if h.Cluster.Label != "" {
			words = append(words, layout.Word{Text: h.Cluster.Label, Ink: t.Title})
		}
		t.Row(2, append(words, layout.Word{Text: h.Cluster.URI})...)
	}
	if len(h.Flags) > 0 {
		t.Row(2, append([]layout.Word{{Text: "Flags"}}, fields(strings.Join(h.Flags, " "), t.Title)...)...)
	}
	words := []layout.Word{{Text: strings.ToUpper(h.State[:1]) + h.State[1:]}}
	if h.StatePath != "" {
		words = append(words, layout.Word{Text: h.At}, layout.Word{Text: h.StatePath})
	}
	t.Row(2, words...)
}

// problemHead begins what stands in the way.
const problemHead = "  x"

// list prints the entries of a section.
func (t *text) list(s report.Section) {
	head := map[report.Kind]layout.Word{
		report.Conflicts: {Text: problemHead, Ink: t.Bad}, report.Refusals: {Text: problemHead, Ink: t.Bad}, report.Notes: {Text: "  -"},
	}[s.Kind]
	for _, l := range s.Lists {
		for item := range l.Items {
			words := t.line(item.Line)
			if head.Text != "" {
				words = append([]layout.Word{head}, words...)
			} else {
				words[0].Text = "  " + words[0].Text
			}
			t.Row(4, words...)
			if head.Text == problemHead {
				t.problem(item)
			}
			t.members(item.Members)
		}
	}
}

// problem prints what stands in the way, and the ways out.
func (t *text) problem(item report.Item) {
	t.Prose("    ", item.Reason)
	var facts []string
	for _, f := range item.Facts {
		facts = append(facts, f.Label+" "+f.Value.Text)
	}
	if facts != nil {
		t.Prose("    ", strings.Join(facts, ", "))
	}
	for i, way := range item.WaysOut {
		head := "    way out: "
		if i > 0 {
			head = "         or: "
		}
		t.Prose(head, way)
	}
}

// members prints where each member of a cutover stands.
func (t *text) members(members []report.Item) {
	for _, m := range members {
		words := make([]layout.Word, len(m.Line))
		for i, s := range m.Line {
			words[i] = layout.Word{Text: s.Text}
			if s.Role == report.Plain {
				words[i].Text = strings.Trim(s.Text, ": ")
			}
		}
		words[0] = layout.Word{Text: "    " + words[0].Text, Pad: 4 + t.names + 1}
		t.Row(6, words...)
	}
}

// line is a line in words: names are whole, an ending breaks between its
// commas, and what follows without a blank belongs to the word before.
func (t *text) line(spans []report.Span) []layout.Word {
	var words []layout.Word
	for i, s := range spans {
		var next []layout.Word
		switch s.Role {
		case report.Lead, report.Subject, report.Strong:
			next = []layout.Word{{Text: s.Text, Ink: t.Title}}
		case report.Name, report.Missing:
			next = []layout.Word{{Text: s.Text}}
		case report.Class:
			next = []layout.Word{{Text: "(" + s.Text + ")", Ink: t.Faint}}
		case report.Ending:
			next = listed(strings.Split(s.Text, ", "), "", "", t.ink(s.Tone))
		default:
			next = fields(s.Text, layout.Paint{})
			if i > 0 && len(next) > 0 && !strings.HasPrefix(s.Text, " ") && s.Role == report.Plain {
				words[len(words)-1].Text += next[0].Text
				next = next[1:]
			}
		}
		words = append(words, next...)
	}
	return words
}

// ink is the colour of a tone.
func (p Page) ink(tone report.Tone) layout.Paint {
	switch tone {
	case report.Good:
		return p.Good
	case report.Bad:
		return p.Bad
	case report.Change, report.Loss:
		return p.Change
	case report.Grave:
		return p.Destroy
	case report.Faint:
		return p.Faint
	}
	return layout.Paint{}
}

// fields are the words of a text.
func fields(text string, ink layout.Paint) []layout.Word {
	var words []layout.Word
	for s := range strings.FieldsSeq(text) {
		words = append(words, layout.Word{Text: s, Ink: ink})
	}
	return words
}

// listed is a list, in which only the commas break.
func listed(texts []string, open, close string, ink layout.Paint) []layout.Word {
	words := make([]layout.Word, len(texts))
	for i, text := range texts {
		if i == 0 {
			text = open + text
		}
		if i < len(texts)-1 {
			text += ","
		} else {
			text += close
		}
		words[i] = layout.Word{Text: text, Ink: ink}
	}
	return words
}
