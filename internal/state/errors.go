package state

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// AbsentError reports that there is no state file: a first run, or a lost state.
type AbsentError struct {
	Path string
	// Deleted is true where a bucket that keeps versions shows that there was one.
	Deleted bool
	// Saved is the serial that the run before has saved, as the lock object remembers it;
	// 0 where it shows none.
	Saved uint64
}

func (e *AbsentError) Error() string {
	if e.Deleted {
		return fmt.Sprintf("no state at %q: it was deleted, and its bucket keeps the versions before", e.Path)
	}
	if e.Saved > 0 {
		return fmt.Sprintf("no state at %q, where serial %d was saved: it was removed, or a replica of the store lags behind", e.Path, e.Saved)
	}
	return fmt.Sprintf("no state at %q", e.Path)
}

// Hint is for a state that should not have been deleted.
func (e *AbsentError) Hint() string {
	if e.Deleted {
		return "remove the delete marker of the state to bring its last version back; without it the next apply is a first run"
	}
	if e.Saved > 0 {
		return "bring the state back from a backup or a version of the store; without it the next apply is a first run"
	}
	return ""
}

// Unwrap makes it an fs.ErrNotExist.
func (e *AbsentError) Unwrap() error { return fs.ErrNotExist }

// CorruptError reports that a file is there and is not a state. Line and Column
// count from 1, Offset (in bytes) from 0.
type CorruptError struct {
	Path         string
	Line, Column int
	Offset       int
	Why          string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("state %q is corrupt at line %d, column %d: %s", e.Path, e.Line, e.Column, e.Why)
}

// TooNewError reports that a later aliasctl wrote the state.
type TooNewError struct {
	Path    string
	Version int // of the file
	Newest  int // that this program reads
}

func (e *TooNewError) Error() string {
	return fmt.Sprintf("state %q is too new: it has version %d, this aliasctl reads up to version %d", e.Path, e.Version, e.Newest)
}

// ForeignError reports that a state of Terraform or OpenTofu is there. It is not
// replaced, by force either.
type ForeignError struct{ Path string }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%q holds a state of Terraform or OpenTofu", e.Path)
}

// Hint names the way out.
func (e *ForeignError) Hint() string {
	return "give --state a place of its own; what is there was left as it is"
}

// AccessError reports that a state file could not be read.
type AccessError struct {
	Path  string
	Doing string
	Err   error
}

func (e *AccessError) Error() string {
	return fmt.Sprintf("cannot %s state %q: %v", e.Doing, e.Path, e.Err)
}

func (e *AccessError) Unwrap() error { return e.Err }

// InvalidError reports that a state breaks the rules of the format, so it was
// not written. It is a defect of the program, never of its input.
type InvalidError struct {
	Path  string // "" from Encode
	Field string // as `bindings[3]`
	Why   string
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("state %q was not saved, it breaks the format: %s: %s", e.Path, e.Field, e.Why)
}

// SaveError says at which operation a save failed.
type SaveError struct {
	Path  string // with symbolic links followed
	Doing string // the operation that failed, as "write a temporary file"
	Err   error
	// Replaced reports that the new state is in place, but a power cut may still
	// bring the old one back. Otherwise the old one is untouched.
	Replaced bool
	// First reports that there was none before.
	First bool
	// Unknown reports that the answer of the store was lost: the old state is in
	// place or the new one.
	Unknown bool
}

func (e *SaveError) Error() string {
	left := "the old state is untouched"
	switch {
	case e.Replaced:
		left = "the new state is in place, but a power cut may bring the old one back"
	case e.Unknown && e.First:
		left = "whether it is in place is not known"
	case e.First:
		left = "there is none yet"
	case e.Unknown:
		left = "whether the old or the new state is in place is not known"
	}
	return fmt.Sprintf("cannot save state %q: cannot %s: %v; %s", e.Path, e.Doing, e.Err, left)
}

func (e *SaveError) Unwrap() error { return e.Err }

// LockedError reports that another run holds the lock.
type LockedError struct {
	Path   string // of the state
	ID     string // of the lock; "" for that of a file
	Holder Holder // the zero value when it could not be read
}

