package executor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

// MovedError reports that another client changed an alias between the plan and the
// write: it is neither where the step expects it nor where it should go.
// It was left as it is.
type MovedError struct {
	Database, Alias string
	Expected        string // collection, "" for absent
	Found           string // collection, "" for absent
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("alias %q of database %q was expected %s and is %s: someone else changed it, so it is left as it is",
		e.Alias, e.Database, at(e.Expected), at(e.Found))
}

// OvertakenError reports that a write of ours was acknowledged and that the alias
// then showed another value: another client changed it afterwards. The state
// records what we applied, so the next plan shows the difference as drift.
type OvertakenError struct {
	Database, Alias string
	Applied         string // collection, "" for absent
	Found           string // collection, "" for absent
}

func (e *OvertakenError) Error() string {
	return fmt.Sprintf("alias %q of database %q was changed by this run (now %s) and then found %s: someone else changed it afterwards",
		e.Alias, e.Database, at(e.Applied), at(e.Found))
}

// RecreatedError reports that a collection to drop is another one than the plan
// was made for: the name was reused. The new one was not touched.
type RecreatedError struct {
	Database, Collection string
	Expected, Found      string // collection ids
}

func (e *RecreatedError) Error() string {
	return fmt.Sprintf("collection %q of database %q has id %s and the plan was made for id %s: it was dropped and created again by someone else, so it is left as it is",
		e.Collection, e.Database, e.Found, e.Expected)
}

// StillAliasedError reports that aliases, also unmanaged ones, point at a
// collection to drop or to release. It was not touched.
type StillAliasedError struct {
	Database, Collection string
	Aliases              []string // sorted
}

func (e *StillAliasedError) Error() string {
	return fmt.Sprintf("collection %q of database %q is still reached by %s, so it is left as it is",
		e.Collection, e.Database, quantity.Quoted(e.Aliases))
}

// ReleasedError reports that a collection was released from memory before its
// drop, and then not dropped: whoever reads it gets errors.
type ReleasedError struct {
	Database, Collection string
	Err                  error // why it was not dropped
}

func (e *ReleasedError) Error() string {
	return fmt.Sprintf("collection %q of database %q was released from memory and then not dropped (load it again if it is needed): %v",
		e.Collection, e.Database, e.Err)
}

func (e *ReleasedError) Unwrap() error { return e.Err }

// RetireeIsAliasError reports that the name of a collection to drop is now that
// of an alias. Nothing was touched.
type RetireeIsAliasError struct {
	Database, Name string
	Target         string // the collection behind the alias
}

func (e *RetireeIsAliasError) Error() string {
	return fmt.Sprintf("%q of database %q is an alias now, bound to %q, so it is left as it is", e.Name, e.Database, e.Target)
}

// UndecidedError reports that a write was sent and that no answer shows whether it
// happened, or whether it still will. The step stays announced in the state.
type UndecidedError struct {
	Lost   error         // why the answer is missing; nil when the write was acknowledged
	Seen   error         // what the reads after it showed; nil when it was only the old value
	Settle time.Duration // how long was waited for the change to show
}

func (e *UndecidedError) Error() string {
	lost := became(e.Lost)
	seen := fmt.Sprintf("the change did not show within %v", e.Settle)
	if e.Seen != nil {
		seen = e.Seen.Error()
	}
	return fmt.Sprintf("the outcome is unknown: %s; %s; it stays announced in the state, and running the same command again settles it", lost, seen)
}

// became is what an answer, or a lost one, shows of a write.
func became(lost error) string {
	if lost == nil {
		return "the cluster acknowledged it"
	}
	return fmt.Sprintf("no answer shows what became of the write (%v)", lost)
}

func (e *UndecidedError) Unwrap() []error { return present(e.Lost, e.Seen) }

