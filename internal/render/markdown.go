package render

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/url"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

// maxMarkdown is the largest report in bytes, and so in characters. GitHub
// takes 65,536 characters in a comment; a pipeline may add a few of its own.
const maxMarkdown = 60_000

// Marker is the first line of a Markdown report, which nobody sees: a pipeline
// finds the comment that begins with it and updates that one. It is the same
// for every report of one cluster label.
func Marker(c planner.Cluster) string { return marker("aliasctl-report", c) }

// DriftMarker is that of a DriftReport: it must not update the comment with
// the plan, nor the plan it.
func DriftMarker(c planner.Cluster) string { return marker("aliasctl-drift", c) }

func marker(kind string, c planner.Cluster) string {
	if c.Label == "" {
		return "<!-- " + kind + " -->"
	}
	label := url.QueryEscape(c.Label) // leaves neither ">" nor a blank
	return "<!-- " + kind + " " + label[:min(len(label), 200)] + " -->"
}

// Markdown writes the report for a comment of a pull request or a job summary:
// the verdict, then what a reviewer must not miss, the steps, and folded away
// what is there to be looked up. It is never longer than 60,000 characters:
// lists are cut between their rows, and say how many are left out. The only
// errors are those of w.
func Markdown(w io.Writer, r Report) error {
	m := &markdown{names: newNames(r.Plan)}
	m.verdict(r)
	m.problems(r.Proof)
	m.conflicts(r.Plan.Conflicts)
	m.refusals(r.Refusals)
	passed := m.checks(r.Plan.Checks)
	failed, switched := told(r.Cutovers)
	m.cutovers(r, failed, "#### Cutovers\n\n")
	m.failures(r)
	m.losses(r)
	m.drift(r.Plan)

	// The steps take what room the rest leaves. A further part belongs above,
	// where a reviewer must not miss it, or into the rest.
	rest := &markdown{names: m.names}
	if r.Applied {
		rest.cutovers(r, switched, "")
	} else {
		rest.groupsOf(r.Plan.Steps)
	}
	rest.passed(passed)
	rest.goldens(r.Plan.Checks)
	rest.graph(r.Plan.Steps)
	rest.notes(r.Plan.Notes)
	rest.gaps(r.Proof.Gaps)
	m.steps(r, maxMarkdown-rest.Len())
	m.Write(rest.Bytes())
	_, err := w.Write(m.Bytes())
	return err
}

// The room of each part, in bytes. Together they leave the steps some even when
// every part is full.
const (
	roomChoices   = 2_000
	roomProblems  = 2_000
	roomConflicts = 6_500
	roomRefusals  = 3_000
	roomChecks    = 4_500
	roomFailures  = 4_500
	roomLosses    = 3_000 // of each kind
	roomDrift     = 3_000
	roomCutovers  = 1_500 // of those that failed, and of the others
	roomPassed    = 3_000
	roomGolden    = 5_000
	roomGraph     = 4_500
	roomNotes     = 3_000
	roomGaps      = 1_500
)

// markdown is one report being written.
type markdown struct {
	bytes.Buffer
	names
}

func (m *markdown) say(format string, args ...any) { fmt.Fprintf(m, format, args...) }

// rows writes n rows, as many as fit within room, and returns how many do not.
func (m *markdown) rows(n, room int, row func(i int)) (left int) {
	limit := m.Len() + room
	for i := range n {
		start := m.Len()
		row(i)
		if m.Len() > limit {
			m.Truncate(start)
			return n - i
		}
	}
	return 0
}

// more says what was left out.
func (m *markdown) more(prefix string, left int, noun string) {
	if left > 0 {
		m.say("%s*and %s more, left out here*\n", prefix, quantity.Of(left, noun))
	}
}

func (m *markdown) verdict(r Report) {
	said, _ := headline(r)
	m.say("%s\n### aliasctl: %s\n\n", Marker(r.Plan.Cluster), said)
	if r.offline() {
		m.say("**%s**\n\n", strings.TrimSpace(offlineLine))
	}
	m.say("**%s**", summaryLine(r.Plan.Summary))
	if line := stateLine(r.Plan.Summary); line != "" {
		m.say(" %s", line)
	}
	m.say("\\\n")
	if r.Applied {
		m.say("%s\\\n", appliedLine(r.Results))
	}
	m.say("%s\\\n", proofSummary(r.Proof))
	which, at := r.state()
	m.place(r.Plan.Cluster, which, at, r.StatePath)
	m.choices(r.Plan.Choices)
}

