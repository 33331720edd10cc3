package stores

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
)

const applies = 8

// Eight jobs deploy at once, each another collection, in 5 rounds, and 20 with
// -sweep=full. The one that has the lock is held at its first write to the
// cluster until all others have ended: one wins, and seven see that it is
// locked. In the end the state is what the cluster has.
func TestEightAppliesAtOnce(t *testing.T) {
	all := maps.Clone(kinds)
	maps.Copy(all, dear)
	for kind, start := range all {
		t.Run(kind, func(t *testing.T) {
			s := start(t)
			rounds := 5
			if scene.FullSweep() {
				rounds = 20
			}
			story := scene.Story{}
			for i := range applies * rounds {
				story.Existing = append(story.Existing, fmt.Sprintf("default/products_v%d", i))
			}
			cluster := story.Build(emulator.V26)
			var ended atomic.Int64
			var held atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/aliases/create") || strings.HasSuffix(r.URL.Path, "/aliases/alter") {
					held.Add(1)
					for end := time.Now().Add(time.Minute); ended.Load() < applies-1 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
					}
				}
				cluster.ServeHTTP(w, r)
			}))
			defer server.Close()
			dir := t.TempDir()
			location := s.location("eight.json")
			for round := range rounds {
				ended.Store(0)
				held.Store(0)
				codes, told := make([]int, applies), make([]string, applies)
				var all sync.WaitGroup
				for i := range applies {
					manifest := filepath.Join(dir, fmt.Sprintf("%d.yaml", i))
					text := fmt.Sprintf("version: 1\naliases:\n  products: products_v%d\n", round*applies+i)
					if err := os.WriteFile(manifest, []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
					all.Go(func() {
						codes[i], _, told[i] = run(t, s.environment, "sync", "--apply", "-f", manifest, "--uri", server.URL, "--state", location, "--accept-manifests", "--timeout", "2m")
						ended.Add(1)
					})
				}
				all.Wait()
				won := -1
				for i, code := range codes {
					switch {
					case code == 0 && won >= 0:
						t.Errorf("round %d: %d and %d have won", round, won, i)
					case code == 0:
						won = i
					case code != 6:
						t.Errorf("round %d: exit code %d: %s", round, code, told[i])
					}
				}
				if won < 0 || held.Load() != 1 {
					t.Fatalf("round %d: the winner is %d, %d have written to the cluster: %q", round, won, held.Load(), told)
				}
				want := fmt.Sprintf("products_v%d", round*applies+won)
				if got := cluster.Bindings("default")["products"]; got != want {
					t.Errorf("round %d: the cluster has %s, not %s", round, got, want)
				}
				_, text, _ := run(t, s.environment, "state", "pull", "--state", location)
				var stored struct {
					Bindings []struct{ Collection string }
				}
				if err := json.Unmarshal([]byte(text), &stored); err != nil || len(stored.Bindings) != 1 || stored.Bindings[0].Collection != want {
					t.Errorf("round %d: the state: %s, not %s", round, text, want)
				}
			}
		})
	}
}
