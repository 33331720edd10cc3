package executor

import (
	"context"
	"time"

	"aliasctl/planner"
)

// forgets looks after the steps that forget an alias while a request of an
// earlier run may still bring it back: nobody would own it then. A run that
// was killed may have sent a create that the plan did not see yet. So such an
// alias is watched until its youngest announcement is older than the settle
// time; mostly it is so from the start, and nothing is asked. An alias that
// shows up stays in the state, for the next run to drop.
func (r *run) forgets(ctx context.Context, state planner.State) {
	if len(state.Pending) == 0 {
		return
	}
	latest := make(map[planner.Key]time.Time)
	for _, a := range state.Pending {
		key := planner.Key{Database: a.Database, Name: a.Alias}
		if a.To != "" && young(a, r.began, r.opts.Settle) && a.At.After(latest[key]) {
			latest[key] = a.At
		}
	}
	var watched []int
	for i, result := range r.results {
		if result.Op != planner.Forget || result.Released {
			continue // a released alias may exist: it is another manifest's from now on
		}
		if _, found := latest[planner.Key{Database: result.Database, Name: result.Alias}]; found {
			watched = append(watched, i)
		}
	}
	r.each(len(watched), func(n int) {
		i := watched[n]
		step := r.results[i].Step
		r.results[i].Outcome = NotReached
		if r.stopped(ctx) {
			return
		}
		r.started(i)
		v := r.watch(ctx, step, latest[planner.Key{Database: step.Database, Name: step.Alias}].Add(r.opts.Settle))
		r.conclude(i, v)
		r.finished(i)
	})
}

// watch reads until the alias shows up or the time is over. At least once,
// because it may have shown up since the plan was made.
func (r *run) watch(ctx context.Context, step planner.Step, until time.Time) (v verdict) {
	started := r.opts.Clock.Now()
	defer func() { v.took = r.opts.Clock.Now().Sub(started) }()
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		collection, found, err := r.cluster.AliasTarget(ctx, step.Database, step.Alias)
		r.mind(err)
		left := min(until.Sub(r.opts.Clock.Now()), r.opts.Settle)
		switch {
		case err == nil && found:
			return verdict{outcome: Failed, err: &LandedError{Database: step.Database, Alias: step.Alias, Found: collection}}
		case err == nil && left <= 0:
			return verdict{outcome: Applied}
		case left <= 0 || err != nil && ClassOf(err) == Fatal:
			return verdict{outcome: Failed, err: err}
		case !r.pause(ctx, min(pause, left)):
			return verdict{outcome: NotReached}
		}
	}
}
