package manifest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What an alias asks for whose collection is the newest: nobody has looked at that one.
func TestNewestAsks(t *testing.T) {
	loaded, rows := Check{Name: Loaded}, Check{Name: MinRows, Rows: 1}
	for text, want := range map[string]*Cutover{
		"": {Require: []Check{loaded, rows}},
		"require: {exists: true, fields: [a], loaded: {unknown: allow}, min_rows: 7}": {Require: []Check{{Name: Exists}, {Name: Loaded, AllowUnknown: true}, {Name: MinRows, Rows: 7}, {Name: Fields, Fields: []string{"a"}}}},
		"require: {exists: true, same_schema: true}":                                  {Require: []Check{{Name: Exists}, loaded, rows, {Name: SameSchema}}},
		"require: {rows: 7}":                        {Require: []Check{loaded, {Name: Rows, Rows: 7}}},
		"require: {loaded: false, min_rows: false}": {Waived: []CheckName{Loaded, MinRows}},
		"require: {loaded: false, min_rows: 0}":     {Require: []Check{{Name: MinRows}}, Waived: []CheckName{Loaded}},
		"keep: 2":                                   {Require: []Check{loaded, rows}, Keep: &Keep{N: 2, Match: "p_v*"}},
		"keep: 2, match: p_v*":                      {Require: []Check{loaded, rows}, Keep: &Keep{N: 2, Match: "p_v*"}},
		"profile: all":                              {Group: "g", Require: []Check{{Name: Indexed}, rows}, Waived: []CheckName{Loaded}, Keep: &Keep{N: 1, Match: "p_v*"}},
		"profile: all, keep: false":                 {Group: "g", Require: []Check{{Name: Indexed}, rows}, Waived: []CheckName{Loaded}},
	} {
		m, err := parse("m.yaml", []byte("version: 1\nprofiles: {all: {group: g, keep: 1, require: {loaded: false, indexed: true}}}\naliases:\n  p: {collection: {newest: p_v*}, "+text+"}\n  q: q_v1\n  r: {collection: r_v1, profile: all}\n"), Options{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		want.OnFailure = SwitchBack
		a := m.Databases[0].Aliases
		if diff := cmp.Diff(want, a[0].Cutover, withoutPositions); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		if diff := cmp.Diff(&Newest{Match: "p_v*", Order: Natural, Pos: Position{"m.yaml", 4, 28}}, a[0].Newest); diff != "" {
			t.Error(diff)
		}
		// Others that share a profile with it do not ask for more.
		if a[1].Cutover != nil || len(a[2].Cutover.Require) != 1 || a[2].Cutover.Keep != nil {
			t.Errorf("%s: the others ask for %+v, %+v", text, a[1].Cutover, a[2].Cutover)
		}
	}
}

// `keep` goes by the order of `newest`, unless it has one of its own; both are read back
// as they were.
func TestKeepInTheOrderOfNewest(t *testing.T) {
	for text, want := range map[string]Keep{
		"collection: p_v1, match: p_v*, keep: 2":                                       {N: 2},
		"collection: p_v1, match: p_v*, keep: {count: 2}":                              {N: 2},
		"collection: p_v1, match: p_v*, keep: {count: 2, order: natural}":              {N: 2},
		"collection: p_v1, match: p_v*, keep: {count: 0, order: created, after: 7d}":   {Order: Created, After: 7 * 24 * time.Hour},
		"collection: {newest: p_v*}, keep: 2":                                          {N: 2},
		"collection: {newest: p_v*, order: created}, keep: 2":                          {N: 2, Order: Created},
		"collection: {newest: p_v*, order: created}, keep: {count: 2, after: 1h}":      {N: 2, Order: Created, After: time.Hour},
		"collection: {newest: p_v*, order: created}, keep: {count: 2, order: natural}": {N: 2},
		"collection: {newest: p_v*}, keep: {count: 2, order: created}":                 {N: 2, Order: Created},
		"collection: {newest: p_v*, order: created}, profile: natural":                 {N: 3, After: time.Minute},
		"collection: {newest: p_v*, order: created}, profile: natural, keep: 1":        {N: 1, Order: Created},
	} {
		m, err := parse("m.yaml", []byte("version: 1\nprofiles: {natural: {keep: {count: 3, order: natural, after: 1m}}}\naliases:\n  p: {"+text+"}\n"), Options{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		want.Match = "p_v*"
		if diff := cmp.Diff(&want, m.Databases[0].Aliases[0].Cutover.Keep, withoutPositions); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		checkRoundTrip(t, m)
	}
}

// Where each field of it comes from.
func TestNewestExplained(t *testing.T) {
	o := Origin{Files: []File{{"m.yaml", []byte("version: 1\nvars: {x: v}\ndefaults: {keep: 2}\naliases:\n  p: {collection: {newest: \"p_${x}*\"}, require: {min_rows: 5}}\n")}}}
	all, err := o.Explain(func(string, string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range all[0].Fields {
		line := strings.Join([]string{f.Name, f.Value, f.From}, " | ")
		if f.Pos != (Position{}) {
			line += " | " + f.Pos.String()
		}
		got = append(got, line)
	}
	want := []string{
		"collection | {newest: p_v*} | alias | m.yaml:5:19", "protect | false | built in", "on_failure | switch-back | built in",
		"require.loaded | true | built in", "require.min_rows | 5 | alias | m.yaml:5:60", "keep | 2 | defaults | m.yaml:3:18", "match | p_v* | newest | m.yaml:5:28",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
