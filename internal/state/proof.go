package state

import (
	"context"
	"errors"
	"fmt"
)

// neverAnETag is no ETag of any object: those are sums.
const neverAnETag = "aliasctl-no-such-version"

// prove finds out, before anything is written in earnest, whether the store
// keeps to the conditions of a write. Many did not know them for years, and
// ignore them without a word; some know one of the two. On such a store every
// run would win every race.
//
// The lock object is what it is tried on, with the content of a free lock. On
// a store that keeps to conditions neither write takes place where there is a
// lock object already, so that no lock can be hurt. On one that does not, no
// run gets further than this.
func (o *Object) prove(ctx context.Context) error {
	if o.proven {
		return nil
	}
	ignores := func(condition string) error {
		return &UnconditionalError{Path: o.location, Why: "it ignores " + condition}
	}
	// The first may create the object; the second never.
	for created := 0; ; {
		refused, err := o.attempt(ctx, "")
		if err != nil {
			return err
		}
		if refused {
			break
		}
		if created++; created == 2 {
			return ignores("If-None-Match")
		}
	}
	refused, err := o.attempt(ctx, neverAnETag)
	if err != nil {
		return err
	}
	if !refused {
		return ignores("If-Match")
	}
	o.proven = true
	return nil
}

// attempt writes a free lock on a condition and says whether that was refused.
func (o *Object) attempt(ctx context.Context, etag string) (refused bool, err error) {
	free, err := lockRecord{}.encode()
	if err != nil {
		return false, err
	}
	for pause := o.state.pauses(); ; {
		_, err := o.state.bucket.put(ctx, o.lockKey(), etag, free, "")
		var said *StoreError
		switch {
		case err == nil:
			return false, nil
		case !errors.As(err, &said):
			return false, err
		case said.refused():
			return true, nil
		case said.Status == 501 || said.Status == 400 && said.Code == "NotImplemented":
			return false, &UnconditionalError{Path: o.location, Why: fmt.Sprintf("%v", said)}
		case !said.passing() || !pause(ctx):
			return false, err
		}
	}
}
