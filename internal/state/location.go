package state

import (
	"context"
	"time"

	"aliasctl/executor"
	"aliasctl/planner"
)

// Location is a place where a state is kept: a *local.File or a *Shared. It
// is made for one run: a save is held against what that run has read.
type Location interface {
	// Save is refused with a *RaceError where another run has replaced the
	// state since it was read, and with a *LostError where the lock is lost.
	// (A File cannot lose it: the kernel keeps it. But its lock file can be
	// removed, and then a second run holds another one.)
	executor.Store

	// Read returns the stored state. The three cases that must never be mixed
	// up are three errors: IsAbsent (no state: a first run), IsCorrupt and
	// IsTooNew. A state of another program is a *ForeignError, anything else an
	// *AccessError. It needs no lock and changes nothing.
	Read(ctx context.Context) (planner.State, error)

	// Lock locks the state against every other run, from before its read to
	// after its last save. It tries once and then until the timeout has
	// passed; a *LockedError then names the holder. A *LockError reports that the
	// lock could not be tried, or that ctx ended the waiting.
	Lock(ctx context.Context, timeout time.Duration, holder Holder) (*Lock, error)

	// LockStatus reports who holds the lock. It does not wait and takes nothing.
	LockStatus(ctx context.Context) (LockStatus, error)

	// BreakLock takes the lock away from the run with this id, for a holder
	// that is known to be dead. A *NotHeldError reports that no such run holds it.
	BreakLock(ctx context.Context, id string) error

	// Path is the location for messages and reports: no credential is in it.
	Path() string

	// SaveErrored keeps a state that Save could not put in place in a local
	// file, and returns its path.
	SaveErrored(state planner.State) (string, error)

	// Recovery is the shell command that puts an errored state in place.
	Recovery(errored string) string
}

// Options are the choices for a location. The zero value is usable.
type Options struct {
	// History is how many replaced states are kept beside an object, as
	// `prod.state.json.SERIAL`; 0 leaves that to the versioning of the bucket.
	// `?history=N` in the location means the same. A file keeps one, as
	// `.backup`, always.
	History int
	// MaxBytes is how large a state may be to be read; 0 means input.MaxState.
	MaxBytes int64
	// Lease is how long the lock of an object outlives its last renewal; 0
	// means DefaultLease.
	Lease time.Duration
}

// LockStatus is a lock as another run sees it.
type LockStatus struct {
	Held bool
	// ID is what BreakLock takes; "" for the lock of a file, which only the
	// end of its process releases.
	ID     string
	Holder Holder
	// Lease is how long the lock outlives its last renewal, Renewed how long
	// ago that was by the clock of the store; 0 for the lock of a file.
	Lease, Renewed time.Duration
	// Expired reports that the holder has not renewed it in time: the next run
	// takes it over.
	Expired bool
}
