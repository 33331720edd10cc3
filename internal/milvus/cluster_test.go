package milvus

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// cluster is an emulator behind a door that a test may watch.
type cluster struct {
	*testkit.Cluster
	uri string

	mu    sync.Mutex
	calls []string // "route body", as they came
	// meddle, when set, may answer in place of the emulator.
	meddle func(w http.ResponseWriter, route string, body request) bool
}

func newCluster(t *testing.T, profile emulator.Profile) *cluster {
	t.Helper()
	profile.QuickLoad = 0 // what a scene has made is loaded
	k := &cluster{Cluster: testkit.New(profile)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(raw)))
		k.mu.Lock()
		k.calls = append(k.calls, strings.TrimPrefix(r.URL.Path, prefixV2)+" "+string(raw))
		meddle := k.meddle
		k.mu.Unlock()
		var body request
		if meddle != nil && json.Unmarshal(raw, &body) == nil && meddle(w, r.URL.Path, body) {
			return
		}
		k.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	k.uri = s.URL
	return k
}

// took returns the calls since the last took, sorted.
func (k *cluster) took() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	calls := k.calls
	k.calls = nil
	slices.Sort(calls)
	return calls
}

// post makes a call that the Client has no method for, past the door that
// counts.
func (k *cluster) post(t *testing.T, route, body string, header ...string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, prefixV2+route, strings.NewReader(body))
	for _, token := range header {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	k.Emulator.ServeHTTP(w, r)
	if a, err := decodeAnswer(w.Body.Bytes(), false); err != nil || !a.ok() {
		t.Fatalf("%s %s: http %d, %s", route, body, w.Code, w.Body)
	}
}

// meddleWith answers every call on a route.
func (k *cluster) meddleWith(route string, handler http.HandlerFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.meddle = func(w http.ResponseWriter, r string, _ request) bool {
		if r == route {
			handler(w, nil)
		}
		return r == route
	}
}

var profiles = emulator.Profiles()

// overProfiles runs a test against every server version.
func overProfiles(t *testing.T, test func(t *testing.T, k *cluster)) {
	for _, p := range profiles {
		t.Run(p.Name, func(t *testing.T) { test(t, newCluster(t, p)) })
	}
}

func do(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}
