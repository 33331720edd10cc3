package httpstate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"aliasctl/internal/state"
)

// lockInfo is the body of LOCK and UNLOCK: Terraform's seven keys, all of
// which GitLab wants. Some servers compare each of them at UNLOCK.
type lockInfo struct {
	ID        string
	Operation string
	Info      string // the holder, as JSON: the other keys have no place for all of it
	Who       string
	Version   string
	Created   string // as it was sent: no server has to read it
	Path      string
}

// told is what Info holds.
type told struct {
	ID     string       `json:"id"`
	Holder state.Holder `json:"holder"`
}

func infoOf(id string, holder state.Holder) lockInfo {
	info, _ := json.Marshal(told{id, holder})
	return lockInfo{ID: id, Operation: operation, Info: string(info), Who: holder.User + "@" + holder.Host, Version: "1.0.0",
		Created: time.Now().UTC().Format(time.RFC3339Nano)}
}

const operation = "aliasctl"

// holderOf is who has a lock, as far as the server shows. GitLab repeats the
// Info of whoever asks: that of another id is not the holder's.
func holderOf(info lockInfo) state.Holder {
	var t told
	if json.Unmarshal([]byte(info.Info), &t) == nil && t.ID == info.ID {
		return t.Holder
	}
	var h state.Holder
	h.User, h.Host, _ = strings.Cut(info.Who, "@")
	h.Started, _ = time.Parse(time.RFC3339, info.Created)
	if info.Operation != operation { // of OpenTofu or Terraform
		h.Command = strings.TrimSpace(info.Operation + " " + info.Version)
	}
	return h
}

// isLocked reports that an answer means that another run has the lock.
func isLocked(r reply) bool {
	return r.status == http.StatusLocked || r.status == http.StatusConflict
}

// lockedBy is the lock in such an answer; of one that does not tell it, no id
// is known.
func lockedBy(r reply) lockInfo {
	var info lockInfo
	if json.Unmarshal(r.body, &info) != nil {
		return lockInfo{}
	}
	return info
}

// ask sends LOCK or UNLOCK.
func (s *Store) ask(ctx context.Context, method string, info lockInfo) (reply, error) {
	body, err := json.Marshal(info)
	if err != nil {
		return reply{}, err
	}
	return s.client().do(ctx, method, s.at.lock, body, mostAnswer)
}

const (
	// glance is how long a lock is waited for whose holder only looks at it.
	glance = 3 * time.Second
	// giveBackTime is for the way back of such a lock.
	giveBackTime = 5 * time.Second
)

// looking is whoever only looks at a lock.
var looking = state.Holder{User: "aliasctl", Host: "lock show"}

// TakesToLook is state.Taker's.
func (*Store) TakesToLook() {}

// lockAs asks for the lock. A look at it must not turn a run away.
func (s *Store) lockAs(ctx context.Context, info lockInfo) (reply, error) {
	for pause := state.Pauses(glance); ; {
		r, err := s.ask(ctx, s.at.lockBy, info)
		if err != nil || !isLocked(r) {
			return r, err
		}
		if by := lockedBy(r); by.ID == info.ID || by.Who != infoOf("", looking).Who || !pause(ctx) {
			return r, nil
		}
	}
}

// TakeLock is state.Locker's.
func (s *Store) TakeLock(ctx context.Context, _ string, request state.LockRequest) (state.HeldLock, error) {
	info := infoOf(request.ID, request.Holder)
	r, err := s.lockAs(ctx, info)
	if err != nil {
		return nil, err
	}
	switch {
	case isLocked(r):
		// The server that has given us the lock, and whose answer was lost,
		// names our own id, with the time of that try.
		by := lockedBy(r)
		if by.ID != request.ID {
			return nil, &state.LockedError{ID: by.ID, Holder: holderOf(by)}
		}
		info = by
	case !r.ok():
		return nil, s.client().refusal(r)
	}
	if err := s.excludes(ctx); err != nil {
		_, _ = s.ask(context.WithoutCancel(ctx), s.at.unlockBy, info)
		return nil, err
	}
	s.mu.Lock()
	s.held = request.ID
	s.mu.Unlock()
	return &heldLock{s, info}, nil
}

// excludes asks for the lock that this run has once more, as another run: a
// server that grants it, as a plain file server that answers 200 to all, is no
// guard. It is asked once.
func (s *Store) excludes(ctx context.Context) error {
	if s.excluded {
		return nil
	}
	other := infoOf(uuid.NewString(), state.Holder{User: "aliasctl", Host: "a trial"})
	r, err := s.ask(ctx, s.at.lockBy, other)
	if err != nil {
		return err
	}
	if isLocked(r) {
		s.excluded = true
		return nil
	}
	if r.ok() {
		_, _ = s.ask(context.WithoutCancel(ctx), s.at.unlockBy, other)
		return &state.StoreError{Message: "the server gives one lock to two runs: a state is not safe there",
			Advice: "check that --state is the address of a server with locks, and lock_method and unlock_method"}
	}
	return s.client().refusal(r)
}

