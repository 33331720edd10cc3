package git_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"aliasctl/internal/state"
	"aliasctl/internal/state/contract"
	"aliasctl/internal/state/git"
	"aliasctl/internal/testkit/gitserver"
)

// TestUnusableRepositories has each reason for which a repository keeps no
// state in its own words, found by the first read: a dry run has to see it.
func TestUnusableRepositories(t *testing.T) {
	s := gitserver.Start(t, nil)
	at := func(location string) error {
		_, err := contract.Open(t, location).Read(t.Context())
		if err == nil || state.IsAbsent(err) {
			t.Fatalf("%s: %v", location, err)
		}
		return err
	}
	contract.Expect(t, at(strings.Replace(s.File("a.json"), "ref=states", "ref=statse", 1)), `no branch "statse"`, "check ref", "git push")
	contract.Expect(t, at("git::file:///nowhere/d.git//a.json?ref=s"), "no such git repository", "--state")
	contract.Expect(t, at(strings.Replace(s.HTTP("a.json"), "deploy.git", "other.git", 1)), "no such git repository")

	empty := filepath.Join(t.TempDir(), "empty.git")
	gitserver.Git(t, "", "init", "--quiet", "--bare", empty)
	contract.Expect(t, at("git::file://"+empty+"//a.json?ref=states"), "empty", "git push")

	closed := httptest.NewServer(gitserver.AskForToken(http.NotFoundHandler()))
	defer closed.Close()
	private := "git::" + closed.URL + "/d.git//a.json?insecure=true&ref=s"
	contract.Expect(t, at(private), "asks for credentials", "ALIASCTL_GIT_TOKEN")
	t.Setenv("ALIASCTL_GIT_TOKEN", "wrong-token-value")
	wrong := at(private)
	contract.Expect(t, wrong, "refuses the credentials")
	if strings.Contains(contract.Told(wrong), "wrong-token-value") {
		t.Errorf("the token is told: %s", contract.Told(wrong))
	}
	forbidding := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }))
	defer forbidding.Close()
	contract.Expect(t, at("git::"+forbidding.URL+"/d.git//a.json?insecure=true&ref=s"), "does not allow", "contents: write")
}

// TestTheHintMakesTheBranch runs the command of the hint.
func TestTheHintMakesTheBranch(t *testing.T) {
	s := gitserver.Start(t, nil)
	location := strings.Replace(s.File("a.json"), "ref=states", "ref=other", 1)
	_, err := contract.Open(t, location).Read(t.Context())
	_, command, _ := strings.Cut(contract.Told(err), "in any clone: ")
	s.Git(t, "-c", "alias.hint=!"+command, "hint")
	if _, err := contract.Open(t, location).Read(t.Context()); !state.IsAbsent(err) {
		t.Errorf("after `%s`: %v", command, err)
	}
}

