package sync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
	"aliasctl/planner"
	"aliasctl/planner/saved"
)

// conclude passes the plan on and carries it out where that was asked for and
// nothing stands against it. unseen is what is wrong with a --verify-uri.
func (r *run) conclude(state planner.State, planned Report, unseen error) (Report, error) {
	refusal := blockedBy(planned.Report)
	blocked := cmp.Or(refusal, unseen)
	if refusal != nil && unseen != nil { // the plan's own trouble decides the exit code
		r.Console.Warn(unseen.Error())
	}
	r.Console.Planned(planned, refusal != nil)
	if !r.apply || blocked != nil {
		return planned, blocked
	}
	if err := r.Console.Approve(planned); err != nil {
		return planned, err
	}
	moved := state.Serial > 0 && !state.Cluster.Same(planned.Plan.Cluster) // an address or a label to record
	if len(planned.Plan.Steps) == 0 && planned.Plan.Housekeeping.Empty() && !moved {
		planned.Applied = true
		return planned, r.Console.Applied(planned)
	}
	return r.carryOut(state, planned)
}

// blockedBy reports what stands between a plan and its apply. A dry run ends with
// the same error, so that a pull request shows what the deploy job would.
func blockedBy(report report.Report) error {
	if !report.Proof.OK {
		return failed("this is a bug in aliasctl: please report it with the plan above", "the plan fails its own proof and is not applied")
	}
	conflicts, refusals := len(report.Plan.Conflicts), len(report.Refusals)
	if conflicts+refusals == 0 {
		return nil
	}
	return refused("each one above names its ways out; nothing was changed", "refused: %s", counted(conflicts, "conflict", refusals, "guard"))
}

func counted(n int, one string, m int, other string) string {
	switch {
	case m == 0:
		return quantity.Of(n, one)
	case n == 0:
		return quantity.Of(m, other)
	default:
		return quantity.Of(n, one) + ", " + quantity.Of(m, other)
	}
}

// carryOut applies the plan and judges what became of it.
func (r *run) carryOut(state planner.State, planned Report) (Report, error) {
	ended := make(chan struct{})
	defer close(ended)
	opts := r.executorOptions()
	opts.Drain, opts.Witnesses, opts.Stop = r.Choices.Drain, r.witnesses, r.stopped(ended)
	opts.Author, opts.HistoryLimit, opts.Observer = r.by, r.HistoryLimit, r.Console.Steps(len(planned.Plan.Steps))
	opts.Ready = func(context.Context) error { return r.recheck(planned.Plan) }
	done, err := executor.Apply(r.hard, planned.Plan, state, r.conn.Client, savesTold{r.file, r.Console, planned.StatePath}, opts)
	planned.Ended = &done
	if r.checked != nil {
		planned.Plan.Checks, planned.Refusals, planned.Rechecked = r.checked.Plan.Checks, r.checked.Refusals, true
	}
	if !is[*executor.SaveError](err) {
		planned.Saved = done.State.Serial
	}
	planned.Applied, planned.Results, planned.Cutovers = true, done.Results, done.Cutovers
	outputErr := r.Console.Applied(planned)
	if outcome := r.outcome(done, err); outcome != nil {
		return planned, outcome
	}
	if outputErr != nil && done.Changed() {
		return planned, &Failure{Code: Partly, What: outputErr.Error(), Err: outputErr, Hint: "the apply itself is complete and the state is saved"}
	}
	return planned, outputErr
}

// recheck makes the plan again when its collections are loaded: only now can all be
// checked. An error means that nothing is switched.
func (r *run) recheck(planned planner.Plan) error {
	r.options.Chosen = planned.Chosen() // what was loaded, also where there is a newer one since
	again, err := r.again()
	if err != nil {
		return err
	}
	r.checked = &again
	if unread := saved.Unread(planned, again.Plan); len(unread) > 0 && len(again.Plan.Conflicts) == 0 {
		return failed("no alias was changed: run the same command again",
			"after the loads, the id of the collection for alias %q cannot be read: something in between answered", unread[0])
	}
	if differences := saved.Unlike(planned, again.Plan); len(differences) > 0 {
		return stale("the cluster changed while the collections were loaded", differences...)
	}
	return blockedBy(again)
}

