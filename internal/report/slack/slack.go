// Package slack writes the summary of a report as a message of Slack, for an incoming
// webhook: `curl --json @message.json "$WEBHOOK"`.
package slack

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"

	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
)

// What Slack takes (api.slack.com/reference/block-kit/blocks): a message that is over
// one of these is refused as a whole.
const (
	mostBlocks = 50
	mostHeader = 150
	mostText   = 3000
)

// message is the body of a call of a webhook.
type message struct {
	Text   string  `json:"text"` // what a notification shows
	Blocks []block `json:"blocks"`
}

type block struct {
	Type     string `json:"type"`
	Text     *text  `json:"text,omitempty"`
	Elements []text `json:"elements,omitempty"`
}

// text is plain_text or mrkdwn. Verbatim keeps Slack from making links and mentions of
// what looks like one.
type text struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim,omitempty"`
}

// Write writes the verdict, the counts, what a reader must not miss, the first steps,
// and where the run was. What does not fit is counted. The only errors are those of w.
func Write(w io.Writer, d report.Document) error {
	p := d.Page()
	title := "aliasctl"
	if label := p.Head.Cluster.Label; label != "" {
		title += " " + safetext.Line(label)
	}
	title += ": " + safetext.Line(p.Head.Verdict)
	m := message{Text: escaped(cut(title, mostText)), Blocks: []block{
		{Type: "header", Text: &text{Type: "plain_text", Text: cut(title, mostHeader)}},
	}}
	m.section(lead(p.Head))
	steps := report.Steps
	if p.Head.Applied != "" {
		steps = report.Results
	}
	for s := range p.Sections(report.Problems, report.Conflicts, report.Refusals, report.Causes, report.Checks, report.Failed, report.Failures,
		report.Losses, report.Drifted, report.Changed, report.Left, report.Unverified, steps) {
		m.section(section(s))
	}
	if facts := facts(p.Head); facts != "" {
		m.add(block{Type: "context", Elements: []text{mrkdwn(facts)}})
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(m); err != nil {
		return err
	}
	_, err := w.Write(append(safetext.JSON(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), '\n'))
	return err
}

func (m *message) add(b block) {
	if len(m.Blocks) < mostBlocks {
		m.Blocks = append(m.Blocks, b)
	}
}

func (m *message) section(s string) {
	if s != "" {
		t := mrkdwn(s)
		m.add(block{Type: "section", Text: &t})
	}
}

func mrkdwn(s string) text { return text{Type: "mrkdwn", Text: s, Verbatim: true} }

// lead is what stands below the verdict.
func lead(h report.Head) string {
	var lines []string
	add := func(before, line string) {
		if line != "" {
			lines = append(lines, before+line)
		}
	}
	add("", prose(h.Offline))
	if h.Counts != "" {
		add("", "*"+h.Counts+"*")
	}
	add("", h.Released)
	add("", h.StateOnly)
	add("The manifest wants: ", h.Wants)
	add("", h.Applied)
	add("", h.Proof)
	add("", prose(h.Cause))
	add("Hint: ", prose(h.Hint))
	add("", prose(h.Holder))
	add("", prose(h.Next))
	return fit("", lines, 0, "line")
}

// section is one of a report: its title, and as many entries as fit.
func section(s report.Section) string {
	var lines []string
	noun, n := "entry", 0
	room := mostText
	take := func(line string) bool { // no more is made than could be shown
		lines = append(lines, "• "+line)
		room -= len(line)
		return room > 0
	}
	for _, l := range s.Lists {
		noun = l.Noun
		if n += l.N; room <= 0 || l.N == 0 {
			continue
		}
		for item := range l.Items {
			if !take(entry(item)) {
				break
			}
		}
	}
	if t := s.Table; t != nil {
		noun, n = t.Noun, t.N
		rows := t.Rows
		if t.Ranked != nil {
			rows = t.Ranked
		}
		for row := range rows {
			if !take(rowLine(t, row)) {
				break
			}
		}
	}
	if lines == nil && s.Intro == "" {
		return ""
	}
	return fit("*"+prose(s.Title)+"*", lines, n, noun)
}

// fit joins lines below a title, and counts those of n entries that do not fit.
func fit(title string, lines []string, n int, noun string) string {
	const rest = 80 // for the line that counts
	var b strings.Builder
	b.WriteString(title)
	for i, line := range lines {
		line = cut(line, mostText/2)
		if utf8.RuneCountInString(b.String())+1+utf8.RuneCountInString(line) > mostText-rest {
			b.WriteString("\n_and " + quantity.Of(max(n, len(lines))-i, noun) + " more_")
			return strings.TrimPrefix(b.String(), "\n")
		}
		b.WriteString("\n" + line)
	}
	if n > len(lines) {
		b.WriteString("\n_and " + quantity.Of(n-len(lines), noun) + " more_")
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// entry is an item of a list with its reason.
func entry(item report.Item) string {
	var b strings.Builder
	for _, s := range item.Line {
		b.WriteString(span(s))
	}
	if item.Reason != "" {
		b.WriteString(": " + prose(item.Reason))
	}
	if item.Note != "" {
		b.WriteString("; " + prose(item.Note))
	}
	for i, way := range item.WaysOut {
		b.WriteString([2]string{"\n    way out: ", "\n    or: "}[min(i, 1)] + prose(way))
	}
	return b.String()
}

func span(s report.Span) string {
	switch s.Role {
	case report.Name, report.Subject, report.Lead:
		return code(s.Text)
	case report.Class:
		return " (" + prose(s.Text) + ")"
	case report.Strong:
		return prose(s.Text)
	case report.Plain:
		return escaped(safetext.Line(s.Text))
	}
	return prose(s.Text)
}

// rowLine is a row of a table on one line.
func rowLine(t *report.Table, row *report.Row) string {
	if s := row.Step; s != nil {
		line := s.Number + " " + s.Verb + " " + code(s.Name)
		for _, v := range []struct{ sign, name string }{{" ", s.From}, {" → ", s.To}} {
			if v.name != "" {
				line += v.sign + code(v.name)
			}
		}
		if s.Result != nil {
			line += ": " + escaped(safetext.Line(s.Result.Text))
		}
		return line
	}
	var cells []string
	for i, c := range row.Cells {
		if c.Text == "" {
			continue
		}
		value := prose(c.Text)
		if c.Role == report.Name {
			value = code(c.Text)
		}
		if i > 0 && i < len(t.Columns) {
			value = strings.ToLower(t.Columns[i].Head) + " " + value
		}
		cells = append(cells, strings.TrimSpace(value))
	}
	return strings.Join(cells, ", ")
}

// facts are where the run was.
func facts(h report.Head) string {
	var all []string
	if uri := h.Cluster.URI; uri != "" {
		all = append(all, "cluster "+code(uri))
	}
	for _, f := range h.Run {
		value := span(f.Value)
		if f.Label == "job" && strings.HasPrefix(f.Value.Text, "https://") && !strings.ContainsAny(f.Value.Text, "<>|`\\ ") {
			value = "<" + escaped(safetext.Line(f.Value.Text)) + ">"
		}
		all = append(all, f.Label+" "+value)
	}
	return cut(strings.Join(all, ", "), mostText)
}
