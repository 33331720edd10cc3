package manifest

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cutoverManifest says everything that can be said about a cutover.
const cutoverManifest = `version: 1
vars: {rows: 1000000, slack: 5}
defaults:
  on_failure: switch-back
  require: {exists: true, loaded: true, same_schema: true}
  verify: true
  release_first: true
aliases:
  plain: plain_v1
  bare: {collection: bare_v1, displaces: {rename_to: bare_v0}}
  products:
    collection: products_v42
    protect: true
    from: products_v41
    group: shop
    on_failure: keep
    load: {timeout: 1h30m}
    require:
      loaded: {unknown: allow}
      indexed: true
      min_rows: ${rows}
      rows_within: "${slack}.5%"
      same_schema: false
    verify: 5
    canary:
      query: {filter: "id >= 0", limit: 3, output_fields: [id, title]}
      max_latency: 500ms
    golden:
      file: golden/products.jsonl
      field: vector
      limit: 20
      min_overlap: 0.9
      max_latency_ratio: 1.5
    keep: 2
    match: products_v*
  reviews:
    collection: reviews_v7
    require:
      exists: false
      loaded: {}
      min_rows: {rows: 10, unknown: allow}
      rows_within: {percent: 0.5%, unknown: fail}
    verify: {confirmations: 1}
    canary:
      search:
        vector: [0.5, -1, 2e-3]
        field: dense
        filter: |
          price > 0
            and stock > 0
    golden: {file: /srv/golden.jsonl}
  free:
    collection: free_v1
    load: true
    require: {exists: false, loaded: false, same_schema: false}
    verify: false
retire:
  - products_v30
  - {collection: products_v31, after: 1d12h, release_first: false, keep_data: true}
  - {collection: products_v32, after: 24h}
---
aliases:
  later: {collection: later_v1, on_failure: switch-back, require: {}}
retire: [later_v0]
`

