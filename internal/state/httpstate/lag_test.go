package httpstate_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"aliasctl/internal/state"
	"aliasctl/internal/state/contract"
)

// lagging answers some of its reads as it would have one write before.
type lagging struct {
	mu     sync.Mutex
	states [][]byte
	reads  int
	lags   []int // which reads
	shows  int   // states at most, 0 for all: the replica has come to a halt
}

func (s *lagging) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.Method {
	case http.MethodPost:
		s.states = append(s.states, body)
	case http.MethodGet:
		s.reads++
		there := s.states
		if slices.Contains(s.lags, s.reads) && len(there) > 0 {
			there = there[:len(there)-1]
		}
		if s.shows > 0 {
			there = there[:min(len(there), s.shows)]
		}
		if len(there) == 0 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(there[len(there)-1])
	}
}

// Any read of a run lags behind its own writes, one or two in a row: that is no other
// run, and no write that was dropped.
func TestReadsThatLag(t *testing.T) {
	for n := 2; n <= 8; n++ { // the first one is what the run begins with
		for _, lags := range [][]int{{n}, {n, n + 1}} {
			s := &lagging{lags: lags}
			server := httptest.NewServer(relock(s))
			l := contract.Open(t, server.URL+"/prod.json?insecure=true")
			lock, err := l.Lock(t.Context(), 0, contract.Holder)
			if err != nil {
				t.Fatal(contract.Told(err))
			}
			if _, err := l.Read(t.Context()); !state.IsAbsent(err) {
				t.Fatal(contract.Told(err))
			}
			for serial := range uint64(3) {
				if err := l.Save(t.Context(), contract.State(serial+1, 3)); err != nil {
					t.Errorf("reads %v lag: save %d: %s", lags, serial+1, contract.Told(err))
				}
			}
			if err := lock.Release(); err != nil {
				t.Error(contract.Told(err))
			}
			s.mu.Lock()
			s.lags = nil
			s.mu.Unlock()
			if got, err := l.Read(t.Context()); err != nil || got.Serial != 3 {
				t.Errorf("reads %v lag: serial %d, %v", lags, got.Serial, err)
			}
			server.Close()
		}
	}
}

// A replica that lags for longer than a write waits for it: the next try finds what was
// written. One that never catches up leaves open which state is in place.
func TestAReplicaThatLagsForLong(t *testing.T) {
	s := &lagging{}
	server := httptest.NewServer(relock(s))
	defer server.Close()
	l := contract.Open(t, server.URL+"/prod.json?insecure=true")
	lock, err := l.Lock(t.Context(), 0, contract.Holder)
	if err != nil {
		t.Fatal(contract.Told(err))
	}
	if err := l.Save(t.Context(), contract.State(1, 3)); err != nil {
		t.Fatal(contract.Told(err))
	}
	s.mu.Lock()
	for n := range 12 {
		s.lags = append(s.lags, s.reads+2+n) // the read before the write is of the latest
	}
	s.mu.Unlock()
	if err := l.Save(t.Context(), contract.State(2, 3)); err != nil {
		t.Error(contract.Told(err))
	}
	s.mu.Lock()
	s.lags, s.shows = nil, len(s.states)
	s.mu.Unlock()
	err = l.Save(t.Context(), contract.State(3, 3))
	if unknown := (*state.SaveError)(nil); !errors.As(err, &unknown) || !unknown.Unknown {
		t.Errorf("it is not left open what is in place: %v", err)
	}
	_ = lock.Release()
}

// A write of another run, without the lock, is a race at once.
func TestAWriteOfAnotherRunIsNoLag(t *testing.T) {
	s := &lagging{}
	server := httptest.NewServer(relock(s))
	defer server.Close()
	use := func() (state.Location, *state.Lock) {
		l := contract.Open(t, server.URL+"/prod.json?insecure=true")
		lock, err := l.Lock(t.Context(), 0, contract.Holder)
		if err != nil {
			t.Fatal(contract.Told(err))
		}
		return l, lock
	}
	one, held := use()
	if err := one.Save(t.Context(), contract.State(1, 3)); err != nil {
		t.Fatal(contract.Told(err))
	}
	s.mu.Lock()
	s.states = append(s.states, []byte(`{"version": 1, "of": "another program"}`))
	s.mu.Unlock()
	begun := time.Now()
	if err := one.Save(t.Context(), contract.State(2, 3)); !state.IsRace(err) || time.Since(begun) > 5*time.Second {
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
	_ = held.Release()
}

// relock keeps one lock before a server.
func relock(next http.Handler) http.Handler {
	var mu sync.Mutex
	var held string
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "LOCK" && r.Method != "UNLOCK" {
			next.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.Method == "UNLOCK":
			held = ""
		case held != "" && held != string(body):
			w.WriteHeader(http.StatusLocked)
			_, _ = io.WriteString(w, held)
		default:
			held = string(body)
		}
	})
}
