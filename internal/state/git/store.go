// Package git keeps states in a branch of a git repository, by the user's own
// git: whatever reaches a server for `git push` reaches it here too.
//
// The state is a file in the branch, and each save a commit: `git log` is its
// history. The lock is a ref of its own, refs/aliasctl/lock/..., so that it
// neither shows in the log nor starts a pipeline. Every write is a push on the
// condition that the ref still is what was read (--force-with-lease with an
// explicit value and never "+" or --force, which defeat it); the save of a run
// that holds the lock moves the lock's ref in the same atomic push, so that a
// run which has lost it cannot save.
package git

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"aliasctl/internal/state"
)

const (
	// tryTimeout is the time for one command, and slowest (bytes a second)
	// what a body adds to that.
	tryTimeout = time.Minute
	slowest    = 1 << 20
	// tries is how often a push is made again at once when another one, of
	// another file, came first.
	tries = 8
)

// Store is a branch of a repository, with the lock of one state in it. git
// runs at the first verb and not before.
type Store struct {
	at      fileURL
	lockRef string

	// One verb on the lock at a time, and one on all else: a renewal must not wait for
	// a read. A save moves both refs, and so needs both turns: it and a renewal would
	// overtake each other for ever on a slow server. One fetch at a time: it may change
	// which commits have no parents.
	lockTurn, turn, fetches sync.Mutex

	mu       sync.Mutex // of what follows; a command that asks the remote goes without
	workshop *workshop
	fetched  map[string]bool         // commits that the workshop has
	known    map[string]state.Object // files, without their bodies, by COMMIT:PATH
	last     map[string]string       // the commits of the refs, as last seen
	// A save moves the ref of the lock without changing the lock: alias is
	// the revision that the lock had before, by commit.
	alias map[string]string
	// ours are the lock commits of this store, with whether they hold the
	// lock; held is the one that holds it now, "" for none.
	ours map[string]bool
	held string
	// split reports that the server does not accept atomic pushes.
	split bool
}

var _ state.Store = (*Store)(nil)

// Open takes a location apart,
//
//	git::https://HOST/REPO.git//PATH?ref=BRANCH
//
// which may be ssh:// or file:// as well, and http:// with insecure=true. name
// is the path of the state.
func Open(location string) (s *Store, name string, err error) {
	at, err := parseURL(location)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256([]byte(at.branch + "\x00" + at.path))
	return &Store{
		at:      at,
		lockRef: "refs/aliasctl/lock/" + hex.EncodeToString(sum[:16]), // any path is a name
		fetched: make(map[string]bool),
		known:   make(map[string]state.Object),
		last:    make(map[string]string),
		alias:   make(map[string]string),
		ours:    make(map[string]bool),
	}, at.path, nil
}

func (s *Store) branchRef() string { return "refs/heads/" + s.at.branch }

// place is where an object is kept: the ref, and the path in its tree.
func (s *Store) place(name string) (ref, path string) {
	if name == s.at.path+".lock" {
		return s.lockRef, "lock"
	}
	return s.branchRef(), name
}

// begin waits for the turn of a verb on an object, and returns what ends it.
func (s *Store) begin(name string, writes bool) (end func()) {
	turns := []*sync.Mutex{&s.turn, &s.lockTurn, &s.mu}
	switch ref, _ := s.place(name); {
	case ref == s.lockRef:
		turns = turns[1:]
	case !writes:
		turns = []*sync.Mutex{&s.turn, &s.mu}
	}
	for _, turn := range turns {
		turn.Lock()
	}
	return func() {
		for _, turn := range slices.Backward(turns) {
			turn.Unlock()
		}
	}
}

// ask runs a command that asks the remote, and leaves mu to others meanwhile.
func (s *Store) ask(ctx context.Context, args ...string) ([]byte, error) {
	w := s.workshop
	s.mu.Unlock()
	defer s.mu.Lock()
	return w.run(ctx, nil, args...)
}

