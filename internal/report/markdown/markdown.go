// Package markdown prints a report for a comment of a pull request or a job
// summary.
package markdown

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/url"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	"aliasctl/planner"
)

// maxMarkdown is the largest report in bytes, and so in characters. GitHub
// takes 65,536 characters in a comment; a pipeline may add a few of its own.
const maxMarkdown = 60_000

// Marker is the first line of a report, which a reader does not see: a pipeline
// finds the comment that begins with it and updates that one. It is the same
// for every report of its kind of one cluster label from the same manifests and
// state, or of one --marker.
func Marker(kind string, c planner.Cluster, o report.Origin) string {
	words := []string{kind}
	add := func(text string) {
		text = url.QueryEscape(text) // leaves neither ">" nor a blank
		if len(text) > maxMarked {
			text = fmt.Sprintf("%s-%x", text[:maxMarked-17], sha256.Sum256([]byte(text)))[:maxMarked]
		}
		words = append(words, text)
	}
	if c.Label != "" && !o.Marked {
		add(c.Label)
	}
	if len(o.Source) > 0 {
		add(strings.Join(o.Source, "\n"))
	}
	return "<!-- " + strings.Join(words, " ") + " -->"
}

// maxMarked is how much of a marker one text takes.
const maxMarked = 200

// form is how the sections of a kind are printed: below a heading when nothing
// else is asked for.
type form struct {
	room    int    // in bytes; of each list
	callout string // the kind of the box around it
	fold    bool   // away, what is there to be looked up
	bare    bool   // without a heading
	hint    string // where to find what is left out
}

const elsewhere = ": a report as text, JSON or HTML has them all"

// forms have the room of each part. Together they leave the steps some even
// when every part is full.
var forms = map[report.Kind]form{
	report.Problems:   {room: 2_000, callout: "CAUTION"},
	report.Conflicts:  {room: 6_500},
	report.Refusals:   {room: 3_000},
	report.Checks:     {room: 4_500},
	report.Failed:     {room: 1_500},
	report.Failures:   {room: 4_500, callout: "CAUTION"},
	report.Losses:     {room: 3_000, callout: "WARNING"},
	report.Drifted:    {room: 3_000},
	report.Switched:   {room: 1_500, bare: true},
	report.Groups:     {room: 1_500, bare: true},
	report.Notes:      {room: 3_000, fold: true},
	report.Proof:      {room: 1_500, fold: true},
	report.Changed:    {room: 45_000, hint: elsewhere},
	report.Left:       {room: 10_000, hint: elsewhere},
	report.Unverified: {room: 3_000},
	report.Unmanaged:  {room: 10_000, hint: elsewhere},
	report.Causes:     {room: maxMarkdown},
}

const (
	roomFlags  = 2_000
	roomPassed = 3_000
	roomGolden = 5_000
	roomGraph  = 4_500
)

// Write prints the verdict, then what a reviewer must not miss, the steps, and
// folded away what is there to be looked up. A report is never longer than
// 60,000 characters: lists are cut between their rows, and say how many are
// left out. The only errors are those of w.
func Write(w io.Writer, d report.Document) error {
	p := d.Page()
	m := &markdown{}
	m.head(p.Head)
	if p.Head.Cause != "" {
		m.failure(p)
	}
	for s := range p.Sections(report.Problems, report.Conflicts, report.Refusals, report.Checks, report.Failed,
		report.Failures, report.Losses, report.Drifted, report.Changed, report.Left) {
		m.section(s)
	}

	// The steps take what room the rest leaves. A further part belongs above,
	// where a reviewer must not miss it, or into the rest.
	rest := &markdown{}
	cutovers, steps := report.Groups, report.Steps
	if p.Head.Applied != "" {
		cutovers, steps = report.Switched, report.Results
	}
	for s := range p.Sections(cutovers) {
		rest.section(s)
	}
	for s := range p.Sections(report.Checks) {
		rest.passed(s.Table)
	}
	rest.golden(p)
	for s := range p.Sections(report.Graph, report.Notes, report.Proof, report.Next, report.Unverified, report.Unmanaged) {
		rest.section(s)
	}
	for s := range p.Sections(steps) {
		m.steps(s.Table, maxMarkdown-rest.Len())
	}
	m.Write(rest.Bytes())
	_, err := w.Write(m.Bytes())
	return err
}

// markdown is one report being written.
type markdown struct{ bytes.Buffer }

func (m *markdown) say(format string, args ...any) { fmt.Fprintf(m, format, args...) }

func (m *markdown) head(h report.Head) {
	m.say("%s\n### aliasctl: %s\n\n", Marker(h.Marker, h.Cluster, h.Origin), h.Verdict)
	if h.Offline != "" {
		m.say("**%s**\n\n", h.Offline)
	}
	if h.Counts != "" {
		m.say("**%s**", h.Counts)
		if h.Released != "" {
			m.say(" %s", h.Released)
		}
		if h.StateOnly != "" {
			m.say(" %s", h.StateOnly)
		}
		m.say("\\\n")
	}
	if h.Wants != "" {
		m.say("The manifest wants: %s\\\n", h.Wants)
	}
	for _, line := range []string{h.Applied, h.Proof} {
		if line != "" {
			m.say("%s\\\n", line)
		}
	}
	if h.Cause != "" {
		return
	}
	if h.Cluster.Label != "" || h.Cluster.URI != "" {
		m.say("cluster ")
		for _, s := range []string{h.Cluster.Label, h.Cluster.URI} {
			if s != "" {
				m.say("%s ", code(s))
			}
		}
		m.say("with ")
	}
	m.say("%s", h.State)
	if h.StatePath != "" {
		m.say(" %s %s", h.At, code(h.StatePath))
	}
	m.facts("\\\n", h)
	m.say("\n\n")
	if h.Holder != "" {
		m.say("%s\n\n", prose(h.Holder))
	}
	if len(h.Flags) > 0 {
		m.say("**Flags:**\n\n")
		m.list("- ", report.Flags(h.Flags), roomFlags)
		m.say("\n")
	}
}

