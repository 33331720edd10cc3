package manifest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// parseFiles is Load of files that are in memory.
func parseFiles(names []string, texts []string, opts Options) (*Manifest, error) {
	l := newLoader(opts)
	for i, name := range names {
		l.add(name, []byte(texts[i]))
	}
	return l.finish()
}

// genManifest draws what a manifest may say. Names of aliases, of collections
// and of what is retired or released never meet.
func genManifest() *rapid.Generator[*Manifest] {
	return rapid.Custom(func(t *rapid.T) *Manifest {
		m := &Manifest{Cluster: rapid.SampledFrom([]string{"", "prod-eu", "the cluster"}).Draw(t, "cluster")}
		databases := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"default", "shop", "search", "_1"}), 1, 4, rapid.ID).Draw(t, "databases")
		for _, name := range databases {
			db := Database{Name: name, Named: name != "default" || rapid.Bool().Draw(t, "named")}
			for i := range rapid.IntRange(0, 6).Draw(t, "aliases") {
				collection := fmt.Sprintf("docs_v%d", rapid.IntRange(0, 3).Draw(t, "version"))
				a := Alias{
					Name:       fmt.Sprintf("alias_%d", i),
					Collection: collection,
					Protect:    rapid.Bool().Draw(t, "protect"),
					Cutover:    genCutover(collection).Draw(t, "cutover"),
				}
				if rapid.IntRange(0, 3).Draw(t, "newest") == 0 {
					describe(t, &a)
				}
				if (a.Cutover == nil || a.Cutover.Group == "") && rapid.Bool().Draw(t, "displaces") {
					a.Displaces = &Displaced{RenameTo: fmt.Sprintf("was_%d", i)}
				}
				if a.Displaces == nil && rapid.IntRange(0, 3).Draw(t, "renamed") == 0 {
					a.RenamedFrom = fmt.Sprintf("formerly_%d", i)
					a.KeepOld = rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "keep old")
				}
				db.Aliases = append(db.Aliases, a)
			}
			for i := range rapid.IntRange(0, 3).Draw(t, "retire") {
				db.Retire = append(db.Retire, Retiree{
					Collection:   fmt.Sprintf("old_v%d", i),
					After:        rapid.SampledFrom([]time.Duration{0, time.Minute, 36 * time.Hour, 7 * 24 * time.Hour}).Draw(t, "after"),
					ReleaseFirst: rapid.Bool().Draw(t, "release first"),
					KeepData:     rapid.Bool().Draw(t, "keep data"),
				})
			}
			for i := range rapid.IntRange(0, 3).Draw(t, "release") {
				db.Releases = append(db.Releases, Release{Alias: fmt.Sprintf("legacy_%d", i)})
			}
			m.Databases = append(m.Databases, db)
		}
		return m
	})
}

// describe puts a pattern in the place of the collection of an alias.
func describe(t *rapid.T, a *Alias) {
	a.Collection = ""
	a.Newest = &Newest{Match: rapid.SampledFrom([]string{"docs_v*", "docs_*"}).Draw(t, "pattern"), Order: rapid.SampledFrom([]Order{Natural, Created}).Draw(t, "order")}
	s := settings{cutover: Cutover{OnFailure: SwitchBack}}
	if a.Cutover != nil {
		s.cutover, s.keep = *a.Cutover, a.Cutover.Keep
	}
	a.Cutover = a.Newest.asks(nil, &s, nil, nil)
}

// writer writes a manifest in one of the many ways that mean the same.
type writer struct {
	*rapid.T
	strings.Builder
}

func (w *writer) flip(what string) bool { return rapid.Bool().Draw(w.T, what) }

// name writes a name in one of the ways of YAML, or through the variable v,
// whose value is "v".
func (w *writer) name(s string) string {
	switch rapid.IntRange(0, 3).Draw(w.T, "style") {
	case 0:
		return "'" + s + "'"
	case 1:
		return `"` + s + `"`
	case 2:
		if i := strings.Index(s, "v"); i >= 0 {
			return `"` + s[:i] + "${v}" + s[i+1:] + `"`
		}
	}
	return s
}

func (w *writer) key(s string) string {
	if w.flip("quoted key") {
		return `"` + s + `"`
	}
	return s
}

func (w *writer) line(format string, args ...any) {
	if w.flip("comment") {
		w.WriteString("# comment: [\n")
	}
	fmt.Fprintf(w, format, args...)
	if w.flip("line comment") {
		w.WriteString("  # to be moved")
	}
	w.WriteString("\n")
}

