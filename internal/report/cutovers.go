package report

import (
	"strconv"
	"strings"

	"aliasctl/executor"
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

// groups are those of the plan, in the order of their first steps.
func (p plan) groups() []group {
	var groups []group
	places := make(map[planner.Key]int)
	for i, s := range p.Plan.Steps {
		if s.Cutover == nil || s.Cutover.Group == "" {
			continue
		}
		key := planner.Key{Database: s.Database, Name: s.Cutover.Group}
		at, ok := places[key]
		if !ok {
			at = len(groups)
			places[key] = at
			groups = append(groups, group{name: p.key(s.Database, s.Cutover.Group), switchBack: s.Cutover.SwitchBack})
		}
		groups[at].steps = append(groups[at].steps, i+1)
		groups[at].switches++
	}
	return groups
}

// size reports how large a cutover is.
func (g group) size() string {
	return quantity.Phrase(g.switches, "switch", "switches as one")
}

// fate reports what a failure does to the members.
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

// groupsOf names the groups of switches that stand or fall together.
func (p plan) groupsOf() []Section {
	groups := p.groups()
	if len(groups) == 0 {
		return nil
	}
	return one(Section{Title: "Cutovers", Lists: []List{newList("group", groups, func(g *group) Item {
		return Item{Line: []Span{{Text: "group "}, {Text: g.name, Role: Subject}, {Text: ": " + g.size() + ", " + g.numbers() + "; " + g.fate()}}}
	})}})
}

// cutovers are those of an apply that a reader must hear of: whatever went
// wrong, or the groups that did not. That an alias alone was switched stands in
// its result.
func (p plan) cutovers(failed bool) []Section {
	var shown []*executor.Cutover
	for i := range p.Cutovers {
		if c := &p.Cutovers[i]; failed && c.Err != nil || !failed && c.Err == nil && c.Group != "" {
			shown = append(shown, c)
		}
	}
	if len(shown) == 0 {
		return nil
	}
	s := Section{Title: "Cutovers", Lists: []List{newList("cutover", shown, func(c **executor.Cutover) Item { return p.cutover(*c) })}}
	if failed {
		s.Tone = Bad
	}
	return one(s)
}

// cutover is how a cutover went, and where each member of one that failed
// stands.
func (p plan) cutover(c *executor.Cutover) Item {
	noun, name := "group ", c.Group
	if c.Group == "" && len(c.Members) > 0 {
		noun, name = "alias ", c.Members[0].Alias
	}
	end := Span{Text: strings.Join(p.ending(c), ", "), Role: Ending, Tone: Good}
	i := Item{Line: []Span{{Text: noun}, {Text: p.key(c.Database, name), Role: Subject}, {Text: ": "}, end}}
	if c.Err != nil {
		i.Line[3].Tone = Bad
		for _, m := range c.Members {
			i.Members = append(i.Members, Item{Line: []Span{{Text: p.key(c.Database, m.Alias), Role: Name}, {Text: ": " + standing(m) + " "}, {Text: m.At, Role: Name}}})
		}
	}
	return i
}

// ending is how a cutover ended, and for how long its members were on both
// sides.
func (p plan) ending(c *executor.Cutover) []string {
	var words []string
	switch {
	case c.Err == nil:
		words = []string{"switched"}
	case c.Split:
		words = []string{"failed", "its members are not on one side"}
	case stands(c, executor.OnGreen):
		words = []string{"verification failed", "stays switched"}
	case stands(c, executor.Uncertain), stands(c, executor.Elsewhere):
		words = []string{"failed"}
	case p.switchedBack(c):
		words = []string{"failed", "switched back"}
	default:
		words = []string{"failed", "not switched"}
	}
	if c.Mixed > 0 {
		words = append(words, "mixed for "+Rounded(c.Mixed).String())
	}
	return words
}

// stands reports that every member is there.
func stands(c *executor.Cutover, where executor.Standing) bool {
	for _, m := range c.Members {
		if m.Stands != where {
			return false
		}
	}
	return true
}

func (p plan) switchedBack(c *executor.Cutover) bool {
	for _, m := range c.Members {
		if m.Step < len(p.Results) && p.Results[m.Step].Outcome == executor.SwitchedBack {
			return true
		}
	}
	return false
}

// standing reports where a member is; its collection follows.
func standing(m executor.Member) string {
	words := strings.ReplaceAll(string(m.Stands), "-", " ")
	if m.Stands == executor.OnBlue {
		words = "as before" // switched back, or never switched
	}
	if m.At != "" {
		return words + ", at"
	}
	if m.Stands == executor.Elsewhere {
		return words + ", unbound"
	}
	return words
}
