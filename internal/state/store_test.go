package state_test

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/stores"
	s3 "aliasctl/internal/testkit/gateway"
)

// On a store that ignores conditions every run would win every race. It is
// found out before anything is written in earnest.
func TestAStoreWithoutConditionalWritesIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		vice func(*fakeStore)
		want string
	}{
		"ignores If-None-Match":  {func(s *fakeStore) { s.ignoresNoneMatch = true }, "it ignores If-None-Match"},
		"ignores If-Match":       {func(s *fakeStore) { s.ignoresMatch = true }, "it ignores If-Match"},
		"ignores both":           {func(s *fakeStore) { s.ignoresMatch, s.ignoresNoneMatch = true, true }, "it ignores If-Match"},
		"refuses all conditions": {func(s *fakeStore) { s.refusesConditions = true }, "501 NotImplemented"},
	} {
		t.Run(name, func(t *testing.T) {
			store := newFakeStore(t)
			tt.vice(store)
			o := object(t, store.location("s.json"), longLease)
			var refused *statefile.UnconditionalError
			for range 2 {
				if _, err := o.Lock(t.Context(), 0, deploy); !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("lock: %v", err)
				}
				if err := o.Save(t.Context(), numbered(1)); !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("save: %v", err)
				}
			}
			if store.objects["s.json"] != nil {
				t.Error("a state was written")
			}
		})
	}
	// The same store without a vice is no different from a real one.
	store := newFakeStore(t)
	if saved, err := run(t, object(t, store.location("s.json"), longLease)); err != nil || saved != 2 {
		t.Errorf("a sound store: %d, %v", saved, err)
	}
}

// A wrong endpoint, a missing bucket, a refusal: none of them is a first run.
func TestWhatIsNoAnswerIsNoFirstRun(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status     int
		kind, body string
		want       string
	}{
		"a web server":      {404, "text/html", "<html>not found</html>", "it does not answer as an S3 store does; is the endpoint right?"},
		"no body":           {404, "", "", "it does not answer as an S3 store does"},
		"no such bucket":    {404, "application/xml", "<Error><Code>NoSuchBucket</Code><Message>no bucket</Message></Error>", "404 NoSuchBucket: no bucket"},
		"no permission":     {403, "application/xml", "<Error><Code>AccessDenied</Code><Message>no</Message></Error>", "403 AccessDenied: no"},
		"another signature": {403, "application/xml", "<Error><Code>SignatureDoesNotMatch</Code><Message>sum</Message></Error>", "403 SignatureDoesNotMatch"},
		"a redirect":        {302, "", "", "302"},
		"a login page":      {200, "text/html", "<html>please log in</html>", "corrupt"},
	} {
		t.Run(name, func(t *testing.T) {
			store := newFakeStore(t)
			store.answer = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.kind)
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.Header().Set("Last-Modified", "Sun, 01 Mar 2026 12:00:00 GMT")
				w.Header().Set("ETag", `"1"`)
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}
			_, err := object(t, store.location("s.json"), longLease).Read(t.Context())
			if err == nil || statefile.IsAbsent(err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %T: %v", err, err)
			}
		})
	}
}

func TestAServerThatEchoesLearnsNothingToTell(t *testing.T) {
	const token = "a-session-token"
	t.Setenv("AWS_SESSION_TOKEN", token)
	store := newFakeStore(t)
	store.answer = func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte("<Error><Code>X" + s3.Secret + "</Code><Message>\x1b[2Jyou sent " + r.Header.Get("X-Amz-Security-Token") + " and " + s3.Secret + "</Message></Error>"))
	}
	o := object(t, store.location("s.json"), longLease)
	_, read := o.Read(t.Context())
	_, lock := o.Lock(t.Context(), 0, deploy)
	for _, err := range []error{read, lock, o.Save(t.Context(), numbered(1))} {
		if err == nil || !strings.Contains(err.Error(), "***") {
			t.Errorf("got %v", err)
		}
		for ; err != nil; err = errors.Unwrap(err) {
			if strings.Contains(err.Error(), token) || strings.Contains(err.Error(), s3.Secret) || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%T: %q", err, err)
			}
		}
	}
}

func TestCredentials(t *testing.T) {
	store := newFakeStore(t)
	var user string
	store.answer = func(w http.ResponseWriter, r *http.Request) {
		_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		user, _, _ = strings.Cut(rest, "/")
		w.WriteHeader(http.StatusForbidden)
	}
	dir := t.TempDir()
	files := map[string]string{
		"credentials": "[default]\naws_access_key_id = of-default\naws_secret_access_key = x\n[deploy]\naws_access_key_id = of-deploy\naws_secret_access_key = x\n",
		"config":      "",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		env  map[string]string
		user string
		want string // of the error
		hint string
	}{
		{"environment", map[string]string{"AWS_ACCESS_KEY_ID": "of-env", "AWS_SECRET_ACCESS_KEY": "x", "AWS_PROFILE": "deploy"}, "of-env", "403", "check the credentials"},
		{"MinIO", map[string]string{"MINIO_ROOT_USER": "of-minio", "MINIO_ROOT_PASSWORD": "x"}, "of-minio", "403", "check the credentials"},
		{"default profile", nil, "of-default", "403", "check the credentials"},
		{"profile", map[string]string{"AWS_PROFILE": "deploy"}, "of-deploy", "403", "check the credentials"},
		{"mistyped profile", map[string]string{"AWS_PROFILE": "depoly"}, "", `no credentials in AWS_PROFILE "depoly": section "depoly" does not exist`, "check AWS_PROFILE"},
		{"none", map[string]string{"AWS_SHARED_CREDENTIALS_FILE": dir + "/missing", "AWS_CONFIG_FILE": dir + "/missing"}, "", "no credentials for the store", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
				"MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"} {
				t.Setenv(name, tt.env[name])
			}
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", dir+"/credentials")
			t.Setenv("AWS_CONFIG_FILE", dir+"/config")
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			user = ""
			_, err := object(t, store.location("s.json"), longLease).Read(t.Context())
			if user != tt.user || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("user %q, %v", user, err)
			}
			var hinting interface {
				error
				Hint() string
			}
			if !errors.As(err, &hinting) || !strings.Contains(hinting.Hint(), tt.hint) {
				t.Errorf("no hint with %q: %v", tt.hint, err)
			}
		})
	}
}

