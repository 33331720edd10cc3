package gs_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"aliasctl/internal/state"
	"aliasctl/internal/state/contract"
	"aliasctl/internal/state/gs"
	"aliasctl/internal/state/stores"
)

func store(t *testing.T) (*gs.Store, string) {
	t.Helper()
	s, name, _, err := gs.Open(location("a.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s, name
}

func serve(t *testing.T, handler http.HandlerFunc) (address string) {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// A mistyped bucket is not a first run, on the real server.
func TestAMissingBucket(t *testing.T) {
	use(t)(start(t))
	missing := strings.Replace(location("a.json"), "states", "sattes", 1)
	_, err := contract.Open(t, missing).Read(t.Context())
	contract.Expect(t, err, "404", "create the bucket, or check its name")
	if state.IsAbsent(err) {
		t.Error("it is taken for a first run")
	}
	_, err = contract.Open(t, missing).Lock(t.Context(), 0, contract.Holder)
	contract.Expect(t, err, "create the bucket, or check its name")
	err = contract.Open(t, missing).Save(t.Context(), contract.State(1, 3))
	contract.Expect(t, err, "create the bucket, or check its name")
}

// TestManyClients has 32 clients write one object at once.
func TestManyClients(t *testing.T) {
	use(t)(start(t))
	for round := range 8 {
		revision := ""
		name := fmt.Sprintf("race-%d", round)
		for range 2 { // a creation and a replacement
			var mu sync.Mutex
			won := ""
			var all sync.WaitGroup
			for i := range 32 {
				s, _ := store(t)
				all.Go(func() {
					body := []byte(fmt.Sprint(i))
					now, err := s.Create(t.Context(), name, body, "")
					if revision != "" {
						now, err = s.Replace(t.Context(), name, revision, body, "")
					}
					mu.Lock()
					defer mu.Unlock()
					refused := (*state.StoreError)(nil)
					switch {
					case err == nil && won != "":
						t.Errorf("%s: two have won", name)
					case err == nil:
						won = now
					case !errors.As(err, &refused) || refused.Class != state.Refused:
						t.Error(err)
					}
				})
			}
			all.Wait()
			s, _ := store(t)
			if there, err := s.Read(t.Context(), name, 100); err != nil || there.Revision != won {
				t.Errorf("%s: won %q, there is %q, %v", name, won, there.Revision, err)
			}
			revision = won
		}
	}
}

// What is on the wire: a condition on every write, and never an empty one.
func TestConditionsOnTheWire(t *testing.T) {
	var got []string
	use(t)(serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.Path+" "+r.URL.Query().Get("uploadType")+" "+strings.Join(r.URL.Query()["ifGenerationMatch"], ","))
		if r.Header.Get("Authorization") != "" {
			t.Error("an emulator is sent credentials")
		}
		_, _ = w.Write([]byte(`{"generation": "17"}`))
	}))
	s, name := store(t)
	_, _ = s.Create(t.Context(), name, []byte("{}"), "")
	_, _ = s.Replace(t.Context(), name, "17", []byte("{}"), "")
	_ = s.Delete(t.Context(), name, "17")
	const upload = "POST /upload/storage/v1/b/states/o media "
	want := []string{upload + "0", upload + "17", "DELETE /storage/v1/b/states/o/a.json  17"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
	for _, revision := range []string{"", "x", "-1"} {
		if _, err := s.Replace(t.Context(), name, revision, nil, ""); err == nil || len(got) != len(want) {
			t.Errorf("a write on the generation %q: %v", revision, err)
		}
	}
}

// TestAnswers has each answer that is no success in its own words.
func TestAnswers(t *testing.T) {
	reason := func(reason, message string) string {
		return fmt.Sprintf(`{"error": {"code": 1, "message": %q, "errors": [{"reason": %q}]}}`, message, reason)
	}
	for name, test := range map[string]struct {
		status int
		body   string
		class  state.Class
		words  []string
	}{
		"no credentials":   {401, reason("required", "Anonymous caller"), state.Final, []string{"401 required", "gcloud auth application-default login"}},
		"no right":         {403, reason("forbidden", "x does not have storage.objects.get access"), state.Final, []string{"403", "roles/storage.objectUser", "storage.objects.list"}},
		"a narrow scope":   {403, reason("insufficientPermissions", "Insufficient Permission"), state.Final, []string{"devstorage.read_write"}},
		"too many":         {429, reason("rateLimitExceeded", "slow down"), state.Busy, []string{"429 rateLimitExceeded"}},
		"too many as 403":  {403, reason("rateLimitExceeded", "slow down"), state.Busy, []string{"403 rateLimitExceeded", "when the store answers"}},
		"retention":        {403, reason("retentionPolicyNotMet", "held"), state.Final, []string{"retention policy"}},
		"away":             {503, "upstream connect error", state.Doubtful, []string{"503", "upstream connect error"}},
		"a redirect":       {302, "", state.Final, []string{"302", "proxies"}},
		"a page of others": {200, "<html>hello</html>", state.Final, []string{"it does not answer as Cloud Storage does"}},
		"404 of others":    {404, "<html>not found</html>", state.Final, []string{"404", "check its name"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("STORAGE_EMULATOR_HOST", serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			s, name := store(t)
			_, err := s.Read(t.Context(), name, 100)
			contract.Expect(t, err, test.words...)
			refused := (*state.StoreError)(nil)
			if !errors.As(err, &refused) || refused.Class != test.class {
				t.Errorf("%#v", err)
			}
		})
	}
}

// A body that was damaged on its way is not believed.
func TestADamagedBody(t *testing.T) {
	use(t)(serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Goog-Generation", "17")
		w.Header().Set("X-Goog-Hash", "crc32c=AAAAAA==,md5=x")
		_, _ = w.Write([]byte("{}"))
	}))
	s, name := store(t)
	_, err := s.Read(t.Context(), name, 100)
	contract.Expect(t, err, "damaged on its way", "proxies")
}

