package git_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"aliasctl/internal/state"
	"aliasctl/internal/state/contract"
	"aliasctl/internal/state/git"
	"aliasctl/internal/testkit/gitserver"
)

// TestOtherFilesStay has a branch with more than one state in it, and a folder
// where the state should be.
func TestOtherFilesStay(t *testing.T) {
	s := gitserver.Start(t, nil)
	for i, path := range []string{"prod.json", "team/a.json", "team/b.json", "prod.json"} {
		l := contract.Open(t, s.File(path))
		if _, err := l.Read(t.Context()); err != nil && !state.IsAbsent(err) {
			t.Fatal(err)
		}
		if err := l.Save(t.Context(), contract.State(uint64(i+1), 3)); err != nil {
			t.Fatal(contract.Told(err))
		}
	}
	if got := strings.Fields(s.Git(t, "ls-tree", "-r", "--name-only", "states")); strings.Join(got, " ") != "prod.json team/a.json team/b.json" {
		t.Errorf("files: %q", got)
	}
	if got := s.Git(t, "log", "--format=%an %s", "states", "--", "prod.json"); strings.Count(got, "aliasctl aliasctl: state of prod.json") != 2 {
		t.Errorf("the log: %s", got)
	}
	for _, path := range []string{"team", "prod.json/x.json"} {
		if _, err := contract.Open(t, s.File(path)).Read(t.Context()); err == nil || state.IsAbsent(err) {
			t.Errorf("%s: %v", path, err)
		} else {
			contract.Expect(t, err, "no place for the file")
		}
	}
}

// TestManyClients has clients write one object at once, 32 with -sweep=full:
// one wins, and what is there is what it wrote.
func TestManyClients(t *testing.T) {
	s := gitserver.Start(t, nil)
	for _, location := range []string{s.File("race.json"), s.HTTP("race-http.json")} {
		for _, revisit := range []bool{false, true} {
			race(t, location, revisit)
		}
	}
}

func race(t *testing.T, location string, replace bool) {
	t.Helper()
	clients := 8
	if flag.Lookup("sweep").Value.String() == "full" {
		clients = 32
	}
	marks, errs := make([]string, clients), make([]error, clients)
	start, all := make(chan struct{}), sync.WaitGroup{}
	for i := range clients {
		store, name, err := git.Open(location)
		if err != nil {
			t.Fatal(err)
		}
		there, err := store.Read(t.Context(), name, 1<<20)
		if err != nil {
			t.Fatal(contract.Told(err))
		}
		if (there.Revision != "") != replace {
			t.Fatalf("before the race: %+v", there)
		}
		marks[i] = fmt.Sprintf("mark-%d-%v", i, replace)
		all.Go(func() {
			<-start
			// All write the same: only the mark tells them apart.
			if replace {
				_, errs[i] = store.Replace(t.Context(), name, there.Revision, []byte("{\"second\":1}\n"), marks[i])
			} else {
				_, errs[i] = store.Create(t.Context(), name, []byte("{}\n"), marks[i])
			}
		})
	}
	close(start)
	all.Wait()
	winner := ""
	for i, err := range errs {
		refused := (*state.StoreError)(nil)
		switch {
		case err == nil && winner != "":
			t.Errorf("%s: %s and %s have won", location, winner, marks[i])
		case err == nil:
			winner = marks[i]
		case !errors.As(err, &refused) || refused.Class != state.Refused && refused.Class != state.Busy:
			t.Errorf("%s: %v", location, err)
		}
	}
	store, name, _ := git.Open(location)
	if there, err := store.Read(t.Context(), name, 1<<20); err != nil || there.Mark != winner || winner == "" {
		t.Errorf("%s: the winner is %q, the file is from %q, %v", location, winner, there.Mark, err)
	}
}

// TestALostLockStopsASave has the lock taken between two saves of a run: the
// ref of the lock is part of the push.
func TestALostLockStopsASave(t *testing.T) {
	s := gitserver.Start(t, nil)
	l := contract.Open(t, s.File("a.json"))
	lock, err := l.Lock(t.Context(), 0, contract.Holder)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Save(t.Context(), contract.State(1, 3)); err != nil {
		t.Fatal(err)
	}
	other := contract.Open(t, s.File("a.json"))
	status, err := other.LockStatus(t.Context())
	if err != nil || !status.Held {
		t.Fatalf("%+v, %v", status, err)
	}
	if err := other.BreakLock(t.Context(), status.ID); err != nil {
		t.Fatal(err)
	}
	if err := l.Save(t.Context(), contract.State(2, 3)); !state.IsLost(err) {
		t.Errorf("a save without the lock: %v", err)
	}
	if got, err := other.Read(t.Context()); err != nil || got.Serial != 1 {
		t.Errorf("serial %d, %v", got.Serial, err)
	}
	if err := lock.Release(); !state.IsLost(err) {
		t.Errorf("its release: %v", err)
	}
}

