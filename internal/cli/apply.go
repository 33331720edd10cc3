package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/executor"
	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	"aliasctl/internal/report/progress"
	"aliasctl/internal/safetext"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
	"aliasctl/planner"
)

// conclude shows the plan and carries it out where that was asked for and
// nothing stands against it. unseen is what is wrong with a --verify-uri.
func (r *run) conclude(state planner.State, report report.Report, unseen error) error {
	blocked := blockedBy(report)
	switch {
	case blocked == nil:
		blocked = unseen
	case unseen != nil: // the plan's own trouble decides the exit code
		r.warn(unseen.Error())
	}
	r.report = &report
	if r.events != nil {
		r.events.plan(report)
	}
	if !r.apply || blocked != nil {
		if err := r.outputs.write(r.streams, report); err != nil {
			return err
		}
		if blocked == nil && r.c.Bool("detailed-exitcode") && report.Plan.Summary.Pending() > 0 {
			return pendingError{}
		}
		return blocked
	}
	if err := r.outputs.before(r.streams, report); err != nil {
		return err
	}
	moved := state.Serial > 0 && !state.Cluster.Same(report.Plan.Cluster) // an address or a label to record
	if len(report.Plan.Steps) == 0 && report.Plan.Housekeeping.Empty() && !moved {
		report.Applied = true
		return r.outputs.after(r.streams, report)
	}
	if err := r.confirm(report.Plan); err != nil {
		return err
	}
	return r.carryOut(state, report)
}

// blockedBy says what stands between a plan and its apply. A dry run ends with
// the same error, so that a pull request shows what the deploy job would.
func blockedBy(report report.Report) error {
	if !report.Proof.OK {
		return &failedError{what: "the plan fails its own proof and is not applied", hint: "this is a bug in aliasctl: please report it with the plan above"}
	}
	conflicts, refusals := len(report.Plan.Conflicts), len(report.Refusals)
	if conflicts+refusals == 0 {
		return nil
	}
	return &refusedError{
		what: fmt.Sprintf("refused: %s", counted(conflicts, "conflict", refusals, "guard")),
		hint: "each one above names its ways out; nothing was changed",
	}
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

// carryOut applies the plan and shows what became of it.
func (r *run) carryOut(state planner.State, report report.Report) error {
	var store executor.Store = r.file
	var observer executor.Observer
	finish := func() {}
	if r.events != nil {
		store, observer = loggedStore{r.file, r.events, report.StatePath}, r.events
	} else {
		progress := progress.New(r.conversation(), len(report.Plan.Steps), isTerminal(r.err))
		observer, finish = drainTeller{progress, r.streams}, progress.Finish
	}
	done, err := executor.Apply(r.signals.hard, report.Plan, state, r.conn.Client, store, executor.Options{
		Parallel: r.c.Int("parallel"),
		Retries:  retriesOf(r.c),
		Settle:   r.c.Duration("settle"),
		Patience: patienceOf(r.c),
		Drain:    r.c.Duration("drain"), Witnesses: r.witnesses,
		Author: r.by, HistoryLimit: r.c.Int("history"),
		Held:     r.lock.Err,
		Stop:     r.stopped(),
		Observer: observer,
	})
	finish()
	if r.events != nil {
		r.events.counts = &done.Counts
	}
	report.Applied, report.Results, report.Cutovers = true, done.Results, done.Cutovers
	outputErr := r.outputs.after(r.streams, report)
	if outcome := r.outcome(done, err); outcome != nil {
		return outcome
	}
	if outputErr != nil && done.Changed() {
		return &partlyError{what: outputErr.Error(), err: outputErr, hint: "the apply itself is complete and the state is saved"}
	}
	return outputErr
}

// drainTeller says what an apply waits for: a silent half minute looks like a
// hang.
type drainTeller struct {
	*progress.Progress
	streams *streams
}

var _ executor.DrainObserver = drainTeller{}

// Draining is told of each wait before drops.
func (d drainTeller) Draining(steps []planner.Step, wait time.Duration) {
	d.streams.say("aliasctl: waiting %v before %s: proxies may still send readers there (--drain)", wait.Round(time.Second),
		quantity.Phrase(len(steps), "collection is dropped", "collections are dropped"))
}

// stopped is closed when no new step may start: after a signal, or when the
// lock of a shared state was lost.
func (r *run) stopped() <-chan struct{} {
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		select {
		case <-r.signals.soft.Done():
		case <-r.lock.Lost():
		}
	}()
	return stop
}

// retriesOf is --retries as the executor takes it, where 0 means its default.
func retriesOf(c *cli.Context) int {
	if n := c.Int("retries"); n > 0 {
		return n
	}
	return -1
}

// patienceOf is --patience as the executor takes it, where 0 means its default.
func patienceOf(c *cli.Context) time.Duration {
	if d := c.Duration("patience"); d > 0 {
		return d
	}
	return -1
}