func TestCutovers(t *testing.T) {
	m, err := parse("shop/aliases.yaml", []byte(cutoverManifest), Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(line, column int) Position { return Position{"shop/aliases.yaml", line, column} }
	exists := Check{Name: Exists, Pos: at(5, 21)}
	shared := &Cutover{
		OnFailure: SwitchBack, Confirmations: 3,
		Require: []Check{exists, {Name: Loaded, Pos: at(5, 35)}, {Name: SameSchema, Pos: at(5, 54)}},
	}
	want := map[string]*Cutover{
		"plain": shared,
		"bare":  shared,
		"products": {
			From: "products_v41", Group: "shop", OnFailure: KeepGoing, Confirmations: 5, Load: &Loading{Timeout: 90 * time.Minute, Pos: at(17, 11)},
			Require: []Check{
				exists,
				{Name: Loaded, AllowUnknown: true, Pos: at(19, 15)},
				{Name: Indexed, Pos: at(20, 16)},
				{Name: MinRows, Rows: 1000000, Pos: at(21, 17)},
				{Name: RowsWithin, Percent: 5.5, Pos: at(22, 20)},
			},
			Canary: &Canary{
				Query:      &Query{Filter: "id >= 0", Limit: 3, OutputFields: []string{"id", "title"}},
				MaxLatency: 500 * time.Millisecond, Pos: at(26, 7),
			},
			Golden: &Golden{File: "golden/products.jsonl", Field: "vector", Limit: 20, MinOverlap: 0.9, MaxLatencyRatio: 1.5, Pos: at(29, 7)},
			Keep:   &Keep{N: 2, Match: "products_v*", Pos: at(34, 11)},
		},
		"reviews": {
			OnFailure: SwitchBack, Confirmations: 1,
			Require: []Check{
				{Name: Loaded, Pos: at(40, 15)},
				{Name: MinRows, Rows: 10, AllowUnknown: true, Pos: at(41, 17)},
				{Name: RowsWithin, Percent: 0.5, Pos: at(42, 20)},
				{Name: SameSchema, Pos: at(5, 54)},
			},
			Canary: &Canary{
				Search: &Search{Vector: []float64{0.5, -1, 0.002}, Field: "dense", Filter: "price > 0\n  and stock > 0\n", Limit: 10},
				Pos:    at(45, 7),
			},
			Golden: &Golden{File: "/srv/golden.jsonl", Limit: 10, MinOverlap: 0.8, Pos: at(51, 13)},
		},
		"free":  {OnFailure: SwitchBack, Load: &Loading{Timeout: DefaultLoadTimeout, Pos: at(54, 11)}, Waived: []CheckName{Loaded}},
		"later": nil,
	}
	got := make(map[string]*Cutover)
	for _, a := range m.Databases[0].Aliases {
		got[a.Name] = a.Cutover
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cutovers (-want +got):\n%s", diff)
	}
	if got["plain"] != got["bare"] {
		t.Error("aliases that only follow the defaults do not share one Cutover")
	}
	retire := []Retiree{
		{Collection: "products_v30", ReleaseFirst: true},
		{Collection: "products_v31", After: 36 * time.Hour, KeepData: true},
		{Collection: "products_v32", After: 24 * time.Hour, ReleaseFirst: true},
		{Collection: "later_v0"},
	}
	if diff := cmp.Diff(retire, m.Databases[0].Retire, withoutPositions); diff != "" {
		t.Errorf("retire (-want +got):\n%s", diff)
	}
}

// The checks that can be written are those that there are, but for the one
// that golden makes.
func TestChecksHaveFields(t *testing.T) {
	var got []CheckName
	for _, f := range requireShape.fields {
		got = append(got, CheckName(f.name))
	}
	if diff := cmp.Diff(CheckNames(), append(got, GoldenCheck)); diff != "" {
		t.Errorf("(-checks +fields):\n%s", diff)
	}
}

// What asks for nothing has no Cutover, in whatever words.
func TestNoCutover(t *testing.T) {
	for _, text := range []string{
		"version: 1\naliases: {a: x}\n",
		"version: 1\naliases: {a: {collection: x, protect: true}}\n",
		"version: 1\ndefaults: {}\naliases: {a: x}\n",
		"version: 1\ndefaults: {release_first: true, verify: false, on_failure: switch-back, require: {indexed: false}}\naliases: {a: x}\n",
		"version: 1\ndefaults: {on_failure: keep}\naliases: {a: {collection: x, on_failure: switch-back}}\n",
		"version: 1\ndefaults: {require: {exists: true}}\n---\naliases: {a: x}\n",
	} {
		m, err := parse("a.yaml", []byte(text), Options{})
		if err != nil {
			t.Errorf("%v\n%s", err, text)
			continue
		}
		if c := m.Databases[0].Aliases[0].Cutover; c != nil {
			t.Errorf("got %+v\n%s", c, text)
		}
	}
}

// An anchor makes one value stand in many places; it is held once.
func TestAnchoredCutoverIsShared(t *testing.T) {
	m, err := parse("a.yaml", []byte(`version: 1
aliases:
  a: &a {collection: x_v1, group: g, canary: &c {search: &s {vector: &v [1, 2]}}}
  b: *a
  c: {collection: x_v1, canary: *c}
  d: {collection: x_v1, canary: {search: *s}}
  e: {collection: x_v1, canary: {search: {vector: *v, limit: 5}}}
`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var c []*Cutover
	for _, a := range m.Databases[0].Aliases {
		c = append(c, a.Cutover)
	}
	if c[0] != c[1] || c[0].Canary != c[2].Canary || c[0].Canary.Search != c[3].Canary.Search ||
		&c[0].Canary.Search.Vector[0] != &c[4].Canary.Search.Vector[0] {
		t.Error("a value is held more than once")
	}
	if c[4].Canary.Search.Limit != 5 || c[2].Group != "" {
		t.Error("more than the value is shared")
	}
}

// The anchors of one document are nothing to the next, also where it has an
// equal text.
func TestDefaultsEndWithTheirDocument(t *testing.T) {
	const document = "defaults: {require: &r {loaded: true}}\naliases: {%: {collection: x, require: *r}}\n"
	m, err := parse("a.yaml", []byte("version: 1\n"+strings.Replace(document, "%", "a", 1)+
		"---\n"+strings.Replace(strings.Replace(document, "%", "b", 1), "loaded", "indexed", 1)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []CheckName{Loaded, Indexed} {
		if got := m.Databases[0].Aliases[i].Cutover.Require; len(got) != 1 || got[0].Name != want {
			t.Errorf("alias %d requires %v, want %s", i, got, want)
		}
	}
}

func TestGoldenPath(t *testing.T) {
	dir := write(t, map[string]string{"shop/aliases.yaml": "version: 1\naliases: {a: {collection: x, golden: {file: q/g.jsonl}}}\n"})
	t.Chdir(dir)
	absolute := filepath.Join(dir, "g.jsonl")
	for _, test := range []struct{ path, text, want string }{
		{path: "shop", want: filepath.Join("shop", "q", "g.jsonl")},
		{path: filepath.Join(dir, "shop", "aliases.yaml"), want: filepath.Join(dir, "shop", "q", "g.jsonl")},
		{path: "-", text: "version: 1\naliases: {a: {collection: x, golden: {file: q/g.jsonl}}}\n", want: "q/g.jsonl"},
		{path: "-", text: "version: 1\naliases: {a: {collection: x, golden: {file: " + absolute + "}}}\n", want: absolute},
	} {
		m, err := Load([]string{test.path}, Options{Stdin: strings.NewReader(test.text)})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Databases[0].Aliases[0].Cutover.Golden.Path(); got != test.want {
			t.Errorf("the file named by %s is %s, want %s", test.path, got, test.want)
		}
	}
}

func TestDurations(t *testing.T) {
	for _, test := range []struct {
		text string
		want time.Duration
		back string // as it is written out, when not as text
	}{
		{text: "1ns", want: 1},
		{text: "1.5s", want: 1500 * time.Millisecond},
		{text: "500ms", want: 500 * time.Millisecond},
		{text: "90s", want: 90 * time.Second, back: "1m30s"},
		{text: "10m", want: 10 * time.Minute},
		{text: "1h0m1s", want: time.Hour + time.Second},
		{text: "24h", want: 24 * time.Hour, back: "1d"},
		{text: "7d", want: 7 * 24 * time.Hour},
		{text: "1d12h", want: 36 * time.Hour},
		{text: "2d0.5h", want: 48*time.Hour + 30*time.Minute, back: "2d30m"},
		{text: "36500d", want: 36500 * 24 * time.Hour},
	} {
		got, ok := parseDuration(test.text)
		if !ok || got != test.want || !isDuration(test.text) {
			t.Errorf("%s is read as %v (%t), want %v", test.text, got, ok, test.want)
		}
		back := test.back
		if back == "" {
			back = test.text
		}
		if out := FormatDuration(got); out != back {
			t.Errorf("%s is written as %s, want %s", test.text, out, back)
		}
	}
	for _, text := range []string{
		"", "d", "h", "1", "-1s", "+1s", "1d-1h", "1d+1h", "1.5d", "01d", "1d1d", "36500d1ns", "36501d", "99999999999d",
		"876000h1ns", "1 h", " 1h", "1y", "0s", "0d", "0d0s", "1h" + strings.Repeat("1h", 32),
	} {
		if isDuration(text) {
			d, _ := parseDuration(text)
			t.Errorf("%q is taken for %v", text, d)
		}
	}
}