// document writes some entries of one database.
func (w *writer) document(db Database, cluster string) {
	w.line("version: 1")
	if cluster != "" {
		w.line("cluster: %q", cluster)
	}
	if db.Named {
		w.line("database: %s", db.Name)
	}
	defaults, releaseFirst := w.defaults(db.Aliases)
	if len(db.Retire) > 0 {
		w.line("retire:")
		for _, r := range db.Retire {
			var fields []string
			if r.After > 0 {
				fields = append(fields, "after: "+r.After.String())
			}
			if r.KeepData || w.flip("said") {
				fields = append(fields, fmt.Sprintf("keep_data: %t", r.KeepData))
			}
			if r.ReleaseFirst != releaseFirst || w.flip("said") {
				fields = append(fields, fmt.Sprintf("release_first: %t", r.ReleaseFirst))
			}
			if len(fields) == 0 && w.flip("short") {
				w.line("  - %s", w.name(r.Collection))
				continue
			}
			w.line("  - collection: %s", w.name(r.Collection))
			for _, f := range fields {
				w.line("    %s", f)
			}
		}
	}
	if len(db.Aliases) > 0 {
		w.line("aliases:")
		for _, a := range db.Aliases {
			fields := w.cutover(defaults, a.Cutover)
			if d := a.Displaces; d != nil {
				fields = append(fields, "displaces: {rename_to: "+w.name(d.RenameTo)+"}")
			}
			if a.Protect || w.flip("said") {
				fields = append(fields, fmt.Sprintf("protect: %t", a.Protect))
			}
			if a.RenamedFrom != "" {
				fields = append(fields, "renamed_from: "+w.name(a.RenamedFrom))
			}
			if a.KeepOld > 0 {
				fields = append(fields, "keep_old: "+a.KeepOld.String())
			}
			if len(fields) == 0 && a.Newest == nil && w.flip("short") {
				w.line("  %s: %s", w.key(a.Name), w.name(a.Collection))
				continue
			}
			if n := a.Newest; n == nil {
				fields = append(fields, "collection: "+w.name(a.Collection))
			} else if n.Order == Natural && w.flip("short") {
				fields = append(fields, fmt.Sprintf("collection: {newest: %q}", n.Match))
			} else {
				fields = append(fields, fmt.Sprintf("collection: {order: %s, newest: %q}", n.Order, n.Match))
			}
			if w.flip("flow") {
				w.line("  %s: %s", w.key(a.Name), w.flow(fields))
				continue
			}
			w.line("  %s:", w.key(a.Name))
			for _, f := range rapid.Permutation(fields).Draw(w.T, "order") {
				w.line("    %s", f)
			}
		}
	}
	for i, r := range db.Releases {
		if i == 0 {
			w.line("release:")
		}
		w.line("  - %s", w.name(r.Alias))
	}
}

// However a manifest is spread over documents and files and written down, it
// says the same, and every position in it is that of its text.
func TestAnyWritingIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genManifest().Draw(t, "manifest")
		var names, texts []string
		w := &writer{T: t}
		endFile := func() {
			names = append(names, fmt.Sprintf("%d.yaml", len(names)))
			texts = append(texts, w.String())
			w.Builder = strings.Builder{}
		}
		for _, db := range want.Databases {
			for first := true; first || len(db.Aliases)+len(db.Retire)+len(db.Releases) > 0; first = false {
				if w.Len() > 0 {
					if w.flip("new file") {
						endFile()
					} else {
						w.WriteString("---\n")
					}
				}
				part := db
				part.Aliases, db.Aliases = cut(t, db.Aliases)
				part.Retire, db.Retire = cut(t, db.Retire)
				part.Releases, db.Releases = cut(t, db.Releases)
				w.document(part, want.Cluster)
			}
		}
		endFile()

		got, err := parseFiles(names, texts, Options{Vars: map[string]string{"v": "v"}})
		if _, unused := errors.AsType[*UnusedVarError](err); unused {
			got, err = parseFiles(names, texts, Options{})
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, strings.Join(texts, "\n=== next file\n"))
		}
		if diff := cmp.Diff(want, got, withoutPositions); diff != "" {
			t.Fatalf("(-written +read):\n%s\n%s", diff, strings.Join(texts, "\n=== next file\n"))
		}
		for _, text := range texts {
			accepts(t, []byte(text))
		}
		check := func(pos Position, name string) {
			for i := range names {
				if names[i] != pos.File {
					continue
				}
				line := strings.Split(texts[i], "\n")[pos.Line-1]
				there := strings.TrimPrefix(line[pos.Column-1:], "collection: ")
				there = strings.ReplaceAll(strings.TrimLeft(there, `"'`), "${v}", "v")
				if !strings.HasPrefix(there, name) {
					t.Fatalf("%s is said to be at %s, where %q is", name, pos, there)
				}
			}
		}
		for _, db := range got.Databases {
			for _, a := range db.Aliases {
				check(a.Pos, a.Name)
			}
			for _, r := range db.Retire {
				check(r.Pos, r.Collection)
			}
			for _, r := range db.Releases {
				check(r.Pos, r.Alias)
			}
		}
	})
}

