package executor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aliasctl/planner"
)

// A grant opens a collection to a role before readers are sent there. It is announced
// nowhere: whoever comes after a run that was killed finds it in the list of the role,
// and plans what is missing. Too many grants on a collection that nothing leads to
// lock no one out.
//
// A switch that goes back or is undone takes its grants with it, but for those of a
// collection that another switch of the run went to.

// granting is the change of one grant, or of one that is taken back.
type granting struct {
	cluster Cluster
	step    planner.Step
	back    bool
}

var _ change = (*granting)(nil)

// entry is the grant as the cluster lists it.
func (g *granting) entry() planner.Grant {
	return planner.Grant{Database: g.step.Database, ObjectType: g.step.ObjectType, Object: g.step.Collection, Privilege: g.step.Privilege}
}

func (g *granting) of() planner.Step { return g.step }

// look reads what the role has. What was taken from it on the collection that it is
// copied from is not granted.
func (g *granting) look(ctx context.Context) (sight, error) {
	grants, err := g.cluster.RoleGrants(ctx, g.step.Database, g.step.Role)
	if err != nil {
		return sight{}, err
	}
	has := func(object string) bool {
		e := g.entry()
		return slices.ContainsFunc(grants, func(h planner.Grant) bool {
			return h.ObjectType == e.ObjectType && h.Privilege == e.Privilege && h.Object == object && (h.Database == e.Database || h.Database == "*" && !g.back)
		})
	}
	switch there := has(g.step.Collection); {
	case there != g.back:
		return sight{place: asWanted}, nil
	case !g.back && !has(g.step.From):
		return sight{place: elsewhere, why: &RevokedError{Database: g.step.Database, Role: g.step.Role, Privilege: g.step.Privilege, Object: g.step.From}}, nil
	}
	return sight{place: asExpected}, nil
}

func (g *granting) write(ctx context.Context) error {
	if g.back {
		return g.cluster.Revoke(ctx, g.step.Role, g.entry())
	}
	return g.cluster.Grant(ctx, g.step.Role, g.entry())
}

// verify: what the other name has matters no more.
func (g *granting) verify(ctx context.Context) (sight, error) {
	s, err := g.look(ctx)
	if s.place == elsewhere {
		s = sight{place: asExpected}
	}
	return s, err
}

func (g *granting) instead(error) bool      { return false }
func (g *granting) repeatable() bool        { return true }
func (g *granting) urgent() bool            { return false }
func (g *granting) unconfirmed(sight) error { return nil }

// grants carries out the grants of a role on one collection, one after the other.
func (r *run) grants(ctx context.Context, u unit) {
	for _, i := range u.steps {
		if r.stopped(ctx) {
			return
		}
		r.started(i)
		v := unannounced(r.carryOut(ctx, &granting{cluster: r.cluster, step: r.results[i].Step}))
		r.conclude(i, v)
		if v.lost != nil {
			r.mu.Lock()
			r.late[i] = v.lost
			r.mu.Unlock()
		}
		r.finished(i)
	}
}

// unannounced puts what is true of a grant into a verdict that leaves it unknown.
func unannounced(v verdict) verdict {
	if u, ok := v.err.(*UndecidedError); ok {
		v.err = &GrantUnknownError{Lost: u.Lost, Seen: u.Seen, Settle: u.Settle}
	}
	return v
}

// granted reports that all grants of the plan are made.
func (r *run) granted() bool {
	return !slices.ContainsFunc(r.results, func(result Result) bool {
		return result.Op == planner.GrantPrivilege && !result.Done()
	})
}

// DelayedGrants is how long servers before 2.6 may take to let a grant count that
// they list already: they tell their proxies in the background.
const DelayedGrants = 5 * time.Second

// awaitGrants waits until what was granted counts.
func (r *run) awaitGrants(ctx context.Context) {
	if slices.ContainsFunc(r.results, func(result Result) bool {
		return result.Op == planner.GrantPrivilege && result.Delayed && result.Outcome == Applied
	}) {
		r.pause(ctx, DelayedGrants)
	}
}

