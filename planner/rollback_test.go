package planner_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/planner"
	"aliasctl/planner/rollback"
)

func TestRollbackUndoesWhatCameAfter(t *testing.T) {
	change := func(alias, from, to string) planner.Change {
		id := func(c string) string { return strings.Replace(c, "v", "10", 1) }
		return planner.Change{Database: "default", Alias: alias, From: from, FromID: id(from), To: to, ToID: id(to)}
	}
	s := planner.State{
		Serial: 9,
		Bindings: []planner.Binding{
			{Database: "default", Alias: "new", Collection: "v3", CollectionID: "103"},
			{Database: "default", Alias: "p", Collection: "v3", CollectionID: "103", Protect: true, Group: "g"},
		},
		History: []planner.Entry{
			{Serial: 7, Changes: []planner.Change{change("p", "v1", "v2")}},
			{Serial: 8, Changes: []planner.Change{change("gone", "v1", ""), change("new", "", "v3"), change("p", "v2", "v3")}},
			{Serial: 9},
		},
	}
	if got, err := rollback.Previous(s); got != 7 || err != nil {
		t.Errorf("Previous = %d, %v, want 7", got, err)
	}
	for serial, want := range map[uint64]string{8: "new: v3 p: v3", 7: "gone: v1 p: v2", 6: "gone: v1 p: v1"} {
		m, ids, err := rollback.To(s, serial)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range m.Databases[0].Aliases {
			got = append(got, a.Name+": "+a.Collection)
			if a.Name == "p" && !a.Protect {
				t.Error("the mark of a protected alias is lost")
			}
			if group := map[string]string{"p": "g"}[a.Name]; a.Cutover.Group != group {
				t.Errorf("%s goes back in group %q, want %q", a.Name, a.Cutover.Group, group)
			}
			if want := strings.Replace(a.Collection, "v", "10", 1); ids[planner.Key{Database: "default", Name: a.Collection}] != want {
				t.Errorf("id of %s is %q, want %q", a.Collection, ids[planner.Key{Database: "default", Name: a.Collection}], want)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("serial %d: %q, want %q", serial, got, want)
		}
	}
	for _, serial := range []uint64{5, 10, 100} {
		if _, _, err := rollback.To(s, serial); err == nil || !strings.Contains(err.Error(), "serials 6 to 9") {
			t.Errorf("serial %d: %v", serial, err)
		}
	}
}

// A second rollback goes on where a first one failed; it does not bring back
// what that one had left.
func TestARollbackGoesBehindRollbacks(t *testing.T) {
	change := []planner.Change{{Database: "default", Alias: "p", From: "v1", To: "v2"}}
	s := planner.State{Serial: 6, History: []planner.Entry{
		{Serial: 4, Changes: change}, {Serial: 5, Changes: change}, {Serial: 6, Changes: change, Rollback: true},
	}}
	if got, err := rollback.Previous(s); got != 4 || err != nil {
		t.Errorf("Previous = %d, %v, want 4", got, err)
	}
	s.History = s.History[2:]
	if got, err := rollback.Previous(s); err == nil {
		t.Errorf("nothing but a rollback: Previous = %d", got)
	}
}

// A killed apply is the last one, although the history does not have it: the
// way back from it is to what the state says, and not one apply further.
func TestARollbackUndoesAnApplyThatDidNotFinish(t *testing.T) {
	s := planner.State{
		Serial:   2,
		Bindings: []planner.Binding{{Database: "default", Alias: "p", Collection: "v1"}},
		Pending:  []planner.Announcement{{Op: planner.AlterAlias, Database: "default", Alias: "p", From: "v1", To: "v2"}},
		History: []planner.Entry{
			{Serial: 1, Changes: []planner.Change{{Database: "default", Alias: "p", To: "v0"}}},
			{Serial: 2, Changes: []planner.Change{{Database: "default", Alias: "p", From: "v0", To: "v1"}}},
		},
	}
	serial, err := rollback.Previous(s)
	if serial != 2 || err != nil {
		t.Fatalf("Previous = %d, %v, want 2", serial, err)
	}
	m, _, err := rollback.To(s, serial)
	if err != nil {
		t.Fatal(err)
	}
	p := planner.Compare(m, s, planner.Options{Now: noon, RollingBack: true}).Plan(scene{live: "p: v2", have: "v1#1"}.cluster(t))
	if diff := cmp.Diff([]string{"~ p: v2 -> v1"}, lines(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	s.Pending[0].Rollback = true // a rollback that was killed goes on
	if serial, err := rollback.Previous(s); serial != 1 || err != nil {
		t.Errorf("after a rollback that did not finish: Previous = %d, %v, want 1", serial, err)
	}
	s.Pending[0] = planner.Announcement{Op: planner.DropCollection, Database: "default", Collection: "old", From: "7"}
	if serial, err := rollback.Previous(s); serial != 1 || err != nil {
		t.Errorf("after a drop that did not finish: Previous = %d, %v, want 1", serial, err)
	}
}

// What is retired has nothing to do with a rollback, nor have the fences of
// what was.
func TestARollbackLeavesFencesStanding(t *testing.T) {
	s := planner.State{
		Serial:   2,
		Bindings: []planner.Binding{{Database: "default", Alias: "p", Collection: "v2"}},
		Retired:  []planner.Retired{{Database: "default", Collection: "old", CollectionID: "7"}},
		Idle:     []planner.Idle{{Database: "default", Collection: "v0", CollectionID: "8"}},
		History:  []planner.Entry{{Serial: 2, Changes: []planner.Change{{Database: "default", Alias: "p", From: "v1", To: "v2"}}}},
	}
	m, _, err := rollback.To(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	p := planner.Compare(m, s, planner.Options{Now: noon, RollingBack: true}).Plan(scene{live: "p: v2", have: "v1#1"}.cluster(t))
	if diff := cmp.Diff([]string{"~ p: v2 -> v1"}, lines(p)); diff != "" || !p.Housekeeping.Empty() || !p.Rollback {
		t.Errorf("plan (-want +got):\n%s%+v", diff, p.Housekeeping)
	}
}

// What an apply only found is forgotten by a rollback, never dropped; what it
// took over goes back to where it was.
func TestRollbackOfWhatWasFound(t *testing.T) {
	s := planner.State{
		Serial: 3,
		Bindings: []planner.Binding{
			{Database: "default", Alias: "found", Collection: "v1"},
			{Database: "default", Alias: "taken", Collection: "v1"},
		},
		History: []planner.Entry{
			{Serial: 1, Changes: []planner.Change{{Database: "default", Alias: "found", To: "v1", Adopted: true}}},
			{Serial: 2, Changes: []planner.Change{{Database: "default", Alias: "taken", From: "foreign", To: "v1"}}},
			{Serial: 3, Changes: []planner.Change{{Database: "default", Alias: "learnt", To: "v1", Adopted: true}}},
		},
	}
	if got, err := rollback.Previous(s); got != 1 || err != nil {
		t.Errorf("Previous = %d, %v: the last apply that changed a binding is 2", got, err)
	}
	m, _, err := rollback.To(s, 0)
	if err != nil {
		t.Fatal(err)
	}
	live := scene{live: "found: v1\ntaken: v1\nlearnt: v1", have: "foreign#9"}.cluster(t)
	p := planner.Compare(m, s, planner.Options{Now: noon, RollingBack: true}).Plan(live)
	if diff := cmp.Diff([]string{"~ taken: v1 -> foreign", "= forget found"}, lines(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestRollbackRefusesAnotherCollectionOfTheName(t *testing.T) {
	sc := scene{want: "p: v1", last: "p: v2", live: "p: v2", have: "v1#99",
		options: planner.Options{RollingBack: true, TargetIDs: map[planner.Key]string{key("v1"): "1"}}}
	if got := lines(sc.build(t)); !slices.Equal(got, []string{"conflict target-recreated: p"}) {
		t.Errorf("plan: %q", got)
	}
	sc.have = "v1#1"
	p := sc.build(t)
	if got := lines(p); !slices.Equal(got, []string{"~ p: v2 -> v1"}) || !p.Steps[0].RolledBack {
		t.Errorf("plan: %q", got)
	}
}

func TestWhatWasRolledBackFromStaysAway(t *testing.T) {
	sc := scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2"}
	if got := lines(cut{scene: sc, mark: "v2"}.build(t)); !slices.Equal(got, []string{"conflict rolled-back: p"}) {
		t.Errorf("the manifest still names it: %q", got)
	}
	forward := sc
	forward.options.Forward = some("p")
	if got := lines(cut{scene: forward, mark: "v2"}.build(t)); !slices.Equal(got, []string{"~ p: v1 -> v2"}) {
		t.Errorf("with --forward: %q", got)
	}
	if got := lines(cut{scene: sc, mark: "v9"}.build(t)); !slices.Equal(got, []string{"~ p: v1 -> v2"}) {
		t.Errorf("another target: %q", got)
	}
	back := cut{scene: scene{want: "p: v1", last: "p: v1", live: "p: v1"}, mark: "v2"}.build(t)
	if len(back.Steps) != 0 || len(back.Housekeeping.Confirmed) != 1 {
		t.Errorf("the manifest follows: the mark falls without a step, got %q and %+v", lines(back), back.Housekeeping)
	}
}
