package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"sync"
	"time"

	"aliasctl/planner"
)

// Object is a state in an S3 object, for several machines to share. It holds
// what one run has seen: Read remembers which version it returned, and Save
// replaces that one or none. Its credentials come from where S3 tools look for
// them, and are looked for at the first request.
type Object struct {
	location string
	url      objectURL
	lease    time.Duration
	connect  func() (*bucket, error) // once

	mu     sync.Mutex // one read or save at a time
	state  register
	proven bool
	// What the next save replaces, where copies of that are kept.
	last   []byte
	serial uint64

	held held
}

func openObject(location string, options Options) (*Object, error) {
	u, err := parseObject(location)
	if err != nil {
		return nil, err
	}
	if options.History > 0 {
		u.history = options.History
	}
	o := &Object{location: location, url: u, lease: options.Lease}
	if o.lease <= 0 {
		o.lease = DefaultLease
	}
	o.connect = sync.OnceValues(func() (*bucket, error) { return newBucket(u) })
	o.state.key = u.key
	return o, nil
}

// Path is the location as it was given.
func (o *Object) Path() string { return o.location }

// Read is Location's.
func (o *Object) Read(ctx context.Context) (planner.State, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var err error
	if o.state.bucket, err = o.connect(); err != nil {
		return planner.State{}, &AccessError{Path: o.location, Doing: "read", Err: err}
	}
	there, err := o.state.read(ctx, mostObject)
	if err != nil {
		return planner.State{}, &AccessError{Path: o.location, Doing: "read", Err: err}
	}
	if there.etag == "" {
		return planner.State{}, &AbsentError{Path: o.location}
	}
	state, err := Decode(o.location, there.body)
	if err != nil {
		return planner.State{}, err
	}
	o.remember(there.body, state.Serial)
	return state, nil
}

// Save replaces the state that Read has returned; where Read has found none,
// or was not called, it creates the first. Another state in its place is a
// *RaceError and stays. As with a file a save is not stopped by the context;
// losing the lock stops it. Other errors are an *InvalidError, an
// *UnconditionalError or a *SaveError.
func (o *Object) Save(ctx context.Context, state planner.State) error {
	var body bytes.Buffer
	if err := Encode(&body, state); err != nil {
		var invalid *InvalidError
		if errors.As(err, &invalid) {
			invalid.Path = o.location
		}
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	failed := func(doing string, err error) error {
		doubt := (*doubtError)(nil)
		return &SaveError{Path: o.location, Doing: doing, Err: err, Unknown: errors.As(err, &doubt)}
	}
	ctx, cancel, err := o.held.during(context.WithoutCancel(ctx))
	if err != nil {
		return failed("write it", err)
	}
	defer cancel()
	if o.state.bucket, err = o.connect(); err != nil {
		return failed("reach its store", err)
	}
	if err := o.prove(ctx); err != nil {
		if is[*UnconditionalError](err) {
			return err
		}
		return failed("try its store", err)
	}
	if err := o.keep(ctx); err != nil {
		return failed("keep a copy of the old one", err)
	}
	first := o.state.etag == ""
	switch err := o.state.swap(ctx, body.Bytes()); {
	case errors.Is(err, errRaced):
		return &RaceError{Path: o.location, First: first}
	case err != nil:
		if lost := o.held.err(); lost != nil {
			err = &doubtError{lost} // it was stopped half-way
		}
		return failed("write it", err)
	}
	o.remember(body.Bytes(), state.Serial)
	return nil
}

func (o *Object) remember(body []byte, serial uint64) {
	if o.url.history > 0 {
		o.last, o.serial = body, serial
	}
}

// keep copies the state that is about to be replaced, if that is asked for,
// and drops the copy that is too old. Unlike the backup of a file it is
// nothing that everybody has, so its failure is told: the first save of a run
// comes before anything is changed.
func (o *Object) keep(ctx context.Context) error {
	if o.last == nil {
		return nil
	}
	copyOf := func(serial uint64) string { return fmt.Sprintf("%s.%d", o.url.key, serial) }
	for pause := o.state.pauses(); ; {
		err := o.state.bucket.overwrite(ctx, copyOf(o.serial), o.last)
		if err == nil {
			break
		}
		if !passing(err) || !pause(ctx) {
			return err
		}
	}
	if old := uint64(o.url.history); o.serial >= old {
		_ = o.state.bucket.remove(ctx, copyOf(o.serial-old)) // it may stay
	}
	return nil
}

// SaveErrored is Location's: in the working directory, else in a new folder of
// its own under the folder for temporary files.
func (o *Object) SaveErrored(state planner.State) (string, error) {
	return saveErrored(OS, "errored."+path.Base(o.url.key), state, os.Getwd)
}

// Recovery is Location's.
func (o *Object) Recovery(errored string) string {
	return "aliasctl state push --state " + quote(o.location) + " " + quote(errored)
}
