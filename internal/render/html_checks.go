package render

import (
	"strconv"
	"time"

	"aliasctl/planner"
)

// htmlQueries is how many golden queries of an alias get bars.
const htmlQueries = 50

// checks is the preflight table with the worst first, and the golden queries.
func (p *htmlPage) checks(checks []planner.Check) {
	if len(checks) == 0 {
		return
	}
	p.section("", "Preflight")
	p.say("<p class=\"faint\">%s</p>\n", checksLine(checks))
	sorted, _ := byVerdict(checks)
	for i, c := range sorted {
		if i%chunkRows == 0 {
			p.closeChecks(i > 0, len(sorted))
			if len(sorted) > chunkRows {
				p.WriteString("<div class=\"chunk\">\n")
			}
			p.WriteString("<table class=\"checks\">\n<thead><tr><th>Alias</th><th>Check</th><th>Blue</th><th>Green</th><th>Verdict</th></tr></thead>\n<tbody>\n")
		}
		p.check(c)
	}
	p.closeChecks(true, len(sorted))
	p.WriteString("</section>\n")
	for _, c := range checks {
		p.golden(c)
	}
}

func (p *htmlPage) closeChecks(open bool, total int) {
	if !open {
		return
	}
	p.WriteString("</tbody>\n</table>\n")
	if total > chunkRows {
		p.WriteString("</div>\n")
	}
}

func (p *htmlPage) check(c *planner.Check) {
	p.say("<tr class=\"%s\"><td class=\"name\">%s</td><td class=\"name\">%s</td><td>%s</td><td>%s</td><td><b>%s</b>",
		verdictClass(c.Verdict), p.key(c.Database, c.Alias), string(c.Name), c.Blue, c.Green, verdictWord(c.Verdict))
	for _, detail := range c.Details {
		p.WriteString("<small>")
		p.prose(detail)
		p.WriteString("</small>")
	}
	p.WriteString("</td></tr>\n")
}

// verdictClass is how a verdict is coloured.
func verdictClass(v planner.Verdict) string {
	switch v {
	case planner.CheckPassed:
		return string(toneGood)
	case planner.CheckFailed, planner.CheckUnknown:
		return string(toneBad)
	}
	return string(toneLoss)
}

// golden is a bar per golden query, those first that agree least.
func (p *htmlPage) golden(c planner.Check) {
	f := c.Golden
	if f == nil || len(f.Queries) == 0 {
		return
	}
	p.section("", "Golden queries")
	p.say("<p><strong class=\"name\">%s</strong>: %s</p>\n<p class=\"faint\">%s</p>\n", p.key(c.Database, c.Alias), c.Green, goldenTitle(f))
	p.WriteString("<table class=\"golden\">\n<thead><tr><th>Query</th><th>Overlap</th><th>Blue</th><th>Green</th></tr></thead>\n<tbody>\n")
	shown, left := worst(f, htmlQueries)
	most := slowest(f)
	for _, q := range shown {
		p.say("<tr><td>%s</td>", strconv.Itoa(q.number))
		p.bar("overlap", q.Overlap, overlap(q.Overlap))
		p.latency("blue", q.Blue, most)
		p.latency("green", q.Green, most)
		p.WriteString("</tr>\n")
	}
	p.WriteString("</tbody>\n</table>\n")
	if rest := goldenRest(shown, left); rest != "" {
		p.say("<p class=\"faint rest\">%s</p>\n", rest)
	}
	p.WriteString("</section>\n")
}

func (p *htmlPage) latency(class string, d, most time.Duration) {
	p.bar(class, share(d, most), latency(d))
}

// bar is a cell with a share and what it says in words.
func (p *htmlPage) bar(class string, share float64, said string) {
	p.say(`<td><svg class="bar %s" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="whole" width="100" height="8"/><rect width="%s" height="8"/></svg> %s</td>`,
		class, strconv.Itoa(cells(share, 100)), said)
}
