package html

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
)

// The layout of a graph in pixels: two columns of boxes, aliases on the left
// and collections on the right.
const (
	boxHeight  = 28
	boxSpacing = 37  // from one box to the next
	boxPadding = 11  // on each side of a name
	columnGap  = 76  // between the columns, for the lines
	runeWidth  = 7.9 // of 13 px monospace, with a little room
	svgName    = 28  // characters of a name; the tooltip has it whole
)

// graph draws what changes as inline SVG.
func (p *page) graph(g *report.Drawing) {
	left, gap, right := boxWidth(g.Aliases), columnGap, boxWidth(g.Collections)
	if len(g.Aliases) == 0 {
		left, gap = 0, 0
	}
	aliases, collections := layout(g)
	height := boxSpacing
	for _, y := range append(aliases, collections...) {
		height = max(height, y+boxSpacing)
	}
	width := left + gap + right
	fmt.Fprintf(p, "<figure>\n<div class=\"graph\" role=\"region\" aria-label=\"graph of bindings\" tabindex=\"0\">\n"+
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"-2 -2 %[1]d %[2]d\" role=\"img\" aria-label=\"%s and the collections that they are bound to before and after the plan\">\n",
		width+4, height-boxSpacing+boxHeight+4, quantity.Of(len(g.Aliases), "alias"))
	p.WriteString(`<defs>` +
		`<marker id="to-before" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z"/></marker>` +
		`<marker id="to-after" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z"/></marker>` +
		"</defs>\n")
	for _, e := range g.Edges {
		class := "before"
		if e.After {
			class = "after"
		}
		x1, y1 := left, aliases[e.Alias]+boxHeight/2
		x2, y2 := left+gap, collections[e.Collection]+boxHeight/2
		fmt.Fprintf(p, "<path class=\"%s\" d=\"M%d %dC%d %d %d %d %d %d\" marker-end=\"url(#to-%[1]s)\"/>\n",
			class, x1, y1, x1+gap/2, y1, x2-gap/2, y2, x2, y2)
	}
	p.boxes(g.Aliases, aliases, 0, left, boxHeight/2)
	p.boxes(g.Collections, collections, left+gap, right, 4)
	p.WriteString("</svg>\n</div>\n<figcaption class=\"legend\">")
	p.legend(g)
	if g.More > 0 {
		p.say(" <span>%s more, not drawn</span>", quantity.Of(g.More, "change"))
	}
	if n := g.Unchanged; n > 0 {
		p.say(" <span>%s unchanged, not drawn</span>", quantity.Of(n, "alias"))
	}
	p.WriteString("</figcaption>\n</figure>\n")
}

// legend explains what is in the graph, and nothing else.
func (p *page) legend(g *report.Drawing) {
	left := slices.ContainsFunc(g.Edges, func(e report.Edge) bool { return !e.After })
	entered := slices.ContainsFunc(g.Edges, func(e report.Edge) bool { return e.After })
	gone := slices.ContainsFunc(slices.Concat(g.Aliases, g.Collections), func(n report.Node) bool { return n.Fate == report.Dropped })
	for _, key := range []struct {
		there          bool
		class, meaning string
	}{
		{left, "was", "before"},
		{entered, "now", "after"},
		{gone, "gone", "dropped"},
	} {
		if key.there {
			p.say(" <span><i class=\"%s\"></i>%s</span>", key.class, key.meaning)
		}
	}
}

func (p *page) boxes(nodes []report.Node, ys []int, x, width, radius int) {
	for i, n := range nodes {
		class := [...]string{report.Stays: "stays", report.Created: "created", report.Dropped: "dropped"}[n.Fate]
		p.say("<g class=\"%s\"><title>%s</title>", class, n.Name)
		fmt.Fprintf(p, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/><text x=\"%d\" y=\"%d\">",
			x, ys[i], width, boxHeight, radius, x+boxPadding, ys[i]+boxHeight/2+4)
		p.say("%s</text></g>\n", report.Elided(safetext.Line(n.Name), svgName))
	}
}

// layout reports where the boxes begin: the collections one below the other, and
// each alias in the middle of those that it leaves and enters.
func layout(g *report.Drawing) (aliases, collections []int) {
	for i := range g.Collections {
		collections = append(collections, i*boxSpacing)
	}
	sum, lines := make([]int, len(g.Aliases)), make([]int, len(g.Aliases))
	for _, e := range g.Edges {
		sum[e.Alias] += collections[e.Collection]
		lines[e.Alias]++
	}
	next := 0
	for i := range g.Aliases {
		y := next
		if lines[i] > 0 {
			y = max(next, sum[i]/lines[i])
		}
		aliases = append(aliases, y)
		next = y + boxSpacing
	}
	return aliases, collections
}

// boxWidth is the width that the longest of the names needs. What is not ASCII
// may be wide.
func boxWidth(nodes []report.Node) int {
	longest := 0
	for _, n := range nodes {
		name := report.Elided(safetext.Line(n.Name), svgName)
		runes := utf8.RuneCountInString(name)
		longest = max(longest, runes+(len(name)-runes)/2)
	}
	return int(float64(longest)*runeWidth) + 2*boxPadding
}
