package executor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aliasctl/planner"
)

// Loader is a Cluster that brings collections into memory.
type Loader interface {
	Cluster
	// LoadState reports how far a collection is in memory: the state as Milvus
	// writes it (planner.Loaded, planner.Loading) and the progress in percent.
	LoadState(ctx context.Context, database, collection string) (state string, progress int, err error)
	// LoadCollection starts to load a collection, and returns before it is
	// loaded. It succeeds for a loaded one, so it may be repeated.
	LoadCollection(ctx context.Context, database, collection string) error
}

// loadPause is how long Load waits between two looks at a collection that is
// being loaded.
const loadPause = 500 * time.Millisecond

// Load brings a collection into memory and returns when it can be searched. The
// request is sent as every write is: an answer that proves nothing is followed
// by reads for Options.Settle, and a cluster that gives no answer is waited for
// as long as Options.Patience says. progress hears of each change in percent from
// the request on, and last that it is loaded; of a collection that is loaded
// already it hears nothing. The error says why the collection is not loaded, as
// far as is known.
func Load(ctx context.Context, cluster Loader, database, collection string, opts Options, progress func(percent int, loaded bool)) error {
	r := newRun(ctx, cluster, opts)
	defer r.reach.quit(nil)
	c := &loading{cluster: cluster, step: planner.Step{Database: database, Collection: collection}}
	v := r.carryOut(ctx, c)
	switch undecided, _ := v.err.(*UndecidedError); {
	case undecided != nil:
		return &NotLoadedError{Settle: r.opts.Settle, Lost: undecided.Lost, Seen: undecided.Seen}
	case v.outcome != Applied && v.outcome != AlreadyDone:
		return v.err
	case c.state == planner.Loaded && v.outcome == AlreadyDone:
		return nil
	}
	heard := r.opts.Clock.Now()
	for reported := -1; ; {
		if c.state == planner.Loaded {
			progress(c.percent, true)
			return nil
		}
		if c.percent != reported {
			reported = c.percent
			progress(reported, false)
		}
		if err := r.opts.Clock.Sleep(ctx, loadPause); err != nil {
			return err
		}
		s, _, err := r.reading(c.step, 0, c.look)
		switch now := r.opts.Clock.Now(); {
		case err == nil:
			heard = now
		case ClassOf(err) == Refused || ClassOf(err) == Fatal || now.Sub(heard) > r.opts.Patience:
			return err
		default:
			continue
		}
		if s.place == asExpected {
			return &LoadEndedError{Percent: reported}
		}
	}
}

// NotLoadedError reports that a load was asked for and did not begin.
type NotLoadedError struct {
	Settle time.Duration // how long was waited for it to show
	Lost   error         // why the answer is missing; nil when the request was acknowledged
	Seen   error         // what the reads after it met; nil when they showed that it is not loaded
}

func (e *NotLoadedError) Error() string {
	text := fmt.Sprintf("the load does not begin within %v", e.Settle)
	if e.Seen != nil {
		text = fmt.Sprintf("whether the load begins cannot be read: %v", e.Seen)
	}
	if e.Lost != nil {
		text += fmt.Sprintf("; Milvus did not answer the request (%v)", e.Lost)
	}
	return text
}

func (e *NotLoadedError) Unwrap() []error {
	return slices.DeleteFunc([]error{e.Lost, e.Seen}, func(err error) bool { return err == nil })
}

// LoadEndedError reports that a load began and that the collection is not loaded
// any more: the server gave up, or another client released it.
type LoadEndedError struct{ Percent int }

func (e *LoadEndedError) Error() string {
	return fmt.Sprintf("the load ended at %d%%: the server gave it up, or another client released the collection", e.Percent)
}

// loading is the change of a collection that is brought into memory. It is done
// when the load has begun: how far it is stands in state and percent.
type loading struct {
	cluster Loader
	step    planner.Step
	state   string
	percent int
}

var _ change = (*loading)(nil)

func (l *loading) look(ctx context.Context) (sight, error) {
	state, percent, err := l.cluster.LoadState(ctx, l.step.Database, l.step.Collection)
	if err != nil {
		return sight{}, err
	}
	l.state, l.percent = state, percent
	if state == planner.Loaded || state == planner.Loading {
		return sight{place: asWanted}, nil
	}
	return sight{place: asExpected}, nil
}

func (l *loading) verify(ctx context.Context) (sight, error) { return l.look(ctx) }

func (l *loading) write(ctx context.Context) error {
	return l.cluster.LoadCollection(ctx, l.step.Database, l.step.Collection)
}

func (l *loading) instead(error) bool      { return false }
func (l *loading) repeatable() bool        { return true }
func (l *loading) urgent() bool            { return false }
func (l *loading) of() planner.Step        { return l.step }
func (l *loading) unconfirmed(sight) error { return nil }
