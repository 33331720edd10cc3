package state

import (
	"context"
	"errors"
	"sync"
	"time"
)

func (o *Object) lockKey() string { return o.url.key + ".lock" }

// Lock is Location's. The lock is an object beside the state, KEY.lock, which
// tells who holds it and for how long, and which the holder renews while it
// runs. When a holder dies, its lease expires and the next run takes the lock
// over. Every change of it is a compare-and-set, so that of several runs that
// try at once one wins.
func (o *Object) Lock(ctx context.Context, timeout time.Duration, holder Holder) (*Lock, error) {
	failed := func(err error) (*Lock, error) {
		return nil, &LockError{Path: o.location, Lock: o.lockKey(), Err: err}
	}
	b, err := o.connect()
	if err != nil {
		return failed(err)
	}
	o.mu.Lock()
	o.state.bucket = b
	err = o.prove(ctx)
	o.mu.Unlock()
	if is[*UnconditionalError](err) {
		return nil, err
	}
	if err != nil {
		return failed(err)
	}
	end := time.Now().Add(timeout)
	r := register{bucket: b, key: o.lockKey()}
	var w watch
	for {
		there, err := r.read(ctx, mostLock)
		if err != nil {
			return failed(err)
		}
		now := decodeLock(there.body)
		free := there.etag == "" || now.ID == "" || w.expired(there, now.lease())
		if free {
			l, err := o.take(ctx, r, holder)
			if err == nil {
				return l, nil
			}
			if !errors.Is(err, errRaced) {
				return failed(err)
			}
			// Another run was quicker: see which.
			if there, err = r.read(ctx, mostLock); err != nil {
				return failed(err)
			}
			now = decodeLock(there.body)
		}
		left := time.Until(end)
		if left <= 0 {
			return nil, &LockedError{Path: o.location, ID: now.ID, Holder: now.Holder}
		}
		select {
		case <-ctx.Done():
			return failed(context.Cause(ctx))
		case <-time.After(min(left, time.Second, o.lease/10)):
		}
	}
}

// take puts a lock of this run in place of what the register has seen.
func (o *Object) take(ctx context.Context, r register, holder Holder) (*Lock, error) {
	record := lockRecord{ID: newLockID(), Holder: holder, Lease: o.lease.Seconds()}
	body, err := record.encode()
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := r.swap(ctx, body); err != nil {
		return nil, err
	}
	l := holdLease(o.location, o.lease, r, record, begun)
	o.held.set(l)
	return &Lock{release: sync.OnceValue(l.release), lost: l.lost, err: l.Err}, nil
}

// lockNow reads the lock object.
func (o *Object) lockNow(ctx context.Context) (register, stored, lockRecord, error) {
	b, err := o.connect()
	r := register{bucket: b, key: o.lockKey()}
	var there stored
	if err == nil {
		there, err = r.read(ctx, mostLock)
	}
	if err != nil {
		return r, there, lockRecord{}, &LockError{Path: o.location, Lock: o.lockKey(), Err: err}
	}
	if there.etag == "" {
		return r, there, lockRecord{}, nil
	}
	return r, there, decodeLock(there.body), nil
}

// LockStatus is Location's.
func (o *Object) LockStatus(ctx context.Context) (LockStatus, error) {
	_, there, now, err := o.lockNow(ctx)
	if err != nil || now.ID == "" {
		return LockStatus{}, err
	}
	return LockStatus{Held: true, ID: now.ID, Holder: now.Holder,
		Lease: now.lease(), Renewed: there.age, Expired: longExpired(there, now.lease())}, nil
}

// BreakLock is Location's. The run whose lock it was finds out at its next
// renewal, a third of its lease later at most, and its saves are refused once
// another run has saved.
func (o *Object) BreakLock(ctx context.Context, id string) error {
	body, err := lockRecord{Last: id}.encode()
	if err != nil {
		return err
	}
	for {
		r, _, now, err := o.lockNow(ctx)
		if err != nil {
			return err
		}
		if now.ID == "" || now.ID != id {
			return &NotHeldError{Path: o.location, ID: id, Holder: now.Holder, Now: now.ID}
		}
		err = r.swap(ctx, body)
		if errors.Is(err, errRaced) {
			continue // it was renewed just now
		}
		if err != nil {
			return &LockError{Path: o.location, Lock: o.lockKey(), Err: err}
		}
		return nil
	}
}
