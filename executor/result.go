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
	NotReached  Outcome = "not-reached"  // not started, or interrupted before its first write
)

// Result is a step with its outcome.
type Result struct {
	planner.Step
	Outcome Outcome
	Err     error         // why, for Failed and Undecided; nil otherwise
	Note    string        // what else a reader must know, a sentence; mostly ""
	Took    time.Duration // from the re-read to the verification
}

// Done says that the cluster is now as the step wanted it.
func (r Result) Done() bool { return r.Outcome == Applied || r.Outcome == AlreadyDone }
