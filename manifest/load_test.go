package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

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

// parse takes in one manifest from memory.
func parse(name string, data []byte, opts Options) (*Manifest, error) {
	l := newLoader(opts)
	l.add(name, data)
	return l.finish()
}

func TestEveryValueHasItsPlace(t *testing.T) {
	got, err := parse("aliases.yaml", []byte(readmeManifest), Options{})
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
	want, err := parse("a.yaml", []byte("version: 1\naliases: {a: x_v1, b: x_v1, c: {collection: y_v1, protect: true}}\nretire: [x_v0]\n"), Options{})
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
			got, err := parse("a.yaml", []byte(text), Options{})
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
		if _, err := parse("a.yaml", data, Options{}); err == nil || err.Error() != want {
			t.Errorf("parse(%q) = %v, want %s", data, err, want)
		}
	}
}

func TestDatabases(t *testing.T) {
	got, err := parse("a.yaml", []byte(`version: 1
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
	without, err := parse("a.yaml", []byte("version: 1\naliases: {a: x}\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	with, err := parse("a.yaml", []byte("version: 1\ndatabase: default\naliases: {a: x}\n"), Options{})
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