func (e *LockedError) Error() string {
	told := fmt.Sprintf("state %q is locked by %s", e.Path, e.Holder)
	if e.ID != "" {
		told += fmt.Sprintf("; the id of the lock is %q", e.ID)
	}
	return told
}

// LockError reports that the lock could not be tried at all, that waiting for it was
// interrupted, or that it could not be read or released.
type LockError struct {
	Path  string // of the state
	Lock  string // of the lock file
	Doing string // "" for taking it, else as "read the lock of"
	Err   error
}

func (e *LockError) Error() string {
	return fmt.Sprintf("cannot %s state %q: %q: %v", cmp.Or(e.Doing, "lock"), e.Path, e.Lock, e.Err)
}

func (e *LockError) Unwrap() error { return e.Err }

// LeftError reports a lock that was not taken as far as the run knows: its answer was
// lost, and it could not be given back.
type LeftError struct {
	ID  string // of the lock
	Err error
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("%v; if the lock was granted all the same, `aliasctl lock release %s` frees it", e.Err, e.ID)
}

func (e *LeftError) Unwrap() error { return e.Err }

// ReleaseError reports that a lock could not be released. It is no harm but to
// the patience of the next run.
type ReleaseError struct {
	Path  string        // of the state
	ID    string        // of the lock
	Lease time.Duration // 0 for a lock that does not end by itself
	Err   error
}

func (e *ReleaseError) Error() string {
	if e.Lease == 0 {
		return fmt.Sprintf("the lock of state %q was not released and stays until `aliasctl lock release %s`: %v", e.Path, e.ID, e.Err)
	}
	return fmt.Sprintf("the lock of state %q was not released and ends by itself after %s, or with `aliasctl lock release %s`: %v", e.Path, e.Lease, e.ID, e.Err)
}

func (e *ReleaseError) Unwrap() error { return e.Err }

// NotHeldError reports that the run of an id does not hold the lock.
type NotHeldError struct {
	Path   string // of the state
	ID     string
	Holder Holder // who holds it now, the zero value for none
	Now    string // the id of that run
}

func (e *NotHeldError) Error() string {
	if e.Now == "" {
		return fmt.Sprintf("state %q is not locked", e.Path)
	}
	return fmt.Sprintf("state %q is not locked by %q but by %q: %s", e.Path, e.ID, e.Now, e.Holder)
}

// UnbreakableError reports that a lock cannot be taken away from its holder.
type UnbreakableError struct {
	Path   string // of the state
	Holder Holder
}

func (e *UnbreakableError) Error() string {
	return fmt.Sprintf("state %q is locked by %s; the lock of a local file ends with its process and never before", e.Path, e.Holder)
}

// UnsupportedError reports that a location names no place for a state. It does
// not repeat the location, which may hold a credential.
type UnsupportedError struct {
	Scheme string // "" for the path of a file
	Why    string
}

func (e *UnsupportedError) Error() string {
	return "cannot keep a state at this location: " + e.Why
}

// Hint names where the forms of locations are.
func (e *UnsupportedError) Hint() string {
	return "docs/stores.md has the form of each location, with its parameters"
}

// IsAbsent reports that there is no state where it was looked for.
func IsAbsent(err error) bool { return is[*AbsentError](err) }

// IsDeleted reports that there is no state because it was deleted in a bucket that
// keeps the versions before.
func IsDeleted(err error) bool {
	absent := (*AbsentError)(nil)
	return errors.As(err, &absent) && absent.Deleted
}

// WasSaved is the serial that was saved at a place where there is no state now, 0 where
// none is known.
func WasSaved(err error) uint64 {
	if absent := (*AbsentError)(nil); errors.As(err, &absent) {
		return absent.Saved
	}
	return 0
}

// IsCorrupt reports that a state was found and is damaged.
func IsCorrupt(err error) bool { return is[*CorruptError](err) }

// IsTooNew reports that a state was found that a later aliasctl wrote.
func IsTooNew(err error) bool { return is[*TooNewError](err) }

// IsLocked reports that another run holds the lock of the state.
func IsLocked(err error) bool { return is[*LockedError](err) }

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}
