package state_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	statefile "aliasctl/internal/state"
)

// Ceph's gateway gives an ETag with quotes and refuses it with them.
func TestAStoreThatTakesETagsWithoutQuotes(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	store.bareOnly = true
	for n := range uint64(3) {
		if saved, err := run(t, object(t, store.location("s.json"), longLease)); err != nil || saved != 2*n+2 {
			t.Fatalf("run %d: %d, %v", n, saved, err)
		}
	}
	// So does a command that only releases a lock.
	if _, err := object(t, store.location("s.json"), longLease).Lock(t.Context(), 0, deploy); err != nil {
		t.Fatal(err)
	}
	other := object(t, store.location("s.json"), longLease)
	status, err := other.LockStatus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := other.BreakLock(t.Context(), status.ID); err != nil || time.Since(begun) > 5*time.Second {
		t.Errorf("the lock is released after %v: %v", time.Since(begun), err)
	}
}

// Only the first run pays for the trial, and it leaves nothing.
func TestTheTrialIsRememberedAndSmall(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	if _, err := run(t, object(t, store.location("s.json"), longLease)); err != nil {
		t.Fatal(err)
	}
	first := store.requests
	if first < 80 || first > 140 {
		t.Errorf("%d requests for the first run, want about 100", first)
	}
	if _, err := run(t, object(t, store.location("s.json"), longLease)); err != nil {
		t.Fatal(err)
	}
	if second := store.requests - first; second > 10 {
		t.Errorf("%d requests for the second run", second)
	}
	if len(store.objects) != 2 {
		t.Errorf("%d objects, want the state and its lock", len(store.objects))
	}
}