// notReady is why nothing was switched after the loads.
func (r *run) notReady(done executor.Report) error {
	why := done.NotReady
	if failed, ok := errors.AsType[*Failure](why); ok { // of recheck
		if r.checked == nil || failed.Code != Refused {
			return failed
		}
		refused := *failed
		refused.Hint = "each one above names its ways out; no alias was changed"
		for _, refusal := range r.checked.Refusals {
			refused.Lines = append(refused.Lines, refusal.Reason)
		}
		return &refused
	}
	what := "not loaded, no alias was changed"
	for _, result := range done.Results {
		if result.Op == planner.LoadCollection && result.Err == why {
			what = fmt.Sprintf("cannot load collection %q of database %q, no alias was changed", result.Collection, result.Database)
		}
	}
	code := Refused
	if done.Ended != nil {
		code = Failed
	}
	return &Failure{Code: code, What: fmt.Sprintf("%s: %v", what, why), Err: why, Hint: cmp.Or(hintOf(why), "when the cause is mended, run the same command again")}
}

// savesTold is a store that tells the caller of every save.
type savesTold struct {
	executor.Store
	console Console
	path    string
}

func (s savesTold) Save(ctx context.Context, state planner.State) error {
	err := s.Store.Save(ctx, state)
	if err == nil {
		s.console.Saved(s.path, state)
	}
	return err
}

// stopped is closed when no new step may start: after a signal, or when the
// lock of a shared state was lost.
func (r *run) stopped(ended <-chan struct{}) <-chan struct{} {
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		select {
		case <-r.soft.Done():
		case <-r.lock.Lost():
		case <-ended:
		}
	}()
	return stop
}

// orNone is a number as the executor takes it, where 0 means its default.
func orNone[N int | time.Duration](n N) N {
	if n > 0 {
		return n
	}
	return -1
}

// outcome turns the end of an apply into its error.
func (r *run) outcome(done executor.Report, err error) error {
	if save, ok := errors.AsType[*executor.SaveError](err); ok {
		return r.rescue(done, save)
	}
	if err != nil {
		return err
	}
	counts, recorded := done.Counts, done.Recorded()
	applied := counts.Applied - recorded
	untouched, where := "nothing was changed", ""
	if recorded > 0 {
		untouched, where = "the cluster was not changed", fmt.Sprintf(" (%d in the state alone)", recorded)
	}
	summary := fmt.Sprintf("%d applied%s, %d already done, %d failed, %d unknown, %d not reached",
		counts.Applied, where, counts.AlreadyDone, counts.Failed, counts.Unknown, counts.NotReached)
	if counts.SwitchedBack > 0 {
		summary += fmt.Sprintf(", %d switched back", counts.SwitchedBack)
	}
	lost := r.lock.Err()
	switch {
	case lost != nil:
		return &Failure{Code: Partly, What: fmt.Sprintf("%v: %s", lost, summary), Hint: "another run may be at work: look at `aliasctl lock show`, then run the same command again", Err: lost}
	case done.Interrupted && done.NotReady != nil:
		return interrupted("while loading; no alias was changed")
	case done.NotReady != nil:
		return r.notReady(done)
	case done.SwitchBackFailed:
		return &Failure{Code: Partly, What: "a cutover failed and could not be switched back: " + summary, Err: done.Ended,
			Hint: "the results above say where each alias is; mend the collection and run the same command again, which verifies it anew, or go back with `aliasctl rollback`"}
	case done.VerificationFailed && counts.Unknown == 0:
		return unverified(done, summary)
	case done.Interrupted && !counts.Complete():
		return interrupted(summary)
	case done.Interrupted:
		return interrupted("the signal came after the last step: everything is applied")
	case counts.Complete():
		return nil
	case counts.Unknown > 0:
		return &Failure{Code: Partly, What: "an outcome is unknown: " + summary, Hint: partlyHint(done), Err: done.Ended}
	case done.Undone():
		return &Failure{Code: Partly, What: "undone, the bindings are as before: " + summary, Hint: partlyHint(done), Err: done.Ended}
	case done.Changed() && applied == 0:
		return &Failure{Code: Partly, What: "the cluster was changed, and not as planned: " + summary, Hint: partlyHint(done), Err: done.Ended}
	case done.Changed():
		return &Failure{Code: Partly, What: "partly applied: " + summary, Hint: partlyHint(done), Err: done.Ended}
	default:
		return &Failure{Code: Failed, What: untouched + ": " + summary, Hint: partlyHint(done), Err: done.Ended}
	}
}

