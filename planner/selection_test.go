package planner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
