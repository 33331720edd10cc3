package render

import (
	"cmp"
	"fmt"

	"aliasctl/planner"
)

// drifted visits what was changed outside aliasctl: what nobody has decided
// yet, and what a step follows or undoes. live is the collection that the
// alias is bound to now, or "unbound"; fate says what becomes of it.
func (n names) drifted(plan planner.Plan, visit func(name, live, fate string)) {
	for _, c := range plan.Conflicts {
		if c.Kind == planner.Drifted {
			visit(n.ofConflict(c), cmp.Or(c.Live, "unbound"), "conflict, last applied "+cmp.Or(c.Last, "never"))
		}
	}
	for i, s := range plan.Steps {
		if !s.Drift || recreates(plan.Steps, i-1) {
			continue
		}
		number := number(plan.Steps, i)
		switch {
		case recreates(plan.Steps, i):
			visit(n.of(s), s.From, fmt.Sprintf("steps %s move it to %s", number, plan.Steps[i+1].To))
		case s.Op == planner.CreateAlias:
			visit(n.of(s), "unbound", fmt.Sprintf("step %s creates it again", number))
		case s.Op == planner.AlterAlias:
			visit(n.of(s), s.From, fmt.Sprintf("step %s moves it to %s", number, s.To))
		case s.Anew():
			visit(n.of(s), s.To, fmt.Sprintf("made anew with id %s: step %s accepts it, last applied %s", s.ToID, number, s.FromID))
		case s.Op == planner.Adopt:
			visit(n.of(s), s.To, fmt.Sprintf("step %s accepts it, last applied %s", number, cmp.Or(s.From, "never")))
		case s.Op == planner.Forget:
			visit(n.of(s), "unbound", fmt.Sprintf("step %s forgets it, last applied %s", number, cmp.Or(s.From, "never")))
		default:
			visit(n.of(s), s.From, fmt.Sprintf("step %s drops it", number))
		}
	}
}