// Of many first runs at once only the one with the lock has the store race.
func TestOneOfManyFirstRunsTriesTheStore(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	const runs = 32
	var all sync.WaitGroup
	for range runs {
		all.Go(func() {
			o := object(t, store.location("s.json"), longLease)
			l, err := o.Lock(t.Context(), time.Minute, deploy)
			if err != nil {
				t.Error(err)
				return
			}
			if err := l.Release(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	// Two writes of the questions take effect, and one of each race.
	if most := runs*2 + 8; store.tried > most {
		t.Errorf("%d writes of trials, want %d at most", store.tried, most)
	}
	if len(store.objects) != 1 {
		t.Errorf("%d objects, want the lock", len(store.objects))
	}
}

// A dry run finds out the cheap part, each time until a run has raced, and
// leaves nothing.
func TestAskingIsCheapAndLeavesNothing(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	for range 2 {
		before := store.requests
		if err := object(t, store.location("s.json"), longLease).(*statefile.Shared).Ask(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := store.requests - before; n > 12 {
			t.Errorf("%d requests", n)
		}
		if len(store.objects) != 0 {
			t.Errorf("%d objects are left", len(store.objects))
		}
	}
	if _, err := run(t, object(t, store.location("s.json"), longLease)); err != nil {
		t.Fatal(err)
	}
	before := store.requests
	if err := object(t, store.location("s.json"), longLease).(*statefile.Shared).Ask(t.Context()); err != nil || store.requests != before+1 {
		t.Errorf("%d requests after a run, %v", store.requests-before, err)
	}
}

// Who may write but not remove is told so before anything is written.
func TestATrialThatCannotBeRemovedIsNotMade(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	store.keeps = true
	_, err := run(t, object(t, store.location("s.json"), longLease))
	var said *statefile.StoreError
	if !errors.As(err, &said) || !strings.Contains(said.Hint(), "allow s3:DeleteObject") {
		t.Errorf("got %v", err)
	}
	if len(store.objects) != 0 {
		t.Errorf("%d objects are left", len(store.objects))
	}
}

func TestATornReadIsReadAgain(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	if _, err := run(t, object(t, store.location("s.json"), longLease)); err != nil {
		t.Fatal(err)
	}
	for _, torn := range []int{1, 2, 3, 5} {
		store.torn = torn
		if got := stateAt(t, object(t, store.location("s.json"), longLease)); got != 2 {
			t.Errorf("%d torn reads: serial %d", torn, got)
		}
	}
	store.noETag = true
	_, err := object(t, store.location("s.json"), longLease).Read(t.Context())
	if err == nil || statefile.IsAbsent(err) || !strings.Contains(err.Error(), "gives the object no ETag") {
		t.Errorf("without an ETag: %v", err)
	}
}

// Each refusal has a hint of its own, at once.
func TestEachAnswerHasItsHint(t *testing.T) {
	t.Parallel()
	for code, tt := range map[string]struct {
		status int
		hint   string
	}{
		"NoSuchBucket":                 {404, "create the bucket"},
		"RequestTimeTooSkewed":         {403, "set the clock of this machine"},
		"ExpiredToken":                 {400, "renew the session"},
		"InvalidAccessKeyId":           {403, "AWS_ACCESS_KEY_ID"},
		"SignatureDoesNotMatch":        {403, "AWS_SECRET_ACCESS_KEY"},
		"AccessDenied":                 {403, "s3:ListBucket"},
		"AuthorizationHeaderMalformed": {400, "set region=eu-central-1"},
		"KMS.DisabledException":        {400, "kms_key_id"},
	} {
		store := newFakeStore(t)
		store.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>m</Message><Region>eu-central-1</Region></Error>"))
		}
		hinted(t, code, store.location("s.json"), tt.hint)
	}
	plain := newFakeStore(t)
	hinted(t, "https to a plain port", strings.Replace(plain.location("s.json"), "insecure=true", "insecure=false", 1), "add insecure=true")
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	hinted(t, "http to a TLS port", (&gateway{secure.Listener.Addr().String()}).location("s.json"), "leave insecure=true out")
}

// Credentials that may do all but one kind of request, from the first or the second on:
// the error names what is not allowed, and what was saved is there.
func TestEachDeniedRequestIsNamed(t *testing.T) {
	t.Parallel()
	for _, proven := range []bool{false, true} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
			for _, key := range []string{"/s.json", "/s.json.lock", "/s.json.lock.try-"} {
				for from := 1; from <= 2; from++ {
					deny(t, proven, method, key, from)
				}
			}
		}
	}
}

func deny(t *testing.T, proven bool, method, key string, from int) {
	store := newFakeStore(t)
	before := uint64(0)
	if proven {
		before, _ = run(t, object(t, store.location("s.json"), longLease))
	}
	var seen, denied atomic.Int64
	store.answer = func(w http.ResponseWriter, r *http.Request) {
		_, path, _ := strings.Cut(r.URL.Path, "/states")
		if r.Method != method || path != key && !(strings.HasSuffix(key, "-") && strings.HasPrefix(path, key)) || seen.Add(1) < int64(from) {
			store.serve(w, r)
			return
		}
		denied.Add(1)
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<Error><Code>AccessDenied</Code><Message>no</Message></Error>"))
	}
	what := fmt.Sprintf("%s %s from %d on, proven %t", method, key, from, proven)
	saved, err := run(t, object(t, store.location("s.json"), longLease))
	var hinting interface{ Hint() string }
	if err != nil && (!errors.As(err, &hinting) || !strings.Contains(err.Error(), "403") || !strings.Contains(hinting.Hint(), "allow s3:")) {
		t.Errorf("%s: %v", what, err)
	}
	if n := denied.Load(); n > 24 { // as in a race, where each client asks
		t.Errorf("%s: asked %d times", what, n)
	}
	store.mu.Lock()
	store.answer = nil
	store.mu.Unlock()
	s, readErr := object(t, store.location("s.json"), longLease).Read(t.Context())
	if readErr != nil && !statefile.IsAbsent(readErr) || s.Serial != max(saved, before) {
		t.Errorf("%s: serial %d, saved %d before and %d now, %v", what, s.Serial, before, saved, readErr)
	}
}

// A request that was broken on its way, or came too slowly, is sent again.
func TestAnAnswerThatPasses(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	if _, err := run(t, object(t, store.location("s.json"), longLease)); err != nil {
		t.Fatal(err)
	}
	for i, code := range []string{"RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch"} {
		refused := false
		store.answer = func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPut || refused {
				store.serve(w, r)
				return
			}
			refused = true
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>m</Message></Error>"))
		}
		if saved, err := run(t, object(t, store.location("s.json"), longLease)); err != nil || saved != 2*uint64(i)+4 {
			t.Errorf("%s: saved %d, %v", code, saved, err)
		}
	}
}

func hinted(t *testing.T, what, location, want string) {
	t.Helper()
	begun := time.Now()
	_, err := object(t, location, longLease).Read(t.Context())
	var hinting interface {
		error
		Hint() string
	}
	if !errors.As(err, &hinting) || !strings.Contains(hinting.Hint(), want) {
		t.Errorf("%s: no hint with %q: %v", what, want, err)
		if hinting != nil {
			t.Log(hinting.Hint())
		}
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("%s: after %s", what, took)
	}
}

// A secret that is part of a code must not hide the code from the program.
func TestAShortSecretHidesNoCode(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "y")
	store := newFakeStore(t)
	if _, err := object(t, store.location("s.json"), longLease).Read(t.Context()); !statefile.IsAbsent(err) {
		t.Errorf("got %v", err)
	}
}
