package executor

import (
	"errors"
	"slices"

	"aliasctl/planner"
)

// Report is what became of a plan.
type Report struct {
	Results []Result // one per step, in the order of the plan
	Counts  Counts
	// Cutovers is how each cutover went, in the order of the plan.
	Cutovers []Cutover
	// VerificationFailed reports that a verification failed after its switch, or
	// that a group was switched back because a member failed.
	VerificationFailed bool
	// SwitchBackFailed reports that something which should have been switched back
	// was not: readers may find the wrong collection, or a group on both sides.
	SwitchBackFailed bool
	// Interrupted reports that the run was stopped or its context ended.
	Interrupted bool
	// Ended is the error that no other call could have escaped and that ended
	// the run (401, a TLS error); nil otherwise.
	Ended error
	// NotReady is why nothing was begun after the loads: one failed or was stopped,
	// or the error of Options.Ready. No alias was changed then. nil otherwise.
	NotReady error
	// State is the state after the run. It is stored, unless Apply returned a
	// SaveError or an error from before the first write.
	State planner.State
}

// Counts is how many steps came to each outcome.
type Counts struct {
	Applied, AlreadyDone, Failed, Unknown, NotReached, SwitchedBack int
}

// Complete reports that every step is done.
func (c Counts) Complete() bool { return c.Failed+c.Unknown+c.NotReached+c.SwitchedBack == 0 }

func count(results []Result) Counts {
	var c Counts
	for _, r := range results {
		switch r.Outcome {
		case Applied:
			c.Applied++
		case AlreadyDone:
			c.AlreadyDone++
		case Failed:
			c.Failed++
		case Undecided:
			c.Unknown++
		case NotReached:
			c.NotReached++
		case SwitchedBack:
			c.SwitchedBack++
		}
	}
	return c
}

// Recorded is how many of the applied steps touched only the state.
func (r Report) Recorded() int {
	n := 0
	for _, result := range r.Results {
		if result.Outcome == Applied && !result.Op.Writes() {
			n++
		}
	}
	return n
}

// Changed reports that this run changed the cluster, or may have: a run that
// failed without it left everything as it was. What is loaded does not count.
func (r Report) Changed() bool { return slices.ContainsFunc(r.Results, Result.changed) }

// Undone reports that this run changed the cluster and undid all of it: the
// bindings are as before.
func (r Report) Undone() bool {
	remains := func(result Result) bool {
		_, undone := result.Err.(*UndoneError)
		takenBack := result.Op == planner.GrantPrivilege && result.Outcome == SwitchedBack
		return result.changed() && !takenBack && (!undone || result.Outcome != Failed)
	}
	return r.Changed() && !slices.ContainsFunc(r.Results, remains)
}

// changed reports that the step changed the cluster, or may have.
func (r Result) changed() bool {
	if !r.Op.Writes() || r.Op == planner.LoadCollection || r.Op == planner.VerifyAlias && r.Outcome == Applied && r.Err == nil {
		return false
	}
	switch r.Outcome {
	case Applied, Undecided, SwitchedBack:
		return true
	}
	if e, ok := errors.AsType[*ReleaseError](r.Err); ok && ClassOf(e.Err) == Unknown {
		return true
	}
	return r.Unbound || is[*OvertakenError](r.Err) || is[*UndoneError](r.Err) || is[*SwitchBackError](r.Err) || is[*ReleasedError](r.Err) || is[*StrandedError](r.Err)
}
