// Package state keeps what aliasctl last applied: it turns a planner.State
// into bytes and back, checks whether a state belongs to the cluster at hand, and
// holds what every shared store has in common: compare-and-set with lost
// answers, the lock with its lease, the copies of replaced states.
//
// internal/sync opens a Location (package stores), locks it, reads it and judges
// its cluster; the executor saves through it as its executor.Store.
//
// # Adding a store
//
// A kind of store is a package below this one with a type that implements
// Store, four verbs over named objects; about 150 lines:
//
//  1. Parse the location with ParseURL; refuse what is wrong with an
//     *UnsupportedError, which never repeats the location. Connect at the first
//     verb, not before.
//  2. Write the four verbs. Each is one try: classify the answer (Class in a
//     *StoreError) and leave waiting, repeating and looking again to this
//     package. Advice in the *StoreError is the hint that the user reads.
//  3. A server with locks of its own (a lease, LOCK and UNLOCK) also makes the
//     store a Locker. A server that may break its conditions makes it a Prover.
//  4. Add the scheme to the table of package stores, and there to keepers or
//     single where copies of old states have no place; add the package to mayImport
//     in imports_test.go.
//  5. Run contract.Test against a real server. A test of package stores holds that
//     docs/stores.md, the usage of --state and the error for an unknown scheme name
//     the store; CONTRIBUTING.md names what else there is.
package state

import (
	"context"
	"time"
)

// Store is a place for small named objects that several machines share. Shared
// makes a Location of one.
//
// Every error is a *StoreError (or wraps one), and holds no credential. Each
// call is one try of bounded time.
type Store interface {
	// Read returns an object of at most so many bytes; more is an error. An
	// object that does not exist has no revision, and is no error; a place
	// that does not exist, as a bucket, is one. With 0 bytes the body is not
	// asked for. What Read returns was whole at one moment: a store that can
	// be caught in the middle of a write has to notice.
	Read(ctx context.Context, name string, most int64) (Object, error)

	// Create writes an object where there is none.
	Create(ctx context.Context, name string, body []byte, mark string) (revision string, err error)

	// Replace writes an object in place of the one with this revision.
	Replace(ctx context.Context, name, revision string, body []byte, mark string) (revision2 string, err error)

	// Delete removes an object that has this revision, where the store can
	// see to that. Some remove it in any case, and on some a deleted object
	// cannot be created again: only what is never shared and never created
	// again, as a copy of an old state, is deleted.
	Delete(ctx context.Context, name, revision string) error
}

// Object is what a Store has under a name.
type Object struct {
	// Revision changes with every write that changes the bytes. "" is no object.
	Revision string
	// Mark is what the write that made it was given. A store without a place
	// for it leaves it "", and then the body identifies one's own write.
	Mark string
	Body []byte
	// Deleted is true where there is no object because the latest of the versions that
	// its bucket keeps is a deletion.
	Deleted bool
	// Age is the time since the last write, by the clock of the store alone; 0
	// where the store does not tell.
	Age time.Duration
}

// Class is what an error of a Store means for the request that it answers.
type Class int

const (
	// Final will be the answer to a repetition too. Nothing was written.
	Final Class = iota
	// Refused is a condition that was not met. Nothing was written.
	Refused
	// Busy may be answered otherwise a little later. Nothing was written.
	Busy
	// Doubtful may be answered otherwise a little later, and the write may have
	// taken effect or take effect yet: no answer came, or a server gave up.
	Doubtful
)

// Prover is a Store that may stand on a server which breaks its conditions:
// on one that does, two runs could overwrite each other unseen.
//
// A server that fails is an *UnconditionalError; any other error says that it
// could not be tried. Neither method leaves an object.
type Prover interface {
	Store
	// Ask puts the few questions that one client can put by itself, and
	// prepares the Store for how this server wants to be asked. known is what
	// an earlier Race has returned for this name, "" for nothing: when it still
	// fits, proven is true and nothing is asked.
	Ask(ctx context.Context, name, known string) (proven bool, err error)
	// Race has several clients write at once, after Ask. It costs about 100
	// requests.
	Race(ctx context.Context, name string) (proof string, err error)
}

// Locker is a Store whose server has locks of its own, which replace the lock
// object with its lease.
type Locker interface {
	Store
	// TakeLock tries once. A *LockedError reports that another run has the lock.
	// A repetition after a lost answer comes with the same id.
	TakeLock(ctx context.Context, name string, request LockRequest) (HeldLock, error)
	LockStatus(ctx context.Context, name string) (LockStatus, error)
	// BreakLock is Location's.
	BreakLock(ctx context.Context, name, id string) error
}

// Taker is a Locker whose server shows a lock only to whoever asks for it: LockStatus
// takes a free lock for a moment.
type Taker interface {
	Locker
	TakesToLook()
}

// LockRequest is what a run asks a Locker for.
type LockRequest struct {
	ID     string // of the run, a UUID
	Holder Holder
	Lease  time.Duration // where the server lets it be chosen
}

// HeldLock is a lock that the server of a Locker has granted. Its methods are
// called one at a time.
type HeldLock interface {
	// Lease is how long the lock outlives its last renewal; 0 for one that
	// never ends by itself and needs no renewal.
	Lease() time.Duration
	// Renew fails with Refused where another run has the lock, or none has.
	Renew(ctx context.Context) error
	// Release fails with Refused likewise.
	Release(ctx context.Context) error
}
