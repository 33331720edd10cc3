package httpstate_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"aliasctl/internal/state"
	"aliasctl/internal/state/contract"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/testkit/stateserver"
)

func TestMain(m *testing.M) {
	for _, name := range []string{"GITLAB_TOKEN", "CI_JOB_TOKEN", "TF_HTTP_USERNAME", "TF_HTTP_PASSWORD", "ALIASCTL_HTTP_TOKEN"} {
		os.Unsetenv(name)
	}
	os.Exit(m.Run())
}

func plain(url string) func(string) string {
	return func(name string) string { return url + "/states/" + name + "?insecure=true" }
}

func inGitLab(t *testing.T, url string) func(string) string {
	if os.Getenv("ALIASCTL_CONTRACT_HOLD") == "" { // a child of the contract uses the server of its parent
		t.Setenv("CI_API_V4_URL", url+"/api/v4")
	}
	t.Setenv("CI_PROJECT_ID", "7")
	t.Setenv("CI_JOB_TOKEN", "token-of-the-job")
	return func(name string) string { return "gitlab:" + name }
}

func TestContract(t *testing.T) {
	contract.Test(t, plain((&stateserver.Server{}).Start(t)), contract.NoExpiry, contract.Guarded, contract.Slow)
}

func TestContractOfGitLab(t *testing.T) {
	contract.Test(t, inGitLab(t, (&stateserver.Server{GitLab: true, Token: "token-of-the-job"}).Start(t)), contract.NoExpiry, contract.Guarded, contract.Slow)
}

// each runs a test against a plain server, a strict one and GitLab's.
func each(t *testing.T, run func(t *testing.T, s *stateserver.Server, location string)) {
	for name, s := range map[string]*stateserver.Server{"plain": {}, "strict": {Strict: true}, "gitlab": {GitLab: true}} {
		t.Run(name, func(t *testing.T) {
			url := s.Start(t)
			location := plain(url)
			if s.GitLab {
				location = inGitLab(t, url)
			}
			run(t, s, location("a.json"))
		})
	}
}

// GitLab keeps every version, also beside those that were removed by hand; a plain
// server keeps none.
func TestVersions(t *testing.T) {
	each(t, func(t *testing.T, s *stateserver.Server, location string) {
		l := contract.Open(t, location)
		lock, err := l.Lock(t.Context(), 0, contract.Holder)
		if err != nil {
			t.Fatal(err)
		}
		for serial := uint64(1); serial <= 5; serial++ {
			if err := l.Save(t.Context(), contract.State(serial, 1)); err != nil {
				t.Fatal(contract.Told(err))
			}
		}
		if err := lock.Release(); err != nil {
			t.Fatal(err)
		}
		s.Remove("a.json", 3)
		for most, want := range map[int][]uint64{20: {5, 4, 2, 1}, 3: {5, 4, 2}} {
			all, err := contract.Open(t, location).(*state.Shared).Versions(t.Context(), most)
			if !s.GitLab {
				if _, none := errors.AsType[*state.UnversionedError](err); !none {
					t.Errorf("%d versions, %v", len(all), err)
				}
				continue
			}
			var serials []uint64
			for _, old := range all {
				if serials = append(serials, old.State.Serial); old.Written.IsZero() {
					t.Errorf("no time of %d", old.State.Serial)
				}
			}
			if err != nil || !slices.Equal(serials, want) {
				t.Errorf("%d at most: serials %v, want %v, %v", most, serials, want, err)
			}
		}
	})
}