func TestLocations(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"s3://bkt/k.json": "",
		"s3://bkt/a/k.json?endpoint=minio:9000&insecure=true":       "",
		"s3://bkt/k?endpoint=https://[::1]:9000&region=x&history=3": "",
		"s3://bkt/k?endpoint=http://minio:9000":                     "",
		"s3://key:hunter2@bkt/k.json":                               "it holds a user",
		"s3://bkt/k.json?secret=hunter2":                            `"secret" is not a parameter of it`,
		"s3://bkt/k.json?endpoint=hunter2:x@minio":                  "its endpoint is not HOST or HOST:PORT",
		"s3://bkt/k.json?endpoint=https://minio&insecure=true":      "the scheme of its endpoint does not fit",
		"s3://bkt/k.json?endpoint=ftp://minio":                      "the scheme of its endpoint does not fit",
		"s3://bkt/k.json?endpoint=":                                 "its endpoint is not HOST",
		"s3://bkt/k.json?endpoint=minio/path":                       "its endpoint is not HOST",
		"s3://bkt/k.json?endpoint=minio/":                           "",
		"s3://bkt/k.json?endpoint=minio:":                           "its endpoint is not HOST",
		"s3://bkt/k.json?endpoint=minio:0":                          "its endpoint is not HOST",
		"s3://bkt/k.json?endpoint=minio:99999":                      "its endpoint is not HOST",
		"s3://bkt/k.json?endpoint=::1":                              "its endpoint is not HOST",
		"s3://bkt/k.json?endpoint=[::1]":                            "",
		"s3://bkt/k.json?insecure=hunter2":                          "insecure has no valid value",
		"s3://bkt/k.json?history=-1":                                "history has no valid value",
		"s3://bkt/k.json?region=a&region=b":                         "region is there twice",
		"s3://bkt/k.json#1":                                         "it has a fragment",
		"s3://bkt/":                                                 "it names no object",
		"s3://bkt/dir/":                                             "it names no object",
		"s3:///k.json":                                              "it names no bucket",
		"s3://bkt:9000/k.json":                                      "it names no bucket",
		"s3://bkt/%zz-hunter2":                                      "it is not a valid URL",
		"s3://bkt/k.json?%zz=hunter2":                               "its query is not valid",
		"s3://bkt/k\x1b[2J":                                         "it is not plain text",
		"s3://ab/k.json":                                            "its bucket has no valid name: it is 3 to 63 lower-case letters",
		"s3://Team_A/k.json":                                        "its bucket has no valid name: it is 3 to 63 lower-case letters",
		"s3://Team_A/k.json?endpoint=s3.eu-central-1.amazonaws.com": "its bucket has no valid name: it is 3 to 63 lower-case letters",
		"s3://Team_A/k.json?endpoint=minio:9000":                    "",
		"s3://ab/k.json?endpoint=minio:9000":                        "its bucket has no valid name: it is 3 to 63 letters",
		"s3://a..b/k.json?endpoint=minio:9000":                      "its bucket has no valid name",
		"s3://-ab/k.json?endpoint=minio:9000":                       "its bucket has no valid name",
		"S3://bkt/k.json":                                           `no store for scheme "S3"`,
	} {
		l, err := stores.Open(location)
		if want == "" {
			if err != nil || l.Path() != location {
				t.Errorf("%q: %v", location, err)
			}
			continue
		}
		var unsupported *statefile.UnsupportedError
		if !errors.As(err, &unsupported) || l != nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", location, err)
		}
	}
}

func TestErroredStateOfAnObject(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	o := object(t, "s3://bkt/team/it's.state.json?endpoint=minio:9000", longLease)
	path, err := o.SaveErrored(numbered(9))
	if err != nil || path != filepath.Join(dir, "errored.it's.state.json") {
		t.Fatalf("%q, %v", path, err)
	}
	if got := serial(t, open(t, path)); got != 9 {
		t.Errorf("serial %d", got)
	}
	out, err := exec.Command("sh", "-c", "printf '%s\n' "+o.Recovery(path)).CombinedOutput()
	want := "aliasctl\nstate\npush\n--lock-timeout\n3m\n--state\n" + o.Path() + "\n" + path + "\n"
	if err != nil || string(out) != want {
		t.Errorf("%v: %s", err, out)
	}
}

func TestAStoreThatIsNotThere(t *testing.T) {
	t.Parallel()
	o := object(t, "s3://states/s.json?endpoint=127.0.0.1:1&insecure=true&region=us-east-1", longLease)
	statefile.SetPatience(t, o, 200*time.Millisecond)
	if _, err := o.Read(t.Context()); err == nil || statefile.IsAbsent(err) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
}
