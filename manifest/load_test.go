package manifest

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func itoa(i int) string { return strconv.Itoa(i) }

// readmeManifest is the manifest that the documentation shows.
const readmeManifest = `version: 1
cluster: prod-eu              # optional label, remembered in the state; a different one is refused
database: default             # optional; one database per YAML document, several documents per file
vars: {rev: v42}              # optional; ${rev} in the values of this document
aliases:
  products: products_${rev}   # short form
  reviews:                    # long form
    collection: reviews_v7
    protect: true             # see Guards
retire:                       # collections to drop once nothing points at them
  - products_v40
  - collection: reviews_v5
release: [legacy]             # forget an alias without dropping it (hand it to another manifest)
`

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

func TestEveryValueHasItsPlace(t *testing.T) {
	got, err := Parse("aliases.yaml", []byte(readmeManifest), Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(line, column int) Position { return Position{"aliases.yaml", line, column} }
	want := &Manifest{
		Cluster: "prod-eu",
		Databases: []Database{{
			Name: "default", Named: true, Pos: at(3, 11),
			Aliases: []Alias{
				{Name: "products", Collection: "products_v42", Pos: at(6, 3)},
				{Name: "reviews", Collection: "reviews_v7", Protect: true, Pos: at(7, 3)},
			},
			Retire:   []Retiree{{Collection: "products_v40", Pos: at(11, 5)}, {Collection: "reviews_v5", Pos: at(12, 5)}},
			Releases: []Release{{"legacy", at(13, 11)}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each text says what one document in one database would say in other words.
func TestSameManifestInOtherWords(t *testing.T) {
	want, err := Parse("a.yaml", []byte("version: 1\naliases: {a: x_v1, b: x_v1, c: {collection: y_v1, protect: true}}\nretire: [x_v0]\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"block style":       "version: 1\naliases:\n  a: x_v1\n  b: x_v1\n  c:\n    protect: true\n    collection: y_v1\nretire:\n- x_v0\n",
		"windows":           "\xef\xbb\xbfversion: 1\r\naliases: {a: x_v1, b: x_v1, c: {collection: y_v1, protect: True}}\r\nretire: [x_v0]\r\n",
		"quotes":            "\"version\": 1\n'aliases': {\"a\": 'x_v1', b: \"x_v1\", c: {\"collection\": y_v1, protect: true}}\nretire: [\"x_v0\"]\n",
		"anchors":           "version: 1\naliases: {a: &x x_v1, b: *x, c: {collection: y_v1, protect: true}}\nretire: [x_v0]\n",
		"anchored key":      "version: 1\naliases: {a: x_v1, b: x_v1, &c c: {collection: y_v1, protect: true}}\nretire: [x_v0]\n",
		"variables":         "version: 1\nvars: {x: x_v, one: 1, zero: 0}\naliases: {a: \"${x}${one}\", b: \"${x}1\", c: {collection: \"y_v${one}\", protect: true}}\nretire: [\"x_v${zero}\"]\n",
		"several documents": "version: 1\naliases: {a: x_v1}\n---\nretire: [x_v0]\n---\nversion: 1\naliases: {b: x_v1, c: {collection: y_v1, protect: true}}\n",
		"document markers":  "%YAML 1.1\n---\n# one\nversion: 1\naliases: {a: x_v1, b: x_v1, c: {collection: y_v1, protect: true}}\nretire: [x_v0]\n...\n",
		"core tags":         "version: !!int 1\naliases: !!map {a: !!str x_v1, b: x_v1, c: {collection: y_v1, protect: !!bool true}}\nretire: !!seq [x_v0]\n",
		"empty fields":      "version: 1\nvars: {}\nrelease: []\naliases: {a: x_v1, b: x_v1, c: {collection: y_v1, protect: true}}\nretire: [x_v0]\n",
		"no final newline":  "version: 1\naliases: {a: x_v1, b: x_v1, c: {collection: y_v1, protect: true}}\nretire: [x_v0]",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse("a.yaml", []byte(text), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, withoutPositions); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// An empty text is no manifest, also as a nil slice.
func TestNoText(t *testing.T) {
	for _, data := range [][]byte{nil, {}, []byte("\xef\xbb\xbf")} {
		const want = "a.yaml:1:1: error: the file is empty\n    hint: a manifest starts with: version: 1"
		if _, err := Parse("a.yaml", data, Options{}); err == nil || err.Error() != want {
			t.Errorf("Parse(%q) = %v, want %s", data, err, want)
		}
	}
}

func TestDatabases(t *testing.T) {
	got, err := Parse("a.yaml", []byte(`version: 1
aliases: {a: x}
---
database: shop
aliases: {a: x}
retire: [b]
---
database: default
aliases: {b: x}
---
database: archive
---
database: shop
release: [c]
`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := &Manifest{Databases: []Database{
		{Name: "default", Named: true, Aliases: []Alias{{Name: "a", Collection: "x"}, {Name: "b", Collection: "x"}}},
		{Name: "shop", Named: true, Aliases: []Alias{{Name: "a", Collection: "x"}}, Retire: []Retiree{{Collection: "b"}}, Releases: []Release{{Alias: "c"}}},
		{Name: "archive", Named: true},
	}}
	if diff := cmp.Diff(want, got, withoutPositions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := got.Databases[0].Pos, (Position{"a.yaml", 1, 1}); got != want {
		t.Errorf("the default database is at %s, want %s", got, want)
	}
}

// A missing database field and the name of the default database differ in
// Named alone.
func TestDefaultDatabaseByName(t *testing.T) {
	without, err := Parse("a.yaml", []byte("version: 1\naliases: {a: x}\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	with, err := Parse("a.yaml", []byte("version: 1\ndatabase: default\naliases: {a: x}\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if without.Databases[0].Named || !with.Databases[0].Named {
		t.Errorf("Named is %t without and %t with the field", without.Databases[0].Named, with.Databases[0].Named)
	}
	without.Databases[0].Named = true
	if diff := cmp.Diff(without, with, withoutPositions); diff != "" {
		t.Errorf("(-without +with):\n%s", diff)
	}
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

func TestVariables(t *testing.T) {
	const text = "version: 1\nvars: {rev: from_document}\naliases: {a: \"x_${rev}\"}\n---\naliases: {b: \"x_${rev}${other}\"}\n"
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"ALIASCTL_VAR_rev": "from_env", "ALIASCTL_VAR_other": "_too", "rev": "wrong"}[name]
		return v, ok
	}
	blank := func(name string) (string, bool) { return " ", true }
	for _, test := range []struct {
		name string
		opts Options
		want []string // collections
		err  string
	}{
		{name: "the command line wins", opts: Options{Vars: map[string]string{"rev": "given"}, LookupEnv: env}, want: []string{"x_given", "x_given_too"}},
		{name: "then the environment", opts: Options{LookupEnv: env}, want: []string{"x_from_env", "x_from_env_too"}},
		{name: "then the document, and only that", opts: Options{Vars: map[string]string{"other": ""}},
			err: "a.yaml:5:14: error: undefined variable \"rev\"\n    hint: give it a value with --var rev=..., ALIASCTL_VAR_rev or a vars field"},
		{name: "a blank environment variable is unset", opts: Options{Vars: map[string]string{"other": "_too"}, LookupEnv: blank},
			err: "a.yaml:5:14: error: undefined variable \"rev\"\n    hint: give it a value with --var rev=..., ALIASCTL_VAR_rev or a vars field"},
		{name: "an empty value on the command line is a value", opts: Options{Vars: map[string]string{"other": "", "rev": ""}}, want: []string{"x_", "x_"}},
		{name: "a value is not expanded again", opts: Options{Vars: map[string]string{"rev": "${other}", "other": ""}},
			err: "a.yaml:3:14: error: bad collection name \"x_${other}\", from \"x_${rev}\": character 3 ('$') is not allowed\n    hint: " + nameHint +
				"\na.yaml:5:14: error: bad collection name \"x_${other}\", from \"x_${rev}${other}\": character 3 ('$') is not allowed\n    hint: " + nameHint},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := Parse("a.yaml", []byte(text), test.opts)
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Fatalf("got\n%v\nwant\n%s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range m.Databases[0].Aliases {
				got = append(got, a.Collection)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("collections (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVariablesInEveryValue(t *testing.T) {
	m, err := Parse("a.yaml", []byte(`version: 1
cluster: prod-${v}
database: db_${v}
aliases: {a: "a_${v}", b: {collection: "b_${v}"}}
retire: ["r_${v}", collection: "s_${v}"]
release: ["l_${v}"]
`), Options{Vars: map[string]string{"v": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	want := &Manifest{Cluster: "prod-1", Databases: []Database{{
		Name: "db_1", Named: true,
		Aliases:  []Alias{{Name: "a", Collection: "a_1"}, {Name: "b", Collection: "b_1"}},
		Retire:   []Retiree{{Collection: "r_1"}, {Collection: "s_1"}},
		Releases: []Release{{Alias: "l_1"}},
	}}}
	if diff := cmp.Diff(want, m, withoutPositions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnusedVariables(t *testing.T) {
	const text = "version: 1\nvars: {declared: x}\naliases: {a: \"x_${rev}\"}\n"
	for _, test := range []struct {
		vars map[string]string
		want string
	}{
		{map[string]string{"rev": "v1", "rve": "v1"}, `no manifest uses the variable "rve"`},
		{map[string]string{"rev": "v1", "declared": "v1", "b": ""}, `no manifest uses the variables "b", "declared"`},
	} {
		_, err := Parse("a.yaml", []byte(text), Options{Vars: test.vars})
		if _, ok := AsUnusedVar(err); !ok || err.Error() != test.want {
			t.Errorf("with %v got %v, want %s", test.vars, err, test.want)
		}
	}
	// What is wrong in the manifests comes first: it may be why.
	_, err := Parse("a.yaml", []byte("version: 2\n"), Options{Vars: map[string]string{"rev": "v1"}})
	if _, ok := AsProblems(err); !ok {
		t.Errorf("got %v, want the problems", err)
	}
}
