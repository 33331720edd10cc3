package executor

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"aliasctl/planner"
)

// converge waits until every witness confirms the switch of a member, so often
// in a row as it asks for, and returns how long the last one took to come
// round: from the write until the first answer of its unbroken row. The row
// must have begun within the settle time.
func (r *run) converge(ctx context.Context, m *member) (time.Duration, error) {
	if m.step.Cutover.Confirmations == 0 || len(r.opts.Witnesses) == 0 {
		return 0, nil
	}
	since := m.sent
	if since.IsZero() {
		since = r.opts.Clock.Now()
	}
	took := make([]time.Duration, len(r.opts.Witnesses))
	workers, asking := errgroup.WithContext(ctx)
	for i, w := range r.opts.Witnesses {
		workers.Go(func() (err error) {
			defer func() {
				if value := recover(); value != nil {
					err = r.caught(value)
				}
			}()
			began, err := r.confirmed(asking, w, m.step)
			took[i] = began.Sub(since)
			return err
		})
	}
	if err := workers.Wait(); err != nil {
		return 0, err
	}
	var longest time.Duration
	for _, t := range took {
		longest = max(longest, t)
	}
	return longest, nil
}

// confirmed asks one witness until it has answered with the new collection
// often enough, and returns when that row began.
func (r *run) confirmed(ctx context.Context, w Witness, step planner.Step) (began time.Time, err error) {
	started := r.opts.Clock.Now()
	pause := firstPause
	for row := 0; ; {
		asked := r.opts.Clock.Now()
		found, ok, err := w.AliasTarget(ctx, step.Database, step.Alias)
		if !ok {
			found = ""
		}
		left := started.Add(r.opts.Settle).Sub(r.opts.Clock.Now())
		wait := firstPause
		if err == nil && found == step.To {
			if row++; row == 1 {
				began = asked
			}
			if row == step.Cutover.Confirmations {
				return began, nil
			}
		} else {
			row = 0
			stale := &StaleError{Witness: w.Name(), Database: step.Database, Alias: step.Alias, Want: step.To, Found: found, Err: err, Waited: r.opts.Settle}
			if left <= 0 || err != nil && ClassOf(err) == Fatal && !unreachable(err) {
				return began, stale
			}
			wait, pause = min(pause, left), min(2*pause, maxPause)
		}
		if err := r.opts.Clock.Sleep(ctx, wait); err != nil {
			return began, err
		}
	}
}

// canary asks through the alias and for the new collection by name, until both
// say the same. A proxy may be stale for a moment after a switch, so it asks
// again within the settle time.
func (r *run) canary(ctx context.Context, step planner.Step) error {
	if step.Cutover.Canary == nil {
		return nil
	}
	deadline := r.opts.Clock.Now().Add(r.opts.Settle)
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		e := r.compare(ctx, step)
		left := deadline.Sub(r.opts.Clock.Now())
		switch {
		case e == nil:
			return nil
		case left <= 0 || e.final():
			return e
		}
		if r.opts.Clock.Sleep(ctx, min(pause, left)) != nil {
			return e
		}
	}
}

// compare asks once each way; nil when all is well.
func (r *run) compare(ctx context.Context, step planner.Step) *CanaryError {
	e := &CanaryError{
		Database: step.Database, Alias: step.Alias, Collection: step.To,
		MaxLatency: step.Cutover.Canary.MaxLatency,
	}
	e.Through, e.ThroughErr = r.cluster.Ask(ctx, step.Database, step.Alias, step.Cutover.Canary)
	e.ByName, e.ByNameErr = r.cluster.Ask(ctx, step.Database, step.To, step.Cutover.Canary)
	for _, err := range []error{e.ThroughErr, e.ByNameErr} {
		if !unreachable(err) { // what answers in place of Milvus may let the next call pass
			r.stopOnFatal(err)
		}
	}
	if e.why() == "" {
		return nil
	}
	return e
}