// outcome turns the end of an apply into the error that is told.
func (r *run) outcome(done executor.Report, err error) error {
	var save *executor.SaveError
	if errors.As(err, &save) {
		return r.rescue(done, save)
	}
	var caught *executor.PanicError
	if errors.As(err, &caught) {
		r.sayStack(caught.Stack)
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
	told := fmt.Sprintf("%d applied%s, %d already done, %d failed, %d unknown, %d not reached",
		counts.Applied, where, counts.AlreadyDone, counts.Failed, counts.Unknown, counts.NotReached)
	if counts.SwitchedBack > 0 {
		told += fmt.Sprintf(", %d switched back", counts.SwitchedBack)
	}
	lost := r.lock.Err()
	switch {
	case lost != nil:
		return &partlyError{what: fmt.Sprintf("%v: %s", lost, told), hint: "another run may be at work: look at `aliasctl lock show`, then run the same command again", err: lost}
	case done.SwitchBackFailed:
		return &partlyError{what: "a cutover failed and could not be switched back: " + told, err: done.Ended,
			hint: "the results above say where each alias is; mend the collection and run the same command again, which verifies it anew, or go back with `aliasctl rollback`"}
	case done.VerificationFailed && counts.Unknown == 0:
		return unverified(done, told)
	case done.Interrupted && !counts.Complete():
		return &interruptedError{what: told}
	case done.Interrupted:
		return &interruptedError{what: "the signal came after the last step: everything is applied"}
	case counts.Complete():
		return nil
	case counts.Unknown > 0:
		return &partlyError{what: "an outcome is unknown: " + told, hint: partlyHint(done), err: done.Ended}
	case done.Undone():
		return &partlyError{what: "undone, the bindings are as before: " + told, hint: partlyHint(done), err: done.Ended}
	case done.Changed() && applied == 0:
		return &partlyError{what: "the cluster was changed, and not as planned: " + told, hint: partlyHint(done), err: done.Ended}
	case done.Changed():
		return &partlyError{what: "partly applied: " + told, hint: partlyHint(done), err: done.Ended}
	default:
		return &failedError{what: untouched + ": " + told, hint: partlyHint(done), err: done.Ended}
	}
}

// unverified tells a cutover that went back, or should have: because a
// verification said no, or because a member of a group failed.
func unverified(done executor.Report, told string) error {
	if !slices.ContainsFunc(done.Cutovers, func(c executor.Cutover) bool { return c.Unverified }) {
		return &verifyError{what: "a group was switched back because a member failed: " + told,
			hint: "the results above say why; when the cause is mended, the same command again tries anew"}
	}
	if done.Counts.SwitchedBack == 0 {
		return &verifyError{what: "a switch failed its verification and stays (`on_failure: keep`): " + told,
			hint: "mend the collection and run the same command again, which verifies it anew, or go back with `aliasctl rollback`"}
	}
	return &verifyError{what: "a switch failed its verification and was switched back: " + told,
		hint: "the results above say why; there is nothing to roll back: mend the collection, then run the same command again"}
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
		return &failedError{what: save.Error(), err: save, hint: cmp.Or(hintOf(save), "the cluster was not changed; "+r.whenSaved()+" and run the same command again")}
	}
	if err := r.handOver(save.State); err != nil {
		r.warn(err.Error())
	}
	path, err := r.file.SaveErrored(save.State)
	if err != nil {
		return &partlyError{what: fmt.Sprintf("%v; and it could not be saved elsewhere: %v", save, err), err: save,
			hint: fmt.Sprintf("save the state above as %s", r.file.Path())}
	}
	return &partlyError{what: fmt.Sprintf("%v; it was saved as %s", save, path), err: save, hint: r.recovery(save, path)}
}

// whenSaved is what has to be done before a state can be saved.
func (r *run) whenSaved() string {
	if isShared(r.file) {
		return "wait until the store answers again"
	}
	return "make room or mend the disk"
}

// isShared says that a state is in a store and not in a local file.
func isShared(file statefile.Location) bool {
	_, local := file.(*local.File)
	return file != nil && !local
}

// recovery says what is to be done with an errored state. Where another run has
// been at work, or may have been, its state must not be overwritten unseen.
func (r *run) recovery(err error, errored string) string {
	place := "put it in place: " + r.file.Recovery(errored)
	look := "look first at what the other run did, with `aliasctl state show` and `aliasctl drift`"
	switch {
	case statefile.IsRace(err):
		return look + "; then run the same command again"
	case statefile.IsLost(err):
		return look + "; if there was none, " + place
	}
	return place
}

// handOver writes a state to standard error: a log may outlive the machine.
func (r *run) handOver(state planner.State) error {
	if r.events != nil {
		return r.events.unsaved(r.file.Path(), state)
	}
	r.say("aliasctl: the state after this run, which could not be saved:")
	var text bytes.Buffer
	if err := statefile.Encode(&text, state); err != nil {
		return err
	}
	_, err := r.err.Write(safetext.JSON(text.Bytes()))
	return err
}
