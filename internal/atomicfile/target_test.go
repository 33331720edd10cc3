package atomicfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aliasctl/internal/atomicfile"
)

// Shapes of links at the name of a file to write: those that leave its directory
// are refused and what they lead to stays, those within are followed and stay links.
func TestWriteAndLinks(t *testing.T) {
	for _, c := range []struct {
		name    string
		make    func(t *testing.T, in, out string) // makes in/file
		refused bool
		target  string // that is written, below in
	}{
		{"nothing there", func(*testing.T, string, string) {}, false, "file"},
		{"a file", func(t *testing.T, in, out string) { put(t, in+"/file") }, false, "file"},
		{"a link to a file beside it", func(t *testing.T, in, out string) { put(t, in+"/real"); link(t, "real", in+"/file") }, false, "real"},
		{"a link to nothing beside it", func(t *testing.T, in, out string) { link(t, "real", in+"/file") }, false, "real"},
		{"a ConfigMap", func(t *testing.T, in, out string) {
			put(t, in+"/..v1/file")
			link(t, "..v1", in+"/..data")
			link(t, "..data/file", in+"/file")
		}, false, "..v1/file"},
		{"an absolute link within", func(t *testing.T, in, out string) { link(t, in+"/sub/real", in+"/file"); mkdir(t, in+"/sub") }, false, "sub/real"},
		{"a link up", func(t *testing.T, in, out string) { link(t, "../out/victim", in+"/file") }, true, ""},
		{"an absolute link", func(t *testing.T, in, out string) { link(t, out+"/victim", in+"/file") }, true, ""},
		{"a link to nothing elsewhere", func(t *testing.T, in, out string) { link(t, out+"/new", in+"/file") }, true, ""},
		{"a chain", func(t *testing.T, in, out string) { link(t, out+"/victim", in+"/b"); link(t, "b", in+"/file") }, true, ""},
		{"through a directory", func(t *testing.T, in, out string) { link(t, out, in+"/sub"); link(t, "sub/victim", in+"/file") }, true, ""},
		{"up through a directory", func(t *testing.T, in, out string) {
			mkdir(t, out+"/deep")
			link(t, out+"/deep", in+"/sub")
			link(t, "sub/../victim", in+"/file")
		}, true, ""},
		{"to a device", func(t *testing.T, in, out string) { link(t, "/dev/null", in+"/file") }, true, ""},
		{"into .git", func(t *testing.T, in, out string) { put(t, in+"/.git/config"); link(t, ".git/config", in+"/file") }, true, ""},
		{"a new file in .git", func(t *testing.T, in, out string) { mkdir(t, in+"/.git"); link(t, ".git/new", in+"/file") }, true, ""},
		{"into .git by a directory", func(t *testing.T, in, out string) {
			put(t, in+"/.git/config")
			link(t, ".git", in+"/sub")
			link(t, "sub/config", in+"/file")
		}, true, ""},
		{"a circle", func(t *testing.T, in, out string) { link(t, "file", in+"/file") }, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
			put(t, out+"/victim")
			mkdir(t, in)
			c.make(t, in, out)
			for _, write := range []func(string) error{atomicfile.Check, func(path string) error { return atomicfile.Write(path, []byte("new"), 0o600) }} {
				if err := write(in + "/file"); (err != nil) != c.refused {
					t.Fatalf("refused: %v", err)
				}
			}
			if text, err := os.ReadFile(out + "/victim"); err != nil || string(text) != "old" {
				t.Errorf("the other file has %q (%v)", text, err)
			}
			if _, err := os.Lstat(out + "/new"); err == nil {
				t.Error("a file was made elsewhere")
			}
			if c.refused {
				return
			}
			info, err := os.Lstat(filepath.Join(in, c.target))
			if err != nil || !info.Mode().IsRegular() {
				t.Fatalf("%s: %v", c.target, err)
			}
			if text, err := os.ReadFile(in + "/file"); err != nil || string(text) != "new" {
				t.Errorf("it has %q (%v)", text, err)
			}
			if left, _ := filepath.Glob(filepath.Dir(filepath.Join(in, c.target)) + "/.*.tmp-*"); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

func TestLinkError(t *testing.T) {
	dir := t.TempDir()
	mkdir(t, dir+"/in")
	link(t, "../victim", dir+"/in/file")
	var bad *atomicfile.LinkError
	if _, err := atomicfile.Target(dir + "/in/file"); !errors.As(err, &bad) || bad.Hint() == "" {
		t.Errorf("%v", err)
	}
}

// A new file has the mode that was asked for, a replaced one keeps its own.
func TestModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	mode := func() os.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	for _, step := range []struct{ asked, want os.FileMode }{{0o600, 0o600}, {0o644, 0o600}} {
		if err := atomicfile.Write(path, []byte("x"), step.asked); err != nil || mode() != step.want {
			t.Errorf("mode %o (%v)", mode(), err)
		}
	}
	if err := os.Chmod(path, 0o664); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, []byte("x"), 0o600); err != nil || mode() != 0o664 {
		t.Errorf("mode %o (%v)", mode(), err)
	}
}

// What a killed run has left is swept by the next; the file of a run at work is not.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "plan[1]*.json")
	put(t, filepath.Join(dir, ".plan[1]*.json.tmp-dead"))
	put(t, filepath.Join(dir, ".plan2.json.tmp-other"))
	if err := atomicfile.Write(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range left {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != ".plan2.json.tmp-other plan[1]*.json" {
		t.Errorf("left: %s", got)
	}
	// Many at once: nobody sweeps what another is writing.
	errs := make(chan error)
	for range 8 {
		go func() {
			for range 50 {
				if err := atomicfile.Write(path, []byte(strings.Repeat("y", 1000)), 0o600); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func put(t *testing.T, path string) {
	t.Helper()
	mkdir(t, filepath.Dir(path))
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	mkdir(t, filepath.Dir(name))
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// Descriptors are written to, whatever they lead to.
func TestTargetOfADescriptor(t *testing.T) {
	for _, path := range []string{"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", os.DevNull} {
		if target, err := atomicfile.Target(path); err != nil || target != path {
			t.Errorf("%s: %q, %v", path, target, err)
		}
		if err := atomicfile.Check(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
