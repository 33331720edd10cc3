package state

import (
	"context"
	"errors"
	"time"
)

// tryLocker returns a function that tries once to take the lock of a store with
// locks of its own. All tries are for one id: when the answer to one is lost,
// the next must not find the lock held by another run.
func (o *Shared) tryLocker(locker Locker, holder Holder) func(context.Context) (*Lock, error) {
	request := LockRequest{ID: newLockID(), Holder: holder, Lease: o.lease}
	doubt := false
	return func(ctx context.Context) (*Lock, error) {
		for pause := o.state.pauses(); ; {
			begun := time.Now()
			lock, err := locker.TakeLock(ctx, o.options.Name, request)
			if err == nil {
				return o.hold(&lease{id: request.ID, lock: &patientLock{lock, o.state.patience}, taken: o.takenFrom(locker)}, begun), nil
			}
			if locked := (*LockedError)(nil); errors.As(err, &locked) {
				locked.Path = o.options.Location
				if doubt && locked.ID == "" {
					return nil, &LeftError{ID: request.ID, Err: locked}
				}
				doubt = false
				return nil, locked
			}
			doubt = doubt || classOf(err) == Doubtful
			if !passes(err) || !pause(ctx, err) {
				if doubt && o.mayBeLeft(ctx, locker, request.ID) {
					return nil, &LeftError{ID: request.ID, Err: err}
				}
				return nil, err
			}
		}
	}
}

// mayBeLeft gives back a lock that may have been granted although no answer came. It
// reports false where that has succeeded, or another run has the lock. One that the
// server does not name stays: it may be another run's.
func (o *Shared) mayBeLeft(ctx context.Context, locker Locker, id string) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackTime)
	defer cancel()
	status, err := locker.LockStatus(ctx, o.options.Name)
	if err != nil || status.Held && status.ID == "" {
		return true
	}
	err = locker.BreakLock(ctx, o.options.Name, id)
	return err != nil && !is[*NotHeldError](err)
}

// giveBackTime is what a run that has failed anyway spends on it.
const giveBackTime = 5 * time.Second

// patientLock tries a release again when its answer was lost. A renewal that
// fails is tried again by the lease.
type patientLock struct {
	HeldLock
	patience time.Duration
}

func (l *patientLock) Release(ctx context.Context) error {
	doubt := false
	for pause := pausesAfter(l.patience); ; {
		err := l.HeldLock.Release(ctx)
		if doubt && classOf(err) == Refused && err != nil {
			return nil // the try before has released it
		}
		if err == nil || !passes(err) || !pause(ctx, err) {
			return err
		}
		doubt = doubt || classOf(err) == Doubtful
	}
}

// takenFrom reports who has the lock now.
func (o *Shared) takenFrom(locker Locker) func(context.Context) *LostError {
	return func(ctx context.Context) *LostError {
		lost := &LostError{Path: o.options.Location}
		if status, err := locker.LockStatus(ctx, o.options.Name); err == nil {
			lost.Holder, lost.Broken = status.Holder, !status.Held
		}
		return lost
	}
}

func (o *Shared) lockerStatus(ctx context.Context, locker Locker) (LockStatus, error) {
	for pause := o.state.pauses(); ; {
		status, err := locker.LockStatus(ctx, o.options.Name)
		if err == nil {
			return status, nil
		}
		if !passes(err) || !pause(ctx, err) {
			return LockStatus{}, o.lockFailed("read the lock of", err)
		}
	}
}

func (o *Shared) breakLocker(ctx context.Context, locker Locker, id string) error {
	err := locker.BreakLock(ctx, o.options.Name, id)
	if free := (*NotHeldError)(nil); errors.As(err, &free) {
		free.Path = o.options.Location
		return free
	}
	if err != nil {
		return o.lockFailed("release the lock of", err)
	}
	return nil
}
