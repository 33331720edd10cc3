package render

import (
	"strings"

	"aliasctl/executor"
	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

// groupsOf names the groups of switches that stand or fall together.
func (m *markdown) groupsOf(steps []planner.Step) {
	groups := m.groups(steps)
	if len(groups) == 0 {
		return
	}
	left := m.rows(len(groups), roomCutovers, func(i int) {
		m.say("- group %s: %s\n", markdownCode(groups[i].name), groups[i].says())
	})
	m.more("- ", left, "group")
	m.say("\n")
}

// markdownMembers is how many members of a cutover are named.
const markdownMembers = 20

// cutovers says how some cutovers of an apply went, and where each member of
// one that failed stands.
func (m *markdown) cutovers(r Report, cutovers []executor.Cutover, title string) {
	if len(cutovers) == 0 {
		return
	}
	m.say("%s", title)
	left := m.rows(len(cutovers), roomCutovers, func(i int) {
		c := cutovers[i]
		noun, name := m.cutoverName(c)
		end := strings.Join(cutoverEnd(r, c), ", ")
		if c.Err == nil {
			m.say("- %s %s: %s\n", noun, markdownCode(name), end)
			return
		}
		m.say("- %s %s: **%s**\n", noun, markdownCode(name), end)
		for k, member := range c.Members {
			if k == markdownMembers {
				m.say("  - *and %s more*\n", quantity.Of(len(c.Members)-k, "member"))
				break
			}
			m.say("  - %s: %s\n", markdownCode(m.key(c.Database, member.Alias)), strings.TrimSpace(standing(member)+" "+markdownCode(member.At)))
		}
	})
	m.more("- ", left, "cutover")
	m.say("\n")
}
