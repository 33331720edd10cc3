package state

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aliasctl/planner"
)

// Versioned is a Store that may keep replaced objects by itself.
type Versioned interface {
	Store
	// Versions lists what can still be read of an object, the newest first and
	// at most so many. A store that keeps none lists the one in place.
	Versions(ctx context.Context, name string, most int) ([]Version, error)
	// ReadVersion is Read of one version.
	ReadVersion(ctx context.Context, name, id string, most int64) (Object, error)
}

// Version is one that a store has kept of an object.
type Version struct {
	ID      string    // in the words of the store
	Written time.Time // zero where the store does not keep it
}

// OldState is a state as it once was.
type OldState struct {
	Version
	State planner.State
	Err   error // why it is not a state, as after a write by hand
}

// Unlisted is a Store that may keep replaced objects where aliasctl does not read them.
type Unlisted interface {
	Store
	// Lists is the command that lists the versions of an object.
	Lists(name string) string
}

// UnversionedError reports that aliasctl finds no old states at a location.
type UnversionedError struct {
	Path  string
	Lists string // the command that lists what the store may have kept, "" where none is known
}

func (e *UnversionedError) Error() string {
	if e.Lists != "" {
		return fmt.Sprintf("no versions of state %q can be listed: aliasctl does not read them in this kind of store", e.Path)
	}
	return fmt.Sprintf("no versions of state %q can be listed: its store keeps none, or aliasctl does not read them there", e.Path)
}

// Hint names what keeps them.
func (e *UnversionedError) Hint() string {
	if e.Lists != "" {
		return fmt.Sprintf("if the store keeps versions, `%s` lists them; --state-history N keeps the last N states beside it", e.Lists)
	}
	return "a bucket with versioning, a git branch and GitLab keep every state; see the row `history` in docs/stores.md"
}

// Versions lists what the store has kept of the state, the newest first and at
// most so many. It needs no lock.
func (o *Shared) Versions(ctx context.Context, most int) ([]OldState, error) {
	store, ok := o.store.(Versioned)
	if !ok {
		unlisted := &UnversionedError{Path: o.options.Location}
		if store, ok := o.store.(Unlisted); ok {
			unlisted.Lists = store.Lists(o.options.Name)
		}
		return nil, unlisted
	}
	failed := func(err error) error {
		if _, none := errors.AsType[*UnversionedError](err); none {
			return err
		}
		return &AccessError{Path: o.options.Location, Doing: "list the versions of", Err: err}
	}
	var found []Version
	if err := o.patiently(ctx, func() (err error) {
		found, err = store.Versions(ctx, o.options.Name, most)
		return err
	}); err != nil {
		return nil, failed(err)
	}
	var all []OldState
	for _, v := range found {
		old := OldState{Version: v}
		var there Object
		if err := o.patiently(ctx, func() (err error) {
			there, err = store.ReadVersion(ctx, o.options.Name, v.ID, o.state.most)
			return err
		}); err != nil {
			return nil, failed(err)
		}
		if there.Revision == "" {
			continue // removed since it was listed
		}
		old.State, old.Err = Decode(o.options.Location, there.Body)
		if old.Written.IsZero() && old.Err == nil {
			old.Written = old.State.UpdatedAt
		}
		all = append(all, old)
	}
	return all, nil
}

// patiently repeats what may be answered otherwise a little later.
func (o *Shared) patiently(ctx context.Context, do func() error) error {
	for pause := o.state.pauses(); ; {
		if err := do(); err == nil || !passes(err) || !pause(ctx, err) {
			return err
		}
	}
}
