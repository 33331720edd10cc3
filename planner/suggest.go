package planner

import (
	"strings"

	"github.com/xrash/smetrics"
)

// nearest is the collection of a database whose name is spelt most like another
// one, "" when none is near: at most two letters apart, and at most a third of the
// name. A name that differs in its numbers alone is no misspelling: products_v43
// beside products_v42 is the next build.
func nearest(name string, live *LiveDatabase) string {
	const longest, most = 255, 10_000 // bound the work of a hint
	best, distance := "", min(3, len(name)/3+1)
	for i, other := range live.Names {
		if i == most || len(name) > longest {
			break
		}
		if d := len(other) - len(name); d >= distance || -d >= distance || alike(other, name) {
			continue
		}
		if d := smetrics.WagnerFischer(strings.ToLower(name), strings.ToLower(other), 1, 1, 1); d < distance {
			best, distance = other, d
		}
	}
	return best
}
