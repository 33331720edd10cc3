package render

import (
	"io"
	"strings"

	"aliasctl/executor"
	"aliasctl/planner"
)

// steps is the plan as tables, one for each block of it.
func (p *htmlPage) steps(all []planner.Step) {
	t := htmlSteps{htmlPage: p, title: "Steps", total: len(all)}
	for i := 0; i < len(all); {
		c := p.changeAt(all, i)
		t.row(c, nil)
		i += c.steps
	}
	t.close()
}

// results is what became of the plan, as the same tables with one more column.
func (p *htmlPage) results(results []executor.Result) {
	t := htmlSteps{htmlPage: p, title: "Results", total: len(results), results: true}
	for i := range results {
		t.row(p.changeOf(i, results[i].Step), &results[i])
	}
	t.close()
}

// chunkRows is how many rows a table has at most. A browser leaves the tables
// that are out of sight alone, so that 100,000 rows open and scroll at once.
const chunkRows = 1000

// htmlSteps writes tables of steps, row by row.
type htmlSteps struct {
	*htmlPage
	title   string
	total   int
	results bool
	block   string // "" before the first
	rows    int    // of the open table
}

func (t *htmlSteps) row(c change, result *executor.Result) {
	b := block(c.op)
	switch {
	case t.block == "":
		t.section("", t.title)
		fallthrough
	case b != t.block:
		t.closeTable()
		t.say("<h3>%s</h3>\n", b[:len(b)-1]) // without its colon
		t.block = b
		t.open()
	case t.rows == chunkRows:
		t.closeTable()
		t.open()
	}
	t.rows++

	t.say(`<tr class="%s"><td>%s</td><td><b>%s %s</b>`, string(c.op), c.number, sign(c.op), c.verb)
	if len(c.marks) > 0 {
		t.say("<small>%s</small>", c.mark())
	}
	t.say("</td><td>%s</td><td>", c.name)
	switch {
	case c.op == planner.DropCollection && c.from != "":
		t.say("id %s", c.from)
	default:
		t.text(c.from)
	}
	t.WriteString("</td><td>")
	switch c.op {
	case planner.DropCollection:
		t.WriteString("<i>dropped for good</i>")
	case planner.DropAlias:
		t.WriteString("<i>unbound</i>")
	default:
		t.text(c.to)
	}
	t.WriteString("</td>")
	if result != nil {
		t.say(`<td><span class="%s">%s</span>`, outcomeClass(*result), became(*result))
		if said := times(*result); len(said) > 0 {
			t.say(`<small>%s</small>`, strings.Join(said, ", "))
		}
		t.WriteString("</td>")
	}
	t.WriteString("</tr>\n")
}

func (t *htmlSteps) open() {
	if t.total > chunkRows {
		t.WriteString("<div class=\"chunk\">\n")
	}
	class, last := "steps", ""
	if t.results {
		class, last = "steps results", "<th>Outcome</th>"
	}
	t.say("<table class=\"%s\">\n<thead><tr><th>#</th><th>Step</th><th>Name</th><th>Before</th><th>After</th>", class)
	io.WriteString(t, last+"</tr></thead>\n<tbody>\n")
	t.rows = 0
}

func (t *htmlSteps) closeTable() {
	if t.block == "" {
		return
	}
	t.WriteString("</tbody>\n</table>\n")
	if t.total > chunkRows {
		t.WriteString("</div>\n")
	}
}

func (t *htmlSteps) close() {
	if t.block == "" {
		return
	}
	t.closeTable()
	t.WriteString("</section>\n")
}
