package render

import (
	"fmt"
	"strings"

	"aliasctl/planner"
)

// verdicts are all of them in the order in which a reviewer should hear of
// them: what refuses the plan, what nobody knows or wanted to know, and last
// what is well.
var verdicts = []planner.Verdict{planner.CheckFailed, planner.CheckUnknown, planner.CheckSkipped,
	planner.CheckAllowed, planner.CheckPending, planner.CheckPassed}

// verdictWord is a verdict in a table.
func verdictWord(v planner.Verdict) string {
	if v == planner.CheckAllowed {
		return "unknown, allowed"
	}
	return string(v)
}

// checksLine counts the verdicts: "1 failed, 2 skipped, 7 passed".
func checksLine(checks []planner.Check) string { return strings.Join(checkCounts(checks), ", ") }

func checkCounts(checks []planner.Check) []string {
	n := make(map[planner.Verdict]int)
	for _, c := range checks {
		n[c.Verdict]++
	}
	var said []string
	for _, v := range verdicts {
		if n[v] == 0 {
			continue
		}
		word := string(v)
		switch v {
		case planner.CheckFailed:
			word = "failed"
		case planner.CheckPassed:
			word = "passed"
		case planner.CheckAllowed:
			word = "unknown but allowed"
		}
		said = append(said, fmt.Sprintf("%d %s", n[v], word))
	}
	return said
}

// byVerdict are the checks with the worst first, otherwise in plan order; the
// last `passed` of them passed.
func byVerdict(checks []planner.Check) (sorted []*planner.Check, passed int) {
	sorted = make([]*planner.Check, 0, len(checks))
	for _, v := range verdicts {
		start := len(sorted)
		for i := range checks {
			if checks[i].Verdict == v {
				sorted = append(sorted, &checks[i])
			}
		}
		passed = len(sorted) - start
	}
	return sorted, passed
}

// skipped is how many checks a flag left out.
func skipped(checks []planner.Check) int {
	n := 0
	for _, c := range checks {
		if c.Verdict == planner.CheckSkipped {
			n++
		}
	}
	return n
}

// moves says, for each alias that has checks, which collection is its blue and
// which its green.
func moves(plan planner.Plan) map[planner.Key]planner.Step {
	wanted := make(map[planner.Key]planner.Step)
	for _, c := range plan.Checks {
		wanted[planner.Key{Database: c.Database, Name: c.Alias}] = planner.Step{}
	}
	if len(wanted) == 0 {
		return nil
	}
	for i, s := range plan.Steps {
		key := planner.Key{Database: s.Database, Name: s.Alias}
		if _, ok := wanted[key]; !ok || recreates(plan.Steps, i-1) {
			continue
		}
		if recreates(plan.Steps, i) {
			s.To = plan.Steps[i+1].To
		}
		wanted[key] = s
	}
	return wanted
}