// loses starts a server, and returns what has it cut the connection of the next pushes
// after it has taken them.
func loses(t *testing.T) (s *gitserver.Server, lose func(n int)) {
	var cut atomic.Int64
	s = gitserver.Start(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/git-receive-pack") || r.Method != http.MethodPost || cut.Add(-1) < 0 {
				next.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		})
	})
	return s, func(n int) { cut.Store(int64(n)) }
}

// TestLostAnswers cuts the connection after the server has taken a push.
func TestLostAnswers(t *testing.T) {
	s, lose := loses(t)
	l := contract.Open(t, s.HTTP("a.json"))
	lose(1)
	lock, err := l.Lock(t.Context(), 0, contract.Holder)
	if err != nil {
		t.Fatal(contract.Told(err))
	}
	for serial := uint64(1); serial <= 2; serial++ {
		lose(1)
		if err := l.Save(t.Context(), contract.State(serial, 3)); err != nil {
			t.Fatal(contract.Told(err))
		}
	}
	lose(1)
	if err := lock.Release(); err != nil {
		t.Error(contract.Told(err))
	}
	if got, err := contract.Open(t, s.HTTP("a.json")).Read(t.Context()); err != nil || got.Serial != 2 {
		t.Errorf("serial %d, %v", got.Serial, err)
	}
}

// TestASaveBesideALostAnswer has a run save before it has looked what became of a
// renewal whose answer was lost, and renew after such a save: the lock is still its own.
func TestASaveBesideALostAnswer(t *testing.T) {
	s, lose := loses(t)
	store, name, err := git.Open(s.HTTP("a.json"))
	if err != nil {
		t.Fatal(err)
	}
	// The transport may try again by itself, and then is refused.
	doubtful := func(what string, err error) {
		t.Helper()
		if e := (*state.StoreError)(nil); !errors.As(err, &e) || e.Class == state.Final {
			t.Fatalf("%s: %v", what, err)
		}
	}
	record := func(n int) []byte { return fmt.Appendf(nil, "{\"id\":\"ours\",\"renewals\":%d}\n", n) }
	lock, err := store.Create(t.Context(), name+".lock", record(0), "mark-0")
	if err != nil {
		t.Fatal(err)
	}
	lose(1)
	_, err = store.Replace(t.Context(), name+".lock", lock, record(1), "mark-1")
	doubtful("a renewal", err)
	first, err := store.Create(t.Context(), name, []byte("{}\n"), "mark-2")
	if err != nil {
		t.Fatalf("the save after it: %s", contract.Told(err))
	}
	there, err := store.Read(t.Context(), name+".lock", 0)
	if err != nil || there.Mark != "mark-1" {
		t.Fatalf("the lock after it: %+v, %v", there, err)
	}
	lose(1)
	_, err = store.Replace(t.Context(), name, first, []byte("{\"a\":1}\n"), "mark-3")
	doubtful("a save", err)
	if _, err = store.Replace(t.Context(), name+".lock", there.Revision, record(2), "mark-4"); err != nil {
		t.Errorf("the renewal after it: %s", contract.Told(err))
	}
}

// TestARunIsToldByTheLock has the holder in the lock, whatever its name.
func TestARunIsToldByTheLock(t *testing.T) {
	s := gitserver.Start(t, nil)
	lock, err := contract.Open(t, s.File("a.json")).Lock(t.Context(), 0, contract.Holder)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	refs := s.Git(t, "for-each-ref", "--format=%(refname)", "refs/aliasctl")
	body := s.Git(t, "show", strings.TrimSpace(refs)+":lock")
	var record struct{ Holder state.Holder }
	if err := json.Unmarshal([]byte(body), &record); err != nil || record.Holder != contract.Holder {
		t.Errorf("%s: %v", body, err)
	}
}
