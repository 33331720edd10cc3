package stores

import (
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
)

// A state moves between any two kinds of store and stays what it was, byte by
// byte as it is pulled; a second time is refused. git meets only files, but for
// -sweep=full.
func TestMigrateBetweenAnyTwo(t *testing.T) {
	cluster := httptest.NewServer(scene.Story{Existing: []string{"default/products_v1"}}.Build(emulator.V26))
	defer cluster.Close()
	dir := t.TempDir()
	manifest := filepath.Join(dir, "aliases.yaml")
	if err := os.WriteFile(manifest, []byte("version: 1\naliases:\n  products: products_v1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(dir, "source.json")
	if code, _, told := run(t, nil, "sync", "--apply", "-f", manifest, "--uri", cluster.URL, "--state", source); code != 0 {
		t.Fatal(told)
	}
	_, want, _ := run(t, nil, "state", "pull", "--state", source)
	there := make(map[string]store)
	var environment []string
	for kind, start := range kinds {
		if kind == "s3 on gofakes3" && !scene.FullSweep() {
			continue // a second server of a kind
		}
		there[kind] = start(t)
		environment = append(environment, there[kind].environment...)
	}
	names := slices.Sorted(maps.Keys(there))
	for _, from := range names {
		begin := there[from].location("begin.json")
		if code, _, told := run(t, environment, "state", "migrate", source, begin); code != 0 {
			t.Fatalf("file to %s: %s", from, told)
		}
		for _, to := range names {
			if slow := from == "git" && to != "file" || to == "git" && from != "file"; slow && !scene.FullSweep() {
				continue // each command is many of git's
			}
			end := there[to].location("from-" + strings.ReplaceAll(from, " ", "-") + ".json")
			if code, _, told := run(t, environment, "state", "migrate", begin, end); code != 0 {
				t.Errorf("%s to %s: exit code %d: %s", from, to, code, told)
				continue
			}
			if _, got, told := run(t, environment, "state", "pull", "--state", end); got != want {
				t.Errorf("%s to %s: %s%s", from, to, got, told)
			}
		}
		if code, _, told := run(t, environment, "state", "migrate", source, begin); code == 0 || !strings.Contains(told, "already") {
			t.Errorf("to %s again: exit code %d: %s", from, code, told)
		}
	}
}