// choices are the flags that shape the plan or lift a refusal.
func (m *markdown) choices(choices []planner.Choice) {
	if len(choices) == 0 {
		return
	}
	m.say("**Flags:**\n\n")
	left := m.rows(len(choices), roomChoices, func(i int) { m.say("- %s\n", markdownCode(choices[i].String())) })
	m.more("- ", left, "flag")
	m.say("\n")
}

// place says what was compared: which cluster, and which state.
func (m *markdown) place(c planner.Cluster, which, at, path string) {
	if c.Label != "" || c.URI != "" {
		m.say("cluster ")
		for _, s := range []string{c.Label, c.URI} {
			if s != "" {
				m.say("%s ", markdownCode(s))
			}
		}
		m.say("with ")
	}
	m.say("%s", which)
	if path != "" {
		m.say(" %s %s", at, markdownCode(path))
	}
	m.say("\n\n")
}

func (m *markdown) problems(p planner.Proof) {
	if p.OK {
		return
	}
	m.say("> [!CAUTION]\n> **The proof of this plan failed. That is a defect of aliasctl; nothing may be applied.**\n")
	left := m.rows(len(p.Problems), roomProblems, func(i int) { m.say("> - %s\n", markdownProseOf(p.Problems[i])) })
	m.more("> - ", left, "problem")
	m.say("\n")
}

func (m *markdown) conflicts(conflicts []planner.Conflict) {
	if len(conflicts) == 0 {
		return
	}
	m.say("#### Conflicts\n\n")
	left := m.rows(len(conflicts), roomConflicts, func(i int) {
		c := conflicts[i]
		m.say("- **%s** (%s): %s\n", markdownCode(m.ofConflict(c)), markdownProseOf(string(c.Kind)), markdownProseOf(c.Reason))
		if c.Alias != "" {
			m.say("  - want %s, last applied %s, live %s\n", nameOr(c.Want, "nothing"), nameOr(c.Last, "never"), nameOr(c.Live, "unbound"))
		}
		m.waysOut(c.WaysOut...)
	})
	m.more("- ", left, "conflict")
	m.say("\n")
}

// nameOr is a name as code, or a word where there is none.
func nameOr(name, word string) string { return cmp.Or(markdownCode(name), word) }

func (m *markdown) refusals(refusals []planner.Refusal) {
	if len(refusals) == 0 {
		return
	}
	m.say("#### Refused by a guard\n\n")
	left := m.rows(len(refusals), roomRefusals, func(i int) {
		m.say("- **%s**: %s\n", markdownProseOf(refusals[i].Guard), markdownProseOf(refusals[i].Reason))
		m.waysOut(refusals[i].WayOut)
	})
	m.more("- ", left, "refusal")
	m.say("\n")
}

func (m *markdown) waysOut(ways ...string) {
	for i, way := range ways {
		head := "way out"
		if i > 0 {
			head = "or"
		}
		m.say("  - %s: %s\n", head, markdownProseOf(way))
	}
}

// failures are the steps of an apply that are not done, with the reason, and
// those with something else that a reader must know.
func (m *markdown) failures(r Report) {
	if !r.Applied {
		return
	}
	var told []int
	for i, result := range r.Results {
		if result.Err != nil || result.Note != "" {
			told = append(told, i)
		}
	}
	if len(told) == 0 {
		return
	}
	m.say("> [!CAUTION]\n")
	left := m.rows(len(told), roomFailures, func(k int) {
		result := r.Results[told[k]]
		c := m.changeOf(told[k], result.Step)
		m.say("> - step %s, %s %s: **%s**", c.number, markdownProseOf(c.verb), markdownCode(c.name), became(result))
		if result.Err != nil {
			m.say(": %s", markdownProseOf(reason(result.Err)))
		}
		if result.Note != "" {
			m.say("; %s", markdownProseOf(result.Note))
		}
		m.say("\n")
	})
	m.more("> - ", left, "step")
	m.say("\n")
}

