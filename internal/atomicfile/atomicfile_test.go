package atomicfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aliasctl/internal/atomicfile"
)

// Each case is a tree of files and links under a root; the path in it is
// replaced, and either the file that it means has the new content, or nothing
// in the tree has changed.
func TestReplace(t *testing.T) {
	for name, tt := range map[string]struct {
		links map[string]string // link -> target; "ROOT" is the root of the tree
		files map[string]string
		path  string
		how   atomicfile.Links
		lands string // the file that has the content afterwards, "" for a refusal
	}{
		"a new file":                           {path: "in/new", lands: "in/new"},
		"a file":                               {files: map[string]string{"in/f": "old"}, path: "in/f", lands: "in/f"},
		"a link beside":                        {files: map[string]string{"in/f": "old"}, links: map[string]string{"in/l": "f"}, path: "in/l", lands: "in/f"},
		"a link out":                           {files: map[string]string{"out/f": "old"}, links: map[string]string{"in/l": "../out/f"}, path: "in/l", lands: "out/f"},
		"a link to nothing":                    {links: map[string]string{"in/l": "../out/new"}, path: "in/l", lands: "out/new"},
		"within: a new file":                   {path: "in/new", how: atomicfile.Within, lands: "in/new"},
		"within: a file":                       {files: map[string]string{"in/f": "old"}, path: "in/f", how: atomicfile.Within, lands: "in/f"},
		"within: a link beside":                {files: map[string]string{"in/f": "old"}, links: map[string]string{"in/l": "f"}, path: "in/l", how: atomicfile.Within, lands: "in/f"},
		"within: a link below":                 {files: map[string]string{"in/sub/f": "old"}, links: map[string]string{"in/l": "sub/f"}, path: "in/l", how: atomicfile.Within, lands: "in/sub/f"},
		"within: a link out":                   {files: map[string]string{"out/f": "old"}, links: map[string]string{"in/l": "../out/f"}, path: "in/l", how: atomicfile.Within},
		"within: a link to nothing outside":    {links: map[string]string{"in/l": "../out/new"}, path: "in/l", how: atomicfile.Within},
		"within: an absolute link":             {files: map[string]string{"out/f": "old"}, links: map[string]string{"in/l": "ROOT/out/f"}, path: "in/l", how: atomicfile.Within},
		"within: an absolute link to inside":   {files: map[string]string{"in/f": "old"}, links: map[string]string{"in/l": "ROOT/in/f"}, path: "in/l", how: atomicfile.Within},
		"within: a link to a link out":         {files: map[string]string{"out/f": "old"}, links: map[string]string{"in/l": "m", "in/m": "../out/f"}, path: "in/l", how: atomicfile.Within},
		"within: through a folder that leaves": {files: map[string]string{"out/f": "old"}, links: map[string]string{"in/l": "s/f", "in/s": "../out"}, path: "in/l", how: atomicfile.Within},
		"within: a folder that is a link":      {files: map[string]string{"in/f": "old"}, links: map[string]string{"door": "in"}, path: "door/f", how: atomicfile.Within, lands: "in/f"},
		"a link to itself":                     {links: map[string]string{"in/l": "l"}, path: "in/l"},
		"within: a link to itself":             {links: map[string]string{"in/l": "l"}, path: "in/l", how: atomicfile.Within},
		"a folder":                             {files: map[string]string{"in/d/f": "old"}, path: "in/d"},
		"no such folder":                       {path: "nowhere/f"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for _, dir := range []string{"in/sub", "out"} {
				must(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
			}
			for file, content := range tt.files {
				must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, file)), 0o755))
				must(t, os.WriteFile(filepath.Join(root, file), []byte(content), 0o640))
			}
			for link, target := range tt.links {
				must(t, os.Symlink(strings.Replace(target, "ROOT", root, 1), filepath.Join(root, link)))
			}
			before := tree(t, root)
			err := atomicfile.Replace(filepath.Join(root, tt.path), []byte("new"), atomicfile.Options{Mode: 0o600, Links: tt.how})
			after := tree(t, root)
			if (err == nil) != (tt.lands != "") {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				if after[tt.lands] != "new" {
					t.Errorf("%s is %q", tt.lands, after[tt.lands])
				}
				want := fs.FileMode(0o600)
				if tt.files[tt.lands] != "" {
					want = 0o640
				}
				if info, err := os.Stat(filepath.Join(root, tt.lands)); err != nil || info.Mode().Perm() != want {
					t.Errorf("the mode is %v, want %v", info.Mode(), want)
				}
				delete(before, tt.lands)
				delete(after, tt.lands)
			}
			if len(before) != len(after) {
				t.Errorf("before %v, after %v", before, after)
			}
			for path, content := range before {
				if after[path] != content {
					t.Errorf("%s was %q and is %q", path, content, after[path])
				}
			}
		})
	}
}

// What leaves the directory is told apart from what fails.
func TestALinkOutIsALinkError(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "l")
	must(t, os.Symlink("../elsewhere", path))
	err := atomicfile.Replace(path, nil, atomicfile.Options{Links: atomicfile.Within})
	if link, ok := errors.AsType[*atomicfile.LinkError](err); !ok || link.Path != path || link.Target != "../elsewhere" {
		t.Errorf("got %v", err)
	}
	err = atomicfile.Replace(filepath.Join(dir, "none", "f"), nil, atomicfile.Options{})
	if failed, ok := errors.AsType[*atomicfile.Error](err); !ok || !errors.Is(failed, fs.ErrNotExist) || strings.Contains(failed.Err.Error(), dir) {
		t.Errorf("got %v", err)
	}
}

// tree is every file under a root with its content, and every link with its
// target.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if entry.Type()&fs.ModeSymlink != 0 {
			all[name], err = os.Readlink(path)
			return err
		}
		content, err := os.ReadFile(path)
		all[name] = string(content)
		return err
	}))
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
