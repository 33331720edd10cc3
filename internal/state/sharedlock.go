package state

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

func (o *Shared) lockRegister() register {
	return register{store: o.store, name: o.lockName(), patience: o.state.patience, most: mostLock}
}

// lockName is the lock in messages.
func (o *Shared) lockName() string { return o.options.Name + ".lock" }

func (o *Shared) lockFailed(doing string, err error) error {
	return &LockError{Path: o.options.Location, Lock: o.lockName(), Doing: doing, Err: err}
}

// Lock is Location's. Unless the store is a Locker, the lock is an object
// beside the state, KEY.lock, which names who holds it and for how long, and
// which the holder renews while it runs. When a holder dies, its lease expires
// and the next run takes the lock over. Every change of it is a
// compare-and-set, so that of several runs that try at once one wins.
func (o *Shared) Lock(ctx context.Context, timeout time.Duration, holder Holder) (*Lock, error) {
	failed := func(err error) (*Lock, error) {
		return nil, o.lockFailed("", err)
	}
	try := o.tryObject(holder)
	if locker, ok := o.store.(Locker); ok {
		try = o.tryLocker(locker, holder)
	}
	for end := time.Now().Add(timeout); ; {
		l, err := try(ctx)
		if l != nil {
			l, err = o.raceWithLock(ctx, l)
		}
		switch {
		case err == nil:
			return l, nil
		case IsUnconditional(err) || IsLost(err):
			return nil, err
		case !IsLocked(err):
			return failed(err)
		}
		left := time.Until(end)
		if left <= 0 {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return failed(context.Cause(ctx))
		case <-time.After(min(left, time.Second, o.lease/10)):
		}
	}
}

// tryObject returns a function that tries once to take the lock object. A
// *LockedError reports that another run holds it.
func (o *Shared) tryObject(holder Holder) func(context.Context) (*Lock, error) {
	r := o.lockRegister()
	var w watch
	return func(ctx context.Context) (*Lock, error) {
		there, err := r.read(ctx, mostLock)
		if err != nil {
			return nil, err
		}
		now := decodeLock(there.Body)
		o.latest.Store(now.Serial)
		free := there.Revision == "" || now.ID == "" || w.expired(there, now.lease())
		if free {
			if err := o.askAtLock(ctx, now); err != nil {
				return nil, err
			}
			l, err := o.take(ctx, r, holder)
			if err == nil || !errors.Is(err, errRaced) {
				return l, err
			}
			// Another run was quicker: see which.
			if there, err = r.read(ctx, mostLock); err != nil {
				return nil, err
			}
			now = decodeLock(there.Body)
		}
		return nil, &LockedError{Path: o.options.Location, ID: now.ID, Holder: now.Holder}
	}
}

// take puts a lock of this run in place of what the register has seen.
func (o *Shared) take(ctx context.Context, r register, holder Holder) (*Lock, error) {
	lock := &objectLock{register: r, latest: &o.latest, created: r.revision == "", record: lockRecord{
		ID: newLockID(), Holder: holder, Lease: o.raceLease().Seconds(), Proof: o.trial.proof}}
	begun := time.Now()
	if err := lock.write(ctx, lock.record); err != nil {
		return nil, err
	}
	return o.holdObject(lock, begun), nil
}

func (o *Shared) holdObject(lock *objectLock, begun time.Time) *Lock {
	return o.hold(&lease{id: lock.record.ID, lock: lock, taken: lock.taken}, begun)
}

func (o *Shared) hold(l *lease, begun time.Time) *Lock {
	l.location = o.options.Location
	held := holdLease(l, begun)
	o.held.set(l)
	return held
}

// objectLock is the lock object as the run has it that holds it.
type objectLock struct {
	register register
	record   lockRecord
	created  bool // there was no lock object before
	latest   *atomic.Uint64
}

var _ HeldLock = (*objectLock)(nil)

func (l *objectLock) Lease() time.Duration { return l.record.lease() }

func (l *objectLock) Renew(ctx context.Context) error {
	l.record.Renewals++
	return l.write(ctx, l.record)
}

// Release frees the lock object, if it still is ours. It is never removed: few
// stores remove on condition, and a removal without one could remove the lock
// of another run.
func (l *objectLock) Release(ctx context.Context) error {
	return l.write(ctx, lockRecord{Last: l.record.ID, Proof: l.record.Proof})
}

func (l *objectLock) write(ctx context.Context, record lockRecord) error {
	record.Serial = l.latest.Load()
	body, err := record.encode()
	if err != nil {
		return err
	}
	return l.register.swap(ctx, body)
}

// taken reports who has the lock now.
func (l *objectLock) taken(ctx context.Context) *LostError {
	ctx, cancel := context.WithTimeout(ctx, releaseTime)
	defer cancel()
	lost := &LostError{}
	if there, err := l.register.store.Read(ctx, l.register.name, mostLock); err == nil {
		now := decodeLock(there.Body)
		lost.Holder, lost.Broken = now.Holder, now.ID == ""
	}
	return lost
}

// lockNow reads the lock object.
func (o *Shared) lockNow(ctx context.Context) (register, Object, lockRecord, error) {
	r := o.lockRegister()
	there, err := r.read(ctx, mostLock)
	if err != nil {
		return r, there, lockRecord{}, o.lockFailed("read the lock of", err)
	}
	if there.Revision == "" {
		return r, there, lockRecord{}, nil
	}
	now := decodeLock(there.Body)
	o.latest.Store(now.Serial)
	return r, there, now, nil
}

// TakesToLook reports that LockStatus takes a free lock for a moment. A run that only
// reads does without.
func (o *Shared) TakesToLook() bool {
	_, takes := o.store.(Taker)
	return takes
}

// LockStatus is Location's.
func (o *Shared) LockStatus(ctx context.Context) (LockStatus, error) {
	if locker, ok := o.store.(Locker); ok {
		return o.lockerStatus(ctx, locker)
	}
	_, there, now, err := o.lockNow(ctx)
	if err != nil || now.ID == "" {
		return LockStatus{}, err
	}
	return LockStatus{Held: true, ID: now.ID, Holder: now.Holder,
		Lease: now.lease(), Renewed: there.Age, Expired: longExpired(there, now.lease())}, nil
}

// BreakLock is Location's. The run whose lock it was finds out at its next
// renewal, a third of its lease later at most, and its saves are refused once
// another run has saved.
func (o *Shared) BreakLock(ctx context.Context, id string) error {
	if locker, ok := o.store.(Locker); ok {
		return o.breakLocker(ctx, locker, id)
	}
	for {
		r, _, now, err := o.lockNow(ctx)
		if err != nil {
			return err
		}
		if now.ID == "" || now.ID != id {
			return &NotHeldError{Path: o.options.Location, ID: id, Holder: now.Holder, Now: now.ID}
		}
		// The trial finds the form in which the store takes an ETag.
		if err := o.askAtLock(ctx, now); err != nil && !IsUnconditional(err) {
			return o.lockFailed("release the lock of", err)
		}
		body, err := lockRecord{Last: id, Proof: now.Proof, Serial: now.Serial}.encode()
		if err != nil {
			return err
		}
		err = r.swap(ctx, body)
		if errors.Is(err, errRaced) {
			continue // it was renewed just now
		}
		if err != nil {
			return o.lockFailed("release the lock of", err)
		}
		return nil
	}
}
