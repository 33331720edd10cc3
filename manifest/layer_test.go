package manifest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// written is one place with fields, as texts. In `require`, each check is a field.
type written struct {
	name   string // of a profile
	on     string // the profile that it builds on
	fields map[string]string
}

// genWritten draws what one place has of the fields that all places may have.
func genWritten(t *rapid.T, name string) written {
	w := written{name: name, fields: map[string]string{}}
	for field, values := range map[string][]string{
		"protect": {"true", "false"}, "from": {"from_v0", "false"}, "group": {"g", "false"}, "on_failure": {"keep"},
		"verify": {"5", "true", "false"}, "load": {"true", "{timeout: 1h}", "{}", "false"}, "keep": {"1", "2", "false"}, "match": {"c_v*", "c*"},
		"canary":          {"{query: {filter: 'id > 0'}}", "{search: {vector: [1, 2]}, max_latency: 1s}", "false"},
		"golden":          {"{file: g.jsonl}", "{file: h.jsonl, limit: 3}", "false"},
		"require.loaded":  {"true", "{unknown: allow}", "false"},
		"require.rows":    {"7", "false"},
		"require.fields":  {"[id, v]", "false"},
		"require.indexed": {"true", "false"},
	} {
		if rapid.IntRange(0, 2).Draw(t, name+" "+field) == 0 {
			w.fields[field] = rapid.SampledFrom(values).Draw(t, field)
		}
	}
	return w
}

// text writes the fields as a mapping.
func (w written) text(more ...string) string {
	fields, checks := slices.Clone(more), []string(nil)
	for name, value := range w.fields {
		if check, ok := strings.CutPrefix(name, "require."); ok {
			checks = append(checks, check+": "+value)
		} else {
			fields = append(fields, name+": "+value)
		}
	}
	if w.on != "" {
		fields = append(fields, "profile: "+w.on)
	}
	if checks != nil {
		fields = append(fields, "require: {"+strings.Join(checks, ", ")+"}")
	}
	slices.Sort(fields)
	return "{" + strings.Join(fields, ", ") + "}"
}

// Defaults and profiles stand for what is written out: the same manifest, whichever
// place has which field.
func TestLayersAreWhatIsWrittenOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		defaults := genWritten(t, "defaults")
		profiles := map[string]written{}
		var names []string
		for i := range rapid.IntRange(0, 3).Draw(t, "profiles") {
			p := genWritten(t, fmt.Sprintf("p%d", i))
			if i > 0 && rapid.Bool().Draw(t, "builds on") {
				p.on = rapid.SampledFrom(names).Draw(t, "on")
			}
			profiles[p.name], names = p, append(names, p.name)
		}
		names = append(names, "", "false")
		defaults.on = rapid.SampledFrom(names).Draw(t, "default profile")
		var short, long strings.Builder
		fmt.Fprintf(&short, "version: 1\ndefaults: %s\nprofiles:\n", defaults.text())
		for _, name := range slices.Backward(names[:len(profiles)]) { // in any order
			fmt.Fprintf(&short, "  %s: %s\n", name, profiles[name].text())
		}
		if len(profiles) == 0 {
			short.WriteString("  {}\n")
		}
		short.WriteString("aliases:\n")
		long.WriteString("version: 1\naliases:\n")
		var aliases []string
		for i := range rapid.IntRange(1, 4).Draw(t, "aliases") {
			alias, collection := fmt.Sprintf("a%d", i), fmt.Sprintf("collection: c_v%d", i+1)
			own := genWritten(t, alias)
			own.on = rapid.SampledFrom(names).Draw(t, "profile")
			if len(own.fields) == 0 && own.on == "" && rapid.Bool().Draw(t, "short form") {
				fmt.Fprintf(&short, "  %s: c_v%d\n", alias, i+1)
			} else {
				fmt.Fprintf(&short, "  %s: %s\n", alias, own.text(collection))
			}
			all := written{fields: map[string]string{}}
			take := func(w written) {
				for name, value := range w.fields {
					if _, ok := all.fields[name]; !ok {
						all.fields[name] = value
					}
				}
			}
			take(own)
			on := own.on
			if on == "" {
				on = defaults.on
			}
			for on != "" && on != "false" {
				take(profiles[on])
				on = profiles[on].on
			}
			take(defaults)
			if _, has := all.fields["match"]; !has || all.fields["keep"] == "false" || all.fields["keep"] == "" {
				delete(all.fields, "keep")
				delete(all.fields, "match")
			}
			for name, value := range all.fields { // nothing is below it
				if value == "false" && name != "protect" && name != "require.loaded" {
					delete(all.fields, name)
				}
			}
			fmt.Fprintf(&long, "  %s: %s\n", alias, all.text(collection))
			aliases = append(aliases, alias)
		}
		want, err := parse("long.yaml", []byte(long.String()), Options{})
		if err != nil {
			if problems, _ := AsProblems(err); problems != nil && strings.Contains(problems.Error(), "of the same group") {
				t.Skip() // drawn to disagree
			}
			t.Fatalf("%v\n%s", err, long.String())
		}
		got, err := parse("short.yaml", []byte(short.String()), Options{})
		if problems, _ := AsProblems(err); problems != nil && onlyNeeds(problems) {
			t.Skip() // an alias with keep or match that lacks the other
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, short.String())
		}
		if w, g := string(encoded(want)), string(encoded(got)); w != g {
			t.Fatalf("%s\nis\n%s\nwritten out, it is\n%s", short.String(), g, w)
		}
		explained, err := Origin{Files: []File{{"short.yaml", []byte(short.String())}}}.Explain(func(_, alias string) bool { return alias != "a0" })
		if err != nil || len(explained) != len(aliases)-1 {
			t.Fatalf("%d aliases are explained of %d: %v", len(explained), len(aliases), err)
		}
		for _, e := range explained {
			for _, f := range e.Fields {
				if (f.From == builtIn) != (f.Pos == Position{}) || f.From == "" || f.Value == "" {
					t.Fatalf("%s: %+v", e.Alias, f)
				}
			}
		}
	})
}

