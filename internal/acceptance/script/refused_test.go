package script

import (
	"crypto/md5"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit/gateway"
)

// carelessStore keeps objects as S3 did for years: it does not know the
// conditions of a write.
type carelessStore struct {
	mu      sync.Mutex
	objects map[string][]byte
}

func (s *carelessStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, there := s.objects[r.URL.Path]
	switch r.Method {
	case http.MethodPut:
		if body, err := io.ReadAll(r.Body); err == nil {
			s.objects[r.URL.Path] = body
			w.Header().Set("ETag", fmt.Sprintf(`"%x"`, md5.Sum(body)))
		}
	case http.MethodDelete:
		delete(s.objects, r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
	default:
		if !there {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("<Error><Code>NoSuchKey</Code></Error>"))
			return
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, md5.Sum(body)))
		_, _ = w.Write(body)
	}
}

// The scripts about a store that may not hold a state: nothing is left in it.
func TestScriptsOnARefusedStore(t *testing.T) {
	store := &carelessStore{objects: make(map[string][]byte)}
	server := httptest.NewServer(store)
	_, query, _ := strings.Cut(gateway.Location(server.Listener.Addr().String(), "KEY"), "KEY")
	params := Of("testdata/script/refused", emulator.V26)
	setup := params.Setup
	params.Setup = func(env *testscript.Env) error {
		env.Vars = append(env.Vars, "STORE="+query,
			"AWS_ACCESS_KEY_ID="+gateway.User, "AWS_SECRET_ACCESS_KEY="+gateway.Secret, "AWS_EC2_METADATA_DISABLED=true")
		return setup(env)
	}
	t.Cleanup(func() {
		server.Close()
		for path := range store.objects {
			t.Errorf("left in the store: %s", path)
		}
	})
	testscript.Run(t, params)
}
