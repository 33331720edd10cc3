package install

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"aliasctl/internal/acceptance/program"
)

// attempt runs the program in a folder.
func attempt(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	command := exec.Command("aliasctl", args...)
	command.Dir, command.Env, command.Stdout, command.Stderr = dir, program.Environment(), &out, &err
	var exit *exec.ExitError
	if failed := command.Run(); failed != nil && !errors.As(failed, &exit) {
		t.Fatal(failed)
	}
	return command.ProcessState.ExitCode(), out.String(), err.String()
}

// kept are the files of testdata/formats of one kind, by their version. Each was
// written by a program of its time.
func kept(t *testing.T, kind string, newest int) map[int][]byte {
	t.Helper()
	files := map[int][]byte{}
	for version := 1; version <= newest; version++ {
		text, err := os.ReadFile(filepath.Join("testdata", "formats", fmt.Sprintf("%s-%d.json", kind, version)))
		if err != nil {
			t.Fatalf("a %s of version %d has to be kept: %v", kind, version, err)
		}
		var v struct{ Version int }
		if err := json.Unmarshal(text, &v); err != nil || v.Version != version {
			t.Fatalf("the %s of version %d has version %d: %v", kind, version, v.Version, err)
		}
		files[version] = text
	}
	return files
}

// later are files of one kind with what came to a version later.
func later(t *testing.T, kind string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "formats", kind+"-*-*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no %s with later fields: %v", kind, err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		program.Must(t, err)
		files[strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), kind+"-"), ".json")] = text
	}
	return files
}

// The state of every version is read, shown, compared, and replaced by the next
// apply.
func TestStatesOfEveryVersionAreRead(t *testing.T) {
	states := later(t, "state")
	for version, text := range kept(t, "state", versionOf(t, "aliasctl").Formats["state"]) {
		states[strconv.Itoa(version)] = text
	}
	for version, text := range states {
		t.Run(version, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range map[string]string{
				"aliases.state.json": string(text),
				"cluster.yaml":       "databases: {default: {collections: [products_v1, products_v2, products_v3, reviews_v7], aliases: {products: products_v1, reviews: reviews_v7}}}\n",
				"aliases.yaml":       "version: 1\naliases: {products: products_v3, reviews: reviews_v7}\n",
			} {
				program.Must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
			}
			code, shown, stderr := attempt(t, dir, "state", "list")
			if code != 0 || !strings.Contains(shown, "products") {
				t.Errorf("state list: %d\n%s%s", code, shown, stderr)
			}
			if code, shown, stderr := attempt(t, dir, "history", "-o", "json"); code != 0 || !strings.Contains(shown, `"ada"`) {
				t.Errorf("history: %d\n%s%s", code, shown, stderr)
			}
			where := []string{"--uri", "embedded:cluster.yaml", "--accept-cluster", "--take-over", "all", "--overwrite-drift", "all"}
			if code, shown, stderr := attempt(t, dir, append([]string{"sync", "--apply"}, where...)...); code != 0 || !strings.Contains(shown, "Applied: ") {
				t.Fatalf("sync: %d\n%s%s", code, shown, stderr)
			}
			if code, shown, stderr := attempt(t, dir, append([]string{"sync"}, where...)...); code != 0 || !strings.Contains(shown, "Nothing to do") {
				t.Errorf("the second sync: %d\n%s%s", code, shown, stderr)
			}
		})
	}
	t.Run("newer", func(t *testing.T) {
		dir := t.TempDir()
		program.Must(t, os.WriteFile(filepath.Join(dir, "aliases.state.json"), []byte(`{"version": 99, "lineage": "l", "bindings": []}`), 0o600))
		if code, _, stderr := attempt(t, dir, "state", "show"); code == 0 || !strings.Contains(stderr, "99") {
			t.Errorf("a state of the future: %d\n%s", code, stderr)
		}
	})
}

// A saved plan of this version is shown; an older one is refused with the way out.
func TestPlansOfEveryVersion(t *testing.T) {
	newest := versionOf(t, "aliasctl").Formats["plan"]
	for version, text := range kept(t, "plan", newest) {
		dir := t.TempDir()
		program.Must(t, os.WriteFile(filepath.Join(dir, "plan.json"), text, 0o600))
		code, stdout, stderr := attempt(t, dir, "show", "plan.json")
		switch {
		case version == newest && (code != 0 || !strings.Contains(stdout, "Plan: 1 to create")):
			t.Errorf("version %d: %d\n%s%s", version, code, stdout, stderr)
		case version < newest && (code == 0 || !strings.Contains(stderr, "make the plan again")):
			t.Errorf("version %d: %d\n%s%s", version, code, stdout, stderr)
		}
	}
}

// So is one with every kind of step that came to the version later.
func TestPlansWithLaterSteps(t *testing.T) {
	for name, text := range later(t, "plan") {
		dir := t.TempDir()
		program.Must(t, os.WriteFile(filepath.Join(dir, "plan.json"), text, 0o600))
		code, stdout, stderr := attempt(t, dir, "show", "plan.json")
		if code != 0 {
			t.Errorf("%s: %d\n%s%s", name, code, stdout, stderr)
		}
		for _, line := range []string{"^ products_v2", "& Query to reader", "+ faces", "~ images", "+ opinions", "_ products_v1"} {
			if !strings.Contains(stdout, line) {
				t.Errorf("%s: no %q in\n%s", name, line, stdout)
			}
		}
	}
}

// docs/versions.md has the versions that the program writes.
func TestVersionsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("docs/versions.md")
	program.Must(t, err)
	rows := map[string]int{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\w+)[^|]*\| (\d+) \|`).FindAllStringSubmatch(string(page), -1) {
		rows[row[1]], _ = strconv.Atoi(row[2])
	}
	for name, version := range versionOf(t, "aliasctl").Formats {
		if rows[name] != version {
			t.Errorf("%s has version %d, and docs/versions.md has %d", name, version, rows[name])
		}
	}
}
