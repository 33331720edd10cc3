package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"aliasctl/internal/emulator"
)

// hesitant is a server that takes its time as real ones do: it limits the rate of
// calls that change collections, lets grants and rows count late, and finds a
// database in use a moment longer than its last collection is there.
type hesitant struct {
	next   http.Handler
	mu     sync.Mutex
	seen   map[string]bool      // calls that were refused once
	counts map[string]time.Time // from when a privilege and the rows of a collection count
}

func newHesitant(next http.Handler) *hesitant {
	return &hesitant{next: next, seen: map[string]bool{}, counts: map[string]time.Time{}}
}

const (
	lateness = 1500 * time.Millisecond
	busyOnce = `{"code":1807,"message":"request is rejected by limiter, error: rate limit exceeded[rate=2]"}`
	inUse    = `{"code":65535,"message":"database:x not empty, must drop all collections before drop database"}`
	isDenied = "{\"code\":65535,\"message\":\"rpc error: code = PermissionDenied desc = Privilege%s: permission deny to u in the `default` database\"}"
)

func (h *hesitant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	route := strings.TrimPrefix(r.URL.Path, "/v2/vectordb/")
	if status, instead := h.instead(route, body, r.Header.Get("Authorization")); instead != "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, instead)
		return
	}
	h.next.ServeHTTP(w, r)
}

// instead is what is answered in place of the server, "" for nothing.
func (h *hesitant) instead(route string, body []byte, authorization string) (status int, answer string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	once := func(answer string) (int, string) {
		call := route + string(body)
		if h.seen[call] {
			return 0, ""
		}
		h.seen[call] = true
		return http.StatusOK, answer
	}
	var names struct{ CollectionName, Privilege string }
	if json.Unmarshal(body, &names) != nil {
		return 0, ""
	}
	switch route {
	case "collections/create", "collections/drop":
		return once(busyOnce)
	case "databases/drop":
		return once(inUse)
	case "roles/grant_privilege", "roles/grant_privilege_v2":
		h.counts[names.Privilege] = time.Now().Add(lateness)
	case "entities/insert":
		h.counts[names.CollectionName] = time.Now().Add(lateness)
	case "entities/query":
		if time.Now().Before(h.counts[names.CollectionName]) {
			return http.StatusOK, `{"code":0,"cost":0,"data":[]}`
		}
	}
	if authorization == "Bearer root:Milvus" {
		return 0, ""
	}
	asked := map[string]string{"entities/query": "Query"}
	for _, p := range needed {
		asked[p.probe[0]] = p.privilege
	}
	if time.Now().Before(h.counts[asked[route]]) {
		return http.StatusForbidden, fmt.Sprintf(isDenied, asked[route])
	}
	return 0, ""
}

// The contract is for real servers: it waits for what those take time for, and works
// with a token that may not do everything.
func TestContractWaitsForTheServer(t *testing.T) {
	e := emulator.New(emulator.V25)
	e.RequireToken("root:Milvus")
	e.SetLoadTime(100 * time.Millisecond)
	server, err := emulator.Start(newHesitant(e), "127.0.0.1:0", emulator.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	c := &client{uri: server.URL(), token: "root:Milvus"}
	if told := contract(t, c); told != "2.5" || c.untried != nil {
		t.Errorf("told as %s, not tried: %q", told, c.untried)
	}
}

// A server that lets nobody make databases, users and roles is tried with the rest.
func TestContractWithoutDatabasesAndUsers(t *testing.T) {
	e := emulator.New(emulator.V26)
	e.RequireToken("an-api-key")
	refusing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimPrefix(r.URL.Path, "/v2/vectordb/") {
		case "databases/create", "users/create":
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, isDenied, "CreateDatabase")
		default:
			e.ServeHTTP(w, r)
		}
	})
	server, err := emulator.Start(refusing, "127.0.0.1:0", emulator.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	c := &client{uri: server.URL(), token: "an-api-key"}
	if told := contract(t, c); told != "2.6" || len(c.untried) != 2 {
		t.Errorf("told as %s, not tried: %q", told, c.untried)
	}
}

// A run that is killed leaves no token on the disk, and the next one drops what it
// left on the server.
func TestAKilledRunLeavesNothingToTheSecond(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []struct {
		route string
		n     int
	}{{"collections/create", 4}, {"aliases/alter", 3}, {"roles/grant_privilege_v2", 1}} {
		t.Run(at.route, func(t *testing.T) {
			e := emulator.New(emulator.V25)
			e.RequireToken("root:Milvus")
			ctx, kill := context.WithCancel(context.Background())
			defer kill()
			run := exec.CommandContext(ctx, binary, "-test.run", "^TestContract$")
			var mu sync.Mutex
			n := 0
			killing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				e.ServeHTTP(w, r)
				mu.Lock()
				defer mu.Unlock()
				if strings.HasSuffix(r.URL.Path, at.route) {
					if n++; n == at.n {
						kill()
					}
				}
			})
			server, err := emulator.Start(killing, "127.0.0.1:0", emulator.ServerOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			temporary := t.TempDir()
			run.Env = append(os.Environ(), "ALIASCTL_TEST_URI="+server.URL(), "ALIASCTL_TEST_TOKEN=root:Milvus", "TMPDIR="+temporary)
			out, err := run.CombinedOutput()
			mu.Lock()
			killed := n >= at.n
			mu.Unlock()
			if err == nil || !killed {
				t.Fatalf("it ends by itself: %v\n%s", err, out)
			}
			c := &client{uri: server.URL(), token: "root:Milvus"}
			if c.left(t, family) == nil {
				t.Fatal("nothing is left behind")
			}
			c.sweep(t, family)
			if left := c.left(t, family); left != nil {
				t.Errorf("left behind: %q", left)
			}
			must := func(err error) {
				if err != nil {
					t.Fatal(err)
				}
			}
			must(filepath.WalkDir(temporary, func(path string, entry fs.DirEntry, err error) error {
				if err != nil || !entry.Type().IsRegular() {
					return err
				}
				content, err := os.ReadFile(path)
				if bytes.Contains(content, []byte("root:Milvus")) {
					t.Errorf("the token is in %s", entry.Name())
				}
				return err
			}))
		})
	}
}
