package httpstate_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"aliasctl/internal/state"
	"aliasctl/internal/state/contract"
	"aliasctl/internal/state/httpstate"
	"aliasctl/internal/testkit/stateserver"
)

// Whoever looks at a free lock takes it for a moment, and gives it back also where the
// answer to that is lost.
func TestALookLeavesNoLock(t *testing.T) {
	each(t, func(t *testing.T, s *stateserver.Server, location string) {
		for _, as := range []int{0, http.StatusBadGateway} {
			for _, method := range []string{"", http.MethodPost, "LOCK", "UNLOCK", http.MethodDelete} {
				s.Set(func() { s.Lose, s.Loses, s.LosesAs = 1, method, as })
				status, err := contract.Open(t, location).LockStatus(t.Context())
				s.Set(func() { s.Lose = 0 })
				if err != nil || status.Held {
					t.Errorf("%q as %d: %+v, %v", method, as, status, err)
				}
				lock, err := contract.Open(t, location).Lock(t.Context(), 0, contract.Holder)
				if err != nil {
					t.Fatalf("%q as %d: the next run: %s", method, as, contract.Told(err))
				}
				_ = lock.Release()
			}
		}
	})
}

// A look whose every answer is lost names the id of the lock that it may have left.
func TestALookInAnOutageNamesItsLock(t *testing.T) {
	each(t, func(t *testing.T, s *stateserver.Server, location string) {
		store, name, err := httpstate.Open(location)
		if err != nil {
			t.Fatal(err)
		}
		s.Set(func() { s.Lose, s.Fails = 1, true })
		_, err = store.LockStatus(t.Context(), name)
		s.Set(func() { s.Fail, s.Fails = 0, false })
		left, ok := errors.AsType[*state.LeftError](err)
		if !ok || !strings.Contains(err.Error(), "aliasctl lock release "+left.ID) {
			t.Fatalf("%v", err)
		}
		other := contract.Open(t, location)
		if err := other.BreakLock(t.Context(), left.ID); err != nil {
			t.Error(contract.Told(err))
		}
		if status, err := other.LockStatus(t.Context()); err != nil || status.Held {
			t.Errorf("%+v, %v", status, err)
		}
	})
}

// meets answers the first requests for the lock as if that one held it.
func meets(t *testing.T, who string, times int) (location string) {
	server := relock(&lagging{})
	var mu sync.Mutex
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == "LOCK" && times > 0 {
			times--
			w.WriteHeader(http.StatusLocked)
			_ = json.NewEncoder(w).Encode(map[string]string{"ID": "1", "Who": who})
			return
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	return h.URL + "/prod.json?insecure=true"
}

// A run that meets a look gets the lock all the same; another run turns it away.
func TestALookTurnsNoRunAway(t *testing.T) {
	lock, err := contract.Open(t, meets(t, "aliasctl@lock show", 2)).Lock(t.Context(), 0, contract.Holder)
	if err != nil {
		t.Fatal(contract.Told(err))
	}
	_ = lock.Release()
	if _, err := contract.Open(t, meets(t, "deploy@ci-7", 2)).Lock(t.Context(), 0, contract.Holder); !state.IsLocked(err) {
		t.Errorf("another run: %v", err)
	}
	if status, err := contract.Open(t, meets(t, "aliasctl@lock show", 2)).LockStatus(t.Context()); err != nil || status.Held {
		t.Errorf("two looks: %+v, %v", status, err)
	}
}

// nameless is a server that answers 423 without a word of who has the lock, and
// compares ids. It cuts off the answer to the first requests for the lock.
func nameless(t *testing.T, cuts int) (location string) {
	var mu sync.Mutex
	held := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var info struct{ ID string }
		_ = json.Unmarshal(body, &info)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.Method == "UNLOCK" && held == info.ID:
			held = ""
		case r.Method == "UNLOCK", r.Method == "LOCK" && held != "":
			w.WriteHeader(http.StatusLocked)
		case r.Method == "LOCK":
			held = info.ID
			if cuts > 0 {
				cuts--
				panic(http.ErrAbortHandler)
			}
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/prod.json?insecure=true"
}

// On a server that names no holder a run cannot see that it has the lock whose answer was
// lost: it names the id, which frees it, and no other id does.
func TestALockOnANamelessServer(t *testing.T) {
	location := nameless(t, 1)
	_, err := contract.Open(t, location).Lock(t.Context(), 0, contract.Holder)
	left, ok := errors.AsType[*state.LeftError](err)
	if !ok || !state.IsLocked(err) {
		t.Fatalf("%v", err)
	}
	other := contract.Open(t, location)
	err = other.BreakLock(t.Context(), "another")
	if held, ok := errors.AsType[*state.NotHeldError](err); !ok || held.Now == "" {
		t.Errorf("another id: %v", err)
	}
	if err := other.BreakLock(t.Context(), left.ID); err != nil {
		t.Error(contract.Told(err))
	}
	err = other.BreakLock(t.Context(), left.ID)
	contract.Expect(t, err, "is not locked")
	lock, err := other.Lock(t.Context(), 0, contract.Holder)
	if err != nil {
		t.Fatal(contract.Told(err))
	}
	if err := lock.Release(); err != nil {
		t.Error(contract.Told(err))
	}
}

// Each failure reports what could not be done with the lock.
func TestALockThatCannotBeHad(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	l := contract.Open(t, server.URL+"/prod.json?insecure=true")
	_, err := l.Lock(t.Context(), 0, contract.Holder)
	contract.Expect(t, err, "cannot lock state", "404", "check the address")
	_, err = l.LockStatus(t.Context())
	contract.Expect(t, err, "cannot read the lock of state", "404", "check the address")
	contract.Expect(t, l.BreakLock(t.Context(), "1"), "cannot release the lock of state", "404", "check the address")
}
