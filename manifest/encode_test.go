package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// encode is Encode to memory.
func encode(t rapid.TB, m *Manifest) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Long forms of checks are written as they are read, and read back.
func TestEncodeChecks(t *testing.T) {
	for _, written := range []string{
		"same_grants: true", "same_grants: {alias_grants: follow}", "same_grants: {unknown: allow}", "same_grants: {alias_grants: stay, unknown: allow}",
		"metric: {metric: IP, field: sparse, unknown: allow}", "rows: {rows: 7, unknown: allow}",
	} {
		m, err := parse("m.yaml", []byte("version: 1\naliases:\n  p:\n    collection: c\n    require:\n      "+written+"\n"), Options{})
		if err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if got := encode(t, m); !bytes.Contains(got, []byte("      "+written+"\n")) {
			t.Errorf("%s is written as\n%s", written, got)
		}
	}
}

func TestEncode(t *testing.T) {
	m, err := parse("a.yaml", []byte(cutoverManifest+`---
cluster: "prod: eu"
database: "y"
aliases: {"true": "null", "No": on, e1: _1, "off": {collection: n, protect: true}}
release: ["on", legacy]
---
database: empty
`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `version: 1
cluster: "prod: eu"
aliases:
  plain:
    collection: plain_v1
    require:
      exists: true
      loaded: true
      same_schema: true
    verify: 3
  bare:
    collection: bare_v1
    displaces: {rename_to: bare_v0}
    require:
      exists: true
      loaded: true
      same_schema: true
    verify: 3
  products:
    collection: products_v42
    protect: true
    from: products_v41
    group: shop
    on_failure: keep
    load: {timeout: 1h30m}
    require:
      exists: true
      loaded: {unknown: allow}
      indexed: true
      min_rows: 1000000
      rows_within: 5.5%
    verify: 5
    canary:
      query:
        filter: "id >= 0"
        limit: 3
        output_fields: [id, title]
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
      loaded: true
      min_rows: {rows: 10, unknown: allow}
      rows_within: 0.5%
      same_schema: true
    verify: 1
    canary:
      search:
        vector: [0.5, -1, 0.002]
        field: dense
        filter: "price > 0\n  and stock > 0\n"
    golden:
      file: /srv/golden.jsonl
  free:
    collection: free_v1
    load: true
    require:
      loaded: false
  later: later_v1
retire:
  - collection: products_v30
    release_first: true
  - collection: products_v31
    after: 1d12h
    keep_data: true
  - collection: products_v32
    after: 1d
    release_first: true
  - later_v0
---
version: 1
cluster: "prod: eu"
database: "y"
aliases:
  "true": "null"
  "No": "on"
  e1: _1
  "off":
    collection: "n"
    protect: true
release:
  - "on"
  - legacy
---
version: 1
cluster: "prod: eu"
database: empty
`
	if diff := cmp.Diff(want, string(encode(t, m))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	checkRoundTrip(t, m)
}

// checkRoundTrip is the law of Encode: what it writes is read back as the same
// manifest, and written again it is the same text.
func checkRoundTrip(t rapid.TB, m *Manifest) {
	t.Helper()
	text := encode(t, m)
	again, err := parse("again.yaml", text, Options{})
	if err != nil {
		t.Fatalf("what was written is refused: %v\n%s", err, text)
	}
	if diff := cmp.Diff(m, again, withoutPositions); diff != "" {
		t.Fatalf("written out and read again it differs (-first +again):\n%s\n%s", diff, text)
	}
	if diff := cmp.Diff(string(text), string(encode(t, again))); diff != "" {
		t.Fatalf("written out twice it differs (-first +again):\n%s", diff)
	}
}

func TestEncodeNothing(t *testing.T) {
	for want, m := range map[string]*Manifest{
		"version: 1\n":                   {},
		"version: 1\ncluster: prod-eu\n": {Cluster: "prod-eu", Databases: []Database{{Name: DefaultDatabase}}},
		"version: 1\ndatabase: shop\n":   {Databases: []Database{{Name: "shop"}}},
	} {
		if got := string(encode(t, m)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Labels and file names are quoted when YAML would read them otherwise.
func TestScalarsAreReadBack(t *testing.T) {
	for _, text := range []string{
		"prod-eu", "-", "- a", "a: b", "a #b", "#a", "{a}", "[a]", "a, b", "*a", "&a", "!a", "|", ">", "'a'", `"a"`, `a\b`,
		"%a", "@a", "`a`", "?", "? a", ":", "a:", "=", "<<", "~", "null", "NULL", "True", "yes", "No", "y", "N", "on", "OFF",
		"1", "-1", "0x1", "1e3", ".5", ".inf", "1_000", "2026-11-21", "12:30", "$a", "${", "é", "日本", "a b", "---", "...",
		"\U0001f680", "/a/b-c.d*", "5%",
	} {
		g := &Golden{File: text, Limit: defaultLimit, MinOverlap: defaultMinOverlap}
		label := text
		if !isClusterLabel(label) {
			label = "prod"
		}
		m := &Manifest{Cluster: label, Databases: []Database{{Name: DefaultDatabase, Aliases: []Alias{
			{Name: "a", Collection: "x", Cutover: &Cutover{OnFailure: SwitchBack, Golden: g}},
		}}}}
		if !isLabel(text) || !isPath(text) {
			if text != "${" {
				t.Errorf("%q is no label", text)
			}
			continue
		}
		checkRoundTrip(t, m)
	}
}

type failingWriter struct{ after int }

var errFull = errors.New("disk full")

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.after -= len(p); w.after < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestEncodeReportsTheWriter(t *testing.T) {
	m := bindings(1000)
	for _, after := range []int{0, 10_000} {
		if err := Encode(&failingWriter{after}, m); !errors.Is(err, errFull) {
			t.Errorf("got %v when the disk is full after %d bytes", err, after)
		}
	}
}

// bindings is a manifest of n aliases.
func bindings(n int) *Manifest {
	d := Database{Name: DefaultDatabase}
	for i := range n {
		d.Aliases = append(d.Aliases, Alias{Name: fmt.Sprintf("tenant_%07d", i), Collection: fmt.Sprintf("docs_%06d", i/10)})
	}
	return &Manifest{Databases: []Database{d}}
}

// Nothing of a manifest is gathered in memory before it is written.
func TestEncodeStreams(t *testing.T) {
	m := bindings(20_000)
	if got := testing.AllocsPerRun(3, func() { _ = Encode(io.Discard, m) }); got > 50 {
		t.Errorf("%.0f allocations to write %d aliases", got, len(m.Databases[0].Aliases))
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{100, 10_000, 1_000_000} {
		m := bindings(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Encode(io.Discard, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
