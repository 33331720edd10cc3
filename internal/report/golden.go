package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

// Bars are the golden queries of one alias.
type Bars struct {
	Alias  string
	Title  string // what was compared
	Result string // prose: how it came out
	Failed bool

	queries []planner.GoldenQuery
}

// Query is one golden query with its number in the file, from 1 on, and its
// overlap and the latencies of blue and green.
type Query struct {
	Number               int
	Overlap, Blue, Green Bar
}

// Bar is a share from 0 to 1, and what it is in words.
type Bar struct {
	Share float64
	Text  string
}

// Cells is how many of n cells the bar fills: none for nothing only, and all
// for all only, because these two are what a reader looks for.
func (b Bar) Cells(n int) int {
	switch {
	case !(b.Share > 0):
		return 0
	case b.Share >= 1:
		return n
	}
	return min(max(int(math.Round(b.Share*float64(n))), 1), n-1)
}

// golden has a section for each alias with golden queries.
func (p plan) golden() []Section {
	var sections []Section
	for i := range p.Plan.Checks {
		if bars := p.bars(&p.Plan.Checks[i]); bars != nil {
			sections = append(sections, Section{Title: "Golden queries", Bars: bars})
		}
	}
	return sections
}

// bars are the golden queries of a check, nil for none.
func (p plan) bars(c *planner.Check) *Bars {
	f := c.Golden
	if f == nil || len(f.Queries) == 0 {
		return nil
	}
	return &Bars{
		Alias: p.key(c.Database, c.Alias), Result: c.Green, Failed: c.Verdict == planner.CheckFailed, queries: f.Queries,
		Title: goldenTitle(f),
	}
}

// goldenTitle reports what the queries were compared with.
func goldenTitle(f *planner.GoldenFact) string {
	expected := 0
	for _, q := range f.Queries {
		if q.Expected {
			expected++
		}
	}
	title := fmt.Sprintf("%s compared by their top %d", quantity.Of(len(f.Queries), "golden query"), f.K)
	switch expected {
	case 0:
	case len(f.Queries):
		title += " with expected ids"
	default:
		title += fmt.Sprintf(", %d with expected ids", expected)
	}
	return title
}

// Worst are the queries that agree least, at most so many of them, and what is
// left out in words, "" for nothing. Two that agree alike stand in the order of
// the file.
func (b *Bars) Worst(most int) (shown []Query, rest string) {
	var slowest time.Duration
	order := make([]int, len(b.queries))
	for i, q := range b.queries {
		order[i] = i
		slowest = max(slowest, q.Blue, q.Green)
	}
	latency := func(d time.Duration) Bar {
		if d == 0 { // not asked
			return Bar{Text: "-"}
		}
		bar := Bar{Text: fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))}
		if slowest > 0 {
			bar.Share = float64(d) / float64(slowest)
		}
		return bar
	}
	slices.SortStableFunc(order, func(i, k int) int { return cmp.Compare(b.queries[i].Overlap, b.queries[k].Overlap) })
	for _, i := range order[:min(most, len(order))] {
		q := b.queries[i]
		shown = append(shown, Query{i + 1, Bar{q.Overlap, fmt.Sprintf("%.2f", q.Overlap)}, latency(q.Blue), latency(q.Green)})
	}
	if left := len(order) - len(shown); left > 0 { // the worst are shown: they bound the others
		rest = fmt.Sprintf("and %d more with an overlap of %s or better", left, shown[len(shown)-1].Overlap.Text)
	}
	return shown, rest
}