// TestLostAnswers loses the answer to every kind of request after it took
// effect: it is cut off, or a proxy answers in its place.
func TestLostAnswers(t *testing.T) {
	each(t, func(t *testing.T, s *stateserver.Server, location string) {
		serial := uint64(0)
		for _, as := range []int{0, http.StatusBadGateway} {
			for _, method := range []string{"", http.MethodGet, http.MethodPost, "LOCK", "UNLOCK", http.MethodDelete} {
				serial++
				lose := func() { s.Set(func() { s.Lose, s.Loses, s.LosesAs = 1, method, as }) }
				l := contract.Open(t, location)
				lose()
				lock, err := l.Lock(t.Context(), 0, contract.Holder)
				if err != nil {
					t.Fatalf("%q as %d: %s", method, as, contract.Told(err))
				}
				if _, err := l.Read(t.Context()); err != nil && !state.IsAbsent(err) {
					t.Fatal(contract.Told(err))
				}
				for range 2 {
					lose()
					if err := l.Save(t.Context(), contract.State(serial, 3)); err != nil {
						t.Fatalf("%q as %d: %s", method, as, contract.Told(err))
					}
				}
				lose()
				if err := lock.Release(); err != nil {
					t.Fatalf("%q as %d: %s", method, as, contract.Told(err))
				}
				s.Set(func() { s.Lose = 0 })
				if got, err := contract.Open(t, location).Read(t.Context()); err != nil || got.Serial != serial {
					t.Errorf("%q as %d: serial %d, %v", method, as, got.Serial, err)
				}
			}
		}
	})
}

// TestAnOutage has the server away for a while, in the middle of a run.
func TestAnOutage(t *testing.T) {
	each(t, func(t *testing.T, s *stateserver.Server, location string) {
		l := contract.Open(t, location)
		lock, err := l.Lock(t.Context(), 0, contract.Holder)
		if err != nil {
			t.Fatal(err)
		}
		s.Set(func() { s.Fail = 3 })
		if err := l.Save(t.Context(), contract.State(1, 3)); err != nil {
			t.Error(contract.Told(err))
		}
		s.Set(func() { s.Fail = 1 << 30 })
		err = l.Save(t.Context(), contract.State(2, 3))
		contract.Expect(t, err, "503", "check the server")
		s.Set(func() { s.Fail = 0 })
		if got, err := contract.Open(t, location).Read(t.Context()); err != nil || got.Serial != 1 {
			t.Errorf("serial %d, %v", got.Serial, err)
		}
		if err := lock.Release(); err != nil {
			t.Error(err)
		}
	})
}

