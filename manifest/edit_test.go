package manifest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// edited applies words such as `a=b`, `db/a=b` and `-c` (retire) to one file.
func edited(t testing.TB, text string, words ...string) (*Edited, error) {
	t.Helper()
	var e Edit
	for _, w := range words {
		database, name := "", w
		if d, n, ok := strings.Cut(w, "/"); ok {
			database, name = strings.TrimPrefix(d, "-"), n
		}
		if strings.HasPrefix(w, "-") {
			e.Retire = append(e.Retire, Retirement{database, strings.TrimPrefix(name, "-")})
			continue
		}
		alias, collection, _ := strings.Cut(name, "=")
		e.Bind = append(e.Bind, Rebinding{database, alias, collection})
	}
	return Origin{Files: []File{{"m.yaml", []byte(text)}}}.Edit(e)
}

// An edit changes the bytes of the value and no other: each case is the text
// before and after.
func TestEditInPlace(t *testing.T) {
	for name, c := range map[string]struct{ before, words, after string }{
		"short":              {"version: 1\naliases:\n  a: v1 # why\n  b: v9\n", "a=v2", "version: 1\naliases:\n  a: v2 # why\n  b: v9\n"},
		"double quotes":      {"version: 1\naliases:\n  \"a\":   \"v1\"   # why\n", "a=v2", "version: 1\naliases:\n  \"a\":   \"v2\"   # why\n"},
		"single quotes":      {"version: 1\naliases: {'a': 'v1'}\n", "a=v2", "version: 1\naliases: {'a': 'v2'}\n"},
		"escape":             {"version: 1\naliases: {a: \"v\\x31\"}\n", "a=v2", "version: 1\naliases: {a: \"v2\"}\n"},
		"long":               {"version: 1\naliases:\n  a:\n    # first\n    protect: true\n    collection: v1 # c\n", "a=v2", "version: 1\naliases:\n  a:\n    # first\n    protect: true\n    collection: v2 # c\n"},
		"long flow":          {"version: 1\naliases:\n  a: {protect: true, collection: v1}\n", "a=v2", "version: 1\naliases:\n  a: {protect: true, collection: v2}\n"},
		"a word of YAML":     {"version: 1\naliases: {a: v1}\n", "a=no", "version: 1\naliases: {a: \"no\"}\n"},
		"line ends":          {"version: 1\r\naliases:\r\n  a: v1\r\n", "a=v2 -v1", "version: 1\r\naliases:\r\n  a: v2\r\nretire:\r\n  - v1\r\n"},
		"byte order mark":    {"\xef\xbb\xbfversion: 1\naliases: {a: v1}\n", "a=v2", "\xef\xbb\xbfversion: 1\naliases: {a: v2}\n"},
		"letters before it":  {"version: 1\naliases: {a: v1, b: v9} # äöü\ncluster: \"x\"\n", "b=v8", "version: 1\naliases: {a: v1, b: v8} # äöü\ncluster: \"x\"\n"},
		"question mark":      {"version: 1\naliases:\n  ? a\n  : v1\n", "a=v2", "version: 1\naliases:\n  ? a\n  : v2\n"},
		"variable":           {"version: 1\nvars: {r: '1'}\naliases: {a: \"v${r}\"}\n", "a=v2", "version: 1\nvars: {r: '1'}\naliases: {a: \"v2\"}\n"},
		"tag":                {"version: 1\naliases: {a: !!str v1}\n", "a=v2", "version: 1\naliases: {a: !!str v2}\n"},
		"use of an anchor":   {"version: 1\naliases:\n  a: &x v1\n  b: *x\n", "b=v2", "version: 1\naliases:\n  a: &x v1\n  b: v2\n"},
		"anchor, unused":     {"version: 1\naliases:\n  a: &x v1\n", "a=v2", "version: 1\naliases:\n  a: &x v2\n"},
		"shared, all of it":  {"version: 1\naliases:\n  a: &x v1\n  b: *x\n", "a=v2 b=v2", "version: 1\naliases:\n  a: &x v2\n  b: v2\n"},
		"several":            {"version: 1\naliases:\n  a: v1\n  b: v1\n  c: v1\n", "c=v3 a=v2", "version: 1\naliases:\n  a: v2\n  b: v1\n  c: v3\n"},
		"second document":    {"version: 1\naliases: {a: v1}\n---\ndatabase: d\naliases: {a: v1}\n", "d/a=v2", "version: 1\naliases: {a: v1}\n---\ndatabase: d\naliases: {a: v2}\n"},
		"as it is":           {"version: 1\naliases: {a: v1}\nretire: [v0]\n", "a=v1 -v0", ""},
		"no end of line":     {"version: 1\naliases: {a: v1}", "a=v2 -v1 -v0", "version: 1\naliases: {a: v2}\nretire:\n  - v1\n  - v0"},
		"retire, new":        {"version: 1\naliases: {a: v2}\n\n# the end\n", "-v1", "version: 1\naliases: {a: v2}\n\n# the end\nretire:\n  - v1\n"},
		"retire, two new":    {"version: 1\naliases: {a: v2}\n", "-v1 -v0", "version: 1\naliases: {a: v2}\nretire:\n  - v1\n  - v0\n"},
		"retire, block":      {"version: 1\nretire:\n    - v0   # old\n    # more\naliases: {a: v2}\n", "-v1", "version: 1\nretire:\n    - v0   # old\n    - v1\n    # more\naliases: {a: v2}\n"},
		"retire, no indent":  {"version: 1\nretire:\n- 'v0'\n", "-v1", "version: 1\nretire:\n- 'v0'\n- 'v1'\n"},
		"retire, long item":  {"version: 1\nretire:\n  - collection: v0\n    after: 24h\naliases: {a: v2}\n", "-v1", "version: 1\nretire:\n  - collection: v0\n    after: 24h\n  - v1\naliases: {a: v2}\n"},
		"retire, flow item":  {"version: 1\nretire:\n  - {collection: v0,\n     after: 24h}\n", "-v1 -v2", "version: 1\nretire:\n  - {collection: v0,\n     after: 24h}\n  - v1\n  - v2\n"},
		"retire, flow":       {"version: 1\nretire: [ v0, \"v3\", ]\n", "-v1 -v2", "version: 1\nretire: [ v0, \"v3\", \"v1\", \"v2\", ]\n"},
		"retire, empty":      {"version: 1\nretire: [ ] # none\n", "-v1 -v2", "version: 1\nretire: [v1, v2 ] # none\n"},
		"retire, defaults":   {"version: 1\ndefaults: {release_first: true}\nretire: [v0]\n", "-v1", "version: 1\ndefaults: {release_first: true}\nretire: [v0, v1]\n"},
		"retire, document":   {"version: 1\naliases: {a: v2}\n\n--- # d\ndatabase: d\naliases: {a: v1}\n", "-default/v1", "version: 1\naliases: {a: v2}\nretire:\n  - v1\n\n--- # d\ndatabase: d\naliases: {a: v1}\n"},
		"JSON":               {`{"version": 1, "aliases": {"a": "v1"}}`, "a=v2 -v1", `{"version": 1, "aliases": {"a": "v2"}, "retire": ["v1"]}`},
		"flow document":      {"{version: 1, aliases: {a: v1} # x\n}\n", "-v0", "{version: 1, aliases: {a: v1}, retire: [v0] # x\n}\n"},
		"quotes in comments": {"version: 1\nretire: [v0, # it's\n  v3]\n", "-v1", "version: 1\nretire: [v0, # it's\n  v3, v1]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := edited(t, c.before, strings.Fields(c.words)...)
			if err != nil {
				t.Fatal(err)
			}
			after := ""
			for _, f := range got.Files {
				after += string(f.After)
			}
			if diff := cmp.Diff(c.after, after); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What cannot be edited is refused with what helps, all of it in one run.
func TestEditRefused(t *testing.T) {
	const two = "version: 1\naliases: {a: v1, products: v7}\n---\ndatabase: d\naliases: {a: v1}\n"
	for name, c := range map[string]struct{ text, words, want, hint string }{
		"no such alias":    {two, "product=v2", `the manifest has no alias "product"`, `did you mean "products"?`},
		"all at once":      {two, "x=v2 a=v2 a=1 -v0 -e/v0", "the manifest cannot be edited: 5 mistakes", "add a new one by hand"},
		"in two databases": {two, "a=v2", `alias "a" is in 2 databases`, "`default/a=v2`"},
		"no such database": {two, "e/a=v2", `the manifest has no alias "e/a"`, ""},
		"two values":       {two, "d/a=v2 d/a=v3", `alias "a" is set to "v2" and to "v3"`, ""},
		"bad name":         {two, "products=1", `bad collection name "1": character 1 ('1') is a digit`, "a name has letters"},
		"retire where":     {two, "-v0", `--retire "v0": the manifest has 2 databases`, "`--retire default/v0`"},
		"still bound":      {two, "-d/v1", `m.yaml:7:5: error: collection "v1" is to be retired, but alias "a" is bound to it (m.yaml:5:11)`, "hint: bind the alias"},
		"an alias":         {two, "-default/a", `m.yaml:4:5: error: "a" is an alias`, ""},
		"shared":           {"version: 1\naliases:\n  a: &x v1\n  b: *x\n", "a=v2", "the edit would change more than it should: the value is shared by an anchor", "write the value out"},
		"shared mapping":   {"version: 1\naliases:\n  a: &x {collection: v1}\n  b: *x\n", "b=v2", "the edit would change more", "write the value out"},
		"block text":       {"version: 1\naliases:\n  a: >-\n    v1\n", "a=v2", `m.yaml:3:6: error: the collection of alias "a" is not written as a name on one line`, "hint: edit it by hand"},
		"newest":           {"version: 1\naliases: {a: {collection: {newest: v*}}}\n", "a=v2", `alias "a" is bound by ` + "`newest` (m.yaml:2:36)", "to hold the alias at one, write `collection: v2` by hand"},
		"wrong before":     {"version: 1\naliases: {a: 7}\n", "a=v2", `m.yaml:2:14: error: alias "a" must be a string`, ""},
		"wrong after":      {"version: 1\naliases: {a: {collection: v1, keep: 1, match: v*}}\n", "a=w2", `m.yaml:2:47: error: pattern "v*" does not match "w2"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := edited(t, c.text, strings.Fields(c.words)...)
			if err == nil {
				t.Fatalf("edited: %s", got.Files)
			}
			text := err.Error()
			var e *EditError
			if errors.As(err, &e) {
				text += "\n" + e.Hint()
				if n := len(strings.Fields(c.words)); name == "all at once" && len(e.Lines()) != n {
					t.Errorf("%d lines: %q", len(e.Lines()), e.Lines())
				}
			}
			if !strings.Contains(text, c.want) || !strings.Contains(text, c.hint) {
				t.Errorf("%s\nwant %s\nand %s", text, c.want, c.hint)
			}
		})
	}
}

// Whatever a manifest looks like, an edit gives what was asked for and leaves the
// other lines alone, or refuses.
func TestEditIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		text.WriteString("version: 1\n")
		quote := func(s string) string {
			return fmt.Sprintf(rapid.SampledFrom([]string{"%s", "%q", "'%s'"}).Draw(t, "quotes"), s)
		}
		blank := rapid.SampledFrom([]string{"", "\n", "# a comment: [ { ' \" \n", "  # indented\n"})
		retire := rapid.SampledFrom([]string{"", "retire: []\n", "retire: [old]\n", "retire:\n- old\n", "retire:\n   - {collection: old, after: 1h} # x\n"}).Draw(t, "retire")
		first := rapid.Bool().Draw(t, "retire first")
		if first {
			text.WriteString(retire)
		}
		text.WriteString("aliases:\n")
		n := rapid.IntRange(1, 6).Draw(t, "aliases")
		for i := range n {
			text.WriteString(blank.Draw(t, "blank"))
			name, value := quote(fmt.Sprintf("a%d", i)), quote(fmt.Sprintf("v%d", i))
			form := rapid.SampledFrom([]string{"  %s: %s\n", "  %s:   %s # why\n", "  %s: {collection: %s}\n", "  %s:\n    protect: true\n    # here\n    collection: %s\n", "  ? %s\n  : %s\n"}).Draw(t, "form")
			fmt.Fprintf(&text, form, name, value)
		}
		text.WriteString(blank.Draw(t, "blank"))
		if !first {
			text.WriteString(retire)
		}
		before := text.String()
		if rapid.Bool().Draw(t, "CR LF") {
			before = strings.ReplaceAll(before, "\n", "\r\n")
		}
		i := rapid.IntRange(0, n-1).Draw(t, "alias")
		got, err := Origin{Files: []File{{"m.yaml", []byte(before)}}}.Edit(Edit{
			Bind:   []Rebinding{{Alias: fmt.Sprintf("a%d", i), Collection: "green"}},
			Retire: []Retirement{{Collection: "gone"}},
		})
		if err != nil {
			t.Fatalf("%v\n%s", err, before)
		}
		after := string(got.Files[0].After)
		restored := strings.Replace(after, "green", fmt.Sprintf("v%d", i), 1)
		kept := 0
		for line := range strings.Lines(before) {
			if strings.Contains(restored, strings.TrimRight(line, "]\r\n")) {
				kept++
			}
		}
		if kept != strings.Count(before, "\n") {
			t.Fatalf("before:\n%s\nafter:\n%s", before, after)
		}
	})
}