// fetch fetches a ref of the remote to one of the workshop.
func (s *Store) fetch(ctx context.Context, ref, to string, depth int) error {
	w := s.workshop
	s.mu.Unlock()
	defer s.mu.Lock()
	s.fetches.Lock()
	defer s.fetches.Unlock()
	_, err := w.run(ctx, nil, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", fmt.Sprintf("--depth=%d", depth), "--update-shallow",
		s.at.remote, "+"+ref+":"+to)
	if err != nil {
		return explain(err)
	}
	return nil
}

// Read is state.Store's.
func (s *Store) Read(ctx context.Context, name string, most int64) (state.Object, error) {
	defer s.begin(name, false)()
	ctx, cancel := context.WithTimeout(ctx, tryTimeout+time.Duration(most/slowest)*time.Second)
	defer cancel()
	refs, err := s.refs(ctx)
	if err != nil {
		return state.Object{}, err
	}
	ref, path := s.place(name)
	commit, there, err := s.load(ctx, ref, refs[ref], path, most)
	if err != nil || commit == "" {
		return state.Object{}, err
	}
	if ref == s.lockRef {
		there.Revision = s.revision(commit)
		if there.Revision != commit {
			there.Mark = s.known[there.Revision+":lock"].Mark // the save has left the lock as it was
		}
		s.saw(commit)
	}
	return there, nil
}

// revision of the lock that a commit has.
func (s *Store) revision(commit string) string {
	if first, ok := s.alias[commit]; ok {
		return first
	}
	return commit
}

// saw learns from the ref of the lock that a push took effect whose answer was
// lost.
func (s *Store) saw(commit string) {
	if holds, ok := s.ours[commit]; ok && holds {
		s.held = commit
	}
}

// Create is state.Store's.
func (s *Store) Create(ctx context.Context, name string, body []byte, mark string) (string, error) {
	return s.write(ctx, name, "", body, mark)
}

// Replace is state.Store's.
func (s *Store) Replace(ctx context.Context, name, revision string, body []byte, mark string) (string, error) {
	return s.write(ctx, name, revision, body, mark)
}

// Delete is state.Store's. There is nothing to delete: copies of old states
// are not kept beside the state, the log has them.
func (s *Store) Delete(context.Context, string, string) error { return nil }

func (s *Store) write(ctx context.Context, name, revision string, body []byte, mark string) (string, error) {
	defer s.begin(name, true)()
	ctx, cancel := context.WithTimeout(ctx, tryTimeout+time.Duration(len(body)/slowest)*time.Second)
	defer cancel()
	if mark == "" {
		mark = uuid.NewString() // two commits are never the same one
	}
	ref, _ := s.place(name)
	for try := 0; ; try++ {
		// What was last seen is likely still there. If not, the push fails.
		refs := maps.Clone(s.last)
		if try > 0 || refs[s.branchRef()] == "" {
			var err error
			if refs, err = s.refs(ctx); err != nil {
				return "", err
			}
		}
		var done string
		var err error
		if ref == s.lockRef {
			done, err = s.writeLock(ctx, refs, revision, body, mark)
		} else {
			done, err = s.writeState(ctx, refs, name, revision, body, mark)
		}
		if try == 0 && isRefused(err) {
			err = errOvertaken // by what was seen, not by what is there
		}
		if err != errOvertaken {
			return done, err
		}
		if try == tries {
			return "", &state.StoreError{Class: state.Busy, Message: fmt.Sprintf("other pushes to the repository came first, %d times", tries),
				Advice: "if nobody pushes, a file REF.lock was left in the repository: remove it there"}
		}
		select { // apart from the others
		case <-ctx.Done():
		case <-time.After(time.Duration(rand.IntN(50*try+1)) * time.Millisecond):
		}
	}
}

func isRefused(err error) bool {
	e := (*state.StoreError)(nil)
	return errors.As(err, &e) && (e.Class == state.Refused || state.IsLost(err))
}

// refused is the answer to a condition that does not hold.
func refused() error {
	return &state.StoreError{Class: state.Refused, Message: "another push came first"}
}

