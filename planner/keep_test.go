package planner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

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
	p := planner.Compare(m, planner.State{}, planner.Options{Now: noon}).Plan(live)
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
// number it has. Ids are compared as whole numbers: those of one run of a server
// differ in their last digits only, and no float64 holds them.
func TestKeepSparesWhatIsNewerThanItsName(t *testing.T) {
	for name, ids := range map[string][4]string{ // of p_v1, p_v2, p_v3 and p_v12
		"far apart":                   {"465305600000000000", "465305800000000000", "465305600000000001", "465305700000000000"},
		"last digit":                  {"470764742955763160", "470764742955763163", "470764742955763161", "470764742955763162"},
		"more digits":                 {"98", "100", "97", "99"},
		"9 before 10":                 {"8", "10", "7", "9"},
		"one float64":                 {"9007199254740990", "9007199254740993", "9007199254740991", "9007199254740992"},
		"the last of int64":           {"9223372036854775804", "9223372036854775807", "9223372036854775805", "9223372036854775806"},
		"after a restart of a server": {"470764742955763162", "470764743217907201", "470764742955763163", "470764743217907200"},
	} {
		t.Run(name, func(t *testing.T) {
			all := "p_v1 p_v2 p_v3 p_v12"
			p := cut{
				scene: scene{want: "p: p_v12", last: "p: p_v12", live: "p: p_v12",
					have: "p_v1#" + ids[0] + " p_v2#" + ids[1] + " p_v3#" + ids[2] + " p_v12#" + ids[3]},
				cutover: manifest.Cutover{Keep: &manifest.Keep{N: 1, Match: "p_v*"}}, names: all,
			}.build(t)
			if diff := cmp.Diff([]string{"! p_v1 #" + ids[0]}, lines(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if !slices.Contains(p.Notes, `collection "p_v2" stays: it was made after "p_v12", which alias "p" is bound to`) {
				t.Errorf("notes %q", p.Notes)
			}
		})
	}
}

// A newer collection takes no place among the older ones that stay.
func TestKeepCountsOlderOnesAlone(t *testing.T) {
	all := "p_v1 p_v2 p_v3 p_v4"
	p := cut{
		scene: scene{want: "p: p_v4", last: "p: p_v4", live: "p: p_v4",
			have: "p_v1#1 p_v2#2 p_v4#4 p_v3#5"}, // p_v3 was built again
		cutover: manifest.Cutover{Keep: &manifest.Keep{N: 1, Match: "p_v*"}}, names: all,
	}.build(t)
	if diff := cmp.Diff([]string{"! p_v1 #1"}, lines(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// Where the order by age stays unknown, nothing is dropped.
func TestKeepWithoutIDs(t *testing.T) {
	all := "p_v1 p_v2"
	for name, have := range map[string]string{"of the bound one": "p_v1#1", "no number": "p_v1#x p_v2#y"} {
		p := cut{
			scene:   scene{want: "p: p_v2", last: "p: p_v2", live: "p: p_v2", have: have},
			cutover: manifest.Cutover{Keep: &manifest.Keep{N: 0, Match: "p_v*"}}, names: all,
		}.build(t)
		want := `collection "p_v1" stays: the ids do not show whether it is older than "p_v2", which alias "p" is bound to`
		if len(p.Steps) > 0 || !slices.Contains(p.Notes, want) {
			t.Errorf("%s: %q, notes %q", name, lines(p), p.Notes)
		}
	}
}

// Hashes have no order: `keep` retires nothing, and says why.
func TestKeepOfNamesWithoutOrder(t *testing.T) {
	for _, tt := range []struct {
		names, bound, match string
		keep                int
		note                bool
	}{
		{"d_3fa9c1 d_b71e20 d_77aa01 d_0011aa", "d_0011aa", "d_*", 1, true},
		{"d_jan d_feb d_mar", "d_mar", "d_*", 0, true},
		{"d_3fa9c1 d_0011aa", "d_0011aa", "d_*", 1, false}, // nothing to retire
		{"d_v1 d_v2 d_backup d_old", "d_v2", "d_*", 0, false},
		{"d_v2", "d_v2", "d_v*", 0, false},
		{"d_v2 e_x e_y", "d_v2", "d_v*", 0, false},
	} {
		p := cut{
			scene:   scene{want: "d: " + tt.bound, last: "d: " + tt.bound, live: "d: " + tt.bound, have: numbered(tt.names)},
			cutover: manifest.Cutover{Keep: &manifest.Keep{N: tt.keep, Match: tt.match}}, names: tt.names,
		}.build(t)
		if got := strings.Contains(strings.Join(p.Notes, " "), "have no order"); got != tt.note {
			t.Errorf("%q beside %s, keep %d: notes %q", tt.names, tt.bound, tt.keep, p.Notes)
		}
	}
}

// In the order of creation whatever matches is a candidate, by its id: hashes, dates,
// and a number that was built again.
func TestKeepByCreation(t *testing.T) {
	for name, tt := range map[string]struct {
		have  string
		keep  manifest.Keep
		live  string // besides p
		want  []string
		notes string
	}{
		"hashes":               {"p_ff#1 p_0a#2 p_7c#3 p_bb#4 p_cc#5", manifest.Keep{N: 1}, "", []string{"! p_ff #1", "! p_0a #2"}, `"p_cc" stays: it was made after "p_bb"`},
		"none":                 {"p_ff#1 p_0a#2 p_7c#3 p_bb#4", manifest.Keep{}, "", []string{"! p_ff #1", "! p_0a #2", "! p_7c #3"}, ""},
		"fewer than asked for": {"p_ff#1 p_bb#4", manifest.Keep{N: 2}, "", nil, ""},
		"one is reached":       {"p_ff#1 p_0a#2 p_bb#4", manifest.Keep{}, "theirs: p_ff", []string{"! p_0a #2"}, "reached by alias theirs"},
		"an id is not known":   {"p_ff#1 p_0a p_7c#3 p_bb#4", manifest.Keep{N: 1}, "", []string{"! p_ff #1"}, `"p_0a" stays: the ids do not show`},
		"the bound one's":      {"p_ff#1 p_0a#2 p_bb", manifest.Keep{}, "", nil, `"p_ff" stays: the ids do not show`},
		"ids as numbers":       {"p_ff#9 p_0a#10 p_7c#8 p_bb#11", manifest.Keep{N: 1}, "", []string{"! p_7c #8", "! p_ff #9"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tt.keep.Match, tt.keep.Order = "p_*", manifest.Created
			var names []string
			for item := range strings.FieldsSeq(tt.have) {
				bare, _, _ := strings.Cut(item, "#")
				names = append(names, bare)
			}
			slices.Sort(names)
			p := cut{
				scene:   scene{want: "p: p_bb", last: "p: p_bb", live: "p: p_bb\n" + tt.live, have: tt.have},
				cutover: manifest.Cutover{Keep: &tt.keep}, names: strings.Join(names, " "),
			}.build(t)
			got := lines(p)
			slices.Sort(got)
			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, got); diff != "" || !strings.Contains(strings.Join(p.Notes, "\n"), tt.notes) {
				t.Errorf("plan (-want +got):\n%s\nnotes %q", diff, p.Notes)
			}
		})
	}
}

// `after`: the wait begins when no alias reaches a collection, also while it is one of
// those that stay; a retiree of another id waits anew, and what is reached not at all.
func TestKeepByAge(t *testing.T) {
	const names = "p_v1 p_v2 p_v3 p_v4"
	since := func(collection, id string, ago time.Duration) planner.Idle {
		return planner.Idle{Database: "default", Collection: collection, CollectionID: id, Since: noon.Add(-ago)}
	}
	now := func(collection, id string) planner.Idle { return since(collection, id, 0) }
	for name, tt := range map[string]struct {
		idle    []planner.Idle
		live    string
		want    []string
		started []planner.Idle
		ended   []planner.Key
		note    string
	}{
		"first seen": {nil, "", nil, []planner.Idle{now("p_v1", "1"), now("p_v2", "2"), now("p_v3", "3")}, nil, `collection "p_v1": due in 1d`},
		"some are due": {[]planner.Idle{since("p_v1", "1", 25*time.Hour), since("p_v2", "2", time.Hour), since("p_v3", "3", 48*time.Hour)}, "",
			[]string{"! p_v1 #1"}, nil, nil, `collection "p_v2": due in 23h`},
		"another of that name": {[]planner.Idle{since("p_v1", "0", 25*time.Hour), since("p_v2", "2", 25*time.Hour), since("p_v3", "3", 0)}, "",
			[]string{"! p_v2 #2"}, []planner.Idle{now("p_v1", "1")}, nil, ""},
		"reached again": {[]planner.Idle{since("p_v1", "1", 25*time.Hour), since("p_v2", "2", 25*time.Hour), since("p_v3", "3", 25*time.Hour)}, "theirs: p_v1\nother: p_v3",
			[]string{"! p_v2 #2"}, nil, []planner.Key{key("p_v1"), key("p_v3")}, "reached by alias theirs"},
		"gone": {[]planner.Idle{since("p_v0", "9", 25*time.Hour), since("p_v1", "1", 0), since("p_v2", "2", 0), since("p_v3", "3", 0)}, "",
			nil, nil, []planner.Key{key("p_v0")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := cut{
				scene:   scene{want: "p: p_v4", last: "p: p_v4", live: "p: p_v4\n" + tt.live, have: numbered(names)},
				cutover: manifest.Cutover{Keep: &manifest.Keep{N: 1, Match: "p_v*", After: 24 * time.Hour}}, names: names, idle: tt.idle,
			}.build(t)
			if diff := cmp.Diff(tt.want, lines(p)); diff != "" || !strings.Contains(strings.Join(p.Notes, "\n"), tt.note) {
				t.Errorf("plan (-want +got):\n%s\nnotes %q", diff, p.Notes)
			}
			if diff := cmp.Diff(tt.started, p.Housekeeping.WaitStarted); diff != "" {
				t.Errorf("started (-want +got):\n%s", diff)
			}
			slices.SortFunc(p.Housekeeping.WaitEnded, planner.Key.Compare)
			if diff := cmp.Diff(tt.ended, p.Housekeeping.WaitEnded); diff != "" {
				t.Errorf("ended (-want +got):\n%s", diff)
			}
		})
	}
}

// Two aliases over the same collections: the longer wait counts.
func TestKeepWithTwoWaits(t *testing.T) {
	all := "p_v1 p_v2"
	keep := func(after time.Duration) *manifest.Cutover {
		return &manifest.Cutover{Keep: &manifest.Keep{Match: "p_v*", After: after}}
	}
	m := &manifest.Manifest{Databases: []manifest.Database{{Name: "default", Aliases: []manifest.Alias{
		{Name: "p", Collection: "p_v2", Cutover: keep(0)}, {Name: "q", Collection: "p_v2", Cutover: keep(time.Hour)},
	}}}}
	live := scene{live: "p: p_v2\nq: p_v2", have: numbered(all)}.cluster(t)
	live.Databases["default"].Names = strings.Fields(all)
	if p := planner.Compare(m, planner.State{}, planner.Options{Now: noon}).Plan(live); p.Summary.Retire > 0 || len(p.Housekeeping.WaitStarted) != 1 {
		t.Errorf("%q", lines(p))
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
