package cli

import (
	"context"
	"errors"
	"fmt"

	"aliasctl/executor"
	"aliasctl/internal/atomicfile"
	"aliasctl/internal/emulator"
	"aliasctl/internal/milvus"
	"aliasctl/internal/report/formats"
	statefile "aliasctl/internal/state"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// The exit codes. Scripts rely on them; exitCodes explains them.
const (
	exitOK          = 0
	exitError       = 1
	exitPending     = 2
	exitRefused     = 3
	exitStale       = 4
	exitPartly      = 5
	exitLocked      = 6
	exitVerify      = 7
	exitDrift       = 8
	exitUsage       = 64
	exitPanic       = 70
	exitInterrupted = 130
)

// exitCodes is what each exit code promises, as docs/reference.md and the
// manual page show it.
var exitCodes = []struct {
	code    int
	meaning string
}{
	{exitOK, "done, or nothing to do"},
	{exitError, "error; the cluster is unchanged"},
	{exitPending, "`--detailed-exitcode`: changes are pending"},
	{exitRefused, "refused: a guard, a conflict, drift, or another cluster's state"},
	{exitStale, "the reviewed plan does not hold any more"},
	{exitPartly, "partly applied, or an outcome is unknown; the state is accurate"},
	{exitLocked, "another run holds the state, or replaced it"},
	{exitVerify, "a switch failed its verification, or a group was switched back"},
	{exitDrift, "`drift` found a change made outside aliasctl"},
	{exitUsage, "wrong flags or a bad manifest"},
	{exitPanic, "a bug: a panic was caught"},
	{exitInterrupted, "interrupted by SIGINT, SIGTERM or SIGHUP"},
}

// usageError is a command line that cannot be run.
type usageError struct {
	what string
	hint string
	err  error
}

func usagef(hint, format string, args ...any) error {
	return &usageError{what: fmt.Sprintf(format, args...), hint: hint}
}

func (e *usageError) Error() string { return e.what }
func (e *usageError) Hint() string  { return e.hint }
func (e *usageError) Unwrap() error { return e.err }

// refusedError is a run that could have been carried out and was not.
type refusedError struct{ what, hint string }

func (e *refusedError) Error() string { return e.what }
func (e *refusedError) Hint() string  { return e.hint }

// pendingError is no failure: a dry run with --detailed-exitcode found changes.
type pendingError struct{}

func (pendingError) Error() string { return "changes are pending" }

// verifyError is an apply of which a switch failed its verification, or a group
// was switched back because a member failed.
type verifyError struct{ what, hint string }

func (e *verifyError) Error() string { return e.what }
func (e *verifyError) Hint() string  { return e.hint }

// partlyError is an apply that changed something and did not get through.
type partlyError struct {
	what, hint string
	err        error
}

func (e *partlyError) Error() string { return e.what }
func (e *partlyError) Hint() string  { return e.hint }
func (e *partlyError) Unwrap() error { return e.err }

// failedError is an apply in which nothing was changed although it was tried.
type failedError struct {
	what, hint string
	err        error
}

func (e *failedError) Error() string { return e.what }
func (e *failedError) Hint() string  { return e.hint }
func (e *failedError) Unwrap() error { return e.err }

// interruptedError is a run that a signal ended.
type interruptedError struct{ what string }

func (e *interruptedError) Error() string { return "interrupted: " + e.what }
func (e *interruptedError) Hint() string {
	return "the same command again goes on from here"
}

// panicError is a panic that was caught at the outermost call.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("internal error: %v", e.value) }
func (e *panicError) Hint() string {
	return "this is a bug in aliasctl: please report it with the lines above; the same command again is safe"
}

// exitCode is the one place that turns an error into an exit code.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case is[*panicError](err), is[*executor.PanicError](err):
		return exitPanic
	case is[*interruptedError](err):
		return exitInterrupted
	case statefile.IsRace(err):
		return exitLocked // the state in place is not that of this run
	case is[*partlyError](err), is[*executor.SaveError](err):
		return exitPartly
	case statefile.IsLost(err), statefile.IsLocked(err):
		return exitLocked // somebody else has the state; nothing was changed
	case is[*failedError](err), is[*executor.AnnounceError](err):
		return exitError
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case is[pendingError](err):
		return exitPending
	case is[*refusedError](err), is[*atomicfile.LinkError](err):
		return exitRefused
	case is[*staleError](err):
		return exitStale
	case is[*verifyError](err):
		return exitVerify
	case is[*driftError](err):
		return exitDrift
	case is[*usageError](err), isBadManifest(err), is[*manifest.EditError](err), is[*planner.SelectionError](err),
		is[*milvus.ConfigError](err), is[*statefile.UnsupportedError](err), is[*statefile.URIError](err),
		is[*formats.FormatError](err), is[*emulator.SeedError](err):
		return exitUsage
	default:
		return exitError
	}
}

// isBadManifest says that the manifest is at fault, or could not be found.
func isBadManifest(err error) bool {
	return is[*manifest.Problems](err) || is[*manifest.UnusedVarError](err)
}

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}
