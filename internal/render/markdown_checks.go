package render

import (
	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

const (
	// openChecks is the largest table of checks that is not folded in part.
	openChecks = 12
	// checkDetails is how much of what is wrong a row names.
	checkDetails = 10
	// markdownQueries is how many golden queries of an alias get bars.
	markdownQueries = 20
	// markdownBar is how many characters a bar has.
	markdownBar = 10
)

// checks is the preflight table with the worst first, so that what refuses the
// plan stands above the fold. When the table is long it ends before what
// passed, which is returned.
func (m *markdown) checks(checks []planner.Check) (folded []*planner.Check) {
	if len(checks) == 0 {
		return nil
	}
	m.say("#### Preflight: %s\n\n", checksLine(checks))
	shown, passed := byVerdict(checks)
	if len(shown) > openChecks {
		shown, folded = shown[:len(shown)-passed], shown[len(shown)-passed:]
	}
	m.checkTable(shown, roomChecks)
	return folded
}

// passed is the rest of a long table.
func (m *markdown) passed(checks []*planner.Check) {
	if len(checks) == 0 {
		return
	}
	m.say("<details><summary>%s passed</summary>\n\n", quantity.Of(len(checks), "check"))
	m.checkTable(checks, roomPassed)
	m.say("</details>\n\n")
}

func (m *markdown) checkTable(checks []*planner.Check, room int) {
	if len(checks) == 0 {
		return
	}
	m.say("| Alias | Check | Blue | Green | Verdict |\n| --- | --- | --- | --- | --- |\n")
	left := m.rows(len(checks), room, func(i int) {
		c := checks[i]
		m.say("| %s | %s | %s | %s | %s |\n", markdownCode(m.key(c.Database, c.Alias)), markdownCode(string(c.Name)),
			markdownCode(c.Blue), markdownCode(c.Green), markdownVerdict(c))
	})
	if left > 0 {
		m.say("\n*%s more, left out here*\n", quantity.Of(left, "check"))
	}
	m.say("\n")
}

// markdownVerdict is a verdict with what is wrong, one a line of its cell.
func markdownVerdict(c *planner.Check) string {
	said := verdictWord(c.Verdict)
	if c.Verdict != planner.CheckPassed {
		said = "**" + said + "**"
	}
	for i, detail := range c.Details {
		if i == checkDetails {
			return said + "<br>*and " + quantity.Of(len(c.Details)-i, "line") + " more*"
		}
		said += "<br>" + markdownProseOf(detail)
	}
	return said
}

// goldens is a bar per golden query, those first that agree least.
func (m *markdown) goldens(checks []planner.Check) {
	limit, left := m.Len()+roomGolden, 0
	for _, c := range checks {
		if c.Golden == nil || len(c.Golden.Queries) == 0 {
			continue
		}
		start := m.Len()
		if left == 0 {
			m.golden(c)
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

func (m *markdown) golden(c planner.Check) {
	f, open := c.Golden, ""
	if c.Verdict == planner.CheckFailed {
		open = " open"
	}
	m.say("<details%s><summary>%s</summary>\n\n", open, goldenTitle(f))
	m.say("%s: %s\n\n| Query | Overlap | Blue | Green |\n| --: | --- | --- | --- |\n", markdownCode(m.key(c.Database, c.Alias)), markdownProseOf(c.Green))
	shown, left := worst(f, markdownQueries)
	most := slowest(f)
	for _, q := range shown {
		m.say("| %d | `%s` %s | `%s` %s | `%s` %s |\n", q.number, bar(q.Overlap, markdownBar), overlap(q.Overlap),
			bar(share(q.Blue, most), markdownBar), latency(q.Blue), bar(share(q.Green, most), markdownBar), latency(q.Green))
	}
	if rest := goldenRest(shown, left); rest != "" {
		m.say("\n*%s*\n", rest)
	}
	m.say("\n</details>\n\n")
}
