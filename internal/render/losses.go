package render

import (
	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

// losses are what nothing brings back, and what readers will miss. A reviewer
// must not have to look for them.
type losses struct {
	collections []planner.Step
	aliases     []planner.Step // without the halves of a switch
	gaps        []string
}

// newLosses finds what a plan takes away; after an apply, what was taken away.
func newLosses(r Report) losses {
	var l losses
	see := func(s planner.Step) {
		switch {
		case s.Op == planner.DropCollection:
			l.collections = append(l.collections, s)
		case s.Op == planner.DropAlias && !s.Recreate:
			l.aliases = append(l.aliases, s)
		}
	}
	if !r.Applied {
		for _, s := range r.Plan.Steps {
			see(s)
		}
		l.gaps = r.Proof.Gaps
		return l
	}
	for _, result := range r.Results {
		if result.Done() {
			see(result.Step)
		}
	}
	return l
}

func (l losses) none() bool { return len(l.collections)+len(l.aliases)+len(l.gaps) == 0 }

// gapsLine says what n gaps mean.
func gapsLine(n int) string {
	if n == 1 {
		return "1 alias is unbound for a moment, between its drop and its create"
	}
	return quantity.Of(n, "alias") + " are unbound for a moment, between their drop and their create"
}
