package state

import (
	"bytes"
	"context"
	"fmt"

	"aliasctl/planner"
)

// PushError reports why a state must not be put in place of another.
type PushError struct {
	Path           string // of the state in place
	Lineage        string // of the state in place, when that of the other differs
	Serial, Pushed uint64 // otherwise
}

func (e *PushError) Error() string {
	if e.Lineage != "" {
		return fmt.Sprintf("state %q is another one: its lineage is %q", e.Path, e.Lineage)
	}
	if e.Serial == e.Pushed {
		return fmt.Sprintf("state %q is not older: both have serial %d, and their content differs", e.Path, e.Serial)
	}
	return fmt.Sprintf("state %q is newer: it has serial %d, the other one %d", e.Path, e.Serial, e.Pushed)
}

// IsPushRefused reports that a state was not put in place of another.
func IsPushRefused(err error) bool { return is[*PushError](err) }

// Push puts a state in place of the one at a location, and reports whether it had
// to: an equal one stays. Unless it is forced, a state of another lineage or
// one that is not newer is refused with a *PushError (an equal serial with
// other content is what another run has made of the same state), and one that
// cannot be read with the error of Read. The caller holds the lock.
func Push(ctx context.Context, to Location, state planner.State, force bool) (changed bool, err error) {
	stored, err := to.Read(ctx)
	switch {
	case IsAbsent(err):
	case err != nil:
		// What cannot be understood is replaced only on demand; what cannot be
		// read at all, never.
		if !force || !IsCorrupt(err) && !IsTooNew(err) {
			return false, err
		}
	case equal(stored, state):
		return false, nil
	case force:
	case stored.Lineage != state.Lineage:
		return false, &PushError{Path: to.Path(), Lineage: stored.Lineage}
	case stored.Serial >= state.Serial:
		return false, &PushError{Path: to.Path(), Serial: stored.Serial, Pushed: state.Serial}
	}
	return true, to.Save(ctx, state)
}

// equal holds two states against each other as they are stored: equal states
// have equal bytes.
func equal(a, b planner.State) bool {
	var one, other bytes.Buffer
	return Encode(&one, a) == nil && Encode(&other, b) == nil && bytes.Equal(one.Bytes(), other.Bytes())
}

// OccupiedError reports that a state stands where another one was to go.
type OccupiedError struct {
	Path   string
	Serial uint64
	Same   bool // lineage
	Equal  bool // content
}

func (e *OccupiedError) Error() string {
	if e.Equal {
		return fmt.Sprintf("the state is at %q already, with serial %d and the same content", e.Path, e.Serial)
	}
	if e.Same {
		return fmt.Sprintf("there is a state at %q already, of the same lineage and with serial %d, which is not older", e.Path, e.Serial)
	}
	return fmt.Sprintf("there is a state at %q already, of another lineage", e.Path)
}

// Migrate copies the state from one location to another, and returns it. A
// state that stands there already is refused with an *OccupiedError, unless it
// is an older one of the same lineage: then it is what an earlier migration
// has left. The caller holds both locks. The source is not changed.
func Migrate(ctx context.Context, from, to Location) (planner.State, error) {
	state, err := from.Read(ctx)
	if err != nil {
		return planner.State{}, err
	}
	there, err := to.Read(ctx)
	if err != nil && !IsAbsent(err) {
		return planner.State{}, err
	}
	if same := there.Lineage == state.Lineage; err == nil && (!same || there.Serial >= state.Serial) {
		return planner.State{}, &OccupiedError{Path: to.Path(), Serial: there.Serial, Same: same, Equal: equal(there, state)}
	}
	return state, to.Save(ctx, state)
}
