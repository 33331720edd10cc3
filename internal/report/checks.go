package report

import (
	"fmt"
	"iter"
	"strings"

	"aliasctl/planner"
)

// ranked are the verdicts in the order in which a reviewer should hear of
// them: what refuses the plan, what is unknown or left out, and last what
// passed.
var ranked = []planner.Verdict{planner.CheckFailed, planner.CheckUnknown, planner.CheckSkipped,
	planner.CheckAllowed, planner.CheckPending, planner.CheckPassed}

// checks is the preflight.
func (p plan) checks() []Section {
	all := p.Plan.Checks
	if len(all) == 0 {
		return nil
	}
	t := &Table{Class: "checks", Noun: "check", N: len(all), Columns: []Column{
		{Head: "Alias", Names: true}, {Head: "Check", Names: true}, {Head: "Blue"}, {Head: "Green"}, {Head: "Verdict"},
	}}
	t.Rows = func(yield func(*Row) bool) {
		steps := p.moves()
		var row Row
		var alias planner.Key
		for i := range all {
			c := &all[i]
			p.check(&row, c)
			row.Index, row.Group = i, nil
			if key := (planner.Key{Database: c.Database, Name: c.Alias}); i == 0 || key != alias {
				alias = key
				row.Group = []string{p.key(c.Database, c.Alias)}
				if s := steps[key]; s.To != "" {
					row.Group = append(row.Group, s.From, "-> "+s.To)
				}
			}
			if !yield(&row) {
				return
			}
		}
	}
	t.Ranked = p.ranked
	for i := range all {
		if all[i].Verdict == planner.CheckPassed {
			t.Passed++
		}
	}
	return one(Section{Title: "Preflight", Remark: checksLine(all), Table: t})
}

// ranked are the rows of the checks with the worst first.
func (p plan) ranked(yield func(*Row) bool) {
	row := Row{Index: -1}
	for _, v := range ranked {
		for i := range p.Plan.Checks {
			if c := &p.Plan.Checks[i]; c.Verdict == v {
				p.check(&row, c)
				row.Index++
				if !yield(&row) {
					return
				}
			}
		}
	}
}

var _ iter.Seq[*Row] = plan{}.ranked

// check makes the row of a check.
func (p plan) check(row *Row, c *planner.Check) {
	verdict := Cell{Text: verdictText(c.Verdict), Role: Verdict, Tone: verdictTone(c.Verdict), Small: c.Details}
	row.Class = string(verdict.Tone)
	row.Cells = append(row.Cells[:0], Cell{Text: p.key(c.Database, c.Alias), Role: Name}, Cell{Text: string(c.Name), Role: Name},
		Cell{Text: c.Blue, Role: Name}, Cell{Text: c.Green, Role: Name}, verdict)
	row.Golden = p.bars(c)
}

func verdictTone(v planner.Verdict) Tone {
	switch v {
	case planner.CheckPassed:
		return Good
	case planner.CheckFailed, planner.CheckUnknown:
		return Bad
	}
	return Loss
}

// verdictText is a verdict in a table.
func verdictText(v planner.Verdict) string {
	if v == planner.CheckAllowed {
		return "unknown, allowed"
	}
	return string(v)
}

// checksLine counts the verdicts: "1 failed, 2 skipped, 7 passed".
func checksLine(checks []planner.Check) string {
	n := make(map[planner.Verdict]int)
	for i := range checks {
		n[checks[i].Verdict]++
	}
	var words []string
	for _, v := range ranked {
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
		words = append(words, fmt.Sprintf("%d %s", n[v], word))
	}
	return strings.Join(words, ", ")
}

// skipped is how many checks a flag left out.
func skipped(checks []planner.Check) int {
	n := 0
	for i := range checks {
		if checks[i].Verdict == planner.CheckSkipped {
			n++
		}
	}
	return n
}

// moves says, for each alias that has checks, which collection is its blue and
// which its green.
func (p plan) moves() map[planner.Key]planner.Step {
	wanted := make(map[planner.Key]planner.Step)
	for i := range p.Plan.Checks {
		wanted[planner.Key{Database: p.Plan.Checks[i].Database, Name: p.Plan.Checks[i].Alias}] = planner.Step{}
	}
	for _, s := range p.Plan.Steps {
		key := planner.Key{Database: s.Database, Name: s.Alias}
		if _, ok := wanted[key]; ok {
			wanted[key] = s
		}
	}
	return wanted
}
