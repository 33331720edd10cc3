package executor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"aliasctl/planner"
)

// A server that goes away in mid apply mostly comes back: a killed Milvus after
// 35 seconds, when its session has ended, a restarted ingress sooner. A step
// that reaches no server therefore waits, for as long as Options.Patience, and
// then goes on where it was. When its patience is over, one probe decides for
// all steps: if that gets no answer either, the run ends, and what has not
// begun is not reached. Otherwise 600 steps would each wait for a server that
// is gone, with the lock of the state held.

// probePause is the longest pause between two tries to reach a server.
const probePause = time.Second

// UnreachableError reports that a run ended because the cluster could not be
// reached any more.
type UnreachableError struct {
	Waited time.Duration // in vain, by the step that gave up
	Err    error         // of the last try
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("the cluster could not be reached for %v (--patience): %v", e.Waited.Round(time.Second), e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Hint is the advice that goes with the error.
func (e *UnreachableError) Hint() string {
	return "when the cluster is there again, run the same command again to continue"
}

// unreachable reports that an error of a Cluster means that Milvus gave no answer:
// nothing was there, or something in between answered in its place. It may pass.
func unreachable(err error) bool {
	var u interface{ Unreachable() bool }
	return errors.As(err, &u) && u.Unreachable()
}

// reach is what a run knows about the way to its cluster.
type reach struct {
	alive context.Context // of reads: it ends with the run's, and when the cluster is given up
	quit  context.CancelCauseFunc

	probing chan struct{} // has the one step that probes for all

	mu       sync.Mutex // guards what follows
	answered time.Time  // when the cluster last answered a step
	spared   bool       // a probe was answered after that, although the step that gave up was not
}

func newReach(ctx context.Context) *reach {
	alive, quit := context.WithCancelCause(ctx)
	return &reach{alive: alive, quit: quit, probing: make(chan struct{}, 1)}
}

// gone is why the cluster was given up, nil while it was not.
func (h *reach) gone() error {
	if e, ok := errors.AsType[*UnreachableError](context.Cause(h.alive)); ok {
		return e
	}
	return nil
}

// hears notes an answer to a step.
func (h *reach) hears(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at.After(h.answered) {
		h.answered = at
	}
	h.spared = false
}

// heard reports that some step had an answer since then.
func (h *reach) heard(since time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.answered.After(since)
}

// spare reports whether a probe that was answered may keep the run going: not a
// second time without an answer to a step in between.
func (h *reach) spare() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.spared
	h.spared = true
	return !was
}

// reading asks the cluster about a step until it answers, or until the patience
// of the run, or that least time, is over. waited: it did not answer at
// first.
func (r *run) reading(step planner.Step, least time.Duration, read func(ctx context.Context) (sight, error)) (s sight, waited bool, err error) {
	h, began := r.reach, r.opts.Clock.Now()
	s, err = read(h.alive)
	pause := firstPause
	for ; unreachable(err) && h.alive.Err() == nil; waited = true {
		left := max(r.opts.Patience, least) - r.opts.Clock.Now().Sub(began)
		if left <= 0 {
			return sight{}, waited, r.giveUp(step, began, err)
		}
		if r.opts.Clock.Sleep(h.alive, min(pause, left)) != nil {
			break
		}
		pause = min(2*pause, probePause)
		// A server that takes connections and is silent must not cost more than
		// what is left, but has a moment in any case.
		ctx, cancel := context.WithTimeout(h.alive, max(left, probePause))
		if s, err = read(ctx); err != nil && ctx.Err() != nil {
			err = &silentError{err}
		}
		cancel()
	}
	if err == nil {
		h.hears(r.opts.Clock.Now())
		return s, waited, nil
	}
	if gone := h.gone(); gone != nil {
		err = gone
	}
	return sight{}, waited, err
}

// silentError is a read that was ended because no answer came.
type silentError struct{ err error }

func (e *silentError) Error() string     { return e.err.Error() }
func (e *silentError) Unwrap() error     { return e.err }
func (e *silentError) Class() Class      { return Transient }
func (e *silentError) Unreachable() bool { return true }

// giveUp is the end of the patience of a step: a probe decides whether it is
// that of the run too. It returns the error of the step.
func (r *run) giveUp(step planner.Step, began time.Time, err error) error {
	h := r.reach
	h.probing <- struct{}{}
	defer func() { <-h.probing }()
	if gone := h.gone(); gone != nil {
		return gone
	}
	if h.alive.Err() != nil || h.heard(began) {
		return err
	}
	ctx, cancel := context.WithTimeout(h.alive, max(r.opts.Patience, probePause))
	defer cancel()
	_, probed := r.cluster.HasCollection(ctx, step.Database, probedName(step))
	if h.alive.Err() != nil || ctx.Err() == nil && !unreachable(probed) && h.spare() {
		return err
	}
	gone := &UnreachableError{Waited: r.opts.Clock.Now().Sub(began), Err: err}
	r.end(gone)
	h.quit(gone)
	return gone
}

// probedName is a collection that a step knows.
func probedName(s planner.Step) string {
	switch {
	case s.Collection != "":
		return s.Collection
	case s.To != "":
		return s.To
	}
	return s.From
}
