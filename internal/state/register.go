package state

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"
)

// patience is for how long failures that may pass are tried again.
const patience = 10 * time.Second

// register is one object that changes only from what was last seen of it.
//
// A write whose answer is lost may have taken effect, may take effect later,
// or never. To write again blindly could only be harmless (the condition
// holds for one of the two writes at most), but its answer would mislead: the
// second try is refused because of the first one, and a run that has won would
// believe that it has lost. So each write carries a mark of its own in the
// metadata of the object, and after every answer but a plain yes the register
// looks whose mark is there. (Bytes alone cannot tell: two runs may write the
// same. They have to do on a store without marks.)
type register struct {
	store    Store
	name     string
	patience time.Duration
	most     int64  // bytes that are read, also of what another run has written
	revision string // of what was last seen, "" for no object
	// deleted is true where no object was seen because the last version was deleted.
	deleted bool
	// mine are the writes that were given up with their outcome unknown, by mark
	// and with the sum of their bytes: what is one of them is not another run's.
	mine map[string][sha256.Size]byte
	// past are the revisions that were seen and then replaced. Reads may be
	// answered by a replica that lags: what shows one of them is no news.
	past map[string]bool
}

// see takes this revision for what is there now.
func (r *register) see(revision string) {
	if revision == r.revision {
		return
	}
	if r.past == nil {
		r.past = make(map[string]bool)
	}
	r.past[r.revision] = true
	delete(r.past, revision)
	r.revision = revision
}

// errRaced reports that another run has changed the object.
var errRaced = errors.New("another client has changed the object")

// doubtError reports that the outcome of a write could not be learned.
type doubtError struct{ err error }

func (e *doubtError) Error() string { return e.err.Error() }
func (e *doubtError) Unwrap() error { return e.err }

// read returns the object and remembers it as what a swap starts from. No
// object is no error but an empty revision.
func (r *register) read(ctx context.Context, most int64) (Object, error) {
	for pause := r.pauses(); ; {
		there, err := r.store.Read(ctx, r.name, most)
		if err == nil {
			r.see(there.Revision)
			r.deleted = there.Deleted
			return there, nil
		}
		if !passes(err) || !pause(ctx, err) {
			return Object{}, err
		}
	}
}

// swap puts the body in place of what was last seen. errRaced reports that
// something else is there; it stays, and so does it with every other error but
// a *doubtError.
func (r *register) swap(ctx context.Context, body []byte) error {
	mark := uuid.NewString()
	doubt := false
	for pause := r.pauses(); ; {
		revision, err := r.write(ctx, body, mark)
		if err == nil {
			r.see(revision)
			r.mine = nil
			return nil
		}
		class := classOf(err)
		if class == Final {
			return r.giveUp(mark, body, doubt, err)
		}
		doubt = doubt || class == Doubtful
		there, lookErr := r.look(ctx, body, mark)
		switch {
		case lookErr != nil && class == Refused && classOf(lookErr) == Final && ctx.Err() == nil:
			return r.giveUp(mark, body, doubt, lookErr) // no try tells more
		case lookErr != nil: // the next try will tell
		case there.Mark == mark:
			r.see(there.Revision)
			r.mine = nil
			return nil
		case r.isMine(there.Mark):
			news := there.Revision != r.revision && !r.past[there.Revision]
			r.see(there.Revision)
			if news {
				continue // the next try starts from it: there is nothing to wait for
			}
		case r.deleted && r.revision == "" && there.Revision == "" && !doubt && class == Refused:
			return err // no waiting brings it back
		case there.Revision == r.revision:
		case r.past[there.Revision] && (doubt || class != Refused):
			// An older one: the next look will tell. After a plain refusal it
			// does not matter, as what this run has seen is gone.
		default:
			return errRaced
		}
		if !pause(ctx, err) {
			return r.giveUp(mark, body, doubt, r.explained(err))
		}
	}
}

func (r *register) write(ctx context.Context, body []byte, mark string) (revision string, err error) {
	if r.revision == "" {
		return r.store.Create(ctx, r.name, body, mark)
	}
	return r.store.Replace(ctx, r.name, r.revision, body, mark)
}

// look reads whose write is in place. On a store without marks it is this one, or
// one that was given up, if the object is another one than before and has its bytes.
func (r *register) look(ctx context.Context, body []byte, mark string) (Object, error) {
	there, err := r.store.Read(ctx, r.name, 0)
	if err != nil || there.Mark != "" || there.Revision == "" || there.Revision == r.revision {
		return there, err
	}
	// What this run wrote itself is never too large.
	there, err = r.store.Read(ctx, r.name, max(r.most, int64(len(body))))
	if err != nil || there.Mark != "" {
		return there, err
	}
	if bytes.Equal(there.Body, body) {
		there.Mark = mark
		return there, nil
	}
	sum := sha256.Sum256(there.Body)
	for before, written := range r.mine {
		if sum == written {
			there.Mark = before
		}
	}
	return there, nil
}

func (r *register) isMine(mark string) bool {
	_, ok := r.mine[mark]
	return ok
}

// explained has a hint for a store that shows a version and refuses to replace
// it, all the time.
func (r *register) explained(err error) error {
	said := (*StoreError)(nil)
	if r.revision == "" || !errors.As(err, &said) || said.Class != Refused {
		return err
	}
	lags := *said
	lags.Advice = "the store shows an older version than it compares with, as a replica that lags behind does: wait until it has caught up, or give --state the endpoint that takes the writes, then run the same command again"
	return &lags
}

func (r *register) giveUp(mark string, body []byte, doubt bool, err error) error {
	if !doubt {
		return err
	}
	if r.mine == nil {
		r.mine = make(map[string][sha256.Size]byte)
	}
	r.mine[mark] = sha256.Sum256(body)
	return &doubtError{err}
}

func (r *register) pauses() func(context.Context, error) bool { return pausesAfter(r.patience) }

// Pauses returns a function that waits a little longer each time, and false
// once that has lasted long enough or the context has ended.
func Pauses(patience time.Duration) func(context.Context) bool {
	pause := pausesAfter(patience)
	return func(ctx context.Context) bool { return pause(ctx, nil) }
}

// pausesAfter is Pauses after an error: a store that names a time is not asked
// before it, but once more while patience lasts.
func pausesAfter(patience time.Duration) func(context.Context, error) bool {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = 50*time.Millisecond, 2*time.Second
	end := time.Now().Add(patience)
	return func(ctx context.Context, err error) bool {
		wait, left := b.NextBackOff(), time.Until(end)
		if wait > left {
			return false
		}
		if store := (*StoreError)(nil); errors.As(err, &store) && store.RetryAfter > wait {
			wait = min(store.RetryAfter, left)
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
			return ctx.Err() == nil
		}
	}
}
