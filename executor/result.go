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
	// Converged is how long the witnesses took to see the switch, 0 when none
	// was asked.
	Converged time.Duration
	// Unverified says that the switch is done and its verification is not: it
	// failed, or the run ended before it.
	Unverified bool
}

// Done says that the cluster is now as the step wanted it.
func (r Result) Done() bool { return r.Outcome == Applied || r.Outcome == AlreadyDone }
