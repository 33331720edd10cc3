package executor

import (
	"context"
	"fmt"

	"aliasctl/planner"
)

// binding is the change of one alias: create, alter or drop.
type binding struct {
	cluster Cluster
	step    planner.Step
	half    bool // of a recreate-alias

	// A zombie is an alias whose collection was dropped behind its back:
	// servers before 2.4.23 and 2.5.5 leave it so, and 2.5.27 does when a
	// create races with the drop (milvus-rest section 13.1). List and describe
	// hide it, and create is refused with 1602. To alter it heals it.
	zombie   bool
	formerly string // the dropped collection, where the server named it
}

var _ change = (*binding)(nil)

func (b *binding) of() planner.Step { return b.step }

func (b *binding) look(ctx context.Context) (sight, error) {
	found, ok, err := b.cluster.AliasTarget(ctx, b.step.Database, b.step.Alias)
	if err != nil {
		return sight{}, err
	}
	if !ok {
		found = ""
	}
	switch found {
	case b.step.To:
		return sight{place: asWanted, found: found, note: b.healed()}, nil
	case b.step.From:
		return sight{place: asExpected, found: found}, nil
	default:
		why := &MovedError{Database: b.step.Database, Alias: b.step.Alias, Expected: b.step.From, Found: found}
		return sight{place: elsewhere, found: found, why: why}, nil
	}
}

func (b *binding) verify(ctx context.Context) (sight, error) { return b.look(ctx) }

func (b *binding) write(ctx context.Context) error {
	s := b.step
	switch {
	case s.Op == planner.DropAlias:
		return b.cluster.DropAlias(ctx, s.Database, s.Alias)
	case s.Op == planner.AlterAlias || b.zombie:
		return b.cluster.AlterAlias(ctx, s.Database, s.Alias, s.To)
	default:
		return b.cluster.CreateAlias(ctx, s.Database, s.Alias, s.To)
	}
}

// instead recognises a zombie: the alias is taken, and a read after that
// refusal still means that it is absent. Only a name of the plan is healed. A
// step that drops an alias and finds it hidden leaves it: a drop sent then
// could hit what another client is creating, and the zombie harms no reader.
func (b *binding) instead(refusal error) bool {
	formerly, taken := TakenBy(refusal)
	if !taken || b.zombie {
		return false
	}
	b.zombie, b.formerly = true, formerly
	return true
}

func (b *binding) healed() string {
	if !b.zombie {
		return ""
	}
	where := "a collection that no longer exists"
	if b.formerly != "" {
		where = fmt.Sprintf("collection %q, which no longer exists", b.formerly)
	}
	return fmt.Sprintf("the alias was a zombie, hidden and still bound to %s; it was healed by `aliases/alter`", where)
}

// repeatable: the drop half of a switch by drop and create is not. If it were
// sent again and the create followed, a late first one would drop the new
// binding unnoticed. Left unknown, the alias goes on
// serving the old collection until the next run.
func (b *binding) repeatable() bool {
	return b.step.Op != planner.DropAlias || !b.half
}

// urgent: until the second half of a switch by drop and create readers find
// nothing.
func (b *binding) urgent() bool { return b.half && b.step.Op == planner.CreateAlias }

func (b *binding) unconfirmed(s sight) error {
	return &OvertakenError{Database: b.step.Database, Alias: b.step.Alias, Applied: b.step.To, Found: s.found}
}

// recreate switches an alias by drop and create. Between the two the alias is
// absent, so whatever keeps the create from succeeding must not leave it so:
// the old binding is created again at once. That is safe even when the create
// is only unknown: should it arrive later, Milvus refuses it because the alias
// is taken.
func (r *run) recreate(ctx context.Context, step planner.Step) verdict {
	halves := step.Halves()
	half := func(s planner.Step) verdict {
		return r.carryOut(ctx, &binding{cluster: r.cluster, step: s, half: true})
	}
	dropped := half(halves[0])
	switch {
	case dropped.outcome == Failed && movedTo(dropped.err, step.To):
		// Another client has done the whole switch.
		return verdict{outcome: AlreadyDone, took: dropped.took, dropped: AlreadyDone, droppedIn: dropped.took}
	case dropped.outcome != Applied && dropped.outcome != AlreadyDone:
		dropped.dropped, dropped.droppedIn = dropped.outcome, dropped.took
		_, dropped.unbound = dropped.err.(*OvertakenError)
		return dropped
	}

	created := half(halves[1])
	created.dropped, created.droppedIn = dropped.outcome, dropped.took
	created.took += dropped.took
	switch created.outcome {
	case Applied, AlreadyDone:
		if dropped.outcome == Applied {
			created.outcome = Applied
		}
		return created
	case NotReached:
		created.outcome, created.unbound = Failed, true
		created.err = &UnrestoredError{Database: step.Database, Alias: step.Alias, Collection: step.From, Create: created.err}
		return created
	}
	if dropped.outcome != Applied || interfered(created.err) || ctx.Err() != nil {
		_, overtaken := created.err.(*OvertakenError)
		created.unbound = !overtaken
		return created
	}

	old := halves[1]
	old.To = step.From
	restored := half(old)
	created.took += restored.took
	switch {
	case restored.outcome == Applied || restored.outcome == AlreadyDone:
		created.note = restored.note
		created.err = &UndoneError{Database: step.Database, Alias: step.Alias, Collection: step.From, Err: created.err}
	case movedTo(restored.err, step.To):
		created.outcome, created.err = Applied, nil // the lost create arrived after all
	default:
		if restored.outcome == Undecided {
			created.outcome = Undecided
		}
		created.unbound = true
		created.err = &UnrestoredError{
			Database: step.Database, Alias: step.Alias, Collection: step.From,
			Create: created.err, Restore: restored.err,
		}
	}
	return created
}
