package state

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"
)

// register is one object that changes only from what was last seen of it.
//
// A write whose answer is lost may have taken effect, may take effect later,
// or never. To write again blindly could only be harmless (the condition
// holds for one of the two writes at most), but its answer would mislead: the
// second try is refused because of the first one, and a run that has won would
// believe that it has lost. So each write carries a mark of its own in the
// metadata of the object, and after every answer but a plain yes the register
// looks whose mark is there. (Bytes cannot tell: two runs may write the same.)
type register struct {
	bucket *bucket
	key    string
	etag   string // of what was last seen, "" for no object
	// mine are the marks of writes that were given up with their outcome
	// unknown: what bears one of them is not somebody else's.
	mine map[string]bool
}

// errRaced says that somebody else has changed the object.
var errRaced = errors.New("somebody else has changed the object")

// doubtError says that the outcome of a write could not be learned.
type doubtError struct{ err error }

func (e *doubtError) Error() string { return e.err.Error() }
func (e *doubtError) Unwrap() error { return e.err }

// read returns the object and remembers it as what a swap starts from. No
// object is no error but an empty etag.
func (r *register) read(ctx context.Context, most int64) (stored, error) {
	for pause := r.pauses(); ; {
		there, err := r.bucket.get(ctx, r.key, most)
		if err == nil {
			r.etag = there.etag
			return there, nil
		}
		if !passing(err) || !pause(ctx) {
			return stored{}, err
		}
	}
}

// swap puts the body in place of what was last seen. errRaced says that
// something else is there; it stays, and so does it with every other error but
// a *doubtError.
func (r *register) swap(ctx context.Context, body []byte) error {
	mark := uuid.NewString()
	doubt := false
	for pause := r.pauses(); ; {
		etag, err := r.bucket.put(ctx, r.key, r.etag, body, mark)
		if err == nil {
			r.etag, r.mine = etag, nil
			return nil
		}
		var said *StoreError
		if !errors.As(err, &said) || !said.refused() && !said.passing() {
			return r.giveUp(mark, doubt, err)
		}
		doubt = doubt || said.doubtful()
		there, lookErr := r.bucket.stat(ctx, r.key)
		switch {
		case lookErr != nil: // the next try will tell
		case there.mark == mark:
			r.etag, r.mine = there.etag, nil
			return nil
		case r.mine[there.mark]:
			r.etag = there.etag
		case there.etag != r.etag:
			return errRaced
		}
		if !pause(ctx) {
			return r.giveUp(mark, doubt, err)
		}
	}
}

func (r *register) giveUp(mark string, doubt bool, err error) error {
	if !doubt {
		return err
	}
	if r.mine == nil {
		r.mine = make(map[string]bool)
	}
	r.mine[mark] = true
	return &doubtError{err}
}

// pauses returns a function that waits a little longer each time, and false
// once that has lasted long enough or the context has ended.
func (r *register) pauses() func(context.Context) bool {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = 50*time.Millisecond, 2*time.Second
	end := time.Now().Add(r.bucket.patience)
	return func(ctx context.Context) bool {
		wait := b.NextBackOff()
		if time.Now().Add(wait).After(end) {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
			return ctx.Err() == nil
		}
	}
}

func passing(err error) bool {
	var said *StoreError
	return errors.As(err, &said) && said.passing()
}
