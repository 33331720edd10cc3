package executor

import (
	"context"
	"fmt"
	"time"

	"aliasctl/planner"
)

// A load changes nothing that a reader sees, so it is announced nowhere: whoever
// comes after a run that was killed asks for it again, and finds it done. It may take
// half an hour, and an announcement is about a request that is on its way now. So
// the state is first written when everything is loaded and was checked once more.

// loadPause is how long a load waits between two looks at its collection.
const loadPause = 500 * time.Millisecond

// loads carries out the loads and has the plan checked again. It returns false when
// nothing else may begin.
func (r *run) loads(ctx context.Context, units []unit) bool {
	r.sideBySide(len(units), r.width(), func(i int) {
		if !r.stopped(ctx) {
			r.unit(ctx, units[i])
		}
	})
	for _, result := range r.results {
		if result.Op == planner.LoadCollection && !result.Done() && r.unready == nil {
			r.unready = result.Err
		}
	}
	if r.unready == nil && r.opts.Ready != nil && !r.stopped(ctx) {
		r.unready = r.opts.Ready(ctx)
	}
	return r.unready == nil && !r.stopped(ctx)
}

// load brings a collection into memory and waits until it can be searched, for as
// long as its step allows. The request is sent as every write is: an answer that
// proves nothing is followed by reads for Options.Settle, and a cluster that gives no
// answer is waited for as long as Options.Patience allows. One that is loaded already
// is sent nothing.
func (r *run) load(ctx context.Context, i int, step planner.Step) verdict {
	began := r.opts.Clock.Now()
	c := &loading{cluster: r.cluster, step: step}
	v := r.carryOut(ctx, c)
	if undecided, ok := v.err.(*UndecidedError); ok {
		v.outcome, v.err = Failed, &NotLoadedError{Settle: r.opts.Settle, Lost: undecided.Lost, Seen: undecided.Seen}
	}
	if v.outcome == Applied || v.outcome == AlreadyDone {
		if err := r.awaitLoad(ctx, i, c, began); err != nil {
			v.outcome, v.err = Failed, err
			if is[*LoadStoppedError](err) {
				v.outcome = NotReached
			}
		}
	}
	v.took = r.opts.Clock.Now().Sub(began)
	return v
}

// awaitLoad waits until a load that has begun is complete.
func (r *run) awaitLoad(ctx context.Context, i int, c *loading, began time.Time) error {
	heard, reported := r.opts.Clock.Now(), -1
	for c.state != planner.Loaded {
		if c.percent != reported {
			reported = c.percent
			r.tellLoading(i, c.step, reported)
		}
		left := c.step.Timeout - r.opts.Clock.Now().Sub(began)
		if left <= 0 {
			return &LoadTimeoutError{Timeout: c.step.Timeout, Percent: reported}
		}
		if !r.pause(ctx, min(loadPause, left)) {
			return &LoadStoppedError{Percent: reported}
		}
		s, _, err := r.reading(c.step, 0, c.look)
		switch now := r.opts.Clock.Now(); {
		case err == nil:
			heard = now
		case ClassOf(err) == Refused || ClassOf(err) == Fatal || is[*UnreachableError](err) || now.Sub(heard) > r.opts.Patience:
			r.stopOnFatal(err)
			return err
		default:
			continue
		}
		switch s.place {
		case elsewhere:
			return s.why
		case asExpected:
			return &LoadEndedError{Percent: reported}
		}
	}
	return nil
}

// LoadObserver is an Observer that also hears how far a load is.
type LoadObserver interface {
	Observer
	// Loading reports how much of the collection of a load step is in memory, as it
	// changes.
	Loading(i int, step planner.Step, percent int)
}

func (r *run) tellLoading(i int, step planner.Step, percent int) {
	if o, ok := r.opts.Observer.(LoadObserver); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		o.Loading(i, step, percent)
	}
}

// NotLoadedError reports that a load was asked for and did not begin.
type NotLoadedError struct {
	Settle time.Duration // how long was waited for it to show
	Lost   error         // why the answer is missing; nil when the request was acknowledged
	Seen   error         // what the reads after it met; nil when they showed that it is not loaded
}

func (e *NotLoadedError) Error() string {
	text := fmt.Sprintf("the load did not begin within %v", e.Settle)
	if e.Seen != nil {
		text = fmt.Sprintf("whether the load begins cannot be read: %v", e.Seen)
	}
	if e.Lost != nil {
		text += fmt.Sprintf("; Milvus did not answer the request (%v)", e.Lost)
	}
	return text
}

func (e *NotLoadedError) Unwrap() []error { return present(e.Lost, e.Seen) }

// LoadEndedError reports that a load began and that the collection is not loaded
// any more: the server gave up, or another client released it.
type LoadEndedError struct{ Percent int }

func (e *LoadEndedError) Error() string {
	return fmt.Sprintf("the load ended at %d%%: the server gave up on it, or another client released the collection", e.Percent)
}

// LoadTimeoutError reports that a load took longer than its step allows. Milvus goes
// on loading.
type LoadTimeoutError struct {
	Timeout time.Duration
	Percent int // as far as it got
}

func (e *LoadTimeoutError) Error() string {
	return fmt.Sprintf("the load is not complete after %v (%d%%)", e.Timeout, e.Percent)
}

// Hint is the advice that goes with the error.
func (e *LoadTimeoutError) Hint() string {
	return "Milvus goes on loading: run the same command again to continue, or raise `load: {timeout: ...}`"
}

// LoadStoppedError reports that the run was stopped while it waited for a load.
// Milvus goes on loading.
type LoadStoppedError struct{ Percent int }

func (e *LoadStoppedError) Error() string {
	return fmt.Sprintf("stopped at %d%%: Milvus goes on loading", e.Percent)
}

// loading is the change of a collection that is brought into memory. It is done
// when the load has begun: how far it is stands in state and percent.
type loading struct {
	cluster Cluster
	step    planner.Step
	state   string
	percent int
}

var _ change = (*loading)(nil)

// look reads the load state, and whether it is that of the planned collection: by
// its id, which is also another one when the name is that of an alias now.
func (l *loading) look(ctx context.Context) (sight, error) {
	state, percent, err := l.cluster.LoadState(ctx, l.step.Database, l.step.Collection)
	if err != nil {
		return sight{}, err
	}
	if l.step.ID != "" {
		id, found, err := l.cluster.CollectionID(ctx, l.step.Database, l.step.Collection)
		if err != nil {
			return sight{}, err
		}
		if found && id != l.step.ID {
			return sight{place: elsewhere, why: &RecreatedError{Database: l.step.Database, Collection: l.step.Collection, Expected: l.step.ID, Found: id}}, nil
		}
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

func (l *loading) instead(error) bool        { return false }
func (l *loading) repeatable() bool          { return true }
func (l *loading) urgent() bool              { return false }
func (l *loading) of() planner.Step          { return l.step }
func (l *loading) unconfirmed(s sight) error { return s.why }
