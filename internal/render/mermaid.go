package render

import (
	"fmt"
	"strconv"
	"strings"
)

// mermaid is a graph in the language of Mermaid, which GitHub and GitLab draw:
// a dotted line to what an alias leaves, a thick one to where it is bound
// afterwards. Only lines are coloured, so that it reads on light and dark.
func (g graph) mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	classes := map[fate][]string{}
	nodes := func(prefix string, nodes []node, open, close string) {
		for i, n := range nodes {
			id := prefix + strconv.Itoa(i)
			b.WriteString("  " + id + open + `"` + mermaidLabel(n.name) + `"` + close + "\n")
			classes[n.fate] = append(classes[n.fate], id)
		}
	}
	nodes("a", g.aliases, "([", "])")
	nodes("c", g.collections, "[", "]")
	var before, after []string
	for i, e := range g.edges {
		arrow := "-. before .->"
		if e.after {
			arrow = "== after ==>"
			after = append(after, strconv.Itoa(i))
		} else {
			before = append(before, strconv.Itoa(i))
		}
		fmt.Fprintf(&b, "  a%d %s c%d\n", e.alias, arrow, e.collection)
	}
	style := func(format string, ids []string) {
		if len(ids) > 0 {
			fmt.Fprintf(&b, format, strings.Join(ids, ","))
		}
	}
	style("  classDef created stroke:#1a7f37,stroke-width:2px\n  class %s created\n", classes[created])
	style("  classDef dropped stroke:#cf222e,stroke-width:2px,stroke-dasharray:5 4\n  class %s dropped\n", classes[dropped])
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
	name = elided(Clean(name), mermaidName)
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