// unverified reports a cutover that went back, or should have: because a
// verification failed, or because a member of a group did.
func unverified(done executor.Report, summary string) error {
	if !slices.ContainsFunc(done.Cutovers, func(c executor.Cutover) bool { return c.Unverified }) {
		return &Failure{Code: Unverified, What: "a group was switched back because a member failed: " + summary,
			Hint: "the results above say why; when the cause is mended, the same command again tries anew"}
	}
	if done.Counts.SwitchedBack == 0 {
		return &Failure{Code: Unverified, What: "a switch failed its verification and stays (`on_failure: keep`): " + summary,
			Hint: "mend the collection and run the same command again, which verifies it anew, or go back with `aliasctl rollback`"}
	}
	return &Failure{Code: Unverified, What: "a switch failed its verification and was switched back: " + summary,
		Hint: "the results above say why; there is nothing to roll back: mend the collection, then run the same command again"}
}

func partlyHint(done executor.Report) string {
	if hint := hintOf(done.Ended); hint != "" {
		return hint
	}
	return "the state is accurate: when the cause is mended, the same command again goes on from here"
}

// rescue keeps a state that could not be stored after steps were applied.
func (r *run) rescue(done executor.Report, save *executor.SaveError) error {
	if !done.Changed() {
		return &Failure{Code: Failed, What: save.Error(), Err: save, Hint: cmp.Or(hintOf(save), "the cluster was not changed; "+r.whenSaved()+" and run the same command again")}
	}
	if err := r.Console.Unsaved(r.file.Path(), save.State); err != nil {
		r.Console.Warn(err.Error())
	}
	path, err := r.file.SaveErrored(save.State)
	if err != nil {
		return &Failure{Code: Partly, What: fmt.Sprintf("%v; and it could not be saved elsewhere: %v", save, err), Err: save,
			Hint: fmt.Sprintf("save the state above as %s", r.file.Path())}
	}
	return &Failure{Code: Partly, What: fmt.Sprintf("%v; it was saved as %s", save, path), Err: save, Hint: r.recovery(save, path)}
}

// whenSaved is what has to be done before a state can be saved.
func (r *run) whenSaved() string {
	if isShared(r.file) {
		return "wait until the store answers again"
	}
	return "make room or mend the disk"
}

// isShared reports that a state is in a store and not in a local file.
func isShared(file statefile.Location) bool {
	_, local := file.(*local.File)
	return file != nil && !local
}

// recovery reports what is to be done with an errored state. Where another run has
// been at work, or may have been, its state must not be overwritten unseen.
func (r *run) recovery(err error, errored string) string {
	place := "put it in place: `" + r.file.Recovery(errored) + "`"
	look := "look first at what the other run did, with `aliasctl state show` and `aliasctl drift`"
	switch {
	case statefile.IsRace(err):
		return look + "; then run the same command again"
	case statefile.IsLost(err):
		return look + "; if there was none, " + place
	}
	return place
}

// executorOptions say how a write is sent and waited for.
func (r *run) executorOptions() executor.Options {
	return executor.Options{
		Parallel: r.Cluster.Parallel,
		Throttle: r.conn.Throttle(),
		Retries:  orNone(r.Cluster.Retries),
		Settle:   r.Settle,
		Patience: orNone(r.Patience),
		Held:     r.lock.Err,
	}
}
