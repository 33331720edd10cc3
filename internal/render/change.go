package render

import (
	"strconv"
	"strings"

	"aliasctl/planner"
)

// change is a row of a table of steps: one step, or the two halves of a switch
// by drop and create.
type change struct {
	number string // "3", or "3-4"
	op     planner.Op
	verb   string // what happens, in words
	name   string // of the alias or collection
	from   string // the collection before, "" for none; of a collection its id
	to     string // the collection afterwards, "" for none
	marks  []string
	steps  int // how many steps it is: 1 or 2
}

// changeAt is the change that begins at step i.
func (n names) changeAt(steps []planner.Step, i int) change {
	if recreates(steps, i) {
		c := n.changeOf(i, steps[i])
		c.number, c.op, c.verb, c.to, c.steps = number(steps, i), planner.AlterAlias, "switch", steps[i+1].To, 2
		c.marks[0] = gapMark // what was "half of a switch"
		return c
	}
	return n.changeOf(i, steps[i])
}

const gapMark = "by drop and create, with a gap"

// changeOf is step i alone.
func (n names) changeOf(i int, s planner.Step) change {
	c := change{number: strconv.Itoa(i + 1), op: s.Op, name: n.of(s), from: s.From, to: s.To, steps: 1}
	switch s.Op {
	case planner.CreateAlias:
		c.verb, c.from = "create", ""
	case planner.AlterAlias:
		c.verb = "switch"
	case planner.VerifyAlias:
		c.verb = "verify"
		c.marks = append(c.marks, wentFrom(s))
	case planner.DropAlias:
		c.verb, c.to = "drop", ""
	case planner.DropCollection:
		c.verb, c.to = "drop collection", ""
	case planner.Adopt:
		c.verb = "adopt"
	case planner.Forget:
		c.verb, c.to = "forget", ""
	default:
		c.verb = string(s.Op)
	}
	if s.Recreate {
		c.marks = append(c.marks, "half of a switch by drop and create")
	}
	switch {
	case s.Anew():
		c.marks = append(c.marks, "made anew: id "+s.ToID+", was "+s.FromID)
	case s.Op == planner.Adopt && s.From == s.To && !s.Protect:
		c.marks = append(c.marks, "no longer protected")
	case s.Protect && s.Op != planner.DropAlias:
		c.marks = append(c.marks, "protected")
	}
	if s.ReleaseFirst {
		c.marks = append(c.marks, "released first")
	}
	if s.Op == planner.CreateAlias && s.Back != "" {
		c.marks = append(c.marks, "a switch from "+s.Back+" was cut")
	}
	c.marks = append(c.marks, cutoverMarks(s)...)
	if s.Drift {
		c.marks = append(c.marks, "changed outside aliasctl")
	}
	return c
}

// wentFrom says why an alias that does not move has a step.
func wentFrom(s planner.Step) string {
	if s.Back == "" {
		return "its creation was never verified"
	}
	return "the switch from " + s.Back + " was never verified"
}

func (c change) mark() string { return strings.Join(c.marks, ", ") }

// number is that of step i, or of the pair that begins there.
func number(steps []planner.Step, i int) string {
	if recreates(steps, i) {
		return strconv.Itoa(i+1) + "-" + strconv.Itoa(i+2)
	}
	return strconv.Itoa(i + 1)
}
