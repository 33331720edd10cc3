package state_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	s3store "aliasctl/internal/state/s3"
)

// fakeStore is as much of S3 as a state needs, with the vices of stores that
// are not to be trusted.
type fakeStore struct {
	address string

	// Conditions that it does not know: it ignores them, or refuses requests
	// with one.
	ignoresNoneMatch, ignoresMatch, refusesConditions bool
	// bareOnly takes the ETag of If-Match only without its quotes, as Ceph does.
	bareOnly bool
	// torn is how many reads give the ETag of another body, noETag gives none.
	torn   int
	noETag bool
	// dropsMarks keeps no metadata.
	dropsMarks bool
	// keeps refuses to remove anything.
	keeps bool
	// answer, if not nil, answers in its place.
	answer http.HandlerFunc

	mu      sync.Mutex
	objects map[string]*fakeObject
	puts    int
	// requests counts all of them, tried the writes of trials.
	requests, tried int
}

type fakeObject struct {
	body    []byte
	mark    string
	written time.Time
}

func (o *fakeObject) etag() string {
	sum := md5.Sum(o.body)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// tag is how If-Match has to name an object.
func (s *fakeStore) tag(o *fakeObject) string {
	if s.bareOnly {
		return strings.Trim(o.etag(), `"`)
	}
	return o.etag()
}

func newFakeStore(t testing.TB) *fakeStore {
	t.Helper()
	s := &fakeStore{objects: map[string]*fakeObject{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.address = server.Listener.Addr().String()
	return s
}

func (s *fakeStore) location(key string) string { return (&gateway{s.address}).location(key) }

func (s *fakeStore) put(key string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key] = &fakeObject{body: body, written: time.Now()}
}

// age lets an object have been written a while ago.
func (s *fakeStore) age(key string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key].written = time.Now().Add(-d)
}

func (s *fakeStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.answer != nil {
		s.answer(w, r)
		return
	}
	s.serve(w, r)
}

func (s *fakeStore) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	key := strings.TrimPrefix(r.URL.Path, "/states/")
	there := s.objects[key]
	fail := func(status int, code string) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>it is %s</Message></Error>", code, code)
	}
	switch r.Method {
	case http.MethodPut:
		match, noneMatch := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
		switch {
		case s.refusesConditions && match+noneMatch != "":
			fail(http.StatusNotImplemented, "NotImplemented")
			return
		case noneMatch == "*" && there != nil && !s.ignoresNoneMatch,
			match != "" && (there == nil || s.tag(there) != match) && !s.ignoresMatch:
			fail(http.StatusPreconditionFailed, "PreconditionFailed")
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.puts++
		if strings.Contains(key, s3store.TrialInfix) {
			s.tried++
		}
		o := &fakeObject{body: body, written: time.Now()}
		if !s.dropsMarks {
			o.mark = r.Header.Get("X-Amz-Meta-Aliasctl-Write")
		}
		s.objects[key] = o
		w.Header().Set("ETag", o.etag())
	case http.MethodGet, http.MethodHead:
		if there == nil {
			fail(http.StatusNotFound, "NoSuchKey")
			return
		}
		switch {
		case s.noETag:
		case s.torn > 0 && r.Method == http.MethodGet:
			s.torn--
			w.Header().Set("ETag", fmt.Sprintf(`"%032d"`, s.torn))
		default:
			w.Header().Set("ETag", there.etag())
		}
		w.Header().Set("X-Amz-Meta-Aliasctl-Write", there.mark)
		w.Header().Set("Last-Modified", there.written.UTC().Format(http.TimeFormat))
		_, _ = w.Write(there.body)
	case http.MethodDelete:
		if s.keeps {
			fail(http.StatusForbidden, "AccessDenied")
			return
		}
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		fail(http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
}
