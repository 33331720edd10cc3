package stores

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
)

// standing is a cluster whose first write can be held.
type standing struct {
	*httptest.Server
	manifest string
	mu       sync.Mutex
	held     chan struct{} // nil for none
	reached  chan struct{}
}

func newStandingCluster(t *testing.T) *standing {
	c := &standing{manifest: filepath.Join(t.TempDir(), "aliases.yaml")}
	program.Must(t, os.WriteFile(c.manifest, []byte("version: 1\naliases:\n  products: products_v1\n"), 0o644))
	cluster := scene.Story{Existing: []string{"default/products_v1"}}.Build(emulator.V26)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		held, reached := c.held, c.reached
		c.mu.Unlock()
		if held != nil && strings.HasSuffix(r.URL.Path, "/aliases/create") {
			close(reached)
			<-held
		}
		cluster.ServeHTTP(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *standing) hold() (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held, c.reached = make(chan struct{}), make(chan struct{})
	return sync.OnceFunc(func() { close(c.held) })
}

func (c *standing) waitHeld(t *testing.T) {
	t.Helper()
	select {
	case <-c.reached:
	case <-time.After(time.Minute):
		t.Fatal("the apply does not reach the cluster")
	}
}
