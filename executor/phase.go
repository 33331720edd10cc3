package executor

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"aliasctl/planner"
)

// unit is what one worker does in one piece: a step, or a cutover with all its
// members.
type unit struct{ steps []int }

// The phases.
const (
	loadPhase = iota
	grantPhase
	bindPhase
	unbindPhase
	dropPhase
	phaseCount
)

// phasesOf sorts the steps that write into the phases, in plan order. A
// group stands where its first member does.
func phasesOf(plan planner.Plan) ([][]unit, error) {
	if len(plan.Conflicts) > 0 {
		return nil, &UnfitError{Reason: fmt.Sprintf("it has %d unresolved conflicts", len(plan.Conflicts))}
	}
	if plan.Live != planner.LiveRead {
		return nil, &UnfitError{Reason: "it was made without reading the cluster"}
	}
	indexes := make([]int, len(plan.Steps))
	for i := range indexes {
		indexes[i] = i
	}
	phases := make([][]unit, phaseCount)
	groups, roles := make(map[planner.Key]int), make(map[roleKey]int)
	for i, s := range plan.Steps {
		one := unit{indexes[i : i+1 : i+1]}
		switch {
		case s.Op == planner.LoadCollection:
			phases[loadPhase] = append(phases[loadPhase], one)
		case s.Op == planner.GrantPrivilege:
			phases[grantPhase] = joinRole(phases[grantPhase], roles, s, one)
		case s.Op == planner.CreateAlias, s.Op == planner.AlterAlias, s.Op == planner.RecreateAlias, s.Op == planner.Displace, s.Op == planner.VerifyAlias:
			phases[bindPhase] = join(phases[bindPhase], groups, s, one)
		case s.Op == planner.DropAlias:
			phases[unbindPhase] = append(phases[unbindPhase], one)
		case s.Op.Retires():
			phases[dropPhase] = append(phases[dropPhase], one)
		case s.Op.Writes():
			return nil, &UnfitError{Reason: fmt.Sprintf("step %d has the unknown operation %q", i+1, s.Op)}
		}
	}
	for _, u := range phases[bindPhase] {
		if i := slices.IndexFunc(u.steps, func(i int) bool { return plan.Steps[i].Op == planner.RecreateAlias }); i >= 0 && len(u.steps) > 1 {
			s := plan.Steps[u.steps[i]]
			return nil, &UnfitError{Reason: fmt.Sprintf("group %q of database %q has several members, and a switch by drop and create cannot keep them together (`--switch alter` can)", s.Cutover.Group, s.Database)}
		}
	}
	return phases, nil
}

// join adds a unit to a phase, or to the unit of its group that is there.
func join(units []unit, groups map[planner.Key]int, s planner.Step, u unit) []unit {
	if s.Cutover == nil || s.Cutover.Group == "" {
		return append(units, u)
	}
	group := planner.Key{Database: s.Database, Name: s.Cutover.Group}
	if at, found := groups[group]; found {
		units[at].steps = append(units[at].steps, u.steps...)
		return units
	}
	groups[group] = len(units)
	return append(units, u)
}

// roleKey is a role with the collection that it is granted on.
type roleKey struct {
	collection planner.Key
	role       string
}

// joinRole adds a grant to the unit of its role: one may bring others along.
func joinRole(units []unit, roles map[roleKey]int, s planner.Step, u unit) []unit {
	k := roleKey{planner.Key{Database: s.Database, Name: s.Collection}, s.Role}
	if at, found := roles[k]; found {
		units[at].steps = append(units[at].steps, u.steps...)
		return units
	}
	roles[k] = len(units)
	return append(units, u)
}

// incomplete reports that a step or a cutover of an earlier phase went wrong.
func (r *run) incomplete() bool {
	return slices.ContainsFunc(r.results, func(result Result) bool { return result.Outcome == Failed || result.Outcome == Undecided }) ||
		slices.ContainsFunc(r.cutovers, func(c Cutover) bool { return c.Err != nil })
}

// phase runs the units of one phase side by side. Those that have to wait for
// readers come last.
func (r *run) phase(ctx context.Context, units []unit) {
	ready, draining, wait := r.draining(units)
	r.units(ctx, ready)
	if len(draining) > 0 && r.drain(ctx, draining, wait) {
		r.units(ctx, draining)
	}
}

func (r *run) units(ctx context.Context, units []unit) {
	r.each(len(units), func(i int) {
		if !r.stopped(ctx) {
			r.unit(ctx, units[i])
		}
	})
}

// each does n things side by side, begun in their order, as many at once as
// the throttle lets, and returns when all are done. A panic in one is caught.
func (r *run) each(n int, do func(i int)) {
	_ = r.throttle.Each(context.Background(), n, func(_ context.Context, i int) error {
		r.safely(func() { do(i) })
		return nil // what became of each is in its result
	})
}

// sideBySide does n things, at most width at once, in the same way.
func (r *run) sideBySide(n, width int, do func(i int)) {
	var workers errgroup.Group
	workers.SetLimit(width)
	for i := range n {
		workers.Go(func() error {
			r.safely(func() { do(i) })
			return nil
		})
	}
	_ = workers.Wait() // nothing is reported through it
}

// safely catches a panic.
func (r *run) safely(do func()) {
	defer func() {
		if value := recover(); value != nil {
			r.caught(value)
		}
	}()
	do()
}