// heldLock is a lock of the server, which never ends by itself.
type heldLock struct {
	store *Store
	info  lockInfo
}

var _ state.HeldLock = (*heldLock)(nil)

func (*heldLock) Lease() time.Duration { return 0 }

func (*heldLock) Renew(context.Context) error { return nil }

func (l *heldLock) Release(ctx context.Context) error {
	r, err := l.store.ask(ctx, l.store.at.unlockBy, l.info)
	if err != nil {
		return err
	}
	if !r.ok() {
		e := l.store.client().refusal(r)
		// A server that gives up may have released it: the next try will tell.
		if isLocked(r) || r.status == http.StatusNotFound || r.status < 500 && l.store.lost(ctx, r, l.info.ID) {
			e.Class = state.Refused
		}
		return e
	}
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	l.store.held = ""
	return nil
}

// now is the lock that the server shows. The protocol has no question for it: the
// lock is asked for, and given back at once if it was free. That is always for the same
// id: after a lost answer the next look finds the lock, and gives it back.
func (s *Store) now(ctx context.Context) (by lockInfo, held bool, err error) {
	info := infoOf(s.looker, looking)
	r, err := s.lockAs(ctx, info)
	switch {
	case err == nil && isLocked(r):
		if by = lockedBy(r); by.ID != info.ID {
			return by, true, nil
		}
		info = by // some servers want all that they have shown
	case err == nil && !r.ok():
		err = s.client().refusal(r)
	}
	if err != nil && !mayBeDone(err) {
		return lockInfo{}, false, err
	}
	if left := s.giveBack(ctx, info); left != nil {
		return lockInfo{}, false, &state.LeftError{ID: info.ID, Err: cmp.Or(err, left)}
	}
	return lockInfo{}, false, err
}

// mayBeDone reports that a request may have taken effect although it has failed.
func mayBeDone(err error) bool {
	e := (*state.StoreError)(nil)
	return errors.As(err, &e) && (e.Class == state.Doubtful || errors.Is(e, context.Canceled))
}

// giveBack releases a lock that was only looked at, if this store has it.
func (s *Store) giveBack(ctx context.Context, info lockInfo) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackTime)
	defer cancel()
	r, err := s.ask(ctx, s.at.unlockBy, info)
	if err != nil || r.ok() || isLocked(r) || r.status == http.StatusNotFound {
		return err
	}
	return s.client().refusal(r)
}

// lost reports that a server refuses a request because the lock with this id is not
// there any more. Few use 409 or 423 for that: GitLab answers a write with 500, others
// with 400, 412 or 428. So the lock is asked for.
func (s *Store) lost(ctx context.Context, r reply, id string) bool {
	switch {
	case r.status == http.StatusBadRequest, r.status == http.StatusPreconditionFailed, r.status == http.StatusPreconditionRequired:
	case r.status >= 500 && s.at.gitlab:
	default:
		return false
	}
	by, held, err := s.now(ctx)
	return err == nil && (!held || by.ID != "" && by.ID != id)
}

// LockStatus is state.Locker's.
func (s *Store) LockStatus(ctx context.Context, _ string) (state.LockStatus, error) {
	by, held, err := s.now(ctx)
	if err != nil || !held {
		return state.LockStatus{}, err
	}
	return state.LockStatus{Held: true, ID: by.ID, Holder: holderOf(by)}, nil
}

// BreakLock is Location's. The id is looked at first: some servers release any
// lock, and others want all that they have shown of it. One that shows no id has to
// compare it.
func (s *Store) BreakLock(ctx context.Context, _, id string) error {
	by, held, err := s.now(ctx)
	switch {
	case err != nil:
		return err
	case !held:
		return &state.NotHeldError{ID: id}
	case by.ID == "" && id != "":
		by = infoOf(id, state.Holder{})
	case by.ID != id || id == "":
		return notHeld(id, by)
	}
	r, err := s.ask(ctx, s.at.unlockBy, by)
	switch {
	case err != nil:
		return err
	case isLocked(r):
		return notHeld(id, lockedBy(r))
	case !r.ok():
		return s.client().refusal(r)
	}
	return nil
}

// notHeld reports that a lock is that of another id.
func notHeld(id string, by lockInfo) error {
	return &state.NotHeldError{ID: id, Holder: holderOf(by), Now: cmp.Or(by.ID, "unknown")}
}
