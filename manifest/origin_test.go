package manifest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
)

// What was read once is read again from the bytes alone: without the files,
// the standard input, the command line and the environment.
func TestOriginIsSelfContained(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.yaml", "version: 1\nvars: {own: o1, rev: document}\naliases: {p: \"p_${rev}\", q: \"q_${own}\", e: \"e_${env}\"}\n---\nversion: 1\ndatabase: shop\nretire: [old]\n")
	write("b.yml", "\xef\xbb\xbfversion: 1\naliases:\n  g: {collection: g_1, golden: {file: sub/golden.jsonl}}\n")
	env := map[string]string{"ALIASCTL_VAR_env": "x", "ALIASCTL_VAR_rev": "loses", "ALIASCTL_VAR_unused": "secret"}
	var origin manifest.Origin
	want, err := manifest.Load([]string{dir, "-"}, manifest.Options{
		Vars:      map[string]string{"rev": "given"},
		LookupEnv: func(name string) (string, bool) { s, ok := env[name]; return s, ok },
		Stdin:     strings.NewReader("version: 1\naliases: {s: s_1}\n"),
		Origin:    &origin,
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"rev": "given", "env": "x"}, origin.Vars); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	got, err := origin.Load()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("manifest (-first +again):\n%s", diff)
	}
}
