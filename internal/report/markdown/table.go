package markdown

import (
	"iter"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
)

const (
	// openSteps is the largest table of steps that is not folded.
	openSteps = 30
	// openChecks is the largest table of checks that is not folded in part.
	openChecks = 12
	// checkDetails is how much of what is wrong a row names.
	checkDetails = 10
	// mostQueries is how many golden queries of an alias get bars.
	mostQueries = 20
	// barCells is how many characters a bar has.
	barCells = 10
)

// table writes as many rows as fit within room, from one index to another.
func (m *markdown) table(t *report.Table, rows iter.Seq[*report.Row], from, to, room int, hint string) {
	m.columns(t)
	m.rows(t, rows, from, to, m.Len()+room, hint)
}

func (m *markdown) columns(t *report.Table) {
	head, rule := "|", "|"
	for _, c := range t.Columns {
		head += strings.TrimRight(" "+c.Head, " ") + " |"
		if c.Right {
			rule += " --: |"
		} else {
			rule += " --- |"
		}
	}
	m.say("%s\n%s\n", head, rule)
}

// rows writes those from one index to another, up to a limit of the whole.
func (m *markdown) rows(t *report.Table, rows iter.Seq[*report.Row], from, to, limit int, hint string) {
	for row := range rows {
		if row.Index < from {
			continue
		}
		if row.Index >= to {
			break
		}
		start := m.Len()
		m.WriteByte('|')
		for _, c := range row.Cells {
			m.WriteString(" " + cell(c) + " |")
		}
		m.WriteByte('\n')
		if m.Len() > limit {
			m.Truncate(start)
			m.leftOut(to-row.Index, t.Noun, hint)
			break
		}
	}
}

func cell(c report.Cell) string {
	switch c.Role {
	case report.Name:
		return c.Before + code(c.Text)
	case report.Quoted:
		return prose(c.Text)
	case report.Gone:
		return "**" + c.Text + "**"
	case report.Verb:
		text := c.Text
		if c.Tone == report.Loss {
			text = "**" + text + "**"
		}
		if len(c.Small) > 0 {
			text += " (" + prose(strings.Join(c.Small, ", ")) + ")"
		}
		return text
	case report.Outcome:
		text := c.Text
		if c.Tone == report.Bad {
			text = "**" + text + "**"
		}
		return strings.Join(append([]string{text}, c.Small...), ", ")
	case report.Verdict:
		return verdict(c)
	}
	return c.Text
}

// verdict is a verdict with what is wrong, one a line of its cell.
func verdict(c report.Cell) string {
	text := c.Text
	if c.Tone != report.Good {
		text = "**" + text + "**"
	}
	for i, detail := range c.Small {
		if i == checkDetails {
			return text + "<br>*and " + quantity.Of(len(c.Small)-i, "line") + " more*"
		}
		text += "<br>" + prose(detail)
	}
	return text
}

// steps writes the steps or their results, up to a limit of the whole.
func (m *markdown) steps(t *report.Table, limit int) {
	const roomClosing = 200
	folded := t.N > openSteps
	if folded {
		m.say("<details><summary>%s</summary>\n\n", quantity.Of(t.N, t.Noun))
	} else {
		m.say("#### Steps\n\n")
	}
	m.columns(t)
	m.rows(t, t.Rows, 0, t.N, limit-roomClosing, elsewhere)
	m.say("\n")
	if folded {
		m.say("</details>\n\n")
	}
}

// checks writes the preflight with the worst first, so that what refuses the
// plan stands above the fold. A long table ends before what passed.
func (m *markdown) checks(s report.Section) {
	m.say("#### %s: %s\n\n", s.Title, s.Remark)
	if n := shown(s.Table); n > 0 {
		m.table(s.Table, s.Table.Ranked, 0, n, forms[report.Checks].room, "")
		m.say("\n")
	}
}

// passed is the rest of a long table of checks.
func (m *markdown) passed(t *report.Table) {
	n := shown(t)
	if n == t.N {
		return
	}
	m.say("<details><summary>%s passed</summary>\n\n", quantity.Of(t.N-n, t.Noun))
	m.table(t, t.Ranked, n, t.N, roomPassed, "")
	m.say("\n</details>\n\n")
}

// shown is how many checks stand above the fold.
func shown(t *report.Table) int {
	if t.N > openChecks {
		return t.N - t.Passed
	}
	return t.N
}

// golden writes a bar per golden query, those first that agree least.
func (m *markdown) golden(p *report.Page) {
	limit, left := m.Len()+roomGolden, 0
	for s := range p.Sections(report.Golden) {
		start := m.Len()
		if left == 0 {
			m.bars(s.Bars)
		}
		if left > 0 || m.Len() > limit {
			m.Truncate(start)
			left++
		}
	}
	if left > 0 {
		m.say("*golden queries of %s more, left out here*\n\n", quantity.Of(left, "alias"))
	}
}

func (m *markdown) bars(b *report.Bars) {
	open := ""
	if b.Failed {
		open = " open"
	}
	m.say("<details%s><summary>%s</summary>\n\n", open, b.Title)
	m.say("%s: %s\n\n| Query | Overlap | Blue | Green |\n| --: | --- | --- | --- |\n", code(b.Alias), prose(b.Result))
	shown, rest := b.Worst(mostQueries)
	for _, q := range shown {
		m.say("| %d | %s | %s | %s |\n", q.Number, bar(q.Overlap), bar(q.Blue), bar(q.Green))
	}
	if rest != "" {
		m.say("\n*%s*\n", rest)
	}
	m.say("\n</details>\n\n")
}

// bar is a share in characters.
func bar(b report.Bar) string {
	full := b.Cells(barCells)
	return "`" + strings.Repeat("█", full) + strings.Repeat("░", barCells-full) + "` " + b.Text
}
