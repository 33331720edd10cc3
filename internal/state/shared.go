package state

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"aliasctl/internal/input"
	"aliasctl/planner"
)

// Shared is a state in a Store, for several machines to share. It holds what
// one run has seen: Read remembers which version it returned, and Save replaces
// that one or none.
type Shared struct {
	options SharedOptions
	store   Store
	lease   time.Duration

	mu    sync.Mutex // one read or save at a time
	state register
	trial trial
	// What the next save replaces, where copies of that are kept.
	last   []byte
	serial uint64

	held held
	// latest is the serial of the last save, as the lock remembers it; 0 for unknown.
	latest atomic.Uint64
	// behind is latest where the state that was read is older.
	behind uint64
}

var _ Location = (*Shared)(nil)

// SharedOptions are the choices for a Shared.
type SharedOptions struct {
	Options
	Location string // as it was given, without credentials
	Name     string // of the object in the store
	// Errored keeps a state that could not be saved in a local file.
	Errored func(name string, state planner.State) (path string, err error)
}

// NewShared keeps a state in a store, which is not asked for anything yet.
func NewShared(store Store, options SharedOptions) *Shared {
	s := &Shared{options: options, store: store, lease: options.Lease}
	if s.lease <= 0 {
		s.lease = DefaultLease
	}
	s.state = register{store: store, name: options.Name, patience: patience, most: cmp.Or(options.MaxBytes, input.MaxState)}
	return s
}

// Path is the location as it was given.
func (o *Shared) Path() string { return o.options.Location }

// Read is Location's.
func (o *Shared) Read(ctx context.Context) (planner.State, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	there, err := o.state.read(ctx, o.state.most)
	if err != nil {
		return planner.State{}, &AccessError{Path: o.options.Location, Doing: "read", Err: err}
	}
	if there.Revision == "" {
		return planner.State{}, &AbsentError{Path: o.options.Location, Deleted: there.Deleted, Saved: o.latest.Load()}
	}
	state, err := Decode(o.options.Location, there.Body)
	if err != nil {
		return planner.State{}, err
	}
	o.remember(there.Body, state.Serial)
	if latest := o.latest.Load(); latest > state.Serial {
		o.behind = latest
	}
	return state, nil
}

// Behind is the serial that the last run has saved, where Read has found an older
// state: a replica of the store lags behind, or an older state was put back. 0 is for a
// state that is up to date, as far as the lock object shows.
func (o *Shared) Behind() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.behind
}

// Save replaces the state that Read has returned; where Read has found none,
// or was not called, it creates the first. Another state in its place is a
// *RaceError and stays. As with a file a save is not stopped by the context;
// losing the lock stops it. Other errors are an *InvalidError, an
// *UnconditionalError or a *SaveError.
func (o *Shared) Save(ctx context.Context, state planner.State) error {
	state, err := Valid(o.options.Location, state)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := encode(&body, state); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	failed := func(doing string, err error) error {
		doubt := (*doubtError)(nil)
		return &SaveError{Path: o.options.Location, Doing: doing, Err: err, First: o.state.revision == "", Unknown: errors.As(err, &doubt)}
	}
	ctx, cancel, err := o.held.during(context.WithoutCancel(ctx))
	if err != nil {
		return failed("write it", err)
	}
	defer cancel()
	if err := o.prove(ctx); err != nil {
		if IsUnconditional(err) {
			return err
		}
		return failed("try its store", err)
	}
	if err := o.keep(ctx); err != nil {
		return failed("keep a copy of the old one", err)
	}
	first := o.state.revision == ""
	switch err := o.state.swap(ctx, body.Bytes()); {
	case errors.Is(err, errRaced):
		return &RaceError{Path: o.options.Location, First: first}
	case err != nil:
		if lost := o.held.err(); lost != nil {
			err = &doubtError{lost} // it was stopped half-way
		}
		return failed("write it", err)
	}
	o.remember(body.Bytes(), state.Serial)
	o.latest.Store(state.Serial)
	return nil
}

func (o *Shared) remember(body []byte, serial uint64) {
	if o.options.History > 0 {
		o.last, o.serial = body, serial
	}
}

// keep copies the state that is about to be replaced, if that is asked for,
// and drops the copy that is too old. Unlike the backup of a file it is
// nothing that every run has, so its failure is reported: the first save of a run
// comes before anything is changed.
func (o *Shared) keep(ctx context.Context) error {
	if o.last == nil {
		return nil
	}
	copyOf := func(serial uint64) register {
		return register{store: o.store, name: fmt.Sprintf("%s.%d", o.options.Name, serial), patience: o.state.patience, most: o.state.most}
	}
	// Another run may have left a copy of this serial: it is replaced.
	for r := copyOf(o.serial); ; {
		if _, err := r.read(ctx, 0); err != nil {
			return err
		}
		err := r.swap(ctx, o.last)
		if err == nil {
			break
		}
		if !errors.Is(err, errRaced) {
			return err
		}
	}
	if old := uint64(o.options.History); o.serial >= old {
		r := copyOf(o.serial - old)
		if there, err := o.store.Read(ctx, r.name, 0); err == nil && there.Revision != "" {
			_ = o.store.Delete(ctx, r.name, there.Revision) // it may stay
		}
	}
	return nil
}

// SaveErrored is Location's: in the working directory, else in a new folder of
// its own under the folder for temporary files.
func (o *Shared) SaveErrored(state planner.State) (string, error) {
	return o.options.Errored("errored."+path.Base(o.options.Name), state)
}

// Recovery is Location's. The lock of the run that could not save may have been
// left behind in the same outage: the command outwaits it.
func (o *Shared) Recovery(errored string) string {
	return "aliasctl state push --lock-timeout 3m --state " + Quote(o.options.Location) + " " + Quote(errored)
}