func cut[E any](t *rapid.T, s []E) (now, later []E) {
	i := rapid.IntRange(0, len(s)).Draw(t, "cut")
	return s[:i], s[i:]
}

// One fault anywhere in a good manifest is found there, and nothing else is
// reported.
func TestOneFaultIsOneProblem(t *testing.T) {
	faults := []struct{ line, column, message string }{
		{"  x: x-1", ":6: ", "character 2 ('-') is not allowed"},
		{"  x-1: y", ":3: ", "character 2 ('-') is not allowed"},
		{"  x:", ":5: ", "null"},
		{"  x: 42", ":6: ", "not a number"},
		{"  x: [y]", ":6: ", "not a list"},
		{"  x: {colection: y, collection: y}", ":7: ", `unknown field "colection"`},
		{"  x: {protect: true}", ":6: ", `no field "collection"`},
		{"  x: x", ":3: ", `named like the collection of alias "x"`},
		{"  x: ${nowhere}", ":6: ", `undefined variable "nowhere"`},
		{"  x: !y z", ":6: ", `tag "!y"`},
		{"  x: *y", ":1: ", "unknown anchor"},
		{"  x: 'y", ":1: ", "invalid YAML"},
		{"  x: [y", ":1: ", "invalid YAML"},
		{"\tx: y", ":1: ", "invalid YAML"},
		{"  x: y: z", ":1: ", "invalid YAML"},
		{" x: y", ":1: ", "invalid YAML"},
		{"  x: {collection: y, from: y}", ":28: ", "both"},
		{"  x: {collection: y, keep: 1}", ":28: ", `needs the field "match"`},
		{"  x: {collection: y, keep: 1, match: z*}", ":38: ", `"z*" does not match "y"`},
		{"  x: {collection: y, verify: 0}", ":30: ", "less than 1"},
		{"  x: {collection: y, require: {loadd: true}}", ":32: ", `unknown field "loadd"`},
		{"  x: {collection: y, require: {min_rows: true}}", ":42: ", "more than true"},
		{"  x: {collection: y, require: {min_rows: 1.5}}", ":42: ", "not a whole number"},
		{"  x: {collection: y, canary: {max_latency: 1s}}", ":30: ", "exactly one"},
		{"  x: {collection: y, golden: {file: g, min_overlap: 2}}", ":53: ", "more than 1"},
		{"  x: \xff", ":6: ", "not valid UTF-8"},
		{"  x: y # \x01", ":10: ", "control character"},
	}
	rapid.Check(t, func(t *rapid.T) {
		fault := rapid.SampledFrom(faults).Draw(t, "fault")
		before := rapid.IntRange(1, 40).Draw(t, "before")
		after := rapid.IntRange(1, 40).Draw(t, "after")
		var b strings.Builder
		b.WriteString("version: 1\naliases:\n")
		for i := range before {
			fmt.Fprintf(&b, "  a%d: c%d\n", i, i)
		}
		fmt.Fprintf(&b, "%s\n", fault.line)
		for i := range after {
			fmt.Fprintf(&b, "  b%d: c%d\n", i, i)
		}
		_, err := parse("a.yaml", []byte(b.String()), Options{})
		problems, ok := AsProblems(err)
		if !ok || len(problems.List) != 1 {
			t.Fatalf("got %v, want one problem", err)
		}
		got, place := problems.Error(), fmt.Sprintf("a.yaml:%d%s", before+3, fault.column)
		if !strings.HasPrefix(got, place) || !strings.Contains(got, fault.message) {
			t.Errorf("got %s\nwant %s... %s", got, place, fault.message)
		}
	})
}
