package markdown

import (
	"fmt"
	"strconv"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
)

// openGraph is how many aliases a graph shows without being unfolded.
const openGraph = 8

// graph draws the bindings before and after.
func (m *markdown) graph(s report.Section) {
	g, limit := s.Graph, report.DrawingLimit
	drawn := mermaid(g)
	for len(drawn) > roomGraph { // names that are not as Milvus allows them
		limit /= 2
		g = g.Within(limit)
		drawn = mermaid(g)
	}
	open := ""
	if len(g.Aliases) <= openGraph {
		open = " open"
	}
	m.say("<details%s><summary>%s</summary>\n\n```mermaid\n%s```\n\n", open, s.Title, drawn)
	if g.More > 0 {
		m.say("*%s more, left out here*\n\n", quantity.Of(g.More, "change"))
	}
	m.say("</details>\n\n")
}

// mermaid is a graph in the language of Mermaid, which GitHub and GitLab draw:
// a dotted line to what an alias leaves, a thick one to where it is bound
// afterwards. Only lines are coloured, so that it reads on light and dark.
func mermaid(g *report.Drawing) string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	classes := map[report.Fate][]string{}
	nodes := func(prefix string, nodes []report.Node, open, close string) {
		for i, n := range nodes {
			id := prefix + strconv.Itoa(i)
			b.WriteString("  " + id + open + `"` + mermaidLabel(n.Name) + `"` + close + "\n")
			classes[n.Fate] = append(classes[n.Fate], id)
		}
	}
	nodes("a", g.Aliases, "([", "])")
	nodes("c", g.Collections, "[", "]")
	var before, after []string
	for i, e := range g.Edges {
		arrow := "-. before .->"
		if e.After {
			arrow = "== after ==>"
			after = append(after, strconv.Itoa(i))
		} else {
			before = append(before, strconv.Itoa(i))
		}
		fmt.Fprintf(&b, "  a%d %s c%d\n", e.Alias, arrow, e.Collection)
	}
	style := func(format string, ids []string) {
		if len(ids) > 0 {
			fmt.Fprintf(&b, format, strings.Join(ids, ","))
		}
	}
	style("  classDef created stroke:#1a7f37,stroke-width:2px\n  class %s created\n", classes[report.Created])
	style("  classDef dropped stroke:#cf222e,stroke-width:2px,stroke-dasharray:5 4\n  class %s dropped\n", classes[report.Dropped])
	style("  linkStyle %s stroke:#cf222e\n", before)
	style("  linkStyle %s stroke:#1a7f37\n", after)
	return b.String()
}

// mermaidName is how many characters of a name a graph shows.
const mermaidName = 40

// mermaidLabel is a name that means nothing to Mermaid, nor to the Markdown
// that it reads in labels: all but letters, digits and the underscores between
// them are written as Mermaid's entities.
func mermaidLabel(name string) string {
	name = report.Elided(safetext.Line(name), mermaidName)
	var b strings.Builder
	for i, r := range name {
		switch {
		case alphanumeric(r), r == '_' && i > 0 && i+1 < len(name) && alphanumeric(rune(name[i-1])) && alphanumeric(rune(name[i+1])):
			b.WriteRune(r)
		default:
			b.WriteString("#" + strconv.Itoa(int(r)) + ";")
		}
	}
	return b.String()
}

// alphanumeric is for ASCII alone; what lies beyond has no meaning in any of
// the languages either, but need not be trusted to have none.
func alphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
