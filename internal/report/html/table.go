package html

import (
	"strconv"
	"strings"

	"aliasctl/internal/report"
)

const (
	// chunkRows is how many rows a table has at most. A browser leaves the tables
	// that are out of sight alone, so that 100,000 rows open and scroll at once.
	chunkRows = 1000
	// mostQueries is how many golden queries of an alias get bars.
	mostQueries = 50
)

// table prints the rows as tables, one for each block of them.
func (p *page) table(t *report.Table) {
	rows, block, n := t.Rows, "", 0
	if t.Ranked != nil {
		rows = t.Ranked
	}
	for row := range rows {
		if n == 0 || row.Block != block || n == chunkRows {
			if n > 0 {
				p.closeTable(t)
			}
			if row.Block != block {
				block = row.Block
				p.say("<h3>%s</h3>\n", block)
			}
			p.openTable(t)
			n = 0
		}
		n++
		if row.Class == "" {
			p.WriteString("<tr>")
		} else {
			p.say("<tr class=\"%s\">", row.Class)
		}
		for i := range row.Cells {
			if t.Columns[i].Names {
				p.WriteString("<td class=\"name\">")
			} else {
				p.WriteString("<td>")
			}
			p.cell(&row.Cells[i])
			p.WriteString("</td>")
		}
		p.WriteString("</tr>\n")
	}
	if n > 0 {
		p.closeTable(t)
	}
}

func (p *page) openTable(t *report.Table) {
	if t.N > chunkRows {
		p.WriteString("<div class=\"chunk\">\n")
	}
	p.say("<table class=\"%s\">\n<thead><tr>", t.Class)
	for _, c := range t.Columns {
		p.say("<th>%s</th>", c.Head+c.Long)
	}
	p.WriteString("</tr></thead>\n<tbody>\n")
}

func (p *page) closeTable(t *report.Table) {
	p.WriteString("</tbody>\n</table>\n")
	if t.N > chunkRows {
		p.WriteString("</div>\n")
	}
}

func (p *page) cell(c *report.Cell) {
	switch c.Role {
	case report.Gone, report.Missing:
		p.say("<i>%s</i>", c.Text)
	case report.Verb:
		p.say("<b>%s %s</b>", c.Sign, c.Text)
		p.small(c)
	case report.Outcome:
		class := "no"
		switch c.Tone {
		case report.Good:
			class = "ok"
		case report.Faint:
			class = "faint"
		}
		p.say("<span class=\"%s\">%s</span>", class, c.Text)
		p.small(c)
	case report.Verdict:
		p.say("<b>%s</b>", c.Text)
		for _, detail := range c.Small {
			p.WriteString("<small>")
			p.prose(detail)
			p.WriteString("</small>")
		}
	default:
		p.WriteString(c.Before)
		p.text(c.Text)
	}
}

// small prints what stands below the text of a cell on one line.
func (p *page) small(c *report.Cell) {
	if len(c.Small) > 0 {
		p.say("<small>%s</small>", strings.Join(c.Small, ", "))
	}
}

// bars prints a bar per golden query, those first that agree least.
func (p *page) bars(b *report.Bars) {
	p.say("<p><strong class=\"name\">%s</strong>: %s</p>\n<p class=\"faint\">%s</p>\n", b.Alias, b.Result, b.Title)
	p.WriteString("<table class=\"golden\">\n<thead><tr><th>Query</th><th>Overlap</th><th>Blue</th><th>Green</th></tr></thead>\n<tbody>\n")
	shown, rest := b.Worst(mostQueries)
	for _, q := range shown {
		p.say("<tr><td>%s</td>", strconv.Itoa(q.Number))
		p.bar("overlap", q.Overlap)
		p.bar("blue", q.Blue)
		p.bar("green", q.Green)
		p.WriteString("</tr>\n")
	}
	p.WriteString("</tbody>\n</table>\n")
	if rest != "" {
		p.say("<p class=\"faint rest\">%s</p>\n", rest)
	}
}

// bar is a cell with a share and what it is in words.
func (p *page) bar(class string, b report.Bar) {
	p.say(`<td><svg class="bar %s" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="whole" width="100" height="8"/><rect width="%s" height="8"/></svg> %s</td>`,
		class, strconv.Itoa(b.Cells(100)), b.Text)
}
