package s3_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/internal/state"
	"aliasctl/internal/state/s3"
	"aliasctl/internal/testkit/gateway"
)

// What a parameter of the location puts on the wire.
func TestParametersOnTheWire(t *testing.T) {
	const (
		sse = "X-Amz-Server-Side-Encryption"
		key = "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"
	)
	for parameters, want := range map[string][2]string{
		"":                              {"", ""},
		"&sse=AES256":                   {"AES256", ""},
		"&sse=aws:kms":                  {"aws:kms", ""},
		"&sse=aws:kms&kms_key_id=alias": {"aws:kms", "alias"},
		"&path_style=true":              {"", ""},
	} {
		var mu sync.Mutex
		var writes, others [][2]string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if !strings.HasPrefix(r.URL.Path, "/"+gateway.Bucket+"/") {
				t.Errorf("%s: the bucket is not in the path %s", parameters, r.URL.Path)
			}
			got := [2]string{r.Header.Get(sse), r.Header.Get(key)}
			if r.Method == http.MethodPut {
				writes = append(writes, got)
				w.Header().Set("ETag", `"one"`)
				return
			}
			others = append(others, got)
			w.WriteHeader(http.StatusNoContent)
		}))
		store, name, _, err := s3.Open(gateway.Location(server.Listener.Addr().String(), "s.json") + parameters)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Create(t.Context(), name, []byte("{}"), "mark"); err != nil {
			t.Errorf("%s: %v", parameters, err)
		}
		if _, err := store.Replace(t.Context(), name, "one", []byte("{}"), "mark"); err != nil {
			t.Errorf("%s: %v", parameters, err)
		}
		if err := store.Delete(t.Context(), name, "one"); err != nil {
			t.Errorf("%s: %v", parameters, err)
		}
		server.Close()
		if diff := cmp.Diff([][2]string{want, want}, writes); diff != "" {
			t.Errorf("%s: writes (-want +got):\n%s", parameters, diff)
		}
		if diff := cmp.Diff([][2]string{{}}, others); diff != "" {
			t.Errorf("%s: other requests (-want +got):\n%s", parameters, diff)
		}
	}
}

func TestParametersThatAreRefused(t *testing.T) {
	for parameters, want := range map[string]string{
		"sse=AES128":              "sse has no valid value",
		"sse=":                    "sse has no valid value",
		"kms_key_id=k":            "kms_key_id goes with sse=aws:kms",
		"kms_key_id=k&sse=AES256": "kms_key_id goes with sse=aws:kms",
		"sse=aws:kms&kms_key_id=": "kms_key_id has no valid value",
		"path_style=maybe":        "path_style has no valid value",
		"history=-1":              "history has no valid value",
		"sse=AES256&sse=AES256":   "sse is there twice",
		"secret=hunter2":          `"secret" is not a parameter of it`,
	} {
		_, _, _, err := s3.Open("s3://states/s.json?" + parameters)
		unsupported, ok := err.(*state.UnsupportedError)
		if !ok || !strings.Contains(unsupported.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", parameters, err)
		}
	}
}
