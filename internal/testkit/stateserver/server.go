// Package stateserver is a server of Terraform's HTTP state protocol on loopback, for
// tests: those of states at an URL use it, and the scripts of the program.
package stateserver

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Server speaks Terraform's HTTP state protocol, as plain servers do or, with
// GitLab, as the source of GitLab 18 has it: a top-level serial that must be
// new, locks that never end and whose answers repeat what the caller has sent,
// 500 for a write with another id.
type Server struct {
	GitLab bool
	Token  string // password that is asked for, "" for none
	Reader string // password that may only read
	NoLock bool   // answers 200 to every LOCK
	// Strict is a server that, as nimbolus/terraform-backend, answers 400 to a write
	// without its lock, and to an UNLOCK that is not in all seven keys what LOCK was.
	Strict bool

	mu       sync.Mutex
	Lose     int    // answers to be lost after the request took effect
	Loses    string // of this method, "" for any
	LosesAs  int    // the status in place of such an answer, 0 for a cut connection
	Fail     int    // requests to be answered with 503
	Fails    bool   // with 503 once an answer is lost
	states   map[string]*stored
	problems []string
}

// Project is the path of the project that a server as GitLab has, in its API.
const Project = "/projects/7"

type stored struct {
	versions map[uint64][]byte
	newest   uint64
	lock     map[string]any
}

// Start starts the server for one test, and returns its URL. What clients do against the
// protocol fails the test at its end.
func (s *Server) Start(t *testing.T) (url string) {
	t.Helper()
	s.states = make(map[string]*stored)
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, problem := range s.problems {
			t.Error(problem)
		}
	})
	return h.URL
}

