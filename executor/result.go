package executor

import (
	"time"

	"aliasctl/planner"
)

// Outcome is what became of one step.
type Outcome string

// The outcomes.
const (
	Applied     Outcome = "applied"      // we changed it, and read it back
	AlreadyDone Outcome = "already-done" // it was so before we wrote
	Failed      Outcome = "failed"       // it did not happen, or did not last (OvertakenError, UndoneError)
	Undecided   Outcome = "unknown"      // it may or may not have happened; announced in the state
	NotReached  Outcome = "not-reached"  // not started, held back with its group, or interrupted before its first write

	// SwitchedBack: we changed it, something went wrong after that, and we put
	// it back. The binding is the one from before.
	SwitchedBack Outcome = "switched-back"
)

// Result is a step with its outcome.
type Result struct {
	planner.Step
	Outcome Outcome
	// Err is why, for every outcome but Applied and AlreadyDone. Those two have
	// one when the step belongs to a cutover and stays switched although its
	// verification failed, or because it could not be switched back
	// (SwitchBackError).
	Err  error
	Note string        // what else a reader must know, a sentence; mostly ""
	Took time.Duration // from the re-read to the verification
	// Gap is how long the name of a displaced collection stood for nothing, as far as
	// the answers show.
	Gap time.Duration
	// Converged is how long the witnesses took to see the switch, 0 when none
	// was asked.
	Converged time.Duration
	// Unverified reports that the switch is done and its verification is not: it
	// failed, or the run ended before it.
	Unverified bool
	// Dropped is what became of the first write of a recreate-alias, "" when it
	// was not begun, and DroppedIn the part of Took that it had. Unbound says that
	// the drop happened and that neither the new nor the old binding was created.
	Dropped   Outcome
	DroppedIn time.Duration
	Unbound   bool
}

// Halves are the results of the writes of a step (see planner.Step.Halves), for
// readers that know a switch by drop and create as two steps.
func (r Result) Halves() []Result {
	if r.Op != planner.RecreateAlias {
		return []Result{r}
	}
	steps := r.Step.Halves()
	drop, create := r, r
	drop.Step, create.Step = steps[0], steps[1]
	undone, wasUndone := r.Err.(*UndoneError) // a failed way back may wrap one
	switch {
	case r.Dropped == "" && r.Outcome != NotReached: // a bug: either may have been sent
	case r.Outcome == SwitchedBack:
		drop.Err, drop.Note = nil, ""
	case wasUndone:
		drop.Outcome, create.Err, create.Note = Failed, undone.Err, ""
	case r.Dropped == Applied || r.Dropped == AlreadyDone:
		drop.Outcome, drop.Err, drop.Note = r.Dropped, nil, ""
	default:
		create.Outcome, create.Err, create.Note = NotReached, nil, ""
	}
	drop.Converged, drop.Unverified = 0, false
	drop.Took, create.Took = r.DroppedIn, r.Took-r.DroppedIn
	return []Result{drop, create}
}

// Done reports that the cluster is now as the step wanted it.
func (r Result) Done() bool { return r.Outcome == Applied || r.Outcome == AlreadyDone }
