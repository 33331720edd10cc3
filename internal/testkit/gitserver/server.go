// Package gitserver is a real git server (git http-backend) on loopback, with
// bare repositories, for tests: those of states in branches use it, and the
// scripts of the program.
package gitserver

import (
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Server has one repository.
type Server struct {
	Dir    string // of the repository, on disk
	URL    string // of the server, with a slash at its end
	Branch string
}

// Token is the password that a Server asks for, of any user.
const Token = "not-a-token-of-anybody"

// Start starts a server with a repository in which the branch "states" has an
// empty commit. wrap, if not nil, stands before it.
func Start(t testing.TB, wrap func(http.Handler) http.Handler) *Server {
	t.Helper()
	root := t.TempDir()
	s := &Server{Dir: filepath.Join(root, "deploy.git"), Branch: "states"}
	Git(t, "", "init", "--quiet", "--bare", "--template=", s.Dir)
	s.Git(t, "config", "http.receivepack", "true")
	s.Git(t, "config", "gc.auto", "0") // its temporary folder is removed at the end
	s.AddBranch(t, s.Branch)
	backend := filepath.Join(strings.TrimSpace(Git(t, "", "--exec-path")), "git-http-backend")
	var handler http.Handler = &cgi.Handler{Path: backend, Dir: root, Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}, InheritEnv: []string{"PATH"}, Stderr: io.Discard}
	if wrap != nil {
		handler = wrap(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s.URL = server.URL + "/"
	return s
}

// AddBranch makes a branch with an empty commit.
func (s *Server) AddBranch(t testing.TB, name string) {
	t.Helper()
	tree := strings.TrimSpace(s.Git(t, "mktree"))
	commit := strings.TrimSpace(s.Git(t, "commit-tree", "-m", "states", tree))
	s.Git(t, "update-ref", "refs/heads/"+name, commit)
}

// File is the location of a state in the repository, by its path.
func (s *Server) File(path string) string {
	return "git::file://" + filepath.ToSlash(s.Dir) + "//" + path + "?ref=" + s.Branch
}

// HTTP is the location of a state in the repository, by the server.
func (s *Server) HTTP(path string) string {
	return "git::" + s.URL + "deploy.git//" + path + "?insecure=true&ref=" + s.Branch
}

// Git runs git in the repository.
func (s *Server) Git(t testing.TB, args ...string) string {
	t.Helper()
	return Git(t, s.Dir, args...)
}

// Git runs git in a directory, apart from the configuration of the user.
func Git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=tester", "GIT_AUTHOR_EMAIL=tester@localhost", "GIT_COMMITTER_NAME=tester", "GIT_COMMITTER_EMAIL=tester@localhost")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// AskForToken stands before a server and asks for Token.
func AskForToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, ok := r.BasicAuth(); !ok || password != Token {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
