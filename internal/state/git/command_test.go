package git_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"aliasctl/internal/state"
	"aliasctl/internal/state/contract"
	"aliasctl/internal/state/git"
	"aliasctl/internal/testkit/gitserver"
)

// TestCredentials has a private repository, and one that redirects to another
// host, which must not get the token.
func TestCredentials(t *testing.T) {
	t.Setenv("ALIASCTL_GIT_TOKEN", gitserver.Token)
	s := gitserver.Start(t, gitserver.AskForToken)
	l := contract.Open(t, s.HTTP("a.json"))
	if err := l.Save(t.Context(), contract.State(1, 3)); err != nil {
		t.Fatal(contract.Told(err))
	}
	if got, err := contract.Open(t, s.HTTP("a.json")).Read(t.Context()); err != nil || got.Serial != 1 {
		t.Errorf("serial %d, %v", got.Serial, err)
	}
	stolen := make(chan string, 100)
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stolen <- r.Header.Get("Authorization")
		http.NotFound(w, r)
	}))
	defer thief.Close()
	elsewhere := strings.Replace(thief.URL, "127.0.0.1", "localhost", 1)
	lure := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere+r.URL.String(), http.StatusFound)
	}))
	defer lure.Close()
	if _, err := contract.Open(t, "git::"+lure.URL+"/d.git//a.json?insecure=true&ref=s").Read(t.Context()); err == nil || state.IsAbsent(err) {
		t.Errorf("a redirected read: %v", err)
	}
	close(stolen)
	for header := range stolen {
		if header != "" {
			t.Errorf("the other host was sent %q", header)
		}
	}
}

// TestHostileConfiguration has a working directory, and an environment, whose
// git would run a program: none is run.
func TestHostileConfiguration(t *testing.T) {
	s := gitserver.Start(t, nil)
	dir := t.TempDir()
	ran := filepath.Join(dir, "ran")
	run := "touch " + ran + ";false"
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+run+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(dir, "work")
	gitserver.Git(t, "", "init", "--quiet", work)
	for _, key := range []string{"core.sshCommand", "core.fsmonitor", "core.pager", "core.editor", "core.askPass", "credential.helper", "gpg.program",
		"remote.origin.receivepack", "remote.origin.uploadpack", "diff.external", "filter.x.clean", "uploadpack.packObjectsHook"} {
		gitserver.Git(t, work, "config", key, program)
	}
	gitserver.Git(t, work, "config", "core.hooksPath", dir)
	gitserver.Git(t, work, "config", "url.ext::"+program+" .insteadOf", "file://")
	gitserver.Git(t, work, "config", "protocol.ext.allow", "always")
	for _, name := range []string{"pre-push", "post-commit", "reference-transaction", "post-index-change"} {
		if err := os.Symlink(program, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(work)
	for _, variables := range []map[string]string{
		{},
		{"GIT_DIR": filepath.Join(work, ".git"), "GIT_WORK_TREE": work, "GIT_INDEX_FILE": filepath.Join(dir, "index")},
		{"GIT_EXTERNAL_DIFF": program, "GIT_EDITOR": program, "GIT_PAGER": program, "GIT_TEMPLATE_DIR": dir, "GIT_OBJECT_DIRECTORY": dir,
			"GIT_NAMESPACE": "x", "GIT_CEILING_DIRECTORIES": "/", "GIT_TRACE": filepath.Join(dir, "trace")},
	} {
		for name, value := range variables {
			t.Setenv(name, value)
		}
		l := contract.Open(t, s.File("a.json"))
		if _, err := l.Read(t.Context()); err != nil && !state.IsAbsent(err) {
			t.Fatal(contract.Told(err))
		}
		if err := l.Save(t.Context(), contract.State(1, 3)); err != nil {
			t.Errorf("with %v: %s", variables, contract.Told(err))
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program of the configuration was run")
	}
}

// TestNothingStays has no temporary folder left after Clean.
func TestNothingStays(t *testing.T) {
	s := gitserver.Start(t, nil)
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	if err := contract.Open(t, s.File("a.json")).Save(t.Context(), contract.State(1, 3)); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(tmp); len(entries) != 1 {
		t.Errorf("while it runs: %v", entries)
	}
	git.Clean()
	if entries, _ := os.ReadDir(tmp); len(entries) != 0 {
		t.Errorf("after it: %v", entries)
	}
}

// A git that is too old for what is asked of it is refused before it is used.
func TestAnOldGit(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program in its place is a script of sh")
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	for version, old := range map[string]bool{"1.8.3.1": true, "2.25.1": true, "2.30.9": true, "2.31.0": false, "2.39.5 (Apple Git-154)": false, "3.0.0": false} {
		script := "#!/bin/sh\n[ \"$1\" = version ] && echo 'git version " + version + "' && exit\necho \"fatal: used\" >&2; exit 128\n"
		if err := os.WriteFile(filepath.Join(dir, "git"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := contract.Open(t, "git::file:///nowhere/d.git//a.json?ref=s").Read(t.Context())
		if got := strings.Contains(contract.Told(err), "git is too old"); got != old || old && !strings.Contains(contract.Told(err), "2.31 or later") {
			t.Errorf("%s: %s", version, contract.Told(err))
		}
	}
}
