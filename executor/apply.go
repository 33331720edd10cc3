package executor

import (
	"cmp"
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"aliasctl/internal/throttle"
	"aliasctl/planner"
)

// Apply carries a plan out and settles the state from what really happened.
//
// state is the one that the plan was made from, as it is stored. It is written
// at most twice, however many steps there are: before the first write that
// concerns an alias or takes a collection away, with every such step announced, and
// after the run. So at every instant of the run the stored state knows all that
// the run may have done.
//
// The phases run in order: loads, and Options.Ready after them; grants; bindings (create,
// alter, switches by drop and create), then drops of aliases, then drops of collections.
// Within a phase a step that fails does not hold up the others; a phase starts only when
// the ones before it are complete, so what is left half-way is too much, never too
// little. Steps that touch only the state are recorded with the last write, whatever
// became of the others.
//
// What became of a step is in the report, not in the error. The error is nil,
// or holds one of: an UnfitError or an AnnounceError (no alias was changed), a
// SaveError (the cluster was changed as the report shows, the state was not
// stored), a PanicError (recovered in a goroutine; the state was stored).
func Apply(ctx context.Context, plan planner.Plan, state planner.State, cluster Cluster, store Store, opts Options) (Report, error) {
	state.Version = planner.StateVersion
	r := newRun(ctx, cluster, opts)
	defer r.reach.quit(nil)
	r.results = make([]Result, len(plan.Steps))
	for i, step := range plan.Steps {
		r.results[i] = Result{Step: step, Outcome: NotReached}
	}
	phases, err := phasesOf(plan)
	if err != nil {
		return r.report(ctx, state), err
	}
	if r.stopped(ctx) {
		return r.report(ctx, state), nil
	}

	if len(phases[loadPhase]) > 0 && !r.loads(ctx, phases[loadPhase]) {
		return r.report(ctx, state), r.bug()
	}
	r.leftBefore(state, plan)
	stored := state
	if slices.ContainsFunc(plan.Steps, announced) {
		stored = Announce(state, plan, len(r.opts.Witnesses) > 0, stamp(r.opts.Clock.Now()))
		if err := store.Save(ctx, stored); err != nil {
			return r.report(ctx, state), &AnnounceError{Err: err}
		}
	}
	for i, phase := range phases {
		if i == loadPhase || r.incomplete() || i > grantPhase && !r.granted() {
			continue
		}
		r.phase(ctx, phase)
		switch i {
		case grantPhase:
			r.awaitGrants(ctx)
		case bindPhase:
			r.takeBack(ctx)
		}
	}
	r.records()
	after := r.settle(ctx, plan, state)
	var saveErr error
	if after.Serial != stored.Serial || !sameContent(after, stored) {
		saveErr = save(ctx, store, after)
	}
	r.recorded(saveErr)

	report := r.report(ctx, after)
	var errs []error
	if r.panicked != nil {
		errs = append(errs, r.panicked)
	}
	if saveErr != nil {
		errs = append(errs, &SaveError{State: after, Err: saveErr})
	}
	return report, errors.Join(errs...)
}

// run is one Apply.
type run struct {
	cluster  Cluster
	opts     Options
	began    time.Time
	throttle *throttle.Throttle
	reach    *reach
	results  []Result // each written by the one goroutine that has its step

	mu       sync.Mutex // guards what follows, and keeps the observer serial
	ended    error
	unready  error // why nothing was begun after the loads
	panicked *PanicError
	left     map[planner.Key]time.Time // collections, by when an alias last left them
	late     map[int]error             // grants that may still arrive, by step: why an answer is missing
	cutovers []Cutover                 // that have ended
}

func newRun(ctx context.Context, cluster Cluster, opts Options) *run {
	opts = opts.withDefaults()
	pace := opts.Throttle
	if pace == nil {
		pace = throttle.New(opts.Parallel, opts.Clock.Now)
	}
	pace.Restart()
	return &run{
		cluster: cluster, opts: opts, began: opts.Clock.Now(), throttle: pace,
		reach: newReach(ctx), left: make(map[planner.Key]time.Time), late: make(map[int]error),
	}
}

// unit carries out one unit. A panic is a bug of ours, and no reason to lose
// track of the others: the steps of the unit become unknown, because a write
// may have gone out, and the run ends in good order.
func (r *run) unit(ctx context.Context, u unit) {
	done := false
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		caught := r.caught(value)
		if done {
			return
		}
		for _, i := range u.steps {
			r.results[i].Outcome, r.results[i].Err = Undecided, caught
		}
	}()

	first := u.steps[0]
	step := r.results[first].Step
	if step.Op == planner.GrantPrivilege {
		r.grants(ctx, u)
		done = true
		return
	}
	for _, i := range u.steps {
		r.started(i)
	}
	switch {
	case step.Cutover != nil:
		r.cutover(ctx, u)
	case step.Op == planner.RecreateAlias:
		r.conclude(first, r.recreate(ctx, step))
	case step.Op == planner.Displace:
		r.conclude(first, r.displace(ctx, step))
	case step.Op == planner.LoadCollection:
		r.conclude(first, r.load(ctx, first, step))
	case step.Op == planner.ReleaseCollection:
		r.conclude(first, r.release(ctx, step))
	case step.Op == planner.DropCollection:
		drop := &retirement{cluster: r.cluster, step: step, held: r.opts.Held}
		r.conclude(first, drop.completed(r.carryOut(ctx, drop)))
	default:
		r.conclude(first, r.carryOut(ctx, &binding{cluster: r.cluster, step: step}))
	}
	done = true
	for _, i := range u.steps {
		r.finished(i)
	}
}

