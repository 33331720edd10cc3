package manifest

import (
	"io"
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

// Every path that cannot be read is a problem like others, and found with
// those of the files that can.
func TestPathsThatCannotBeRead(t *testing.T) {
	dir := write(t, map[string]string{"a.yaml": "version: 1\n", "bad.yaml": "version: 2\n", "empty/readme.txt": ""})
	t.Chdir(dir)
	for _, test := range []struct {
		name  string
		paths []string
		stdin io.Reader
		want  []string // how the problems begin
	}{
		{name: "no such file", paths: []string{"a.yaml", "b.yaml"},
			want: []string{"b.yaml:1:1: error: the manifest cannot be read: no such file or directory\n    hint: `-f FILE` names the manifest; the default is aliases.yaml"}},
		{name: "several, and a bad one", paths: []string{"z.yaml", "bad.yaml", "b.yaml"}, want: []string{
			"z.yaml:1:1: error: the manifest cannot be read: no such file or directory", "bad.yaml:1:10: error: ",
			"b.yaml:1:1: error: the manifest cannot be read: no such file or directory"}},
		{name: "no path", paths: []string{""}, want: []string{`"":1:1: error: the manifest cannot be read: the path is empty`}},
		{name: "no manifest in the directory", paths: []string{"empty"},
			want: []string{"empty:1:1: error: the manifest cannot be read: the directory has no *.yaml or *.yml file"}},
		{name: "no standard input", paths: []string{"-"}, want: []string{"<stdin>:1:1: error: the manifest cannot be read: there is no standard input"}},
		{name: "given twice", paths: []string{"a.yaml", "./a.yaml"}, want: []string{"./a.yaml:1:1: error: the manifest cannot be read: the file is given twice"}},
		{name: "in a directory that is given too", paths: []string{"a.yaml", "."}, want: []string{
			"a.yaml:1:1: error: the manifest cannot be read: the file is given twice", "bad.yaml:1:10: error: "}},
		{name: "standard input fails", paths: []string{"-"}, stdin: failingReader{}, want: []string{"<stdin>:1:1: error: the manifest cannot be read: unexpected EOF"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(test.paths, Options{Stdin: test.stdin})
			problems, ok := AsProblems(err)
			if !ok || len(problems.List) != len(test.want) {
				t.Fatalf("got %v, want %d problems", err, len(test.want))
			}
			for i, p := range problems.List {
				if !strings.HasPrefix(p.String(), test.want[i]) {
					t.Errorf("problem %d is %s, want %s", i, p, test.want[i])
				}
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
