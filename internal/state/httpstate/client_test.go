package httpstate_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"aliasctl/internal/state"
	"aliasctl/internal/state/contract"
)

// saves takes the lock at a location, reads, and saves a state of so many bindings.
func saves(t *testing.T, location string, serial uint64, bindings int) error {
	t.Helper()
	l := contract.Open(t, location)
	lock, err := l.Lock(t.Context(), 0, contract.Holder)
	if err != nil {
		t.Fatal(contract.Told(err))
	}
	defer func() { _ = lock.Release() }()
	if _, err := l.Read(t.Context()); err != nil && !state.IsAbsent(err) {
		t.Fatal(contract.Told(err))
	}
	return l.Save(t.Context(), contract.State(serial, bindings))
}

// A server may answer a write with all that was written, however much that is.
func TestAServerThatRepeatsTheState(t *testing.T) {
	s := &lagging{}
	server := httptest.NewServer(relock(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.Header.Get("Cache-Control") != "no-cache" {
			t.Error("a proxy may answer a read from its cache")
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.ServeHTTP(w, r)
		_, _ = w.Write(body)
	})))
	defer server.Close()
	for serial := range uint64(2) {
		if err := saves(t, server.URL+"/prod.json?insecure=true", serial+1, 20_000); err != nil {
			t.Fatal(contract.Told(err))
		}
	}
	if len(s.states) != 2 {
		t.Errorf("it was sent %d times", len(s.states))
	}
}

// What lies on the server may have been changed by hand, and begin with a byte order
// mark: its serial still counts.
func TestAByteOrderMarkAroundAState(t *testing.T) {
	s := &lagging{}
	server := httptest.NewServer(relock(s))
	defer server.Close()
	location := server.URL + "/prod.json?insecure=true"
	if err := saves(t, location, 1, 3); err != nil {
		t.Fatal(contract.Told(err))
	}
	s.states[0] = append([]byte("\ufeff"), bytes.ReplaceAll(s.states[0], []byte("\n"), []byte("\r\n"))...)
	if err := saves(t, location, 2, 3); err != nil {
		t.Fatal(contract.Told(err))
	}
	if got := s.states[len(s.states)-1]; !bytes.HasPrefix(got, []byte(`{"serial": 2,`)) {
		t.Errorf("%.40s", got)
	}
}
