package git_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
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
		"refs that end alike": func(t *testing.T, s *gitserver.Server) string {
			old := strings.TrimSpace(s.Git(t, "commit-tree", "-m", "an old one", "states^{tree}"))
			for _, ref := range []string{"refs/a/refs/heads/states", "refs/original/refs/heads/states", "refs/heads/a/refs/heads/states"} {
				s.Git(t, "update-ref", ref, old)
			}
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

// TestBrokenTLS has a server that breaks off a connection over TLS, as a load balancer
// does: that passes. One whose certificate is not trusted, or that speaks no TLS, does
// not.
func TestBrokenTLS(t *testing.T) {
	broken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()
	go func() {
		for {
			c, err := broken.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1))
			_ = c.Close() // resets it, as there is more to be read
		}
	}()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	defer untrusted.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for address, want := range map[string]struct {
		class state.Class
		words []string
	}{
		broken.Addr().String():             {state.Busy, []string{"is not reached", "check the host"}},
		untrusted.Listener.Addr().String(): {state.Final, []string{"certificate", "GIT_SSL_CAINFO"}},
		plain.Listener.Addr().String():     {state.Final, []string{"no TLS connection", "plain http"}},
	} {
		store, name, err := git.Open("git::https://" + address + "/d.git//a.json?ref=s")
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.Read(t.Context(), name, 1)
		contract.Expect(t, err, want.words...)
		if e := (*state.StoreError)(nil); !errors.As(err, &e) || e.Class != want.class {
			t.Errorf("class %v of %v", e.Class, err)
		}
	}
}
