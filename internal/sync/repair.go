package sync

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"aliasctl/internal/input"
	statefile "aliasctl/internal/state"
	"aliasctl/planner"
)

// State is a state for whoever looks at it or repairs it. The cluster is not asked.
type State struct {
	planner.State
	Path string
}

// ReadState reads the state, and warns where another run holds it.
func ReadState(ctx context.Context, o Options) (State, error) {
	r := newRun(ctx, o)
	if err := r.locate(); err != nil {
		return State{}, err
	}
	stored, err := r.existing()
	if err == nil && stored.holder != "" {
		r.Console.Warn(stored.holder)
	}
	return State{stored.state, r.file.Path()}, err
}

// ChangeState changes the stored state under its lock.
func ChangeState(ctx context.Context, o Options, change func(*planner.State) error) (State, error) {
	r := newRun(ctx, o)
	defer r.close()
	if err := r.locate(); err != nil {
		return State{}, err
	}
	if err := r.takeLock(); err != nil {
		return State{}, err
	}
	stored, err := r.existing()
	if err != nil {
		return State{}, err
	}
	state := stored.state
	if err := change(&state); err != nil {
		return State{}, err
	}
	state.Serial++
	state.UpdatedAt = time.Now().UTC().Truncate(time.Second)
	if err := r.file.Save(r.hard, state); err != nil {
		return State{}, failed(cmp.Or(hintOf(err), "the state is as it was"), "%v", err)
	}
	return State{state, r.file.Path()}, nil
}

// Forget removes a binding from a state; the cluster keeps it.
func Forget(name string) func(*planner.State) error {
	return func(s *planner.State) error {
		key, err := boundAlias(*s, name)
		if err != nil {
			return err
		}
		s.Bindings = slices.DeleteFunc(s.Bindings, func(b planner.Binding) bool { return planner.Key{Database: b.Database, Name: b.Alias} == key })
		s.Unverified = slices.DeleteFunc(s.Unverified, func(u planner.Unverified) bool { return planner.Key{Database: u.Database, Name: u.Alias} == key })
		s.Pending = slices.DeleteFunc(s.Pending, func(a planner.Announcement) bool { return planner.Key{Database: a.Database, Name: a.Alias} == key })
		return nil
	}
}

func boundAlias(s planner.State, name string) (planner.Key, error) {
	var known []planner.Key
	for _, b := range s.Bindings {
		known = append(known, planner.Key{Database: b.Database, Name: b.Alias})
	}
	selection, err := planner.Select([]string{name}, known)
	if err != nil {
		return planner.Key{}, err
	}
	if selection.All {
		return planner.Key{}, Usagef("name one alias", "\"all\" is not one alias")
	}
	for key := range selection.Keys {
		return key, nil
	}
	return planner.Key{}, nil
}

// Rename records an alias of a state under another name, NAME or DATABASE/NAME.
func Rename(from, to string) func(*planner.State) error {
	return func(s *planner.State) error { return rename(s, from, to) }
}

func rename(s *planner.State, from, to string) error {
	key, err := boundAlias(*s, from)
	if err != nil {
		return err
	}
	target := planner.ParseKey(to, key.Database)
	for _, b := range s.Bindings {
		if b.Database == target.Database && b.Alias == target.Name {
			return Usagef("`aliasctl state rm` forgets it", "the state has an alias %s already", target)
		}
	}
	for i := range s.Bindings {
		if b := &s.Bindings[i]; b.Database == key.Database && b.Alias == key.Name {
			b.Database, b.Alias = target.Database, target.Name
		}
	}
	for i := range s.Unverified {
		if u := &s.Unverified[i]; u.Database == key.Database && u.Alias == key.Name {
			u.Database, u.Alias = target.Database, target.Name
		}
	}
	return nil
}

