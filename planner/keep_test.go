package planner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
)

func TestKeepRetiresByNaturalOrder(t *testing.T) {
	all := "p_v1 p_v2 p_v9 p_v10 p_v11 p_v12 other_v1 p_v1_backup p_v2a p_v_old"
	have := numbered(all)
	keep := func(n int) manifest.Cutover {
		return manifest.Cutover{Keep: &manifest.Keep{N: n, Match: "p_v*"}}
	}
	tests := map[string]struct {
		cut
		want []string
	}{
		"two older ones stay, newer ones are not touched": {
			cut{scene: scene{want: "p: p_v11", last: "p: p_v10", live: "p: p_v10", have: have}, cutover: keep(2), names: all},
			[]string{"~ p: p_v10 -> p_v11", "! p_v1 #1", "! p_v2 #2"},
		},
		"one that any alias reaches stays": {
			cut{scene: scene{want: "p: p_v11", last: "p: p_v11", live: "p: p_v11\nforeign: p_v2", have: have}, cutover: keep(1), names: all},
			[]string{"! p_v1 #1", "! p_v9 #3"},
		},
		"fewer than asked for: nothing goes": {
			cut{scene: scene{want: "p: p_v2", last: "p: p_v2", live: "p: p_v2", have: have}, cutover: keep(2), names: all}, nil,
		},
		"the collection that it leaves in this run stays, however many rebuilds lie between": {
			cut{scene: scene{want: "p: p_v11", last: "p: p_v1", live: "p: p_v1", have: have}, cutover: keep(1), names: all},
			[]string{"~ p: p_v1 -> p_v11", "! p_v2 #2", "! p_v9 #3"},
		},
		"and the one that it left last": {
			cut{scene: scene{want: "p: p_v11", last: "p: p_v11", live: "p: p_v11", have: have}, cutover: keep(1), names: all, cameFrom: "p_v2"},
			[]string{"! p_v1 #1", "! p_v9 #3"},
		},
		"keep none": {
			cut{scene: scene{want: "p: p_v9", last: "p: p_v9", live: "p: p_v9", have: have}, cutover: keep(0), names: all},
			[]string{"! p_v1 #1", "! p_v2 #2"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := tt.build(t)
			if diff := cmp.Diff(tt.want, lines(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if got := p.Summary.Retire; got != strings.Count(strings.Join(tt.want, ""), "!") {
				t.Errorf("the guard on collection drops counts %d", got)
			}
		})
	}
}

// What the `keep` of one alias spares, that of another does not retire: they
// may watch over the same collections.
func TestKeepOfTwoAliases(t *testing.T) {
	all := "p_v1 p_v2 p_v3 p_v4 p_v5 p_v6"
	m := &manifest.Manifest{Databases: []manifest.Database{{Name: "default", Aliases: []manifest.Alias{
		{Name: "p", Collection: "p_v6", Cutover: &manifest.Cutover{Keep: &manifest.Keep{N: 0, Match: "p_v*"}}},
		{Name: "q", Collection: "p_v5", Cutover: &manifest.Cutover{Keep: &manifest.Keep{N: 3, Match: "p_v*"}}},
	}}}}
	live := scene{live: "p: p_v6\nq: p_v5", have: numbered(all)}.cluster(t)
	live.Databases["default"].Names = strings.Fields(all)
	p := planner.Build(m, planner.State{}, live, planner.Options{Now: noon})
	if diff := cmp.Diff([]string{"! p_v1 #1", "= adopt p -> p_v6", "= adopt q -> p_v5"}, lines(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// A collection that is named under retire is not one of those that stay.
func TestKeepCountsWhatIsNotRetiredByName(t *testing.T) {
	all := "p_v1 p_v2 p_v3 p_v4"
	p := cut{
		scene:   scene{want: "p: p_v4", last: "p: p_v4", live: "p: p_v4", retire: "p_v3", have: numbered(all)},
		cutover: manifest.Cutover{Keep: &manifest.Keep{N: 1, Match: "p_v*"}}, names: all,
	}.build(t)
	if diff := cmp.Diff([]string{"! p_v3 #3", "! p_v1 #1"}, lines(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// What was made after the bound collection is somebody's new work, whatever
// number it has. Ids tell: they begin with the time.
func TestKeepSparesWhatIsYoungerThanItsName(t *testing.T) {
	const first, second, third = "465305600000000000", "465305700000000000", "465305800000000000"
	all := "p_v1 p_v2 p_v12"
	p := cut{
		scene:   scene{want: "p: p_v12", last: "p: p_v12", live: "p: p_v12", have: "p_v1#" + first + " p_v2#" + third + " p_v12#" + second},
		cutover: manifest.Cutover{Keep: &manifest.Keep{N: 0, Match: "p_v*"}}, names: all,
	}.build(t)
	if diff := cmp.Diff([]string{"! p_v1 #" + first}, lines(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if !slices.Contains(p.Notes, `collection "p_v2" stays: it was made after "p_v12", which alias "p" is bound to`) {
		t.Errorf("notes %q", p.Notes)
	}
}

// numbered gives collections the ids 1, 2, 3.
func numbered(names string) string {
	var have strings.Builder
	for i, name := range strings.Fields(names) {
		fmt.Fprintf(&have, "%s#%d ", name, i+1)
	}
	return have.String()
}
