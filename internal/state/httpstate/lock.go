package httpstate

import (
	"context"
	"encoding/json"
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

// TakeLock is state.Locker's.
func (s *Store) TakeLock(ctx context.Context, _ string, request state.LockRequest) (state.HeldLock, error) {
	info := infoOf(request.ID, request.Holder)
	r, err := s.ask(ctx, s.at.lockBy, info)
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
		if isLocked(r) || r.status == http.StatusNotFound || r.status == http.StatusPreconditionFailed || l.store.lost(ctx, r, l.info.ID) {
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
// lock is asked for, and given back at once if it was free.
func (s *Store) now(ctx context.Context) (by lockInfo, held bool, err error) {
	info := infoOf(uuid.NewString(), state.Holder{User: "aliasctl", Host: "lock show"})
	r, err := s.ask(ctx, s.at.lockBy, info)
	switch {
	case err != nil:
		return by, false, err
	case isLocked(r):
		return lockedBy(r), true, nil
	case !r.ok():
		return by, false, s.client().refusal(r)
	}
	if r, err = s.ask(context.WithoutCancel(ctx), s.at.unlockBy, info); err == nil && !r.ok() {
		err = s.client().refusal(r)
	}
	return by, false, err
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
// lock, and others want all that they have shown of it.
func (s *Store) BreakLock(ctx context.Context, _, id string) error {
	by, held, err := s.now(ctx)
	if err != nil {
		return err
	}
	if !held || by.ID != id || id == "" {
		return &state.NotHeldError{ID: id, Holder: holderOf(by), Now: by.ID}
	}
	r, err := s.ask(ctx, s.at.unlockBy, by)
	if err != nil {
		return err
	}
	if isLocked(r) {
		by := lockedBy(r)
		return &state.NotHeldError{ID: id, Holder: holderOf(by), Now: by.ID}
	}
	if !r.ok() {
		return s.client().refusal(r)
	}
	return nil
}