var keys = []string{"ID", "Operation", "Info", "Who", "Version", "Created", "Path"}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(body) > 0 {
		sum := md5.Sum(body)
		if r.Header.Get("Content-MD5") != base64.StdEncoding.EncodeToString(sum[:]) || r.Header.Get("Content-Type") != "application/json" {
			s.problems = append(s.problems, r.Method+" without Content-MD5 or Content-Type")
		}
	}
	if s.Fail > 0 {
		s.Fail--
		http.Error(w, "down for a moment", http.StatusServiceUnavailable)
		return
	}
	answer := httptest.NewRecorder()
	s.serve(answer, r, body)
	if s.Lose > 0 && (s.Loses == "" || s.Loses == r.Method) {
		s.Lose--
		if s.Fails {
			s.Fail = 1 << 30
		}
		if s.LosesAs == 0 {
			panic(http.ErrAbortHandler)
		}
		http.Error(w, "bad gateway", s.LosesAs)
		return
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, body []byte) {
	_, password, _ := r.BasicAuth()
	switch {
	case s.Token == "" || password == s.Token:
	case password != "" && password == s.Reader:
		if r.Method != http.MethodGet {
			http.Error(w, `{"message":"403 Forbidden"}`, http.StatusForbidden)
			return
		}
	default:
		http.Error(w, `{"message":"401 Unauthorized"}`, http.StatusUnauthorized)
		return
	}
	path, locking := strings.CutSuffix(r.URL.Path, "/lock")
	path, version, versioned := strings.Cut(path, "/versions/")
	if s.GitLab && !strings.HasPrefix(path, "/api/v4"+Project+"/terraform/state/") {
		http.Error(w, `{"message":"404 Project Not Found"}`, http.StatusNotFound)
		return
	}
	there := s.states[path]
	if there == nil {
		there = &stored{versions: make(map[uint64][]byte)}
		if r.Method != http.MethodGet {
			s.states[path] = there
		}
	}
	method := r.Method
	if locking && s.GitLab {
		method = map[string]string{http.MethodPost: "LOCK", http.MethodDelete: "UNLOCK"}[method]
	}
	switch method {
	case http.MethodGet:
		serial := there.newest
		if versioned && s.GitLab {
			serial, _ = strconv.ParseUint(version, 10, 64)
		}
		if there.versions[serial] == nil {
			http.Error(w, "404 not found", http.StatusNotFound)
			return
		}
		_, _ = w.Write(there.versions[serial])
	case http.MethodPost:
		s.save(w, r, there, body)
	case "LOCK":
		s.lock(w, there, body)
	case "UNLOCK":
		s.unlock(w, there, body)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (s *Server) save(w http.ResponseWriter, r *http.Request, there *stored, body []byte) {
	if s.Strict && (there.lock == nil || there.lock["ID"] != r.URL.Query().Get("ID")) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if there.lock != nil && there.lock["ID"] != r.URL.Query().Get("ID") {
		if s.GitLab {
			http.Error(w, `{"message":"500 Internal Server Error"}`, http.StatusInternalServerError)
			return
		}
		s.conflict(w, http.StatusLocked, there.lock, nil)
		return
	}
	if there.lock == nil && r.URL.Query().Get("ID") != "" && s.GitLab {
		http.Error(w, `{"message":"500 Internal Server Error"}`, http.StatusInternalServerError)
		return
	}
	if !s.GitLab {
		there.newest++
		there.versions[there.newest] = body
		return
	}
	var payload struct{ Serial *uint64 }
	if json.Unmarshal(body, &payload) != nil || payload.Serial == nil {
		http.Error(w, "No serial in payload", http.StatusUnprocessableEntity)
		return
	}
	if there.versions[*payload.Serial] != nil {
		http.Error(w, "Version has already been taken", http.StatusUnprocessableEntity)
		return
	}
	there.versions[*payload.Serial] = body
	there.newest = max(there.newest, *payload.Serial)
}

func (s *Server) lock(w http.ResponseWriter, there *stored, body []byte) {
	asked := make(map[string]any)
	if json.Unmarshal(body, &asked) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, key := range keys {
		if _, ok := asked[key]; !ok && s.GitLab {
			http.Error(w, key+" is missing", http.StatusBadRequest)
			return
		}
	}
	switch {
	case s.NoLock:
	case there.lock == nil:
		there.lock = asked
	case s.GitLab: // also for the same id
		s.conflict(w, http.StatusConflict, there.lock, asked)
	case there.lock["ID"] != asked["ID"], s.Strict && !maps.Equal(there.lock, asked):
		s.conflict(w, http.StatusLocked, there.lock, nil)
	}
}

// conflict tells the lock; that of GitLab has ID, Who and Created of the holder
// and the rest of the caller.
func (s *Server) conflict(w http.ResponseWriter, status int, lock, asked map[string]any) {
	told := make(map[string]any)
	for key, value := range lock {
		told[key] = value
	}
	for _, key := range []string{"Operation", "Info", "Version", "Path"} {
		if asked != nil {
			told[key] = asked[key]
		}
	}
	text, _ := json.Marshal(told)
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func (s *Server) unlock(w http.ResponseWriter, there *stored, body []byte) {
	asked := make(map[string]any)
	_ = json.Unmarshal(body, &asked)
	if asked["ID"] == nil || asked["ID"] == "" {
		s.problems = append(s.problems, "UNLOCK without an id would release any lock")
	}
	if s.Strict && !maps.Equal(there.lock, asked) {
		s.conflict(w, http.StatusBadRequest, there.lock, nil)
		return
	}
	if there.lock != nil && there.lock["ID"] != asked["ID"] || s.GitLab && there.lock == nil {
		s.conflict(w, http.StatusConflict, there.lock, nil)
		return
	}
	there.lock = nil
}

// Set changes the server while others use it.
func (s *Server) Set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// Remove removes a version of a state as GitLab, by hand.
func (s *Server) Remove(name string, serial uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if there := s.states["/api/v4"+Project+"/terraform/state/"+name]; there != nil {
		delete(there.versions, serial)
	}
}