// onlyNeeds reports that nothing is wrong but a lonely keep or match.
func onlyNeeds(p *Problems) bool {
	return !slices.ContainsFunc(p.List, func(p Problem) bool { return !strings.Contains(p.Message, "needs the field") })
}

// Every mistake in a profile has its place and what helps, all in one run.
func TestBadProfiles(t *testing.T) {
	const text = `version: 1
defaults:
  profile: nowhere
  keep: true
profiles:
  a: {profile: b}
  b: {profile: c, colour: red}
  c: {profile: a}
  d: {profile: d}
  big: {canary: true, keep: 1}
  big: {}
  9x: {}
  none:
aliases:
  products: {collection: products_v42, profile: bigg}
  lonely: {collection: x_v1, profile: big, match: y_v*}
  alone: {collection: x_v1, match: x_v*}
  <<: x
`
	_, err := parse("m.yaml", []byte(text), Options{})
	if err == nil {
		t.Fatal("it is taken")
	}
	for _, want := range []string{
		`m.yaml:3:12: error: there is no profile "nowhere"` + "\n    hint: this document has ",
		`m.yaml:4:9: error: field "keep" must say more than true`,
		`m.yaml:7:19: error: unknown field "colour"`,
		`m.yaml:8:16: error: profile "a" builds on itself: a -> b -> c -> a` + "\n    hint: take `profile` out of one of them",
		`m.yaml:9:16: error: profile "d" builds on itself: d -> d`,
		`m.yaml:10:17: error: field "canary" must say more than true`,
		`m.yaml:11:3: error: duplicate profile "big", first at m.yaml:10:3`,
		`m.yaml:12:3: error: bad profile name "9x"`,
		`m.yaml:13:8: error: profile "none" is null`,
		`m.yaml:15:49: error: there is no profile "bigg"` + "\n    hint: did you mean \"big\"?",
		`m.yaml:16:51: error: pattern "y_v*" does not match "x_v1"`,
		`m.yaml:17:36: error: field "match" needs the field "keep"`,
		"m.yaml:18:3: error: merge keys (<<) are not supported\n    hint: put what is shared under `profiles`",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in\n%s", want, err)
		}
	}
}

// A profile costs less than what it stands for.
func TestProfilesAreReadOnce(t *testing.T) {
	if raceDetector() {
		t.Skip("times under the race detector say nothing")
	}
	const n, most, attempts = 5000, 1.2, 15
	const fields = "protect: true, group: g, require: {exists: true, loaded: true, min_rows: 1000, same_schema: true}, verify: 3, canary: {query: {filter: 'id > 0', output_fields: [id]}, max_latency: 1s}, golden: {file: g.jsonl}, keep: 2, match: c_*"
	var short, long strings.Builder
	short.WriteString("version: 1\nprofiles:\n  base: {" + fields + "}\n  p: {profile: base, on_failure: keep}\naliases:\n")
	long.WriteString("version: 1\naliases:\n")
	for i := range n {
		fmt.Fprintf(&short, "  a%d: {collection: c_%d, profile: p}\n", i, i)
		fmt.Fprintf(&long, "  a%d: {collection: c_%d, on_failure: keep, %s}\n", i, i, fields)
	}
	var ratio float64
	for range attempts {
		ratio = float64(leastTime([]byte(short.String()))) / float64(leastTime([]byte(long.String())))
		if ratio <= most {
			return
		}
	}
	t.Errorf("with a profile it takes %.2f times as long", ratio)
}
