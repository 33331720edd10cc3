package render

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"aliasctl/planner"
)

// query is one golden query with its number in the file, from 1 on.
type query struct {
	number int
	planner.GoldenQuery
}

// worst are the queries that agree least, at most so many of them, and how
// many are left out. Two that agree alike stand in the order of the file.
func worst(f *planner.GoldenFact, most int) (shown []query, left int) {
	all := make([]query, len(f.Queries))
	for i, q := range f.Queries {
		all[i] = query{i + 1, q}
	}
	slices.SortStableFunc(all, func(a, b query) int { return cmp.Compare(a.Overlap, b.Overlap) })
	shown = all[:min(most, len(all))]
	return shown, len(all) - len(shown)
}

// goldenTitle says what was compared.
func goldenTitle(f *planner.GoldenFact) string {
	noun := "queries"
	if len(f.Queries) == 1 {
		noun = "query"
	}
	return fmt.Sprintf("%d golden %s compared by their top %d", len(f.Queries), noun, f.K)
}

// goldenRest says what is left out, "" for nothing. The worst are shown, so
// there is a bound for the others.
func goldenRest(shown []query, left int) string {
	if left == 0 {
		return ""
	}
	return fmt.Sprintf("and %d more with an overlap of %s or better", left, overlap(shown[len(shown)-1].Overlap))
}

func overlap(share float64) string { return fmt.Sprintf("%.2f", share) }

// latency is a time in the unit that a search is measured in.
func latency(d time.Duration) string {
	return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
}

// slowest is what the bars of a comparison are measured by.
func slowest(f *planner.GoldenFact) time.Duration {
	var most time.Duration
	for _, q := range f.Queries {
		most = max(most, q.Blue, q.Green)
	}
	return most
}

// share is part of whole, from 0 to 1.
func share(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// cells is how many of n cells a share fills: none for nothing only, and all
// for all only, because these two are what a reader looks for.
func cells(share float64, n int) int {
	switch {
	case !(share > 0):
		return 0
	case share >= 1:
		return n
	}
	return min(max(int(math.Round(share*float64(n))), 1), n-1)
}

// bar is a share in characters.
func bar(share float64, n int) string {
	full := cells(share, n)
	return strings.Repeat("█", full) + strings.Repeat("░", n-full)
}
