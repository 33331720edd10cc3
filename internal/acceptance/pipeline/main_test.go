// Package pipeline has the tests of what CI systems get from the program:
// annotations, comments, summaries, logs, and reports in their own formats.
package pipeline

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"aliasctl/internal/acceptance/program"
)

func TestMain(m *testing.M) { program.Main(m) }

// folder is a repository with a manifest and a cluster in a folder of it.
func folder(t *testing.T, manifest string) (root, dir string) {
	t.Helper()
	root = t.TempDir()
	dir = filepath.Join(root, "services", "search")
	program.Must(t, os.MkdirAll(dir, 0o755))
	put(t, dir, "aliases.yaml", manifest)
	put(t, dir, "cluster.yaml", "databases: {default: {collections: [products_v1, products_v2]}}\n")
	return root, dir
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	program.Must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

func text(t *testing.T, dir, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	program.Must(t, err)
	return string(content)
}

// run is what a command line gives in a folder.
func run(t *testing.T, dir string, environment []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	command := exec.Command("aliasctl", args...)
	command.Dir, command.Env, command.Stdout, command.Stderr = dir, program.Environment(environment...), &out, &err
	var exit *exec.ExitError
	if failed := command.Run(); failed != nil && !errors.As(failed, &exit) {
		t.Fatal(failed)
	}
	return command.ProcessState.ExitCode(), out.String(), err.String()
}

const (
	good = "version: 1\ncluster: prod\naliases: {products: products_v1}\n"
	bad  = "version: 1\ncluster: prod\naliases: {products: }\n"
)
