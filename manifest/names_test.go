//go:build unix

package manifest_test

import (
	"os"
	"slices"
	"syscall"
	"testing"

	"aliasctl/manifest"
)

func TestNames(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("conf/sub.yaml", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"conf/b.yaml", "conf/a.yml", "conf/c.txt", "x.yaml", "odd\x07\xff.yaml"} {
		if err := os.WriteFile(path, []byte("version: 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("x.yaml", "link.yaml"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ paths, want []string }{
		{[]string{"x.yaml"}, []string{"x.yaml"}},
		{[]string{"./conf/../x.yaml"}, []string{"x.yaml"}},
		{[]string{"link.yaml"}, []string{"link.yaml"}},
		{[]string{"conf"}, []string{"a.yml", "b.yaml"}},
		{[]string{"conf/", "x.yaml"}, []string{"a.yml", "b.yaml", "x.yaml"}},
		{[]string{"x.yaml", "conf/b.yaml"}, []string{"b.yaml", "x.yaml"}},
		{[]string{"-"}, []string{"-"}},
		{[]string{"pipe"}, []string{"-"}},
		{[]string{"/dev/fd/63", "/dev/stdin"}, []string{"-"}},
		{[]string{"odd\x07\xff.yaml"}, []string{"odd??.yaml"}},
	} {
		if got := manifest.Names(tt.paths); !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.paths, got, tt.want)
		}
	}
}
