package state

import (
	"errors"
	"fmt"
	"time"
)

// StoreError reports what a store answered, or why there was no answer. It holds
// no credential.
type StoreError struct {
	Class   Class
	Status  int    // of HTTP; 0 when there was no answer
	Code    string // of the store, as "AccessDenied"; may be ""
	Message string
	Advice  string // the hint; may be ""
	Err     error  // why there was no answer; may be nil
	// RetryAfter is how long the store asks to be left alone, 0 if it does not.
	RetryAfter time.Duration
}

func (e *StoreError) Error() string {
	switch {
	case e.Status == 0:
		return e.Message
	case e.Code == "":
		return fmt.Sprintf("the store answers %d: %s", e.Status, e.Message)
	default:
		return fmt.Sprintf("the store answers %d %s: %s", e.Status, e.Code, e.Message)
	}
}

func (e *StoreError) Unwrap() error { return e.Err }

// Hint reports what to look at.
func (e *StoreError) Hint() string { return e.Advice }

// TooLarge is the error of a store for an object with more bytes than may be read;
// err is the *input.TooLargeError.
func TooLarge(err error) *StoreError { return &StoreError{Message: err.Error(), Err: err} }

// classOf is Final for what is no *StoreError.
func classOf(err error) Class {
	if store := (*StoreError)(nil); errors.As(err, &store) {
		return store.Class
	}
	return Final
}

// passes reports that the same request may be answered otherwise a little later.
func passes(err error) bool { c := classOf(err); return c == Busy || c == Doubtful }

// UnconditionalError reports that a store ignores the conditions of writes: on it
// two runs could overwrite each other and neither would know.
type UnconditionalError struct {
	Path string
	Why  string
}

func (e *UnconditionalError) Error() string {
	return fmt.Sprintf("cannot share state %q on this store: %s; it needs conditional writes", e.Path, e.Why)
}

// Hint names what does.
func (e *UnconditionalError) Hint() string {
	return "keep the state in a store that does: AWS S3, MinIO, Ceph (a bucket without versions), SeaweedFS, versitygw, or rclone over a local folder"
}

// IsUnconditional reports that a store may not hold a state.
func IsUnconditional(err error) bool { return is[*UnconditionalError](err) }

// RaceError reports that another run has replaced the state since it was read.
// Nothing was written: a state is never merged.
type RaceError struct {
	Path  string
	First bool // there was none when it was looked for
}

func (e *RaceError) Error() string {
	if e.First {
		return fmt.Sprintf("state %q was not saved: another run has created one since this run looked for it", e.Path)
	}
	return fmt.Sprintf("state %q was not saved: another run has replaced it since this run read it", e.Path)
}

// Hint is for a run that has changed nothing.
func (e *RaceError) Hint() string {
	return "look at what the other run did with `aliasctl state show` and `aliasctl drift`, then run the same command again"
}

// LostError reports that a run has lost the lock of the state that it held.
type LostError struct {
	Path string
	// Holder is the run that has it now; the zero value when that is not known.
	Holder Holder
	Broken bool          // it was released by its id
	Lease  time.Duration // for which it could not be renewed, 0 if another run has it
	Err    error         // why it could not be renewed, may be nil
}

func (e *LostError) Error() string {
	told := fmt.Sprintf("the lock of state %q is lost: ", e.Path)
	switch {
	case e.Lease > 0 && e.Err != nil:
		return told + fmt.Sprintf("it could not be renewed within its lease of %s: %v", e.Lease, e.Err)
	case e.Lease > 0:
		return told + fmt.Sprintf("it could not be renewed within its lease of %s", e.Lease)
	case e.Broken:
		return told + "it was released from outside"
	default:
		return told + fmt.Sprintf("it was taken over by %s", e.Holder)
	}
}

func (e *LostError) Unwrap() error { return e.Err }

// Hint is for a run that has changed nothing since.
func (e *LostError) Hint() string {
	return "look at what the other run did with `aliasctl state show` and `aliasctl drift`, then run the same command again"
}

// IsRace reports that a save was refused because another run has replaced the
// state since it was read.
func IsRace(err error) bool { return is[*RaceError](err) }

// IsLost reports that a run has lost the lock of its state.
func IsLost(err error) bool { return is[*LostError](err) }