// present are those of some errors that are not nil.
func present(errs ...error) []error {
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

// UndoneError reports that a switch by drop and create, or a displacement, was undone:
// the create failed, and the old binding was created again, or the collection has its
// name back.
type UndoneError struct {
	Database, Alias string
	Collection      string // where the alias is bound again, "" for a displacement
	Err             error  // why it could not be bound to the new collection
	Renamed         string // what the displaced collection was called meanwhile
}

func (e *UndoneError) Error() string {
	if e.Renamed != "" {
		return fmt.Sprintf("undone: collection %q of database %q, which was %q for a moment, has its name again, because the alias could not be created: %v",
			e.Alias, e.Database, e.Renamed, e.Err)
	}
	return fmt.Sprintf("undone: alias %q of database %q is bound to %q again, because the create after its drop failed: %v",
		e.Alias, e.Database, e.Collection, e.Err)
}

func (e *UndoneError) Unwrap() error { return e.Err }

// UnrestoredError reports that a switch by drop and create lost its alias: the
// create failed after the drop, and so did creating the old binding again.
type UnrestoredError struct {
	Database, Alias string
	Collection      string // where the alias was bound before
	Create          error  // why it could not be bound to the new collection
	Restore         error  // why it could not be bound to the old one again; nil when that was not tried
}

func (e *UnrestoredError) Error() string {
	if e.Restore == nil {
		return fmt.Sprintf("alias %q of database %q was dropped and not created: %v", e.Alias, e.Database, e.Create)
	}
	return fmt.Sprintf("alias %q of database %q was dropped, could not be created (%v), and could not be bound to %q again (%v)",
		e.Alias, e.Database, e.Create, e.Collection, e.Restore)
}

func (e *UnrestoredError) Unwrap() []error { return []error{e.Create, e.Restore} }

// ReleaseError reports that a collection could not be released, so it was not
// dropped.
type ReleaseError struct {
	Database, Collection string
	Err                  error
}

func (e *ReleaseError) Error() string {
	return fmt.Sprintf("collection %q of database %q could not be released, so it is not dropped: %v", e.Collection, e.Database, e.Err)
}

func (e *ReleaseError) Unwrap() error { return e.Err }

// Class is that of the cause. A release whose answer was lost may be sent
// again: it changes nothing that was released, and nothing was dropped yet.
func (e *ReleaseError) Class() Class {
	if class := ClassOf(e.Err); class != Unknown {
		return class
	}
	return Transient
}

// UnfitError reports that a plan cannot be carried out at all. Nothing was
// changed.
type UnfitError struct{ Reason string }

func (e *UnfitError) Error() string { return "the plan cannot be applied: " + e.Reason }

// AnnounceError reports that the steps could not be announced in the state.
// Nothing was changed in the cluster.
type AnnounceError struct{ Err error }

func (e *AnnounceError) Error() string {
	return fmt.Sprintf("the steps could not be announced in the state, so nothing was changed: %v", e.Err)
}

func (e *AnnounceError) Unwrap() error { return e.Err }

// SaveError reports that the state after the run could not be stored. State is
// what must be put in its place by hand; the stored one still announces the
// steps, so that the next run loses nothing.
type SaveError struct {
	State planner.State
	Err   error
}

func (e *SaveError) Error() string {
	return fmt.Sprintf("the state after the run could not be saved: %v", e.Err)
}

func (e *SaveError) Unwrap() error { return e.Err }

// PanicError is a panic that was recovered in a goroutine of the run: a bug.
// The run ended in good order and its state was saved.
type PanicError struct {
	Value any
	Stack []byte // of the goroutine that panicked
}

func (e *PanicError) Error() string { return fmt.Sprintf("internal error: panic: %v", e.Value) }

// is reports that err or an error in its chain is an E.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// at is the place of an alias in a sentence.
func at(collection string) string {
	if collection == "" {
		return "absent"
	}
	return fmt.Sprintf("at %q", collection)
}

// Class reports what an error of a write means for the cluster.
type Class int

// The classes. An error without one counts as Unknown: the safe reading.
const (
	// Unknown: it may have happened, may happen later, or never.
	Unknown Class = iota
	// Refused: the cluster refused, nothing changed, trying again is no use.
	Refused
	// Transient: nothing changed, and a later try may succeed.
	Transient
	// Fatal: nothing changed, and no other call of this run can succeed either
	// (401, a TLS error, a server that is not Milvus).
	Fatal
)

// classed is what an error of a Cluster implements to be classified.
type classed interface{ Class() Class }

// ClassOf returns the class of the first error in the chain that has one.
func ClassOf(err error) Class {
	var c classed
	if errors.As(err, &c) {
		return c.Class()
	}
	return Unknown
}

// taken is implemented by the error of a create that Milvus refused because
// the alias is bound already (1602).
type taken interface {
	// TakenBy is the collection that the message names, "" when it names none.
	TakenBy() (collection string, ok bool)
}

// TakenBy reports whether err means that the alias exists already, and on which
// collection, where the server named it.
func TakenBy(err error) (collection string, ok bool) {
	var t taken
	if errors.As(err, &t) {
		return t.TakenBy()
	}
	return "", false
}