// TestReleasedFromOutside has a run whose lock was taken away go on: it saves
// nothing, also where nobody else has saved.
func TestReleasedFromOutside(t *testing.T) {
	each(t, func(t *testing.T, s *stateserver.Server, location string) {
		for _, taken := range []bool{true, false} {
			l, other := contract.Open(t, location), contract.Open(t, location)
			lock, err := l.Lock(t.Context(), 0, contract.Holder)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.Read(t.Context()); err != nil && !state.IsAbsent(err) {
				t.Fatal(err)
			}
			status, err := other.LockStatus(t.Context())
			if err != nil || !status.Held {
				t.Fatalf("%+v, %v", status, err)
			}
			if err := other.BreakLock(t.Context(), status.ID); err != nil {
				t.Fatal(err)
			}
			if taken {
				next, err := other.Lock(t.Context(), 0, contract.Holder)
				if err != nil {
					t.Fatal(err)
				}
				defer next.Release()
			}
			if taken || s.GitLab || s.Strict { // others take a write that names a lock when none is held
				if err := l.Save(t.Context(), contract.State(1, 3)); !state.IsLost(err) {
					t.Errorf("a save without the lock: %v", err)
				}
			}
			if err := lock.Release(); taken && !state.IsLost(err) {
				t.Errorf("its release: %v", err)
			}
			if taken {
				status, err := contract.Open(t, location).LockStatus(t.Context())
				if err != nil || !status.Held {
					t.Errorf("the lock of the next run: %+v, %v", status, err)
				}
				if err := contract.Open(t, location).BreakLock(t.Context(), status.ID); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// TestWrongServers has answers that no run may take for a lock or a state.
func TestWrongServers(t *testing.T) {
	lock := func(l state.Location) error {
		_, err := l.Lock(t.Context(), 0, contract.Holder)
		if err == nil {
			t.Fatal("it gives a lock")
		}
		return err
	}
	s := &stateserver.Server{NoLock: true}
	contract.Expect(t, lock(contract.Open(t, plain(s.Start(t))("a.json"))), "one lock to two runs", "lock_method")

	s = &stateserver.Server{Token: "secret-password", Reader: "reader-password"}
	private := plain(s.Start(t))("a.json")
	_, err := contract.Open(t, private).Read(t.Context())
	contract.Expect(t, err, "401", "TF_HTTP_USERNAME")
	t.Setenv("TF_HTTP_USERNAME", "deploy")
	t.Setenv("TF_HTTP_PASSWORD", "reader-password")
	if _, err := contract.Open(t, private).Read(t.Context()); !state.IsAbsent(err) {
		t.Error(contract.Told(err))
	}
	contract.Expect(t, lock(contract.Open(t, private)), "403", "lock and write")
	t.Setenv("TF_HTTP_PASSWORD", "secret-password")
	l, err := contract.Open(t, private).Lock(t.Context(), 0, contract.Holder)
	if err != nil {
		t.Fatal(contract.Told(err))
	}
	_ = l.Release()

	s = &stateserver.Server{GitLab: true, Token: "maintainer", Reader: "developer"}
	location := inGitLab(t, s.Start(t))("prod")
	_, err = contract.Open(t, location).Read(t.Context())
	contract.Expect(t, err, "401", "GITLAB_TOKEN")
	t.Setenv("GITLAB_TOKEN", "developer")
	contract.Expect(t, lock(contract.Open(t, location)), "403", "Maintainer")
	t.Setenv("CI_PROJECT_ID", "8")
	t.Setenv("GITLAB_TOKEN", "maintainer")
	_, err = contract.Open(t, location).Read(t.Context())
	contract.Expect(t, err, "404", "CI_PROJECT_ID")
}

func TestRedirects(t *testing.T) {
	thief := (&stateserver.Server{}).Start(t)
	lure := http.RedirectHandler(thief+"/elsewhere", http.StatusTemporaryRedirect)
	server := httptest.NewServer(lure)
	defer server.Close()
	url := server.URL
	t.Setenv("TF_HTTP_PASSWORD", "secret-password")
	_, err := contract.Open(t, plain(url)("a.json")).Read(t.Context())
	contract.Expect(t, err, "redirects", "--state")
}

func TestLocations(t *testing.T) {
	const secret = "s3cr3t"
	t.Setenv("CI_API_V4_URL", "https://gitlab.example/api/v4")
	t.Setenv("CI_PROJECT_ID", "7")
	for _, good := range []string{"https://host/state", "https://host:8443/a/b?lock_method=POST&unlock_method=DELETE", "http://host/state?insecure=true",
		"https://host/state?update_method=PUT", "gitlab:prod", "gitlab:prod.eu_1"} {
		if _, err := stores.Open(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, test := range []struct{ location, why string }{
		{"https://user:" + secret + "@host/state", "TF_HTTP_USERNAME"},
		{"http://host/state", "insecure=true"},
		{"https://host/state?insecure=true", "https"},
		{"https://host/", "no state"},
		{"https://host", "no state"},
		{"https:///state", "no host"},
		{"https://host/state#x", "fragment"},
		{"https://host/state?token=" + secret, "is not a parameter"},
		{"https://host/state?history=3", "no history"},
		{"https://host/state?lock_method=GET", "LOCK or POST"},
		{"https://host/state?lock_method=POST", "belong together"},
		{"https://host/state?update_method=PUT&update_method=POST", "twice"},
		{"gitlab:", "no state"},
		{"gitlab:a/b", "letters"},
		{"gitlab:..", "letters"},
		{"gitlab:prod?history=3", "no parameters"},
	} {
		_, err := stores.Open(test.location)
		if err == nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: %v, want %q in it", test.location, err, test.why)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the message holds the secret: %v", test.location, err)
		}
	}
	os.Unsetenv("CI_PROJECT_ID")
	_, err := stores.Open("gitlab:prod")
	contract.Expect(t, err, "CI_PROJECT_ID")
	if _, err := stores.OpenWith("https://host/state", state.Options{History: 2}); err == nil || !strings.Contains(err.Error(), "--state-history") {
		t.Errorf("copies beside an HTTP state: %v", err)
	}
}