// Retry-After is kept, as long as patience lasts.
func TestRetryAfter(t *testing.T) {
	var first, second time.Time
	use(t)(serve(t, func(w http.ResponseWriter, r *http.Request) {
		if first.IsZero() {
			first = time.Now()
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		second = time.Now()
		_, _ = w.Write([]byte(`{"generation": "17"}`))
	}))
	if err := contract.Open(t, location("a.json")).Save(t.Context(), contract.State(1, 3)); err != nil {
		t.Fatal(err)
	}
	if waited := second.Sub(first); waited < 2*time.Second || waited > 5*time.Second {
		t.Errorf("it waited %s", waited)
	}
}

// The files of credentials: a service account, and workload identity
// federation. Their token is sent and never told.
func TestCredentials(t *testing.T) {
	const token = "ya29.the-token"
	tokens := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.Header().Set("Content-Type", "application/json")
		if r.Form.Get("assertion") == "" && r.Form.Get("subject_token") != "token of the job" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error": "invalid_grant", "error_description": "Invalid JWT"}`))
			return
		}
		fmt.Fprintf(w, `{"access_token": %q, "token_type": "Bearer", "expires_in": 3600, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}`, token)
	})
	service := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			t.Errorf("sent %q", r.Header.Get("Authorization"))
		}
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"error": {"message": "not with %s"}}`, token)
	})
	file := func(name string, content any) string {
		path := filepath.Join(t.TempDir(), name)
		text, _ := json.Marshal(content)
		if s, ok := content.(string); ok {
			text = []byte(s)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	account := map[string]any{"type": "service_account", "client_email": "ci@example", "private_key_id": "1", "private_key": private, "token_uri": "http://" + tokens + "/token"}
	federated := func(subject string) map[string]any {
		return map[string]any{"type": "external_account", "audience": "//iam.googleapis.com/x", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
			"token_url": "http://" + tokens + "/token", "credential_source": map[string]any{"file": file("subject", subject)}}
	}
	read := func(path string) error {
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
		s, name := store(t)
		gs.Redirect(s, "http://"+service)
		_, err := s.Read(context.Background(), name, 100)
		if err != nil && strings.Contains(contract.Told(err), token) {
			t.Errorf("the token is told: %s", contract.Told(err))
		}
		return err
	}
	contract.Expect(t, read(file("account.json", account)), "403", "not with ***", "roles/storage.objectUser")
	contract.Expect(t, read(file("federated.json", federated("token of the job"))), "403", "not with ***")
	contract.Expect(t, read(file("stale.json", federated("token of another job"))), "no token for the credentials", "print-access-token")
	contract.Expect(t, read(file("broken.json", "{")), "GOOGLE_APPLICATION_CREDENTIALS names no file of credentials", "google-github-actions/auth")
	contract.Expect(t, read(filepath.Join(t.TempDir(), "missing.json")), "GOOGLE_APPLICATION_CREDENTIALS names no file of credentials")
	account["token_uri"] = "http://127.0.0.1:1/token"
	contract.Expect(t, read(file("away.json", account)), "no token for the credentials: the server is not reached", "network")
}

func TestLocations(t *testing.T) {
	for _, good := range []string{"gs://states/prod.json", "gs://my_bucket.example.com/a/b%23c.json?history=3", "gs://abc/ü.json"} {
		if _, err := stores.Open(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for location, why := range map[string]string{
		"gs://token@states/a.json":                 "GOOGLE_APPLICATION_CREDENTIALS",
		"gs://states/a.json#1":                     "fragment",
		"gs://states":                              "no object",
		"gs://states/dir/":                         "no object",
		"gs:///a.json":                             "no bucket",
		"gs://states:80/a.json":                    "no bucket",
		"gs://States/a.json":                       "no valid name",
		"gs://ab/a.json":                           "no valid name",
		"gs://192.168.5.4/a.json":                  "no valid name",
		"gs://a..b/a.json":                         "no valid name",
		"gs://states/a.json?history=-1":            "no valid value",
		"gs://states/a.json?endpoint=x":            "is not a parameter",
		"gs://states/..":                           "no objects of this name",
		"gs://states/a?history=1&history=2":        "twice",
		"gs://states/" + strings.Repeat("a", 1001): "1000 bytes",
	} {
		if _, err := stores.Open(location); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q in it", location, err, why)
		}
	}
}