// losses stand above the fold: what nothing brings back, and what readers
// will miss.
func (m *markdown) losses(r Report) {
	l := newLosses(r)
	if l.none() {
		return
	}
	m.say("> [!WARNING]\n")
	between := ""
	if n := len(l.collections); n > 0 {
		m.say("> **%s dropped for good:**\n", quantity.Of(n, "collection"))
		left := m.rows(n, roomLosses, func(i int) {
			m.say("> - %s", markdownCode(m.of(l.collections[i])))
			if id := l.collections[i].From; id != "" {
				m.say(", id %s", markdownCode(id))
			}
			for _, fact := range destroyed(l.collections[i]) {
				m.say(", %s", fact)
			}
			m.say("\n")
		})
		m.more("> - ", left, "collection")
		between = ">\n"
	}
	if n := len(l.aliases); n > 0 {
		m.say("%s> **%s dropped:**\n", between, quantity.Of(n, "alias"))
		left := m.rows(n, roomLosses, func(i int) {
			m.say("> - %s, was %s\n", markdownCode(m.of(l.aliases[i])), nameOr(l.aliases[i].From, "unbound"))
		})
		if left > 0 {
			m.say("> - *and %s more, left out here*\n", quantity.Of(left, "alias"))
		}
		between = ">\n"
	}
	if n := len(l.gaps); n > 0 {
		m.say("%s> **%s**\n", between, gapsLine(n))
	}
	m.say("\n")
}

func (m *markdown) drift(p planner.Plan) {
	type entry struct{ name, live, fate string }
	var entries []entry
	m.drifted(p, func(name, live, fate string) { entries = append(entries, entry{name, live, fate}) })
	if len(entries) == 0 {
		return
	}
	m.say("#### Changed outside aliasctl\n\n| Alias | Now | |\n| --- | --- | --- |\n")
	left := m.rows(len(entries), roomDrift, func(i int) {
		e := entries[i]
		m.say("| %s | %s | %s |\n", markdownCode(e.name), markdownCode(e.live), markdownProseOf(e.fate))
	})
	if left > 0 {
		m.say("\n*%s more, left out here*\n", quantity.Of(left, "alias"))
	}
	m.say("\n")
}

const (
	// graphLimit is how many aliases a graph shows.
	graphLimit = 16
	// openGraph is how many aliases a graph shows without being unfolded.
	openGraph = 8
)

func (m *markdown) graph(steps []planner.Step) {
	limit := graphLimit
	g := newGraph(m.names, steps, limit)
	if g.empty() {
		return
	}
	drawn := g.mermaid()
	for len(drawn) > roomGraph { // names that are not as Milvus allows them
		limit /= 2
		g = newGraph(m.names, steps, limit)
		drawn = g.mermaid()
	}
	open := ""
	if len(g.aliases) <= openGraph {
		open = " open"
	}
	m.say("<details%s><summary>Bindings before and after</summary>\n\n```mermaid\n%s```\n\n", open, drawn)
	if g.more > 0 {
		m.say("*%s more, left out here*\n\n", quantity.Of(g.more, "change"))
	}
	m.say("</details>\n\n")
}

func (m *markdown) notes(notes []string) {
	if len(notes) == 0 {
		return
	}
	m.say("<details><summary>%s</summary>\n\n", quantity.Of(len(notes), "note"))
	left := m.rows(len(notes), roomNotes, func(i int) { m.say("- %s\n", markdownProseOf(notes[i])) })
	m.more("- ", left, "note")
	m.say("\n</details>\n\n")
}

func (m *markdown) gaps(gaps []string) {
	if len(gaps) == 0 {
		return
	}
	m.say("<details><summary>%s</summary>\n\n", quantity.Of(len(gaps), "gap"))
	left := m.rows(len(gaps), roomGaps, func(i int) { m.say("- %s\n", markdownCode(gaps[i])) })
	m.more("- ", left, "gap")
	m.say("\n</details>\n\n")
}
