package report

import (
	"errors"
	"fmt"
	"time"

	"aliasctl/executor"
	"aliasctl/planner"
)

// OutcomeText is an outcome in words.
func OutcomeText(o executor.Outcome) string {
	switch o {
	case executor.AlreadyDone:
		return "already done"
	case executor.NotReached:
		return "not reached"
	case executor.SwitchedBack:
		return "switched back"
	}
	return string(o)
}

// ok reports that a step is done and that nothing is wrong with it.
func ok(r executor.Result) bool { return r.Done() && r.Err == nil }

// problem reports what is wrong with a step that is done, "" for nothing: it stays
// switched although it should not, or although its verification failed.
func problem(r executor.Result) string {
	if !r.Done() || r.Err == nil {
		return ""
	}
	if _, ok := errors.AsType[*executor.SwitchBackError](r.Err); ok {
		return "not switched back"
	}
	if _, ok := errors.AsType[*executor.RevokeError](r.Err); ok {
		return "not taken back"
	}
	return "not verified"
}

// outcomeText is the outcome of a step in words, with what is wrong with it when it
// is done all the same.
func outcomeText(r executor.Result) string {
	if but := problem(r); but != "" {
		return OutcomeText(r.Outcome) + ", " + but
	}
	if r.Op == planner.GrantPrivilege && r.Outcome == executor.SwitchedBack {
		return "taken back"
	}
	return OutcomeText(r.Outcome)
}

// newResult is what became of a step, for its row.
func newResult(r *executor.Result) *Result {
	result := &Result{Text: outcomeText(*r), Tone: Bad}
	switch {
	case ok(*r):
		result.Tone = Good
	case r.Outcome == executor.NotReached:
		result.Tone = Faint
	}
	if r.Took > 0 {
		result.Times = append(result.Times, Rounded(r.Took).String())
	}
	if r.Gap > 0 {
		result.Times = append(result.Times, "gap "+Rounded(r.Gap).String())
	}
	if r.Converged > 0 { // of the proxies after it
		result.Times = append(result.Times, "converged in "+Rounded(r.Converged).String())
	}
	return result
}

// reason is why a result is as it is. A member that shares the fate of another
// one does not repeat what went wrong there.
func reason(err error) string {
	if group, ok := err.(*executor.GroupError); ok {
		return fmt.Sprintf("group %q stays together, and its member %q failed", group.Group, group.Member)
	}
	return err.Error()
}

// Rounded keeps as much of a duration as a reader wants to see.
func Rounded(d time.Duration) time.Duration {
	switch {
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Microsecond)
}
