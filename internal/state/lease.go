package state

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
)

// DefaultLease is how long the lock of an object outlives its last renewal.
const DefaultLease = time.Minute

const (
	mostLock     = 64 << 10  // bytes of a lock object
	longestLease = time.Hour // that is believed
	releaseTime  = 10 * time.Second
)

// lockRecord is the content of a lock object. Every one differs from the one
// before it, so that the ETag changes: stores make it from the content.
type lockRecord struct {
	ID       string  `json:"id"` // of the holding run, "" when it is free
	Holder   Holder  `json:"holder,omitzero"`
	Lease    float64 `json:"lease_seconds,omitempty"`
	Renewals int     `json:"renewals,omitempty"`
	Last     string  `json:"released_by,omitempty"` // the id before, when it is free
	// Proof is what the store has found out about its server, for the next run.
	Proof string `json:"proof,omitempty"`
	// Serial is that of the state that a holder has saved last, 0 where it is not known.
	Serial uint64 `json:"serial,omitempty"`
}

func (r lockRecord) encode() ([]byte, error) {
	text, err := json.Marshal(r)
	return append(text, '\n'), err
}

// decodeLock reads a lock object. What is none counts as a lock without a holder
// known: it is waited for and then taken over, like that of a dead run.
func decodeLock(body []byte) lockRecord {
	var r lockRecord
	if json.Unmarshal(body, &r) != nil {
		r = lockRecord{ID: "unreadable"}
	}
	return r
}

func (r lockRecord) lease() time.Duration {
	lease := time.Duration(r.Lease * float64(time.Second))
	if lease <= 0 || lease > longestLease {
		return DefaultLease
	}
	return lease
}

// watch is what a waiting run has seen of a lock.
//
// When has a lease expired? The holder's clock and ours cannot be compared: a
// machine that is five minutes fast would take over locks of live runs. So a
// lease counts as expired when the lock object was seen not to change for the
// whole of it, by the clock of the one who watches. Since it starts to watch
// after the last renewal, it ends after the lease.
//
// That costs a run which finds the lock of a long dead one a whole lease of
// waiting. The store can shorten it: it knows when the object was written and
// what time it is, both by its own clock. The parts of a store may disagree a
// little, and the times are whole seconds, so this counts only after twice the
// lease and two seconds.
type watch struct {
	revision string
	since    time.Time
}

func (w *watch) expired(there Object, lease time.Duration) bool {
	now := time.Now()
	if there.Revision != w.revision {
		*w = watch{there.Revision, now}
	}
	return now.Sub(w.since) > lease || longExpired(there, lease)
}

func longExpired(there Object, lease time.Duration) bool { return there.Age > 2*lease+2*time.Second }

// lease is a lock as its holder has it: it is renewed until it is released or
// lost. One of no length never ends by itself.
type lease struct {
	location string
	id       string
	length   time.Duration
	lock     HeldLock                         // of the goroutine that renews, until it has ended
	taken    func(context.Context) *LostError // names who has it now
	cancel   context.CancelFunc               // ends the renewals
	ended    chan struct{}                    // they have ended
	lost     chan struct{}

	mu    sync.Mutex
	until time.Time // the holder gives up
	err   error     // why it was lost
}

// holdLease keeps a lock that was taken by a request begun at that time.
func holdLease(l *lease, begun time.Time) *Lock {
	ctx, cancel := context.WithCancel(context.Background())
	l.length, l.cancel = l.lock.Lease(), cancel
	l.ended, l.lost = make(chan struct{}), make(chan struct{})
	l.extend(begun)
	if l.length > 0 {
		go l.renew(ctx, begun)
	} else {
		close(l.ended)
	}
	return &Lock{release: sync.OnceValue(l.release), lost: l.lost, err: l.Err}
}

// extend counts the lease from before the renewal was sent, and gives up a
// tenth earlier than others may take over.
func (l *lease) extend(begun time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = begun.Add(l.length * 9 / 10)
}

// renew renews the lock three times in a lease, until it is released or lost. A request
// to a slow store is part of that time.
func (l *lease) renew(ctx context.Context, begun time.Time) {
	defer close(l.ended)
	for wait := l.pause(begun); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		begun = time.Now()
		err := l.prolong(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			wait = l.pause(begun)
		case foreign(err):
			l.lose(l.takenNow(ctx))
			return
		case l.expired():
			if doubt := (*doubtError)(nil); errors.As(err, &doubt) {
				err = doubt.err // whether the lock was renewed does not matter any more
			}
			l.lose(&LostError{Path: l.location, Lease: l.length, Err: err})
			return
		default:
			wait = l.length / 20
		}
	}
}

// pause is the time until the next renewal, after one that was begun at that time.
func (l *lease) pause(begun time.Time) time.Duration {
	return max(l.length/20, time.Until(begun.Add(l.length/3)))
}

// foreign reports that the lock is another run's, or has no holder.
func foreign(err error) bool { return errors.Is(err, errRaced) || classOf(err) == Refused }

// prolong renews the lease until it is certain that it has expired.
func (l *lease) prolong(ctx context.Context) error {
	l.mu.Lock()
	until := l.until
	l.mu.Unlock()
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	begun := time.Now()
	if err := l.lock.Renew(ctx); err != nil {
		return err
	}
	l.extend(begun)
	return nil
}

// expired looks at the wall clock too: the other one stands still while a
// machine sleeps.
func (l *lease) expired() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.length == 0 {
		return false
	}
	now := time.Now()
	return !now.Before(l.until) || !now.Round(0).Before(l.until.Round(0))
}

func (l *lease) lose(why *LostError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = why
		close(l.lost)
	}
}

// Err is that of Lock.
func (l *lease) Err() error {
	l.mu.Lock()
	err := l.err
	l.mu.Unlock()
	if err == nil && l.expired() {
		l.lose(&LostError{Path: l.location, Lease: l.length})
		return l.Err()
	}
	return err
}

func (l *lease) takenNow(ctx context.Context) *LostError {
	lost := l.taken(ctx)
	lost.Path = l.location
	return lost
}

// stop ends the renewals.
func (l *lease) stop() {
	l.cancel()
	<-l.ended
}

func (l *lease) release() error {
	l.stop()
	lost := l.Err()
	patience := releaseTime
	if lost != nil {
		patience = time.Second // a courtesy
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	switch err := l.lock.Release(ctx); {
	case lost != nil:
		return lost
	case err == nil:
		return nil
	case foreign(err):
		taken, cancel := context.WithTimeout(context.Background(), releaseTime)
		defer cancel()
		return l.takenNow(taken)
	default:
		return &ReleaseError{Path: l.location, ID: l.id, Lease: l.length, Err: err}
	}
}

// held is the lease that a Shared has at the moment, if any.
type held struct {
	mu    sync.Mutex
	lease *lease
}

func (h *held) set(l *lease) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lease = l
}

func (h *held) get() *lease {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lease
}

// err is why the lease was lost.
func (h *held) err() error {
	if l := h.get(); l != nil {
		return l.Err()
	}
	return nil
}

// during is a context that ends when the lease is lost.
func (h *held) during(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if err := h.err(); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	if l := h.get(); l != nil {
		go func() {
			select {
			case <-l.lost:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	return ctx, cancel, nil
}

func newLockID() string { return uuid.NewString() }

// HoldsLock reports that the body of a lock object is that of a run, and not that
// of a free lock. A store that protects its states by it asks.
func HoldsLock(body []byte) bool { return decodeLock(body).ID != "" }
