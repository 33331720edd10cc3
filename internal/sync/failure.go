package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"aliasctl/executor"
	"aliasctl/internal/atomicfile"
	"aliasctl/internal/emulator"
	"aliasctl/internal/milvus"
	"aliasctl/internal/report/formats"
	statefile "aliasctl/internal/state"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// Code is how an operation ended, as the exit code of the program. Scripts rely on
// them; Codes explains them.
type Code int

// The codes.
const (
	OK          Code = 0
	Failed      Code = 1
	Pending     Code = 2
	Refused     Code = 3
	Stale       Code = 4
	Partly      Code = 5
	Locked      Code = 6
	Unverified  Code = 7
	Drifted     Code = 8
	Usage       Code = 64
	Panicked    Code = 70
	Interrupted Code = 130
)

// Codes is what each code promises, as docs/reference.md and the manual page show it.
var Codes = []struct {
	Code    Code
	Meaning string
}{
	{OK, "done, or nothing to do"},
	{Failed, "error; the cluster is unchanged"},
	{Pending, "`--detailed-exitcode`: changes are pending"},
	{Refused, "refused: a guard, a conflict, drift, or another cluster's state"},
	{Stale, "the reviewed plan does not hold any more"},
	{Partly, "partly applied, or an outcome is unknown; the state is accurate"},
	{Locked, "another run holds the state, or replaced it"},
	{Unverified, "a switch failed its verification, or a group was switched back"},
	{Drifted, "`drift` found a change made outside aliasctl"},
	{Usage, "wrong flags or a bad manifest"},
	{Panicked, "a bug: a panic was caught"},
	{Interrupted, "interrupted by SIGINT, SIGTERM or SIGHUP"},
}

// Failure is an error with what a caller needs to act: its code, what is wrong, and
// what helps.
type Failure struct {
	Code  Code
	What  string
	Hint  string
	Lines []string // what it is made of, where it is a list
	Err   error    // the cause, may be nil
}

func (f *Failure) Error() string { return f.What }

// Unwrap is the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Usagef is a call that cannot be carried out as it was made.
func Usagef(hint, format string, args ...any) error {
	return &Failure{Code: Usage, What: fmt.Sprintf(format, args...), Hint: hint}
}

// failed is an error before which nothing was changed.
func failed(hint, format string, args ...any) error {
	f := &Failure{Code: Failed, Hint: hint, What: fmt.Sprintf(format, args...)}
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			f.Err = err
		}
	}
	return f
}

func refused(hint, format string, args ...any) error {
	return &Failure{Code: Refused, What: fmt.Sprintf(format, args...), Hint: hint}
}

// interrupted is a run that was asked to stop.
func interrupted(what string) error {
	return &Failure{Code: Interrupted, What: "interrupted: " + what, Hint: "the same command again goes on from here"}
}

// FailureOf is any error as a Failure, nil for nil.
func FailureOf(err error) *Failure {
	if err == nil {
		return nil
	}
	return &Failure{Code: codeOf(err), What: err.Error(), Hint: hintOf(err), Lines: linesOf(err), Err: err}
}

// codeOf is the one place that turns an error into an exit code.
func codeOf(err error) Code {
	own := Code(-1)
	if f, ok := errors.AsType[*Failure](err); ok {
		own = f.Code
	}
	switch {
	case own == Panicked, is[*executor.PanicError](err):
		return Panicked
	case own == Interrupted:
		return Interrupted
	case statefile.IsRace(err):
		return Locked // the state in place is not that of this run
	case own == Partly, is[*executor.SaveError](err):
		return Partly
	case statefile.IsLost(err), statefile.IsLocked(err):
		return Locked // another client has the state; nothing was changed
	case own == Failed, is[*executor.AnnounceError](err):
		return Failed
	case errors.Is(err, context.Canceled):
		return Interrupted
	case is[*atomicfile.LinkError](err):
		return Refused
	case own >= OK:
		return own
	case is[*manifest.Problems](err), is[*manifest.UnusedVarError](err), is[*manifest.EditError](err), is[*planner.SelectionError](err),
		is[*milvus.ConfigError](err), is[*statefile.UnsupportedError](err), is[*statefile.URIError](err),
		is[*formats.FormatError](err), is[*emulator.SeedError](err):
		return Usage
	default:
		return Failed
	}
}

// linesOf lists what an error is made of, where it is a list.
func linesOf(err error) []string {
	if f, ok := errors.AsType[*Failure](err); ok {
		return slices.Clone(f.Lines)
	}
	var listing interface {
		error
		Lines() []string
	}
	if errors.As(err, &listing) {
		return slices.Clone(listing.Lines())
	}
	return nil
}

// hintOf is the advice of the first error in the chain that has one.
func hintOf(err error) string {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Hint
	}
	var h interface {
		error
		Hint() string
	}
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
