package render

import (
	"fmt"
	"strconv"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

// group is the switches of a plan that are one cutover.
type group struct {
	name       string
	switches   int
	steps      []int // their numbers
	switchBack bool
}

// groups are those of a plan, in the order of their first steps.
func (n names) groups(steps []planner.Step) []group {
	var groups []group
	places := make(map[planner.Key]int)
	for i, s := range steps {
		if s.Cutover == nil || s.Cutover.Group == "" {
			continue
		}
		key := planner.Key{Database: s.Database, Name: s.Cutover.Group}
		at, ok := places[key]
		if !ok {
			at = len(groups)
			places[key] = at
			groups = append(groups, group{name: n.key(s.Database, s.Cutover.Group), switchBack: s.Cutover.SwitchBack})
		}
		groups[at].steps = append(groups[at].steps, i+1)
		if !recreates(steps, i-1) {
			groups[at].switches++
		}
	}
	return groups
}

// size says how large a cutover is.
func (g group) size() string {
	return quantity.Phrase(g.switches, "switch", "switches as one")
}

// fate says what a failure does to the members.
func (g group) fate() string {
	switch {
	case g.switches == 1 && g.switchBack:
		return "if it fails, it goes back"
	case g.switches == 1:
		return "if it fails, it stays"
	case g.switchBack:
		return "if one fails, those already switched go back"
	}
	return "if one fails, those already switched stay"
}

// says is all about a group but its name.
func (g group) says() string { return g.size() + ", " + g.numbers() + "; " + g.fate() }

// numbers names the steps: "steps 1-3, 7". Only a few, for a group is made
// side by side.
func (g group) numbers() string {
	const most = 8
	var ranges []string
	for i := 0; i < len(g.steps); {
		j := i
		for j+1 < len(g.steps) && g.steps[j+1] == g.steps[j]+1 {
			j++
		}
		if len(ranges) == most {
			ranges = append(ranges, "...")
			break
		}
		if r := strconv.Itoa(g.steps[i]); i == j {
			ranges = append(ranges, r)
		} else {
			ranges = append(ranges, r+"-"+strconv.Itoa(g.steps[j]))
		}
		i = j + 1
	}
	return quantity.Noun(len(g.steps), "step") + " " + strings.Join(ranges, ", ")
}

// cutoverMarks say how a step is made, beyond what it does.
func cutoverMarks(s planner.Step) []string {
	var marks []string
	if s.RolledBack {
		marks = append(marks, "rollback")
	}
	c := s.Cutover
	if c == nil {
		return marks
	}
	if c.Group != "" {
		marks = append(marks, "group "+c.Group)
	}
	if c.Confirmations > 0 {
		marks = append(marks, confirmed(c.Confirmations))
	}
	if c.Canary != nil {
		kind := "query"
		if c.Canary.Search != nil {
			kind = "search"
		}
		marks = append(marks, "canary "+kind)
	}
	if !c.SwitchBack {
		marks = append(marks, "stays when it fails")
	}
	return marks
}

func confirmed(n int) string {
	if n == 1 {
		return "to be confirmed once"
	}
	return fmt.Sprintf("to be confirmed %d times", n)
}