// TestRefusedPushes has each reason for which a server refuses a push in its
// own words: nothing is written, and it is not taken for a lost race.
func TestRefusedPushes(t *testing.T) {
	hook := func(text string) func(*testing.T, *gitserver.Server) {
		return func(t *testing.T, s *gitserver.Server) {
			_ = os.Mkdir(filepath.Join(s.Dir, "hooks"), 0o755)
			if err := os.WriteFile(filepath.Join(s.Dir, "hooks", "pre-receive"), []byte("#!/bin/sh\n"+text+"\nexit 1\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	config := func(pairs ...string) func(*testing.T, *gitserver.Server) {
		return func(t *testing.T, s *gitserver.Server) {
			for i := 0; i < len(pairs); i += 2 {
				s.Git(t, "config", pairs[i], pairs[i+1])
			}
		}
	}
	for name, test := range map[string]struct {
		prepare func(*testing.T, *gitserver.Server)
		words   []string
	}{
		"protected at GitHub": {hook("echo 'error: GH006: Protected branch update failed for refs/heads/states.' >&2"), []string{"the branch is protected", "GH006", "ref in --state"}},
		"protected at GitLab": {hook("echo 'GitLab: You are not allowed to push code to protected branches on this project.' >&2"), []string{"the branch is protected"}},
		"a hook":              {hook("echo 'no ticket in the message' >&2"), []string{"a hook of the git server refuses", "no ticket in the message"}},
		"too large":           {config("receive.maxInputSize", "1"), []string{"does not store the push"}},
		"checked out": {func(t *testing.T, s *gitserver.Server) {
			s.Git(t, "config", "core.bare", "false")
			s.Git(t, "symbolic-ref", "HEAD", "refs/heads/states")
		}, []string{"checked out", "bare repository"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := gitserver.Start(t, nil)
			test.prepare(t, s)
			l := contract.Open(t, s.File("a.json"))
			err := l.Save(t.Context(), contract.State(1, 3))
			contract.Expect(t, err, test.words...)
			if state.IsRace(err) {
				t.Errorf("it is taken for a race: %v", err)
			}
			if _, err := contract.Open(t, s.File("a.json")).Read(t.Context()); !state.IsAbsent(err) {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
	t.Run("hidden refs", func(t *testing.T) {
		s := gitserver.Start(t, nil)
		s.Git(t, "config", "receive.hideRefs", "refs/aliasctl")
		_, err := contract.Open(t, s.File("a.json")).Lock(t.Context(), 0, contract.Holder)
		contract.Expect(t, err, "hides the refs", "refs/aliasctl/*")
	})
	t.Run("read only", func(t *testing.T) {
		s := gitserver.Start(t, nil)
		s.Git(t, "config", "http.receivepack", "false")
		_, err := contract.Open(t, s.HTTP("a.json")).Lock(t.Context(), 0, contract.Holder)
		contract.Expect(t, err, "does not allow", "push")
	})
}

// TestAwkwardServers has those on which a state is kept all the same.
func TestAwkwardServers(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, s *gitserver.Server) string{
		"no fast-forward": func(t *testing.T, s *gitserver.Server) string {
			s.Git(t, "config", "receive.denyNonFastForwards", "true")
			s.Git(t, "config", "receive.denyDeletes", "true")
			return s.File("a.json")
		},
		"no atomic push": func(t *testing.T, s *gitserver.Server) string {
			s.Git(t, "config", "receive.advertiseAtomic", "false")
			return s.HTTP("a.json")
		},
		"a name to quote": func(t *testing.T, s *gitserver.Server) string { return s.File(`dir of "states"/a, b.json`) },
		"a shallow clone": func(t *testing.T, s *gitserver.Server) string {
			commit := strings.TrimSpace(s.Git(t, "commit-tree", "-m", "more", "-p", "states", "states^{tree}"))
			s.Git(t, "update-ref", "refs/heads/states", commit)
			dir := filepath.Join(t.TempDir(), "shallow.git")
			gitserver.Git(t, "", "clone", "--quiet", "--bare", "--depth=1", "--branch=states", "file://"+s.Dir, dir)
			return "git::file://" + dir + "//a.json?ref=states"
		},
		"sha256": func(t *testing.T, s *gitserver.Server) string {
			other := &gitserver.Server{Dir: filepath.Join(t.TempDir(), "sha256.git"), Branch: "states"}
			gitserver.Git(t, "", "init", "--quiet", "--bare", "--object-format=sha256", other.Dir)
			other.AddBranch(t, "states")
			return other.File("a.json")
		},
	} {
		t.Run(name, func(t *testing.T) {
			location := prepare(t, gitserver.Start(t, nil))
			for serial := uint64(1); serial <= 2; serial++ {
				l := contract.Open(t, location)
				lock, err := l.Lock(t.Context(), 0, contract.Holder)
				if err != nil {
					t.Fatal(contract.Told(err))
				}
				if _, err := l.Read(t.Context()); err != nil && !state.IsAbsent(err) {
					t.Fatal(contract.Told(err))
				}
				if err := l.Save(t.Context(), contract.State(serial, 3)); err != nil {
					t.Fatal(contract.Told(err))
				}
				if err := lock.Release(); err != nil {
					t.Fatal(contract.Told(err))
				}
				if got, err := contract.Open(t, location).Read(t.Context()); err != nil || got.Serial != serial {
					t.Errorf("serial %d, %v", got.Serial, err)
				}
			}
		})
	}
}

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

// TestLostAnswers cuts the connection after the server has taken a push.
func TestLostAnswers(t *testing.T) {
	var mu sync.Mutex
	cut := 0
	s := gitserver.Start(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			lose := cut > 0 && strings.HasSuffix(r.URL.Path, "/git-receive-pack") && r.Method == http.MethodPost
			if lose {
				cut--
			}
			mu.Unlock()
			if !lose {
				next.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		})
	})
	lose := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		cut = n
	}
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

// TestUnreachable has a server that is down, and one that ends the try.
func TestUnreachable(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := gone.Addr().String()
	gone.Close()
	store, name, err := git.Open("git::http://" + address + "/d.git//a.json?insecure=true&ref=s")
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Read(t.Context(), name, 1)
	contract.Expect(t, err, "is not reached", "check the host")
	busy := (*state.StoreError)(nil)
	if !errors.As(err, &busy) || busy.Class != state.Busy {
		t.Errorf("%#v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Read(ctx, name, 1); err == nil {
		t.Error("a read of a run that has ended")
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
