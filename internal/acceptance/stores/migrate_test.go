package stores

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"aliasctl/internal/acceptance/program"
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

// A state moves from and to a place that a run holds only once that has ended, never to
// itself, and whole or not at all where the migration is killed: the next one ends it.
func TestMigrateInTheWay(t *testing.T) {
	for kind, start := range kinds {
		t.Run(kind, func(t *testing.T) {
			if slow := kind == "git" || kind == "s3 on gofakes3"; slow && !scene.FullSweep() {
				t.Skip("-sweep=full has it too")
			}
			s := start(t)
			do := func(line ...string) (int, string) {
				code, out, told := run(t, s.environment, line...)
				return code, out + told
			}
			migrate := func(from, to string, flags ...string) (int, string) {
				return do(append([]string{"state", "migrate", from, to}, flags...)...)
			}
			cluster := newStandingCluster(t)
			dir := t.TempDir()
			source := filepath.Join(dir, "source.json")
			apply := func(location string) (int, string) {
				return do("sync", "--apply", "-f", cluster.manifest, "--uri", cluster.URL, "--state", location, "--timeout", "2m")
			}

			// A run holds the place at its first write to the cluster.
			held, release := s.location("held.json"), cluster.hold()
			ended := make(chan string)
			go func() {
				code, told := apply(held)
				ended <- fmt.Sprintf("exit code %d: %s", code, told)
			}()
			cluster.waitHeld(t)
			if code, told := migrate(held, source); code != 6 || !strings.Contains(told, "is locked by") || !strings.Contains(told, "--lock-timeout") {
				t.Errorf("from what is locked: exit code %d: %s", code, told)
			}
			if _, err := os.Stat(source); err == nil {
				t.Error("it was copied")
			}
			program.Must(t, os.WriteFile(source, nil, 0o600)) // no state
			if code, told := migrate(source, held); code != 6 || !strings.Contains(told, "is locked by") {
				t.Errorf("to what is locked: exit code %d: %s", code, told)
			}
			release()
			if told := <-ended; !strings.HasPrefix(told, "exit code 0") {
				t.Fatal(told)
			}
			if code, told := migrate(source, s.location("new.json")); code != 1 || !strings.Contains(told, "corrupt") || !strings.Contains(told, "hint: ") {
				t.Errorf("from a damaged one: exit code %d: %s", code, told)
			}
			program.Must(t, os.Remove(source))
			if code, told := migrate(source, s.location("new.json")); code != 1 || !strings.Contains(told, "no state at") || !strings.Contains(told, "hint: ") {
				t.Errorf("from nothing: exit code %d: %s", code, told)
			}
			if code, told := migrate(held, held); code != 64 || !strings.Contains(told, "are one place") {
				t.Errorf("to itself: exit code %d: %s", code, told)
			}
			if code, told := migrate(held, source); code != 0 {
				t.Fatalf("after it: exit code %d: %s", code, told)
			}
			_, want := do("state", "pull", "--state", held)

			kills := 3
			if scene.FullSweep() {
				kills = 12
			}
			for i := range kills {
				to := s.location(fmt.Sprintf("killed-%d.json", i))
				cmd := exec.Command("aliasctl", "state", "migrate", source, to)
				cmd.Env = program.Environment(s.environment...)
				program.Must(t, cmd.Start())
				time.Sleep(time.Duration(20+60*i) * time.Millisecond)
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				code, shown := do("lock", "show", "--state", to)
				if id := regexp.MustCompile(`(?m)^id +(\S+)$`).FindStringSubmatch(shown); id != nil && code == 0 {
					if code, told := do("lock", "release", id[1], "--state", to); code != 0 {
						t.Errorf("exit code %d: %s after %s", code, told, shown)
					}
				}
				code, told := migrate(source, to, "--lock-timeout", "2m")
				if there := code == 3 && strings.Contains(told, "the same content"); code != 0 && !there {
					t.Errorf("after a kill: exit code %d: %s", code, told)
				}
				if _, got := do("state", "pull", "--state", to); got != want {
					t.Errorf("after a kill: %s", got)
				}
			}
		})
	}
}