func (s *Store) writeState(ctx context.Context, refs map[string]string, name, revision string, body []byte, mark string) (string, error) {
	ref, path := s.place(name)
	parent, there, err := s.load(ctx, ref, refs[ref], path, 0)
	if err != nil {
		return "", err
	}
	if there.Revision != revision {
		return "", refused()
	}
	drafts := []draft{{parent: parent, file: path, body: body, what: message(path, "state of "+path, mark)}}
	if s.held != "" {
		lock := refs[s.lockRef]
		s.saw(lock) // a renewal may have been cut off
		if lock == "" || s.revision(lock) != s.held {
			return "", lostLock()
		}
		if !s.split {
			drafts = append(drafts, draft{parent: lock, what: message("lock", "lock of "+path, mark)})
		}
	}
	commits, err := s.workshop.commits(ctx, drafts...)
	if err != nil {
		return "", err
	}
	pushed := []update{{ref: ref, from: parent, to: commits[0]}}
	if len(commits) > 1 {
		s.alias[commits[1]] = s.held
		pushed = append(pushed, update{ref: s.lockRef, from: refs[s.lockRef], to: commits[1]})
	}
	err = s.push(ctx, len(body), pushed)
	if err == errNotAtomic {
		s.split = true
		err = errOvertaken // once more, without the lock
	}
	if err != nil {
		return "", err
	}
	return s.made(commits[0], path, body, mark), nil
}

// made remembers the file of a commit, and returns its revision.
func (s *Store) made(commit, path string, body []byte, mark string) (revision string) {
	revision = blobID(len(commit), body)
	s.known[commit+":"+path] = state.Object{Revision: revision, Mark: mark}
	return revision
}

// blobID is the id that git gives to a content.
func blobID(length int, body []byte) string {
	sum := sha1.New()
	if length == 64 {
		sum = sha256.New()
	}
	fmt.Fprintf(sum, "blob %d\x00", len(body))
	sum.Write(body)
	return hex.EncodeToString(sum.Sum(nil))
}

// lostLock stops a save: another run has the lock, or it was released.
func lostLock() error {
	return &state.StoreError{Class: state.Final, Message: "the lock is another run's now, or was released",
		Err: &state.LostError{Broken: true}}
}

func (s *Store) writeLock(ctx context.Context, refs map[string]string, revision string, body []byte, mark string) (string, error) {
	parent := refs[s.lockRef]
	if parent != "" && s.revision(parent) != revision || parent == "" && revision != "" {
		return "", refused()
	}
	parent, _, err := s.load(ctx, s.lockRef, parent, "lock", 0)
	if err != nil {
		return "", err
	}
	if parent != "" && s.revision(parent) != revision {
		return "", refused()
	}
	commits, err := s.workshop.commits(ctx, draft{parent: parent, file: "lock", body: body, what: message("lock", "lock of "+s.at.path, mark)})
	if err != nil {
		return "", err
	}
	commit, holds := commits[0], state.HoldsLock(body)
	s.ours[commit] = holds // also where the answer to the push is lost
	s.made(commit, "lock", body, mark)
	if err := s.push(ctx, len(body), []update{{ref: s.lockRef, from: parent, to: commit}}); err != nil {
		return "", err
	}
	if s.held = ""; holds {
		s.held = commit
	}
	return commit, nil
}

// message is that of a commit. The trailers tell whose write it is, and two
// systems of CI start no pipeline for it.
func message(path, what, mark string) string {
	return fmt.Sprintf("aliasctl: %s [skip ci]\n\n%s%s\n%s%s\n", what, pathTrailer, path, markTrailer, mark)
}

const (
	pathTrailer = "Aliasctl-Path: "
	markTrailer = "Aliasctl-Write: "
)

// markOf finds the mark in a commit, "" if it is not the write of this path.
func markOf(commit, path string) string {
	_, text, _ := strings.Cut(commit, "\n\n")
	mark, mine := "", false
	for line := range strings.SplitSeq(text, "\n") {
		if value, ok := strings.CutPrefix(line, markTrailer); ok {
			mark = value
		}
		mine = mine || line == pathTrailer+path
	}
	if !mine {
		return ""
	}
	return mark
}
