package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"aliasctl/internal/atomicfile"
	"aliasctl/internal/input"
	"aliasctl/internal/state"
)

const (
	lockPause   = 50 * time.Millisecond // between two tries while waiting
	holderPause = 5 * time.Millisecond  // between two looks for the holder's name
	holderTries = 20
	// glance is the least that a lock is tried for: a LockStatus may have it for
	// a moment, and must not turn a run away.
	glance = 3 * lockPause

	readLock = "read the lock of" // in messages
)

// Lock takes the lock of the state, as Acquire does, and then removes the
// temporary files that killed runs have left beside it.
func (f *File) Lock(ctx context.Context, timeout time.Duration, holder state.Holder) (*state.Lock, error) {
	l, err := Acquire(ctx, f.path, timeout, holder)
	if err != nil {
		return nil, err
	}
	if path, err := resolve(f.fsys, f.path); err == nil {
		sweep(f.fsys, path)
	}
	return l, nil
}

// Acquire locks the state at path against every other run. It tries until
// the timeout has passed, and twice at least; a *state.LockedError then names the holder. A
// *state.LockError reports that the lock could not be tried (no such directory, a
// read-only one), or that ctx ended the waiting.
//
// What is locked is PATH.lock and never the state itself: a state is replaced
// by rename, and a lock on it would stay with the replaced one. The lock is
// the kernel's (flock) and ends with its process, however that ends. What a
// killed holder leaves is a file with an old name in it, which blocks no run.
//
// A lock file is removed by the run that releases it, so that nothing is left
// beside a manifest under version control. This is the known trap of lock
// files: a second run may have opened the file just before it was removed and
// then lock what has no name any more, while a third one makes a new file and
// locks that. So a lock counts only when the name still leads to the file
// that is locked; else it is dropped and tried anew. Removal happens under
// the lock, so no run takes away a file that another holds. A person can (`git
// clean`): then two runs are at work, and a save of the later one is a
// *RaceError.
func Acquire(ctx context.Context, path string, timeout time.Duration, holder state.Holder) (*state.Lock, error) {
	target, err := resolve(OS, path)
	if err != nil {
		return nil, &state.LockError{Path: path, Lock: path, Err: err}
	}
	name, err := lockName(target)
	if err != nil {
		return nil, &state.LockError{Path: path, Lock: target + ".lock", Err: err}
	}
	deadline := time.NewTimer(max(timeout, glance))
	defer deadline.Stop()
	for {
		l, err := try(name)
		if err != nil {
			return nil, &state.LockError{Path: path, Lock: name, Err: cause(err)}
		}
		if l != nil {
			if err := writeHolder(name, holder); err != nil {
				_ = l.Release()
				return nil, &state.LockError{Path: path, Lock: name, Err: cause(err)}
			}
			return l, nil
		}
		select {
		case <-ctx.Done():
			return nil, &state.LockError{Path: path, Lock: name, Err: context.Cause(ctx)}
		case <-deadline.C:
			return nil, &state.LockedError{Path: path, Holder: await(name)}
		case <-time.After(lockPause):
		}
	}
}

// lockName is the lock file of a state. A link out of its directory, and what is no
// file, is an error: the lock is written to.
func lockName(path string) (string, error) {
	name, err := atomicfile.Target(path + ".lock")
	if err == nil {
		err = input.CheckKind(name)
	}
	return name, err
}

// try returns nil without an error when another run holds the lock.
func try(name string) (*state.Lock, error) {
	for {
		lock, err := lockFile(name, os.O_CREATE|os.O_RDWR, mode, false)
		if err != nil || lock == nil {
			return nil, err
		}
		same, err := named(lock, name)
		if same {
			return state.NewLock(sync.OnceValue(func() error { return lock.unlockRemoved(name) })), nil
		}
		_ = lock.unlock()
		if err != nil {
			return nil, err
		}
	}
}

// named reports whether the name leads to the file that is locked.
func named(lock *kernelLock, name string) (bool, error) {
	held, err := lock.stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(held, there), err
}

// await reads who holds a lock, and gives a holder that has locked just now a
// moment to say so.
func await(name string) state.Holder {
	for range holderTries {
		h, err := readHolder(name)
		if err == nil {
			return h
		}
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		time.Sleep(holderPause)
	}
	return state.Holder{}
}

// LockStatus is Location's. To tell a lock from the file that a killed run has
// left, it takes the lock for a moment, shared.
func (f *File) LockStatus(context.Context) (state.LockStatus, error) {
	target, err := resolve(OS, f.path)
	if err != nil {
		return state.LockStatus{}, &state.LockError{Path: f.path, Lock: f.path, Doing: readLock, Err: err}
	}
	name, err := lockName(target)
	if err != nil {
		return state.LockStatus{}, &state.LockError{Path: f.path, Lock: target + ".lock", Doing: readLock, Err: err}
	}
	lock, err := lockFile(name, os.O_RDONLY, 0, true)
	if errors.Is(err, fs.ErrNotExist) {
		return state.LockStatus{}, nil
	}
	if err != nil {
		return state.LockStatus{}, &state.LockError{Path: f.path, Lock: name, Doing: readLock, Err: cause(err)}
	}
	if lock != nil {
		return state.LockStatus{}, lock.unlock()
	}
	return state.LockStatus{Held: true, Holder: await(name)}, nil
}

// BreakLock always refuses: the lock of a file is the kernel's, and ends with
// its process.
func (f *File) BreakLock(ctx context.Context, id string) error {
	status, err := f.LockStatus(ctx)
	if err != nil {
		return err
	}
	if !status.Held {
		return &state.NotHeldError{Path: f.path, ID: id}
	}
	return &state.UnbreakableError{Path: f.path, Holder: status.Holder}
}
