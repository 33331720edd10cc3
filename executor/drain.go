package executor

import (
	"context"
	"time"

	"aliasctl/planner"
)

// After a switch some proxies go on resolving the alias to the collection that
// it left, for as long as their caches are stale, and no call shows whether
// all have noticed (milvus-rest section 3). A drop in that time fails their
// readers. So a collection that an alias left in this run, or in one just before
// it, rests before it is dropped; everything is read again after that, directly
// before the drop.

// leftBefore notes what earlier runs left: one that ended less than the drain
// ago, interrupted or not, and one that did not finish, of which it is unknown
// when it switched what it had announced; nor is it known when another client
// moved what this run adopts.
func (r *run) leftBefore(state planner.State, plan planner.Plan) {
	for _, entry := range state.History {
		for _, c := range entry.Changes {
			if key := (planner.Key{Database: c.Database, Name: c.From}); c.From != "" && entry.At.After(r.left[key]) {
				r.left[key] = entry.At
			}
		}
	}
	for _, a := range state.Pending {
		if a.Op != planner.DropCollection && a.From != "" {
			r.left[planner.Key{Database: a.Database, Name: a.From}] = r.began
		}
	}
	for _, s := range plan.Steps {
		if s.Op == planner.Adopt && s.From != "" && s.From != s.To {
			r.left[planner.Key{Database: s.Database, Name: s.From}] = r.began
		}
	}
}

// leaves notes that an alias is no longer bound to what its step expected.
func (r *run) leaves(s planner.Step) {
	if s.Op.OnCollection() || s.From == s.To {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left[planner.Key{Database: s.Database, Name: s.From}] = r.opts.Clock.Now()
}

// draining sorts out the units whose collection has to rest, and for how
// long the last of them.
func (r *run) draining(units []unit) (ready, resting []unit, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.opts.Clock.Now()
	for _, u := range units {
		step := r.results[u.steps[0]].Step
		left, found := r.left[planner.Key{Database: step.Database, Name: step.Collection}]
		rest := min(left.Add(r.opts.Drain).Sub(now), r.opts.Drain) // a clock may be ahead
		if !step.Op.Retires() || !found || rest <= 0 {
			ready = append(ready, u)
			continue
		}
		resting, wait = append(resting, u), max(wait, rest)
	}
	return ready, resting, wait
}

// drain waits. It returns false when the run was stopped meanwhile.
func (r *run) drain(ctx context.Context, units []unit, wait time.Duration) bool {
	if !r.stopped(ctx) {
		r.tellDraining(units, wait)
	}
	return r.pause(ctx, wait)
}

func (r *run) tellDraining(units []unit, wait time.Duration) {
	o, ok := r.opts.Observer.(DrainObserver)
	if !ok {
		return
	}
	steps := make([]planner.Step, len(units))
	for i, u := range units {
		steps[i] = r.results[u.steps[0]].Step
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o.Draining(steps, wait)
}

// pause sleeps, and returns false when the run was stopped first.
func (r *run) pause(ctx context.Context, d time.Duration) bool {
	if r.stopped(ctx) {
		return false
	}
	sleep, wake := context.WithCancel(ctx)
	defer wake()
	go func() {
		select {
		case <-r.opts.Stop:
			wake()
		case <-sleep.Done():
		}
	}()
	return r.opts.Clock.Sleep(sleep, d) == nil
}
