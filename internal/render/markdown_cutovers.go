package render

import (
	"slices"
	"strings"

	"aliasctl/executor"
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

// cutovers says how the cutovers of an apply went, those that failed first,
// with where each member stands.
func (m *markdown) cutovers(r Report) {
	cutovers := told(r.Cutovers)
	if len(cutovers) == 0 {
		return
	}
	slices.SortStableFunc(cutovers, func(a, b executor.Cutover) int {
		switch {
		case a.Err != nil && b.Err == nil:
			return -1
		case a.Err == nil && b.Err != nil:
			return 1
		}
		return 0
	})
	m.say("#### Cutovers\n\n")
	left := m.rows(len(cutovers), roomCutovers, func(i int) {
		c := cutovers[i]
		noun, name := m.cutoverName(c)
		if c.Err == nil {
			m.say("- %s %s: %s\n", noun, markdownCode(name), strings.Join(cutoverEnd(r, c), ", "))
			return
		}
		m.say("- %s %s: **%s**\n", noun, markdownCode(name), strings.Join(cutoverEnd(r, c), ", "))
		for k, member := range c.Members {
			if k == markdownMembers {
				m.say("  - *and %s more*\n", count(len(c.Members)-k, "member"))
				break
			}
			m.say("  - %s: %s\n", markdownCode(m.key(c.Database, member.Alias)), strings.TrimSpace(standing(member)+" "+markdownCode(member.At)))
		}
	})
	m.more("- ", left, "cutover")
	m.say("\n")
}