// takeBack revokes what was granted for switches that went back.
func (r *run) takeBack(ctx context.Context) {
	cause := make(map[planner.Key]error)
	for i := range r.results {
		result := &r.results[i]
		if result.Op.OnCollection() || result.To == "" || !result.Op.Writes() {
			continue
		}
		why := result.wentBack()
		because := func(name string, why error) {
			green := planner.Key{Database: result.Database, Name: name}
			switch before, known := cause[green]; {
			case why == nil: // it leads there, or may
				cause[green] = nil
			case !known || before != nil:
				cause[green] = why
			}
		}
		because(result.To, why)
		if result.Op == planner.CreateAlias && result.RenamedFrom != "" { // granted by its name
			because(result.Alias, why)
		}
		if result.RenameTo != "" { // where a displacement goes back to, unless it is undone
			if result.Outcome == SwitchedBack {
				why = nil
			}
			because(result.RenameTo, why)
		}
	}
	for i := range r.results { // what brings others along is behind them
		result := &r.results[i]
		why := cause[planner.Key{Database: result.Database, Name: result.Collection}]
		if result.Op != planner.GrantPrivilege || result.Outcome != Applied || why == nil {
			continue
		}
		if kept := r.implies(result); kept != "" {
			result.Note = fmt.Sprintf("left granted: revoking it would take %q from the role too", kept)
			continue
		}
		r.safely(func() { r.revoke(ctx, i, why) })
	}
}

// wentBack is why nothing leads to the target of a step any more, nil where something
// does, or may.
func (r *Result) wentBack() error {
	if r.Outcome == SwitchedBack {
		return r.Err
	}
	if undone, ok := r.Err.(*UndoneError); ok && r.Outcome == Failed {
		return undone
	}
	return nil
}

// implies is a privilege that the role keeps and that would be revoked with another
// one, "" for none.
func (r *run) implies(of *Result) string {
	for _, privilege := range planner.Implied(of.Privilege) {
		if !slices.ContainsFunc(r.results, func(other Result) bool {
			return other.Op == planner.GrantPrivilege && other.Outcome == SwitchedBack && other.Privilege == privilege &&
				other.Database == of.Database && other.Collection == of.Collection && other.Role == of.Role
		}) {
			return privilege
		}
	}
	return ""
}

// revoke takes one grant back.
func (r *run) revoke(ctx context.Context, i int, cause error) {
	result := &r.results[i]
	back := unannounced(r.carryOut(ctx, &granting{cluster: r.cluster, step: result.Step, back: true}))
	failed := &RevokeError{Database: result.Database, Collection: result.Collection, Role: result.Role, Privilege: result.Privilege, Cause: cause, Err: back.err}
	switch {
	case back.outcome == Undecided:
		result.Outcome, result.Err = Undecided, failed
	case back.outcome != Applied && back.outcome != AlreadyDone:
		result.Err = failed
	case r.late[i] != nil:
		failed.Err = &GrantUnknownError{Lost: r.late[i], Settle: r.opts.Settle}
		result.Outcome, result.Err = Undecided, failed
	default:
		result.Outcome, result.Err = SwitchedBack, cause
	}
	if o, ok := r.opts.Observer.(BackObserver); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		o.TakenBack(i, *result)
	}
}

// BackObserver is an Observer that also hears of grants that are taken back after
// they were done.
type BackObserver interface {
	Observer
	// TakenBack reports what became of it.
	TakenBack(i int, result Result)
}

// RevokedError reports that a role has lost, since the plan was made, what should be
// granted to it on another collection too. It was not granted.
type RevokedError struct {
	Database, Role, Privilege string
	Object                    string // the collection or alias
}

func (e *RevokedError) Error() string {
	return fmt.Sprintf("role %q no longer has %q on %q of database %q: it was revoked since the plan was made, so it is not copied", e.Role, e.Privilege, e.Object, e.Database)
}

// RevokeError reports that a grant should have been taken back after a switch-back,
// and that this did not work out.
type RevokeError struct {
	Database, Collection, Role, Privilege string
	Cause                                 error // why it should be taken back
	Err                                   error // why it was not
}

func (e *RevokeError) Error() string {
	return fmt.Sprintf("%q on collection %q of database %q could not be taken back from role %q (%v), which was due because: %v",
		e.Privilege, e.Collection, e.Database, e.Role, e.Err, e.Cause)
}

func (e *RevokeError) Unwrap() []error { return []error{e.Cause, e.Err} }

// GrantUnknownError reports that a grant was asked for and that no answer shows
// whether it was made, or still will be.
type GrantUnknownError struct {
	Lost   error // why the answer is missing; nil when it was acknowledged
	Seen   error // what the reads after it showed; nil when it did not show
	Settle time.Duration
}

func (e *GrantUnknownError) Error() string {
	lost := became(e.Lost)
	seen := fmt.Sprintf("it does not show after %v, and a late request may still arrive", e.Settle)
	if e.Seen != nil {
		seen = e.Seen.Error()
	}
	return fmt.Sprintf("the outcome is unknown: %s; %s; the grants of the role show it", lost, seen)
}

func (e *GrantUnknownError) Unwrap() []error { return present(e.Lost, e.Seen) }
