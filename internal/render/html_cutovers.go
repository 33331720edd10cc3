package render

import (
	"strings"

	"aliasctl/executor"
	"aliasctl/planner"
)

// groupsOf names the groups of switches that stand or fall together.
func (p *htmlPage) groupsOf(steps []planner.Step) {
	groups := p.groups(steps)
	if len(groups) == 0 {
		return
	}
	p.section("", "Cutovers")
	p.WriteString("<ul class=\"plain\">\n")
	for _, g := range groups {
		p.say("<li>group <strong class=\"name\">%s</strong>: %s</li>\n", g.name, g.says())
	}
	p.WriteString("</ul>\n</section>\n")
}

// cutovers says how some cutovers of an apply went, and where each member of
// one that failed stands.
func (p *htmlPage) cutovers(r Report, cutovers []executor.Cutover, class string) {
	if len(cutovers) == 0 {
		return
	}
	p.section(class, "Cutovers")
	p.WriteString("<ul class=\"list\">\n")
	for _, c := range cutovers {
		noun, name := p.cutoverName(c)
		p.say("<li>%s <strong class=\"name\">%s</strong>: %s\n", noun, name, strings.Join(cutoverEnd(r, c), ", "))
		if c.Err != nil {
			p.WriteString("<ul class=\"plain\">\n")
			for _, m := range c.Members {
				p.say("<li><span class=\"name\">%s</span>: %s <span class=\"name\">%s</span></li>\n", p.key(c.Database, m.Alias), standing(m), m.At)
			}
			p.WriteString("</ul>\n")
		}
		p.WriteString("</li>\n")
	}
	p.WriteString("</ul>\n</section>\n")
}
