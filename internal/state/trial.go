package state

import (
	"context"
	"errors"
	"time"
)

// trial is what a run knows of the server under its store. Many servers did
// not know the conditions of a write for years, and ignore them without a word;
// others keep them only while one run writes. So before a state is written
// in earnest the server is asked, and then made to race. The lock object
// remembers what came out, and later runs believe it.
//
// Only the run that has the lock races: on a new store the first runs often
// come together, and each of them would load the server with the requests of
// its own race while the leases of the others run out.
type trial struct {
	asked  bool   // the questions that need no race
	proven bool   // all of it
	proof  string // what the lock object is to remember
}

// Ask finds out what a few requests can show of whether the store may hold a
// state: an *UnconditionalError says that it may not, any other error that it
// could not be asked, as with credentials that may only read. It is for a run
// that writes nothing: what it does not see, a lock does. Nothing is left in
// the store.
func (o *Shared) Ask(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ask(ctx)
}

// Prove is Ask with the race: about 100 requests, unless the lock object
// remembers an earlier one.
func (o *Shared) Prove(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.prove(ctx)
}

// ask does nothing that was done before. The caller holds mu.
func (o *Shared) ask(ctx context.Context) error {
	prover, ok := o.store.(Prover)
	if o.trial.asked || !ok {
		return nil
	}
	r := o.lockRegister()
	there, err := r.read(ctx, mostLock)
	if err != nil {
		return err
	}
	return o.askKnowing(ctx, prover, decodeLock(there.Body).Proof)
}

// askKnowing is ask for whoever has read the lock object.
func (o *Shared) askKnowing(ctx context.Context, prover Prover, known string) error {
	proven, err := prover.Ask(ctx, o.lockName(), known)
	if err != nil {
		return o.refusal(err)
	}
	o.trial.asked = true
	if proven {
		o.trial.proven, o.trial.proof = true, known
	}
	return nil
}

// prove is for a run without the lock, as a state that is pushed without one
// or the doctor. The caller holds mu.
func (o *Shared) prove(ctx context.Context) error {
	if err := o.ask(ctx); err != nil {
		return err
	}
	return o.race(ctx)
}

func (o *Shared) race(ctx context.Context) error {
	prover, ok := o.store.(Prover)
	if o.trial.proven || !ok {
		return nil
	}
	proof, err := prover.Race(ctx, o.lockName())
	if err != nil {
		return o.refusal(err)
	}
	o.trial.proven, o.trial.proof = true, proof
	return nil
}

// askAtLock is ask before the lock object is written, which has this record
// now. While this run waited, the run before it may have raced.
func (o *Shared) askAtLock(ctx context.Context, now lockRecord) error {
	prover, ok := o.store.(Prover)
	if !ok {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.trial.proven || o.trial.asked && now.Proof == "" {
		return nil
	}
	return o.askKnowing(ctx, prover, now.Proof)
}

// raceLease is the lease of a lock whose holder has its store race: that keeps
// the server from renewals for a while.
func (o *Shared) raceLease() time.Duration {
	if _, ok := o.store.(Prover); ok && !o.trial.proven {
		return max(o.lease, DefaultLease)
	}
	return o.lease
}

// raceWithLock has the run race that has just taken the lock, so that it is the
// only one, and returns the lock that remembers what came out. With a refusal
// the lock object goes too, if this run has made it.
func (o *Shared) raceWithLock(ctx context.Context, l *Lock) (*Lock, error) {
	lease := o.held.get()
	lock, ok := lease.lock.(*objectLock)
	if _, races := o.store.(Prover); !ok || !races || o.trial.proven {
		return l, nil
	}
	held, cancel, err := o.held.during(ctx)
	if err == nil {
		defer cancel()
		o.mu.Lock()
		err = o.race(held)
		o.mu.Unlock()
	}
	lost := l.Err()
	if err == nil && lost == nil {
		lease.stop()
		begun := time.Now()
		lock.record.Proof, lock.record.Lease = o.trial.proof, o.lease.Seconds()
		if err = lock.Renew(ctx); err == nil {
			return o.holdObject(lock, begun), nil
		}
	}
	o.held.set(nil)
	switch {
	case IsUnconditional(err) && lock.created:
		lease.stop()
		o.clear(lock.register.name)
		return nil, err
	case IsUnconditional(err):
		_ = l.Release() // the refusal counts
		return nil, err
	}
	if released := l.Release(); lost == nil && IsLost(released) {
		lost = released
	}
	if lost != nil {
		return nil, lost
	}
	return nil, err
}

// clear removes an object from a store that is refused. Such a store may finish
// a write after it has answered it: so it looks again.
func (o *Shared) clear(name string) {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
	defer cancel()
	for pause := Pauses(releaseTime / 2); ; {
		there, err := o.store.Read(ctx, name, 0)
		if err == nil && there.Revision == "" {
			return
		}
		if err == nil {
			_ = o.store.Delete(ctx, name, there.Revision)
		}
		if !pause(ctx) {
			return
		}
	}
}

func (o *Shared) refusal(err error) error {
	if refused := (*UnconditionalError)(nil); errors.As(err, &refused) {
		refused.Path = o.options.Location
	}
	return err
}