// failure is why there is no report.
func (m *markdown) failure(p *report.Page) {
	m.say("> [!CAUTION]\n> %s\n", prose(p.Head.Cause))
	for s := range p.Sections(report.Causes) {
		m.list("> - ", s.Lists[0], forms[s.Kind].room)
	}
	m.say("\n")
	if p.Head.Hint != "" {
		m.say("Hint: %s\n\n", prose(p.Head.Hint))
	}
	m.facts("", p.Head)
	m.say("\n")
}

// facts are about the run, behind what stands before them. The page of the job is a
// link, and GitHub shows it as one.
func (m *markdown) facts(before string, h report.Head) {
	for _, f := range h.Run {
		value := span(f.Value)
		if f.Label == "job" {
			value = "<" + f.Value.Text + ">"
		}
		m.say("%s%s %s", before, f.Label, value)
		before = ", "
		if f.Label == "digest" || f.Label == "exit code" {
			before = "\\\n"
		}
	}
}

func (m *markdown) section(s report.Section) {
	f, prefix := forms[s.Kind], "- "
	switch {
	case s.Kind == report.Checks:
		m.checks(s)
		return
	case s.Graph != nil:
		m.graph(s)
		return
	case s.Kind == report.Next:
		m.say("%s\n", prose(s.Intro))
		return
	case s.Kind == report.Unmanaged:
		m.unmanaged(s, f)
		return
	case f.callout != "":
		prefix = "> - "
		m.say("> [!%s]\n", f.callout)
		if s.Callout != "" {
			m.say("> **%s**\n", s.Callout)
		}
	case f.fold && s.Lists == nil:
		return
	case f.fold:
		m.say("<details><summary>%s</summary>\n\n", quantity.Of(s.Lists[0].N, s.Lists[0].Noun))
	case !f.bare:
		m.say("#### %s\n\n", s.Title)
	}
	for i, l := range s.Lists {
		if f.callout != "" && l.Title != "" {
			if i > 0 {
				m.say(">\n")
			}
			m.say("> **%s", l.Title)
			if l.N > 0 {
				m.say(":")
			}
			m.say("**\n")
		}
		m.list(prefix, l, f.room)
	}
	if s.Table != nil {
		m.table(s.Table, s.Table.Rows, 0, s.Table.N, f.room, f.hint)
	}
	m.say("\n")
	if f.fold {
		m.say("</details>\n\n")
	}
}

// list writes as many entries as fit within room, and what is left out.
func (m *markdown) list(prefix string, l report.List, room int) {
	if left := m.items(prefix, l, room); left > 0 {
		m.say("%s*and %s more, left out here*\n", prefix, quantity.Of(left, l.Noun))
	}
}

func (m *markdown) items(prefix string, l report.List, room int) (left int) {
	if l.N == 0 {
		return 0
	}
	limit, left := m.Len()+room, l.N
	for item := range l.Items {
		start := m.Len()
		m.item(prefix, item)
		if m.Len() > limit {
			m.Truncate(start)
			return left
		}
		left--
	}
	return left
}

// mostMembers is how many members of a cutover are named.
const mostMembers = 20

func (m *markdown) item(prefix string, item report.Item) {
	m.line(prefix, item.Line)
	if item.Reason != "" {
		m.say(": %s", prose(item.Reason))
	}
	if item.Note != "" {
		m.say("; %s", prose(item.Note))
	}
	m.say("\n")
	for i, f := range item.Facts {
		m.say("%s%s %s", [2]string{"  - ", ", "}[min(i, 1)], f.Label, span(f.Value))
	}
	if item.Facts != nil {
		m.say("\n")
	}
	for i, way := range item.WaysOut {
		m.say("  - %s: %s\n", [2]string{"way out", "or"}[min(i, 1)], prose(way))
	}
	for i, member := range item.Members {
		if i == mostMembers {
			m.say("  - *and %s more*\n", quantity.Of(len(item.Members)-i, "member"))
			break
		}
		m.line("  - ", member.Line)
		if m.Bytes()[m.Len()-1] == ' ' { // it is nowhere
			m.Truncate(m.Len() - 1)
		}
		m.say("\n")
	}
}

func (m *markdown) line(prefix string, spans []report.Span) {
	m.WriteString(prefix)
	for _, s := range spans {
		m.WriteString(span(s))
	}
}

func span(s report.Span) string {
	switch s.Role {
	case report.Name, report.Subject:
		return code(s.Text)
	case report.Lead:
		return "**" + code(s.Text) + "**"
	case report.Strong:
		return "**" + prose(s.Text) + "**"
	case report.Class:
		return " (" + prose(s.Text) + ")"
	case report.Prose, report.Quoted:
		return prose(s.Text)
	case report.Ending:
		if s.Tone == report.Bad {
			return "**" + s.Text + "**"
		}
	}
	return s.Text
}

func (m *markdown) unmanaged(s report.Section, f form) {
	m.say("%s\n", s.Intro)
	for _, l := range s.Lists {
		m.say("\n")
		if left := m.items("- ", l, f.room); left > 0 {
			m.leftOut(left, l.Noun, f.hint)
		}
	}
}

// leftOut stands below what was cut.
func (m *markdown) leftOut(left int, noun, hint string) {
	m.say("\n*%s more, left out here%s*\n", quantity.Of(left, noun), hint)
}