func (r *run) conclude(i int, v verdict) {
	result := &r.results[i]
	result.Outcome, result.Err, result.Note, result.Took = v.outcome, v.err, v.note, v.took
	result.Dropped, result.DroppedIn, result.Unbound, result.Gap = v.dropped, v.droppedIn, v.unbound, v.gap
	if result.Done() {
		r.leaves(result.Step)
	}
}

// records decides about the steps that touch only the state: they are done
// with the write of it.
func (r *run) records() {
	for i := range r.results {
		if result := &r.results[i]; !result.Op.Writes() {
			result.Outcome = Applied
		}
	}
}

// recorded concludes them once the state is stored or could not be.
func (r *run) recorded(saveErr error) {
	for i := range r.results {
		result := &r.results[i]
		if result.Op.Writes() || !result.Done() {
			continue
		}
		r.started(i)
		if saveErr != nil {
			result.Outcome, result.Err = Failed, saveErr
		}
		r.finished(i)
	}
}

// stopped reports that no new step may start.
func (r *run) stopped(ctx context.Context) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended != nil || r.panicked != nil || r.interrupted(ctx)
}

func (r *run) interrupted(ctx context.Context) bool {
	select {
	case <-r.opts.Stop:
		return true
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

// end lets no new step start.
func (r *run) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil {
		r.ended = err
	}
}

// caught remembers the first panic of the run.
func (r *run) caught(value any) *PanicError {
	caught := &PanicError{Value: value, Stack: debug.Stack()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.panicked == nil {
		r.panicked = caught
	}
	return caught
}

// bug is the first panic of the run, when there was one.
func (r *run) bug() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.panicked == nil {
		return nil
	}
	return r.panicked
}

func (r *run) started(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opts.Observer != nil {
		r.opts.Observer.StepStarted(i, r.results[i].Step)
	}
}

func (r *run) finished(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opts.Observer != nil {
		r.opts.Observer.StepDone(i, r.results[i])
	}
}

// settle is the state after the run, with the ids of new targets. When
// the run was ended at once, the ids are left out: they are a safeguard of
// later runs, and not worth a second of waiting now.
func (r *run) settle(ctx context.Context, plan planner.Plan, state planner.State) planner.State {
	s := newSettlement(state, plan, r.results, Occasion{Now: stamp(r.opts.Clock.Now()), Author: r.opts.Author, HistoryLimit: r.opts.HistoryLimit, Witnessed: len(r.opts.Witnesses) > 0})
	if targets := s.targets(); len(targets) > 0 && ctx.Err() == nil && r.ended == nil {
		s.identify(r.identify(ctx, targets))
	}
	return s.state()
}

// stamp is a time as the state keeps it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// identify reads the ids of collections. One that cannot be read stays out: it
// fails nothing.
func (r *run) identify(ctx context.Context, targets []planner.Key) map[planner.Key]string {
	read := make([]string, len(targets))
	r.each(len(targets), func(i int) {
		if ctx.Err() != nil {
			return
		}
		if id, found, err := r.cluster.CollectionID(ctx, targets[i].Database, targets[i].Name); err == nil && found {
			read[i] = id
		}
	})
	ids := make(map[planner.Key]string, len(targets))
	for i, target := range targets {
		ids[target] = read[i]
	}
	return ids
}

// save stores the state after a run, also when the context has ended: what
// was changed is worth writing down, for as long as a person will wait who has
// asked twice to stop.
func save(ctx context.Context, store Store, state planner.State) error {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
	}
	return store.Save(ctx, state)
}

func (r *run) report(ctx context.Context, state planner.State) Report {
	report := Report{
		Results: r.results, Counts: count(r.results), Cutovers: r.cutovers, Interrupted: r.interrupted(ctx),
		Ended: r.ended, NotReady: r.unready, State: state,
	}
	slices.SortFunc(report.Cutovers, func(a, b Cutover) int { return cmp.Compare(a.Members[0].Step, b.Members[0].Step) })
	for _, c := range report.Cutovers {
		report.VerificationFailed = report.VerificationFailed || c.Unverified
	}
	for _, result := range r.results {
		report.VerificationFailed = report.VerificationFailed || result.Outcome == SwitchedBack && result.Op != planner.GrantPrivilege
		report.SwitchBackFailed = report.SwitchBackFailed || is[*SwitchBackError](result.Err)
	}
	return report
}