// Push replaces the state by that in a file. changed is false where it has this
// content already.
func Push(ctx context.Context, o Options, path string, force bool) (pushed State, changed bool, err error) {
	r := newRun(ctx, o)
	defer r.close()
	if err := r.checkLinks("the state to push", path); err != nil {
		return pushed, false, err
	}
	text, err := input.Read(ctx, path, r.stateBound())
	if err != nil {
		hint := ""
		if input.IsTooLarge(err) {
			hint = tooLargeHint
		}
		return pushed, false, Usagef(hint, "cannot read the state to push: %v", err)
	}
	state, err := statefile.Decode(path, text)
	if err != nil {
		return pushed, false, failed("nothing was changed", "%v", err)
	}
	if err := r.locate(); err != nil {
		return pushed, false, err
	}
	if err := r.takeLock(); err != nil {
		return pushed, false, err
	}
	changed, err = statefile.Push(r.hard, r.file, state, force)
	switch {
	case statefile.IsPushRefused(err):
		err = refused("look at both with `aliasctl state show`; `--force` replaces it all the same", "%v", err)
	case statefile.IsCorrupt(err) || statefile.IsTooNew(err):
		err = failed("it was left as it is; look at the file before `aliasctl state push --force` replaces it", "%v", err)
	case err != nil:
		err = failed(storedHint(err), "%v", err)
	}
	return State{state, r.file.Path()}, changed, err
}

// storedHint helps with a state that cannot be read or saved.
func storedHint(err error) string {
	if statefile.IsCorrupt(err) || statefile.IsTooNew(err) || is[*statefile.AccessError](err) {
		return unreadableHint(err)
	}
	return hintOf(err)
}

// Migrate copies a state to another place, and leaves the old one as it is.
func Migrate(ctx context.Context, o Options, from, to string) (source string, copied State, err error) {
	r := newRun(ctx, o)
	defer r.close()
	old, err := r.openState(from)
	if err != nil {
		return "", copied, err
	}
	if r.file, err = r.openState(to); err != nil {
		return "", copied, err
	}
	if err := r.takeLock(); err != nil {
		return "", copied, err
	}
	lock, err := r.lockOf(old)
	if old.Path() == r.file.Path() || isHeldBy(err, r.self()) {
		r.release(lock)
		return "", copied, Usagef("name another place for the copy", "%q and %q are one place", from, to)
	}
	if err != nil {
		return "", copied, err
	}
	defer r.release(lock)
	state, err := statefile.Migrate(r.hard, old, r.file)
	occupied, isOccupied := errors.AsType[*statefile.OccupiedError](err)
	switch {
	case isOccupied && occupied.Equal:
		err = refused("nothing is left to copy: use it with `--state "+statefile.Quote(r.file.Path())+"`", "%v", err)
	case isOccupied:
		err = refused("look at both with `aliasctl state show --state`", "%v", err)
	case statefile.IsAbsent(err):
		err = failed("check the first place, FROM; `aliasctl state show --state` looks at one", "%v", err)
	case err != nil:
		err = failed(storedHint(err), "%v", err)
	}
	return old.Path(), State{state, r.file.Path()}, err
}

// Versions lists at most n of the states that the store has kept. The one in place
// may be damaged: that is when they are looked for.
func Versions(ctx context.Context, o Options, n int) ([]statefile.OldState, error) {
	r := newRun(ctx, o)
	if err := r.locate(); err != nil {
		return nil, err
	}
	store, ok := r.file.(*statefile.Shared)
	var err error = &statefile.UnversionedError{Path: r.file.Path()}
	var all []statefile.OldState
	if ok {
		all, err = store.Versions(r.soft, n)
	}
	if err != nil {
		return nil, failed(hintOf(err), "%v", err)
	}
	return all, nil
}

// LockStatus reports who holds the lock of the state at path.
func LockStatus(ctx context.Context, o Options) (path string, status statefile.LockStatus, err error) {
	r := newRun(ctx, o)
	if err := r.locate(); err != nil {
		return "", status, err
	}
	status, err = r.file.LockStatus(r.soft)
	return r.file.Path(), status, err
}

// ReleaseLock takes the lock of the state at path away from a run that is dead.
func ReleaseLock(ctx context.Context, o Options, id string) (path string, err error) {
	r := newRun(ctx, o)
	if err := r.locate(); err != nil {
		return "", err
	}
	if err = r.file.BreakLock(r.soft, id); is[*statefile.NotHeldError](err) {
		err = failed("`aliasctl lock show` prints the id", "%v", err)
	}
	return r.file.Path(), err
}
