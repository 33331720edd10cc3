package sync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"aliasctl/internal/input"
	"aliasctl/internal/safetext"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
	"aliasctl/internal/state/stores"
	"aliasctl/planner"
)

// What a stranger can make large is bounded in proportion to what is managed: a state
// in a checkout or a bucket. A managed alias may take bytesPerAlias, with its part of
// the history: an entry of each of the 20 applies that are remembered.
const (
	bytesPerAlias = 4 << 10
	leastState    = 64 << 20
	mostState     = 1 << 30
)

// stateBound is how large a state may be to be read.
func (r *run) stateBound() int64 {
	switch {
	case r.State.MaxBytes != 0:
		return r.State.MaxBytes
	case r.managed == 0: // no manifest is read
		return input.MaxState
	}
	return min(max(leastState, bytesPerAlias*int64(r.managed)), mostState)
}

// statePath is where the state is kept. "" means that there is no such place, which
// only a dry run may live with.
func (r *run) statePath(apply bool) (string, error) {
	if r.State.Location != "" {
		return r.State.Location, nil
	}
	path, err := statefile.DefaultPath(r.Manifests)
	if disputed, ok := errors.AsType[*statefile.DisputedError](err); ok {
		return "", refused(disputed.Hint(), "%v", err)
	}
	if path == "" && apply {
		return "", Usagef("add `--state PATH`", "an apply of several manifests, of standard input or of a pipe has no place for its state")
	}
	return path, err
}

// openState opens the state at a location.
func (r *run) openState(location string) (statefile.Location, error) {
	if err := r.checkLinks("the state", location); err != nil {
		return nil, err
	}
	if r.State.History < 0 {
		return nil, Usagef("", "--state-history %d is negative", r.State.History)
	}
	return stores.OpenWith(location, statefile.Options{History: r.State.History, MaxBytes: r.stateBound()})
}

// locate opens the state, for what cannot do without one.
func (r *run) locate() (err error) {
	if r.location, err = r.statePath(false); err != nil {
		return err
	}
	if r.location == "" {
		return r.noPlace()
	}
	r.file, err = r.openState(r.location)
	return err
}

func (r *run) noPlace() error {
	what := "several manifests have"
	if len(r.Manifests) == 1 {
		what = "standard input, or a pipe, has"
	}
	return Usagef("add `--state PATH`", "%s no place for a state", what)
}

// storedState is the state as it was found.
type storedState struct {
	state planner.State
	found bool
	// absent is why it was not found, nil where it was or was not looked for.
	absent error
	holder string // the other run that holds it, "" for none
}

func (r *run) readState() (storedState, error) {
	if r.file == nil {
		return storedState{state: statefile.New(planner.Cluster{})}, nil
	}
	var stored storedState
	var err error
	if r.lock != nil {
		stored.state, err = r.file.Read(r.soft)
		stored.found = err == nil
	} else {
		stored, err = readBeside(r.soft, r.file)
	}
	switch {
	case statefile.IsAbsent(err):
		stored.absent = err
		stored.state = statefile.New(planner.Cluster{})
	case err != nil:
		return storedState{}, failed(unreadableHint(err), "%v", err)
	}
	return stored, nil
}

// existing reads the state where there has to be one.
func (r *run) existing() (storedState, error) {
	stored, err := r.readState()
	if err != nil {
		return storedState{}, err
	}
	return stored, r.needs(stored)
}

// needs is an error where there is no state and no doing without one.
func (r *run) needs(stored storedState) error {
	switch {
	case stored.found:
		return nil
	case r.file == nil:
		return r.noPlace()
	}
	hint := "give `--state PATH` or `-f FILE`"
	if r.State.Location != "" {
		hint = "check --state; the first `aliasctl sync --apply` makes one"
	}
	if statefile.IsDeleted(stored.absent) || statefile.WasSaved(stored.absent) > 0 {
		return failed(hintOf(stored.absent), "%v", stored.absent)
	}
	return failed(hint, "there is no state at %s", r.file.Path())
}

// readBeside reads a state without its lock, and names the run that holds it.
// The lock is looked at first, and again where the state has announcements: the
// run whose they are may have begun, or ended, in between. A lock that is taken to be
// looked at is left alone while there are none.
func readBeside(ctx context.Context, file statefile.Location) (storedState, error) {
	holder := ""
	if shared, ok := file.(*statefile.Shared); !ok || !shared.TakesToLook() {
		holder = heldBy(ctx, file)
	}
	state, err := file.Read(ctx)
	if err != nil {
		return storedState{holder: holder}, err
	}
	if holder == "" && len(state.Pending) > 0 {
		holder = heldBy(ctx, file)
	}
	return storedState{state: state, found: true, holder: holder}, nil
}

