// Package httpstate keeps states on servers that speak Terraform's HTTP state
// protocol, GitLab among them: GET, POST and, for the lock, LOCK and UNLOCK or
// POST and DELETE.
//
// The protocol has no conditional write. The lock is the guard: nothing is
// written without it, every write names its id, and the state is read before
// and after each. A write that replaced another one unseen, or that the server
// took and does not show, is found by that; it is not prevented.
package httpstate

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"aliasctl/internal/input"
	"aliasctl/internal/state"
)

// around is what stands around a state on the server, at most.
const around = 64 << 10

// Store is the address of one state. Nothing is asked before the first verb.
type Store struct {
	at     place
	client func() *client

	looker string // the id of this store where it only looks at the lock

	mu       sync.Mutex
	most     int64  // bytes of a state, as the last Read had it
	held     string // the id of the lock that this run has, "" for none
	excluded bool   // the server was seen to refuse a second lock
}

var _ state.Taker = (*Store)(nil)

// Open takes a location apart: the address of a state,
//
//	https://HOST/PATH?lock_method=POST&unlock_method=DELETE&update_method=POST
//
// with every parameter optional and http:// with insecure=true, or gitlab:NAME
// in a job of GitLab. name is that of the state in messages.
func Open(location string) (s *Store, name string, err error) {
	at, err := parseURL(location, os.Getenv)
	if err != nil {
		return nil, "", err
	}
	if !at.gitlab {
		u, _ := url.Parse(at.state)
		at.name = u.Path[strings.LastIndex(u.Path, "/")+1:]
	}
	return &Store{at: at, looker: uuid.NewString(), client: sync.OnceValue(func() *client { return newClient(at.gitlab, os.Getenv) })}, at.name, nil
}

// read gets what lies on the server, and the serial of that; no state is an
// object without a revision.
func (s *Store) read(ctx context.Context) (state.Object, uint64, error) {
	return s.readUpTo(ctx, s.mostRead())
}

// mostRead is how large a state may be.
func (s *Store) mostRead() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.most, input.MaxState)
}

func (s *Store) readUpTo(ctx context.Context, most int64) (state.Object, uint64, error) {
	r, err := s.client().do(ctx, http.MethodGet, s.at.state, nil, most+around)
	if err != nil {
		return state.Object{}, 0, err
	}
	switch {
	case r.status == http.StatusNoContent, r.status == http.StatusOK && len(r.body) == 0:
		return state.Object{}, 0, nil
	case r.status == http.StatusNotFound && !(s.at.gitlab && strings.Contains(string(r.body), "Project")):
		return state.Object{}, 0, nil
	case r.status != http.StatusOK:
		e := s.client().refusal(r)
		if r.status == http.StatusUnprocessableEntity && s.at.gitlab {
			e.Advice = "the state was deleted in GitLab and is not gone yet: wait, or take another name"
		}
		return state.Object{}, 0, e
	}
	there, serial := unwrap(r.body)
	return there, serial, nil
}

// Read is state.Store's.
func (s *Store) Read(ctx context.Context, name string, most int64) (state.Object, error) {
	if err := s.only(name); err != nil {
		return state.Object{}, err
	}
	if most == 0 {
		there, _, err := s.read(ctx)
		there.Body = nil
		return there, err
	}
	s.mu.Lock()
	s.most = most
	s.mu.Unlock()
	there, _, err := s.readUpTo(ctx, most)
	return there, err
}

// only refuses objects beside the state: there is one at an address.
func (s *Store) only(name string) error {
	if name == s.at.name {
		return nil
	}
	return &state.StoreError{Message: "no copies of old states can be kept beside an HTTP state", Advice: "leave out --state-history"}
}

// Create is state.Store's.
func (s *Store) Create(ctx context.Context, name string, body []byte, mark string) (string, error) {
	return s.write(ctx, name, "", body, mark)
}

// Replace is state.Store's.
func (s *Store) Replace(ctx context.Context, name, revision string, body []byte, mark string) (string, error) {
	return s.write(ctx, name, revision, body, mark)
}

// Delete is state.Store's; there is nothing that it is asked to delete.
func (s *Store) Delete(_ context.Context, name, _ string) error { return s.only(name) }

func (s *Store) write(ctx context.Context, name, revision string, body []byte, mark string) (string, error) {
	if err := s.only(name); err != nil {
		return "", err
	}
	s.mu.Lock()
	id := s.held
	s.mu.Unlock()
	if id == "" {
		return "", &state.StoreError{Message: "an HTTP state is written under its lock only, and this run does not hold it"}
	}
	before, serial, err := s.read(ctx)
	if err != nil {
		return "", undone(err)
	}
	if before.Revision != revision {
		// Another run's, or an older one: whoever knows what this run has seen decides.
		return "", &state.StoreError{Class: state.Busy, Message: "the server shows another version of the state than this run has seen", Advice: lags}
	}
	raw, err := wrap(serial+1, mark, body)
	if err != nil {
		return "", err
	}
	r, err := s.client().do(ctx, s.at.save, s.at.state+"?ID="+url.QueryEscape(id), raw, mostAnswer)
	switch {
	case err != nil:
		return "", err
	case isLocked(r), !r.ok() && s.lost(ctx, r, id):
		return "", &state.StoreError{Status: r.status, Message: "the lock is another run's now, or was released", Err: &state.LostError{Broken: true}}
	case r.status == http.StatusUnprocessableEntity || r.status == http.StatusPreconditionFailed:
		// GitLab: the serial was used, by another run or by this write before. Where it
		// shows neither, a replica that lags has answered.
		e := s.client().refusal(r)
		e.Class, e.Advice = state.Busy, lags
		if after, _, err := s.read(ctx); err == nil && after.Revision != revision {
			e.Class = state.Refused
		}
		return "", e
	case !r.ok():
		return "", s.client().refusal(r)
	}
	for pause := state.Pauses(lagTime); ; {
		after, _, err := s.read(ctx)
		switch {
		case err != nil:
			return "", doubtful(err)
		case after.Mark == mark:
			return after.Revision, nil
		case after.Revision != revision:
			return "", &state.StoreError{Class: state.Doubtful, Message: "the server shows another version of the state than was written", Advice: lags}
		case !pause(ctx):
			return "", &state.StoreError{Class: state.Doubtful, Message: "the server accepted the state and does not show it",
				Advice: "look for another program that writes to this address, for a cache that answers in its place, and at the versions that the server keeps"}
		}
	}
}

// lagTime is how long a replica may take to show what was written.
const lagTime = 3 * time.Second

const lags = "another program writes to this address without the lock, or a cache or a replica answers reads: wait until it has caught up, then run the same command again"

// undone is an error of a read, before anything was written.
func undone(err error) error {
	if e, ok := err.(*state.StoreError); ok && e.Class == state.Doubtful {
		e.Class = state.Busy
	}
	return err
}

// doubtful is an error of the read after a write.
func doubtful(err error) error {
	if e, ok := err.(*state.StoreError); ok {
		e.Class = state.Doubtful
	}
	return err
}
