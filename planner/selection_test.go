package planner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// some selects by name.
func some(names ...string) planner.Selection {
	s := planner.Selection{Keys: map[planner.Key]bool{}}
	for _, n := range names {
		s.Keys[key(n)] = true
	}
	return s
}

func TestSelect(t *testing.T) {
	known := []planner.Key{key("p"), key("q"), key("d2/p"), key("p")}
	tests := []struct {
		values string
		want   planner.Selection
		fails  string
	}{
		{"", planner.Selection{}, ""},
		{"q", some("q"), ""},
		{"d2/p q", some("d2/p", "q"), ""},
		{"all", planner.Selection{All: true, Keys: map[planner.Key]bool{}}, ""},
		{"p", planner.Selection{}, `"p" is in the databases d2, default: write DATABASE/p`},
		{"z", planner.Selection{}, `"z" names nothing in the manifest or the state`},
		{"d2/q", planner.Selection{}, `"d2/q" names nothing in the manifest or the state`},
	}
	for _, tt := range tests {
		got, err := planner.Select(strings.Fields(tt.values), known)
		message := ""
		if err != nil {
			message = err.Error()
		}
		if message != tt.fails {
			t.Errorf("Select(%q) fails with %q, want %q", tt.values, message, tt.fails)
		}
		if diff := cmp.Diff(tt.want, got); err == nil && diff != "" {
			t.Errorf("Select(%q) (-want +got):\n%s", tt.values, diff)
		}
	}
}

// A group stands for its members, by the manifest and for the rest by the state; an
// alias of its name goes before it.
func TestSelectAliases(t *testing.T) {
	in := func(group string) *manifest.Cutover { return &manifest.Cutover{Group: group} }
	m := &manifest.Manifest{Databases: []manifest.Database{
		{Name: "default", Aliases: []manifest.Alias{{Name: "a", Cutover: in("g")}, {Name: "b", Cutover: in("g")}, {Name: "moved", Cutover: in("a")}, {Name: "alone"}}},
		{Name: "d2", Aliases: []manifest.Alias{{Name: "x", Cutover: in("h")}, {Name: "y", Cutover: in("both")}}},
	}}
	s := planner.State{Bindings: []planner.Binding{
		{Database: "default", Alias: "gone", Group: "g"}, {Database: "default", Alias: "moved", Group: "g"}, {Database: "default", Alias: "z", Group: "both"},
	}}
	for values, want := range map[string]planner.Selection{
		"g": some("a", "b", "gone"), "default/g alone": some("a", "b", "gone", "alone"), "h": some("d2/x"), "d2/both": some("d2/y"), "a": some("a"),
	} {
		got, err := planner.SelectAliases(strings.Fields(values), m, s)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", values, err, diff)
		}
	}
	for values, want := range map[string]string{
		"both": `"both" is in the databases d2, default: write DATABASE/both`, "d2/g": `"d2/g" names nothing in the manifest or the state`, "k": `"k" names nothing in the manifest or the state`,
	} {
		if _, err := planner.SelectAliases(strings.Fields(values), m, s); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", values, err, want)
		}
	}
}
