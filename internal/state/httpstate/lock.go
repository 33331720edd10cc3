package httpstate

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"aliasctl/internal/state"
)

// lockInfo is the body of LOCK and UNLOCK: Terraform's seven keys, all of
// which GitLab wants.
type lockInfo struct {
	ID        string
	Operation string
	Info      string // the holder, as JSON: the other keys have no place for all of it
	Who       string
	Version   string
	Created   time.Time
	Path      string
}

// told is what Info holds.
type told struct {
	ID     string       `json:"id"`
	Holder state.Holder `json:"holder"`
}

func infoOf(id string, holder state.Holder) lockInfo {
	info, _ := json.Marshal(told{id, holder})
	return lockInfo{ID: id, Operation: "aliasctl", Info: string(info), Who: holder.User + "@" + holder.Host, Version: "1.0.0", Created: time.Now().UTC()}
}

// holderOf is who has a lock, as far as the server shows. GitLab repeats the
// Info of whoever asks: that of another id is not the holder's.
func holderOf(info lockInfo) state.Holder {
	var t told
	if json.Unmarshal([]byte(info.Info), &t) == nil && t.ID == info.ID {
		return t.Holder
	}
	return state.Holder{User: info.Who, Started: info.Created}
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
		// names our own id.
		if by := lockedBy(r); by.ID != request.ID {
			return nil, &state.LockedError{ID: by.ID, Holder: holderOf(by)}
		}
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
	e := l.store.client().refusal(r)
	if isLocked(r) || r.status == http.StatusNotFound || r.status == http.StatusPreconditionFailed {
		e.Class = state.Refused
	}
	if !r.ok() {
		return e
	}
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	l.store.held = ""
	return nil
}

// LockStatus is state.Locker's. The protocol has no question for it: the lock
// is asked for, and given back at once if it was free.
func (s *Store) LockStatus(ctx context.Context, _ string) (state.LockStatus, error) {
	info := infoOf(uuid.NewString(), state.Holder{User: "aliasctl", Host: "lock show"})
	r, err := s.ask(ctx, s.at.lockBy, info)
	if err != nil {
		return state.LockStatus{}, err
	}
	switch {
	case isLocked(r):
		by := lockedBy(r)
		return state.LockStatus{Held: true, ID: by.ID, Holder: holderOf(by)}, nil
	case !r.ok():
		return state.LockStatus{}, s.client().refusal(r)
	}
	if r, err = s.ask(context.WithoutCancel(ctx), s.at.unlockBy, info); err == nil && !r.ok() {
		err = s.client().refusal(r)
	}
	return state.LockStatus{}, err
}

// BreakLock is Location's. The id is looked at first: some servers release any
// lock.
func (s *Store) BreakLock(ctx context.Context, name, id string) error {
	status, err := s.LockStatus(ctx, name)
	if err != nil {
		return err
	}
	if !status.Held || status.ID != id || id == "" {
		return &state.NotHeldError{ID: id, Holder: status.Holder, Now: status.ID}
	}
	r, err := s.ask(ctx, s.at.unlockBy, infoOf(id, status.Holder))
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