// heldBy names the run that holds a state, "" when it is free or that cannot be
// found out: who only reads needs no lock, and may not be allowed to look at it.
// A lease that has run out is of a run that is gone.
func heldBy(ctx context.Context, file statefile.Location) string {
	status, err := file.LockStatus(ctx)
	if err != nil || !status.Held || status.Expired {
		return ""
	}
	return "another run holds the state: " + status.Holder.String()
}

// tryStore has a dry run find out what the apply would: that the store may not
// hold a state. Credentials that may only read cannot try it.
func (r *run) tryStore() error {
	shared, ok := r.file.(*statefile.Shared)
	if !ok || r.apply {
		return nil
	}
	if err := shared.Ask(r.soft); statefile.IsUnconditional(err) {
		return err
	}
	return nil
}

// takeLock locks the state.
func (r *run) takeLock() (err error) {
	r.lock, err = r.lockOf(r.file)
	return err
}

// lockOf locks a state. A run that waits for another reports it, and for whom:
// in CI a silent wait looks like a hang.
func (r *run) lockOf(at statefile.Location) (*statefile.Lock, error) {
	holder := r.self()
	lock, err := at.Lock(r.soft, 0, holder)
	if timeout := r.State.LockTimeout; statefile.IsLocked(err) && timeout > 0 && !isHeldBy(err, holder) {
		r.Console.Say("aliasctl: waiting up to %v: %s", timeout, safetext.Line(err.Error()))
		lock, err = at.Lock(r.soft, timeout, holder)
	}
	switch {
	case err == nil:
		return lock, nil
	case r.soft.Err() != nil:
		return nil, interrupted("while waiting for the lock; nothing was changed")
	case statefile.IsLocked(err):
		return nil, &Failure{Code: Locked, What: err.Error(), Hint: lockedHint(err), Err: err}
	default:
		return nil, err
	}
}

// lockedHint helps with a lock of another run. That of a file ends with its process.
func lockedHint(err error) string {
	if locked, ok := errors.AsType[*statefile.LockedError](err); ok && locked.ID != "" {
		return "`--lock-timeout 5m` waits for it; if its run is dead, `aliasctl lock release " + statefile.Quote(locked.ID) + "` frees it"
	}
	return "`--lock-timeout 5m` waits for it; a dry run needs no lock"
}

// isHeldBy reports that a lock is held by this process itself.
func isHeldBy(err error, self statefile.Holder) bool {
	locked, ok := errors.AsType[*statefile.LockedError](err)
	return ok && locked.Holder.PID == self.PID && locked.Holder.Host == self.Host && locked.Holder.Command == self.Command
}

func (r *run) unlock() { r.release(r.lock) }

// release ends a lock, if there is one.
func (r *run) release(lock *statefile.Lock) {
	if lock != nil {
		if err := lock.Release(); err != nil {
			r.Console.Warn(err.Error())
		}
	}
}

// self is this run as its lock shows it to others.
func (r *run) self() statefile.Holder {
	words := make([]string, len(r.Command))
	for i, word := range r.Command {
		words[i] = r.redactor.Redact(word)
	}
	return statefile.Self(words, time.Now())
}

// tooLargeHint is for a state of a size that nothing managed explains.
const tooLargeHint = "look at who wrote it; `--max-state-bytes SIZE` reads a larger one, as 1GiB"

// unreadableHint helps with a state that is there, or may be, and cannot be
// read.
func unreadableHint(err error) string {
	switch {
	case input.IsTooLarge(err):
		return tooLargeHint
	case statefile.IsCorrupt(err):
		return "the file was left as it is; " + restoreHint(err) + ", or move it away and read \"State lost\" in docs/state.md"
	case statefile.IsTooNew(err):
		return "the file was left as it is; use the aliasctl that wrote it, or a newer one"
	case is[*statefile.StoreError](err):
		return cmp.Or(hintOf(err), "run the same command again when the store answers; `aliasctl doctor` looks at it")
	}
	return cmp.Or(hintOf(err), "check the path and its permissions")
}

// restoreHint names the backup of a damaged state, if that is one.
func restoreHint(err error) string {
	if corrupt, ok := errors.AsType[*statefile.CorruptError](err); ok {
		if backup, serial, ok := local.Backup(corrupt.Path); ok {
			return fmt.Sprintf("%s has serial %d: look at it with `aliasctl state show --state`, or restore one from version control", backup, serial)
		}
	}
	return "restore it from version control or a backup"
}
