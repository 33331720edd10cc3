package executor

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"aliasctl/planner"
)

// retirement is the drop of one collection: the one write that no client can
// undo. A name proves nothing about it. It may be that of an alias by now, and
// Milvus describes and lists an alias as the collection behind it; or that of
// a new collection, because names are reused. And servers before 2.4.23 and
// 2.5.5 drop a collection that aliases still point at (milvus-rest section 2).
// So all three are read directly before the write, the aliases last: to bind an
// alias is one call, to create a collection of the same name takes a drop
// before it.
//
// A collection that is released first is looked at once more after that: it
// may take seconds.
type retirement struct {
	cluster  Cluster
	step     planner.Step
	held     func() error // Options.Held
	released bool
}

var _ change = (*retirement)(nil)

func (c *retirement) of() planner.Step { return c.step }

func (c *retirement) look(ctx context.Context) (sight, error) {
	db, name := c.step.Database, c.step.Collection
	target, isAlias, err := c.cluster.AliasTarget(ctx, db, name)
	if err != nil {
		return sight{}, err
	}
	if isAlias {
		return sight{place: elsewhere, why: &RetireeIsAliasError{Database: db, Name: name, Target: target}}, nil
	}
	id, exists, err := c.cluster.CollectionID(ctx, db, name)
	switch {
	case err != nil:
		return sight{}, err
	case !exists:
		return sight{place: asWanted}, nil
	case id != c.step.ID:
		return sight{place: elsewhere, why: &RecreatedError{Database: db, Collection: name, Expected: c.step.ID, Found: id}}, nil
	}
	aliases, err := c.cluster.AliasesOf(ctx, db, name)
	switch {
	case err != nil:
		return sight{}, err
	case len(aliases) > 0:
		aliases = slices.Sorted(slices.Values(aliases))
		return sight{place: elsewhere, why: &StillAliasedError{Database: db, Collection: name, Aliases: aliases}}, nil
	}
	return sight{place: asExpected}, nil
}

func (c *retirement) write(ctx context.Context) error {
	if c.step.ReleaseFirst && !c.released {
		if err := c.cluster.ReleaseCollection(ctx, c.step.Database, c.step.Collection); err != nil {
			return &ReleaseError{Database: c.step.Database, Collection: c.step.Collection, Err: err}
		}
		c.released = true
		if s, err := c.look(ctx); err != nil || s.place != asExpected {
			return &changedError{cmp.Or(err, s.why)}
		}
		if err := c.held(); err != nil {
			return &changedError{err}
		}
	}
	return c.cluster.DropCollection(ctx, c.step.Database, c.step.Collection)
}

// completed marks in a verdict that the collection was released, where it is still
// there.
func (c *retirement) completed(v verdict) verdict {
	gone := is[*RecreatedError](v.err) || is[*RetireeIsAliasError](v.err)
	if c.released && !gone && (v.outcome == Failed || v.outcome == NotReached) {
		v.outcome, v.err = Failed, &ReleasedError{Database: c.step.Database, Collection: c.step.Collection, Err: v.err}
	}
	return v
}

// changedError is why a drop was not sent after all: the look before it showed
// something else, so the decision is taken again.
type changedError struct{ err error }

func (e *changedError) Error() string {
	return fmt.Sprintf("looked at once more before the drop: %v", e.err)
}
func (e *changedError) Unwrap() error { return e.err }
func (e *changedError) Class() Class  { return Transient }

// verify asks for the name first, and when that is still there for the id:
// HasCollection is true for an alias too, and for a new collection.
func (c *retirement) verify(ctx context.Context) (sight, error) {
	db, name := c.step.Database, c.step.Collection
	has, err := c.cluster.HasCollection(ctx, db, name)
	if err != nil {
		return sight{}, err
	}
	if !has {
		return sight{place: asWanted}, nil
	}
	id, exists, err := c.cluster.CollectionID(ctx, db, name)
	switch {
	case err != nil:
		return sight{}, err
	case !exists:
		return sight{place: asWanted}, nil
	case id != c.step.ID:
		return sight{place: asWanted, note: fmt.Sprintf("something else has the name %q already (collection id %s); it was not touched", name, id)}, nil
	default:
		return sight{place: asExpected}, nil
	}
}

// instead: no other request could do what this one was refused.
func (c *retirement) instead(error) bool { return false }

// repeatable: while the old collection stands, its name cannot be taken. A late
// first drop could only hit a collection that is created under the same
// name after ours succeeded, and no request of ours could prevent that one.
func (c *retirement) repeatable() bool { return true }

func (c *retirement) urgent() bool { return false }

// unconfirmed: v2 answers success to drops that do nothing, so success alone
// proves little (milvus-rest section 2). The id is still that of the plan, so
// the next run may try again.
func (c *retirement) unconfirmed(sight) error { return nil }
