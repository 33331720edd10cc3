package statefile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

const (
	lockPause   = 50 * time.Millisecond // between two tries while waiting
	holderPause = 5 * time.Millisecond  // between two looks for the holder's name
	holderTries = 20
)

// Lock is an exclusive lock on a state, held by this process.
type Lock struct {
	path    string // of the lock file
	flock   *flock.Flock
	release func() error
}

// Lock takes the lock of the state, as Acquire does, and then removes the
// temporary files that killed runs have left beside it.
func (f *File) Lock(ctx context.Context, timeout time.Duration, holder Holder) (*Lock, error) {
	l, err := Acquire(ctx, f.path, timeout, holder)
	if err != nil {
		return nil, err
	}
	if path, err := resolve(f.fsys, f.path); err == nil {
		sweep(f.fsys, path)
	}
	return l, nil
}

// Acquire locks the state at path against every other run. It tries once and
// then until the timeout has passed; a *LockedError then tells the holder. A
// *LockError says that the lock could not be tried (no such directory, a
// read-only one), or that ctx ended the waiting.
//
// What is locked is PATH.lock and never the state itself: a state is replaced
// by rename, and a lock on it would stay with the replaced one. The lock is
// the kernel's (flock) and ends with its process, however that ends. What a
// killed holder leaves is a file with an old name in it, which blocks nobody.
//
// A lock file is removed by the run that releases it, so that nothing is left
// beside a manifest under version control. This is the known trap of lock
// files: a second run may have opened the file just before it was removed and
// then lock what has no name any more, while a third one makes a new file and
// locks that. So a lock counts only when the name still leads to the file
// that is locked; else it is dropped and tried anew. Removal happens under
// the lock, so nobody can lose a file that he holds.
func Acquire(ctx context.Context, path string, timeout time.Duration, holder Holder) (*Lock, error) {
	target, err := resolve(OS, path)
	if err != nil {
		return nil, &LockError{Path: path, Lock: path, Err: err}
	}
	name := target + ".lock"
	deadline := time.NewTimer(max(timeout, 0))
	defer deadline.Stop()
	for {
		l, err := try(name)
		if err != nil {
			return nil, &LockError{Path: path, Lock: name, Err: cause(err)}
		}
		if l != nil {
			if err := holder.write(name); err != nil {
				_ = l.Release()
				return nil, &LockError{Path: path, Lock: name, Err: cause(err)}
			}
			return l, nil
		}
		if timeout <= 0 {
			return nil, &LockedError{Path: path, Holder: await(name)}
		}
		select {
		case <-ctx.Done():
			return nil, &LockError{Path: path, Lock: name, Err: context.Cause(ctx)}
		case <-deadline.C:
			return nil, &LockedError{Path: path, Holder: await(name)}
		case <-time.After(lockPause):
		}
	}
}

// try returns nil without an error when somebody else holds the lock.
func try(name string) (*Lock, error) {
	for {
		fl := flock.New(name, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(mode))
		locked, err := fl.TryLock()
		if err != nil || !locked {
			return nil, err
		}
		same, err := named(fl, name)
		if same {
			l := &Lock{path: name, flock: fl}
			l.release = sync.OnceValue(l.unlock)
			return l, nil
		}
		_ = fl.Unlock()
		if err != nil {
			return nil, err
		}
	}
}

// named says whether the name leads to the file that is locked.
func named(fl *flock.Flock, name string) (bool, error) {
	held, err := fl.Stat()
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
func await(name string) Holder {
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
	return Holder{}
}

// Release ends the lock. Calling it again does nothing.
func (l *Lock) Release() error { return l.release() }

func (l *Lock) unlock() error {
	// First remove, then unlock: after the unlock the file may be another's.
	// Where it cannot be removed it stays, and is of no harm.
	_ = os.Remove(l.path)
	return l.flock.Unlock()
}
