package executor

import (
	"context"
	"fmt"
	"time"

	"aliasctl/planner"
)

// displacement is the change of a name: the collection that has it is renamed, and the
// alias created at once, without a read in between. Both are one change because only
// both together are wanted: what a read shows decides which of them is to be sent.
//
// A rename that arrives late meets an alias of that name, which no server renames, and
// a create that arrives late meets a collection of that name, which no server shadows.
type displacement struct {
	cluster Cluster
	step    planner.Step
	clock   Clock

	renamed bool // the collection has its new name, as far as the last read shows
	renames int  // how often this run asked for that
	sent    bool // the create was sent
	// The gap begins with the answer to the rename, or when that was found done.
	began, ended time.Time
}

var _ change = (*displacement)(nil)

func (c *displacement) of() planner.Step { return c.step }

func (c *displacement) look(ctx context.Context) (sight, error) {
	db, alias := c.step.Database, c.step.Alias
	target, found, err := c.cluster.AliasTarget(ctx, db, alias)
	switch {
	case err != nil:
		return sight{}, err
	case found && target == c.step.To:
		return sight{place: asWanted, found: target}, nil
	case found:
		why := &MovedError{Database: db, Alias: alias, Found: target}
		return sight{place: elsewhere, found: target, why: why}, nil
	}
	id, named, err := c.cluster.CollectionID(ctx, db, alias)
	switch {
	case err != nil:
		return sight{}, err
	case named && id == c.step.ID:
		c.renamed = false
		return sight{place: asExpected}, nil
	case named:
		return sight{place: elsewhere, why: &RecreatedError{Database: db, Collection: alias, Expected: c.step.ID, Found: id}}, nil
	}
	id, named, err = c.cluster.CollectionID(ctx, db, c.step.RenameTo)
	switch {
	case err != nil:
		return sight{}, err
	case !named || id != c.step.ID:
		return sight{place: elsewhere, why: &VanishedError{Database: db, Collection: alias, ID: c.step.ID}}, nil
	}
	c.renamed = true
	if c.began.IsZero() {
		c.began = c.clock.Now()
	}
	return sight{place: asExpected}, nil
}

// verify reports a rename whose answer was lost, so that the create follows at once.
func (c *displacement) verify(ctx context.Context) (sight, error) {
	s, err := c.look(ctx)
	if err == nil && s.place == asExpected && c.renamed && !c.sent {
		s.place = halfway
	}
	return s, err
}

func (c *displacement) write(ctx context.Context) error {
	s := c.step
	if !c.renamed {
		c.renames++
		if err := c.cluster.RenameCollection(ctx, s.Database, s.Alias, s.RenameTo); err != nil {
			return err
		}
		c.renamed, c.began = true, c.clock.Now()
	}
	c.sent = true
	err := c.cluster.CreateAlias(ctx, s.Database, s.Alias, s.To)
	c.ended = c.clock.Now()
	return err
}

func (c *displacement) instead(error) bool { return false }

func (c *displacement) repeatable() bool { return true }

// urgent: until the alias is there readers find nothing.
func (c *displacement) urgent() bool { return c.renamed }

func (c *displacement) unconfirmed(s sight) error {
	return &OvertakenError{Database: c.step.Database, Alias: c.step.Alias, Applied: c.step.To, Found: s.found}
}

// displace takes the name of a collection for an alias. When the alias cannot be
// created, the collection gets its name back.
func (r *run) displace(ctx context.Context, step planner.Step) verdict {
	began := r.opts.Clock.Now()
	c := &displacement{cluster: r.cluster, step: step, clock: r.opts.Clock}
	v := r.carryOut(ctx, c)
	if v.outcome == Applied || v.outcome == AlreadyDone {
		if c.sent && !c.began.IsZero() {
			v.gap = c.ended.Sub(c.began)
		}
		return v
	}
	if !c.renamed || c.renames == 0 || interfered(v.err) || ctx.Err() != nil {
		if c.renamed && v.outcome == Failed {
			v.err = &StrandedError{Database: step.Database, Alias: step.Alias, RenamedTo: step.RenameTo, Create: v.err}
		}
		return v
	}
	back := r.carryOut(ctx, &renaming{cluster: r.cluster, step: step})
	switch {
	case movedTo(back.err, step.To): // the lost create arrived after all
		v.outcome, v.err, v.gap = Applied, nil, r.opts.Clock.Now().Sub(c.began)
	case (back.outcome == Applied || back.outcome == AlreadyDone) && c.renames == 1:
		v.outcome = Failed
		v.err = &UndoneError{Database: step.Database, Alias: step.Alias, Renamed: step.RenameTo, Err: v.err}
	case back.outcome == Applied || back.outcome == AlreadyDone: // the first rename may still arrive
		v.outcome = Undecided
	default:
		if back.outcome == Undecided {
			v.outcome = Undecided
		}
		v.err = &StrandedError{Database: step.Database, Alias: step.Alias, RenamedTo: step.RenameTo, Create: v.err, Restore: back.err}
	}
	v.took = r.opts.Clock.Now().Sub(began)
	return v
}

// renaming is the change that gives a displaced collection its name back.
type renaming struct {
	cluster Cluster
	step    planner.Step
}

var _ change = (*renaming)(nil)

func (c *renaming) of() planner.Step { return c.step }

func (c *renaming) look(ctx context.Context) (sight, error) {
	db, alias := c.step.Database, c.step.Alias
	target, found, err := c.cluster.AliasTarget(ctx, db, alias)
	switch {
	case err != nil:
		return sight{}, err
	case found:
		return sight{place: elsewhere, found: target, why: &MovedError{Database: db, Alias: alias, Found: target}}, nil
	}
	id, named, err := c.cluster.CollectionID(ctx, db, alias)
	switch {
	case err != nil:
		return sight{}, err
	case named && id == c.step.ID:
		return sight{place: asWanted}, nil
	case named:
		return sight{place: elsewhere, why: &RecreatedError{Database: db, Collection: alias, Expected: c.step.ID, Found: id}}, nil
	}
	return sight{place: asExpected}, nil
}

func (c *renaming) verify(ctx context.Context) (sight, error) { return c.look(ctx) }

func (c *renaming) write(ctx context.Context) error {
	return c.cluster.RenameCollection(ctx, c.step.Database, c.step.RenameTo, c.step.Alias)
}

func (c *renaming) instead(error) bool        { return false }
func (c *renaming) repeatable() bool          { return true }
func (c *renaming) urgent() bool              { return true }
func (c *renaming) unconfirmed(s sight) error { return s.why }

// VanishedError reports that a collection is neither where the plan saw it nor where
// the step would put it.
type VanishedError struct {
	Database, Collection string
	ID                   string
}

func (e *VanishedError) Error() string {
	return fmt.Sprintf("collection %q of database %q (id %s) is gone: someone else dropped or renamed it", e.Collection, e.Database, e.ID)
}

// StrandedError reports that a collection was renamed and that no alias has its name:
// readers of the name find nothing.
type StrandedError struct {
	Database, Alias string
	RenamedTo       string
	Create          error // why the alias was not created
	Restore         error // why the collection did not get its name back; nil when that was not tried
}

func (e *StrandedError) Error() string {
	text := fmt.Sprintf("collection %q of database %q is named %q now, and the alias was not created: %v", e.Alias, e.Database, e.RenamedTo, e.Create)
	if e.Restore != nil {
		text += fmt.Sprintf("; it could not be renamed back: %v", e.Restore)
	}
	return text
}

func (e *StrandedError) Unwrap() []error { return present(e.Create, e.Restore) }
