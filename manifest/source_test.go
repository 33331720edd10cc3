package manifest

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write makes files in a new directory, which it returns.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadFilesDirectoriesAndStdin(t *testing.T) {
	dir := write(t, map[string]string{
		"first.txt":       "version: 1\naliases: {first: x}\n",
		"d/20.yaml":       "version: 1\naliases: {third: x}\n",
		"d/10.yml":        "version: 1\naliases: {second: x}\n",
		"d/.hidden.yaml":  "other: tool\n",
		"d/notes.md":      "# no manifest\n",
		"d/sub/deep.yaml": "not: read\n",
		"d/dir.yaml/a":    "not: read\n",
	})
	t.Chdir(dir)
	m, err := Load([]string{"first.txt", "d", "-"}, Options{Stdin: strings.NewReader("version: 1\naliases: {fourth: x}\n")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range m.Databases[0].Aliases {
		got = append(got, a.Name+" "+a.Pos.String())
	}
	want := []string{"first first.txt:2:11", "second d/10.yml:2:11", "third d/20.yaml:2:11", "fourth <stdin>:2:11"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadDefaultPath(t *testing.T) {
	t.Chdir(write(t, map[string]string{"aliases.yaml": readmeManifest}))
	if _, err := Load(nil, Options{}); err != nil {
		t.Error(err)
	}
}

func TestPathsThatCannotBeRead(t *testing.T) {
	dir := write(t, map[string]string{"a.yaml": "version: 1\n", "empty/readme.txt": ""})
	t.Chdir(dir)
	for _, test := range []struct {
		name  string
		paths []string
		stdin io.Reader
		path  string
		is    error
		text  string
	}{
		{name: "no such file", paths: []string{"a.yaml", "b.yaml"}, path: "b.yaml", is: fs.ErrNotExist,
			text: `cannot read manifest "b.yaml": no such file or directory`},
		{name: "no manifest in the directory", paths: []string{"empty"}, path: "empty",
			text: `cannot read manifest "empty": the directory has no *.yaml or *.yml file`},
		{name: "no standard input", paths: []string{"-"}, path: "-",
			text: `cannot read manifest "-": there is no standard input`},
		{name: "given twice", paths: []string{"a.yaml", "./a.yaml"}, path: "./a.yaml",
			text: `cannot read manifest "./a.yaml": it is given twice`},
		{name: "in a directory that is given too", paths: []string{"a.yaml", "."}, path: "a.yaml",
			text: `cannot read manifest "a.yaml": it is given twice`},
		{name: "standard input fails", paths: []string{"-"}, stdin: failingReader{}, path: "-", is: io.ErrUnexpectedEOF,
			text: `cannot read manifest "-": unexpected EOF`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(test.paths, Options{Stdin: test.stdin})
			source, ok := AsSourceError(err)
			if !ok {
				t.Fatalf("got %v, want a SourceError", err)
			}
			if source.Path != test.path || err.Error() != test.text {
				t.Errorf("got path %q and %q, want %q and %q", source.Path, err, test.path, test.text)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v is not %v", err, test.is)
			}
			if _, ok := AsProblems(err); ok {
				t.Error("it counts as a problem of a manifest too")
			}
		})
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// endless never ends and never fails, and counts what was taken from it.
type endless struct{ taken int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.taken += int64(len(p))
	return len(p), nil
}

// A file that is too large is refused by its size, whatever is in it, and the
// files beside it are checked all the same.
func TestTooLarge(t *testing.T) {
	dir := write(t, map[string]string{"large.yaml": "", "small.yaml": "version: 2\n"})
	t.Chdir(dir)
	if err := os.Truncate("large.yaml", maxBytes+1); err != nil {
		t.Fatal(err)
	}
	const large = "error: the file is larger than 128 MiB\n    hint: split it into several files"
	allocated := testing.AllocsPerRun(1, func() {
		_, err := Load([]string{"large.yaml", "small.yaml"}, Options{})
		want := "large.yaml:1:1: " + large + "\nsmall.yaml:1:10: error: version \"2\" is not supported\n" +
			"    hint: this program reads version 1; a newer one may read others"
		if err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	})
	if allocated > 1000 {
		t.Errorf("%.0f allocations to refuse a file by its size", allocated)
	}

	var input endless
	_, err := Load([]string{"-"}, Options{Stdin: &input})
	if want := "<stdin>:1:1: " + large; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if input.taken > maxBytes+1 {
		t.Errorf("%d bytes were read of an endless input", input.taken)
	}
}
