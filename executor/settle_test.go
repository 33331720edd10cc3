package executor

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"aliasctl/planner"
)

// Two announcements of an earlier run that did not finish.
var (
	olderSwitch = planner.Announcement{Op: planner.AlterAlias, Database: "default", Alias: "products", From: "v0", To: "v1"}
	olderDrop   = planner.Announcement{Op: planner.DropCollection, Database: "default", Collection: "v0", From: "100"}
)

// settle is the state after a run that read the ids of its targets.
func settle(before planner.State, plan planner.Plan, results []Result, on Occasion, ids map[planner.Key]string) planner.State {
	s := newSettlement(before, plan, results, on)
	s.identify(ids)
	return s.state()
}

func TestSettlement(t *testing.T) {
	before := start.Add(-time.Hour)
	switchStep := planner.Step{Op: planner.AlterAlias, Database: "default", Alias: "products", From: "v1", To: "v2", Protect: true}
	dropStep := planner.Step{Op: planner.DropAlias, Database: "default", Alias: "products", From: "v1"}
	retireStep := planner.Step{Op: planner.DropCollection, Database: "default", Collection: "v0", ID: "100"}
	recreateStep := planner.Step{Op: planner.RecreateAlias, Database: "default", Alias: "products", From: "v1", To: "v2"}
	announced := func(s planner.Step) planner.Announcement {
		l := newAnnouncements(1)
		l.announce(s, false, start)
		return l.list[0]
	}
	was := planner.Binding{Database: "default", Alias: "products", Collection: "v1", CollectionID: "101", Since: before}
	moved := planner.Binding{Database: "default", Alias: "products", Collection: "v2", CollectionID: "102", Since: start, Protect: true}
	gone := planner.Retired{Database: "default", Collection: "v0", CollectionID: "100", DroppedAt: start}

	tests := []struct {
		name         string
		results      []Result
		housekeeping planner.Housekeeping
		bindings     []planner.Binding
		retired      []planner.Retired
		pending      []planner.Announcement
		serial       uint64
	}{
		{
			name:     "nothing happened: nothing changes, older announcements stay",
			bindings: []planner.Binding{was}, pending: []planner.Announcement{olderSwitch, olderDrop}, serial: 7,
		}, {
			name:     "a switch applied settles its alias and no other",
			results:  []Result{{Step: switchStep, Outcome: Applied}},
			bindings: []planner.Binding{moved}, pending: []planner.Announcement{olderDrop}, serial: 8,
		}, {
			name:     "already done is as good",
			results:  []Result{{Step: switchStep, Outcome: AlreadyDone}},
			bindings: []planner.Binding{moved}, pending: []planner.Announcement{olderDrop}, serial: 8,
		}, {
			name:     "a switch that was overtaken was ours all the same",
			results:  []Result{{Step: switchStep, Outcome: Failed, Err: &OvertakenError{Applied: "v2", Found: "v9"}}},
			bindings: []planner.Binding{moved}, pending: []planner.Announcement{olderDrop}, serial: 8,
		}, {
			name:     "a failed switch changes nothing",
			results:  []Result{{Step: switchStep, Outcome: Failed, Err: errRefused}},
			bindings: []planner.Binding{was}, pending: []planner.Announcement{olderSwitch, olderDrop}, serial: 7,
		}, {
			name:     "so does one that was not reached",
			results:  []Result{{Step: switchStep, Outcome: NotReached}},
			bindings: []planner.Binding{was}, pending: []planner.Announcement{olderSwitch, olderDrop}, serial: 7,
		}, {
			name:     "a switch that went back is settled where it was",
			results:  []Result{{Step: switchStep, Outcome: SwitchedBack, Err: errRefused}},
			bindings: []planner.Binding{was}, pending: []planner.Announcement{olderDrop}, serial: 8,
		}, {
			name:     "so is one by drop and create",
			results:  []Result{{Step: recreateStep, Outcome: SwitchedBack, Err: errRefused}},
			bindings: []planner.Binding{was}, pending: []planner.Announcement{olderDrop}, serial: 8,
		}, {
			name:     "an unknown switch is announced beside the older ones",
			results:  []Result{{Step: switchStep, Outcome: Undecided, Err: errLost}},
			bindings: []planner.Binding{was}, pending: []planner.Announcement{olderSwitch, olderDrop, announced(switchStep)}, serial: 8,
		}, {
			name:     "a dropped alias leaves the state",
			results:  []Result{{Step: dropStep, Outcome: Applied}},
			bindings: []planner.Binding{}, pending: []planner.Announcement{olderDrop}, serial: 8,
		}, {
			name:     "a switch by drop and create whose create is unknown",
			results:  []Result{{Step: recreateStep, Outcome: Undecided, Unbound: true}},
			bindings: []planner.Binding{},
			pending: []planner.Announcement{
				olderSwitch, olderDrop,
				{Op: planner.DropAlias, Database: "default", Alias: "products", From: "v1", At: start},
				{Op: planner.CreateAlias, Database: "default", Alias: "products", To: "v2", At: start},
			},
			serial: 8,
		}, {
			name:     "a new mark keeps id and time",
			results:  []Result{{Step: planner.Step{Op: planner.Adopt, Database: "default", Alias: "products", From: "v1", To: "v1", Protect: true}, Outcome: Applied}},
			bindings: []planner.Binding{{Database: "default", Alias: "products", Collection: "v1", CollectionID: "101", Since: before, Protect: true}},
			pending:  []planner.Announcement{olderDrop}, serial: 8,
		}, {
			name:     "a forgotten alias leaves the state",
			results:  []Result{{Step: planner.Step{Op: planner.Forget, Database: "default", Alias: "products", From: "v1"}, Outcome: Applied}},
			bindings: []planner.Binding{}, pending: []planner.Announcement{olderDrop}, serial: 8,
		}, {
			name:         "announcements that came to nothing fade",
			housekeeping: planner.Housekeeping{Abandoned: []planner.Key{{Database: "default", Name: "products"}}},
			bindings:     []planner.Binding{was}, pending: []planner.Announcement{olderDrop}, serial: 8,
		}, {
			name:         "an unchanged alias that a killed run had announced",
			housekeeping: planner.Housekeeping{Confirmed: []planner.Binding{{Database: "default", Alias: "products", Collection: "v2", Protect: true}}},
			bindings:     []planner.Binding{moved}, pending: []planner.Announcement{olderDrop}, serial: 8,
		}, {
			name:     "a dropped collection becomes a fence",
			results:  []Result{{Step: retireStep, Outcome: Applied}},
			bindings: []planner.Binding{was}, retired: []planner.Retired{gone}, pending: []planner.Announcement{olderSwitch}, serial: 8,
		}, {
			name:     "one that was created again is fenced too",
			results:  []Result{{Step: retireStep, Outcome: Failed, Err: &RecreatedError{Expected: "100", Found: "109"}}},
			bindings: []planner.Binding{was}, retired: []planner.Retired{gone}, pending: []planner.Announcement{olderSwitch}, serial: 8,
		}, {
			name:     "an unknown drop is announced once, with its latest time",
			results:  []Result{{Step: retireStep, Outcome: Undecided}},
			bindings: []planner.Binding{was}, pending: []planner.Announcement{olderSwitch, announced(retireStep)}, serial: 8,
		}, {
			name:         "a retiree found gone",
			housekeeping: planner.Housekeeping{Retired: []planner.Retired{gone}},
			bindings:     []planner.Binding{was}, retired: []planner.Retired{gone}, pending: []planner.Announcement{olderSwitch}, serial: 8,
		}, {
			name:         "a name that is no longer retired",
			housekeeping: planner.Housekeeping{Unretired: []planner.Key{{Database: "default", Name: "v0"}}},
			bindings:     []planner.Binding{was}, pending: []planner.Announcement{olderSwitch}, serial: 8,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			state := planner.State{
				Version: planner.StateVersion, Lineage: "lineage", Serial: 7, Cluster: fakeURI, UpdatedAt: before,
				Bindings: []planner.Binding{was}, Pending: []planner.Announcement{olderSwitch, olderDrop},
			}
			plan := planner.Plan{Cluster: fakeURI, Housekeeping: test.housekeeping}
			ids := map[planner.Key]string{{Database: "default", Name: "v2"}: "102"}
			on := Occasion{Now: start, Author: Author{User: "ci", Host: "runner", Commit: "c0ffee"}}
			got := settle(state, plan, test.results, on, ids)
			want := planner.State{
				Version: planner.StateVersion, Lineage: "lineage", Serial: test.serial, Cluster: fakeURI, UpdatedAt: start,
				Bindings: test.bindings, Retired: test.retired, Pending: test.pending,
			}
			if test.serial == 7 {
				want.UpdatedAt = before
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(planner.State{}, "History")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]planner.Binding{was}, state.Bindings); diff != "" {
				t.Errorf("the given state was changed:\n%s", diff)
			}
			if again := settle(got, plan, nil, Occasion{Now: start.Add(time.Hour)}, ids); again.Serial > got.Serial {
				t.Errorf("settling twice changes it again: %+v", again)
			}
		})
	}
}

func TestAnUnfencedRecordIsRemoved(t *testing.T) {
	state := planner.State{Cluster: fakeURI, Retired: []planner.Retired{
		{Database: "default", Collection: "a", CollectionID: "1"}, {Database: "default", Collection: "b"}, {Database: "eu", Collection: "a"},
	}}
	plan := planner.Plan{Cluster: fakeURI, Housekeeping: planner.Housekeeping{Unretired: []planner.Key{{Database: "default", Name: "a"}}}}
	got := settle(state, plan, nil, Occasion{Now: start}, nil)
	if diff := cmp.Diff(state.Retired[1:], got.Retired); diff != "" || got.Serial != 1 {
		t.Errorf("serial %d, retired (-want +got):\n%s", got.Serial, diff)
	}
}

func TestACollectionWaitsForItsDropUntilItIsGone(t *testing.T) {
	waiting := planner.Idle{Database: "default", Collection: "v1", CollectionID: "101", Since: start}
	plan := planner.Plan{Cluster: fakeURI, Housekeeping: planner.Housekeeping{WaitStarted: []planner.Idle{waiting}}}
	state := settle(planner.State{Cluster: fakeURI}, plan, nil, Occasion{Now: start}, nil)
	if diff := cmp.Diff([]planner.Idle{waiting}, state.Idle); diff != "" || state.Serial != 1 {
		t.Fatalf("serial %d, idle (-want +got):\n%s", state.Serial, diff)
	}
	step := planner.Step{Op: planner.DropCollection, Database: "default", Collection: "v1", ID: "101"}
	for outcome, want := range map[Outcome]int{Applied: 0, Failed: 1} {
		if got := settle(state, planner.Plan{Cluster: fakeURI}, []Result{{Step: step, Outcome: outcome}}, Occasion{Now: start}, nil); len(got.Idle) != want {
			t.Errorf("drop %s: idle %+v", outcome, got.Idle)
		}
	}
	plan.Housekeeping = planner.Housekeeping{WaitEnded: []planner.Key{{Database: "default", Name: "v1"}}}
	if got := settle(state, plan, nil, Occasion{Now: start}, nil); len(got.Idle) != 0 || got.Serial != 2 {
		t.Errorf("serial %d, idle %+v", got.Serial, got.Idle)
	}
}

func TestAnotherClusterLabelIsAChange(t *testing.T) {
	state := planner.State{Serial: 3, Cluster: fakeURI}
	label := planner.Cluster{URI: fakeURI.URI, Label: "prod-eu"}
	if got := settle(state, planner.Plan{Cluster: label}, nil, Occasion{Now: start}, nil); got.Serial != 4 || got.Cluster != label {
		t.Errorf("got %+v", got)
	}
}

func TestATableIsAMapThatStaysSorted(t *testing.T) {
	names := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
	rapid.Check(t, func(t *rapid.T) {
		model := map[planner.Key]planner.Binding{}
		var list []planner.Binding
		for _, name := range rapid.SliceOfNDistinct(names, 0, 5, rapid.ID).Draw(t, "list") {
			b := planner.Binding{Database: "default", Alias: name}
			list = append(list, b)
			model[bindingKey(b)] = b
		}
		rows := newTable(list, bindingKey)
		for range rapid.IntRange(0, 10).Draw(t, "changes") {
			b := planner.Binding{Database: "default", Alias: names.Draw(t, "name"), Collection: names.Draw(t, "collection")}
			if rapid.Bool().Draw(t, "remove") {
				rows.remove(bindingKey(b))
				delete(model, bindingKey(b))
			} else {
				rows.set(bindingKey(b), b)
				model[bindingKey(b)] = b
			}
			got, found := rows.get(bindingKey(b))
			if want, known := model[bindingKey(b)]; found != known || got != want {
				t.Fatalf("get %s: %+v, %v", b.Alias, got, found)
			}
		}
		got := rows.rows()
		if len(got) != len(model) {
			t.Fatalf("%d rows, want %d", len(got), len(model))
		}
		for i, b := range got {
			if model[bindingKey(b)] != b || i > 0 && got[i-1].Alias >= b.Alias {
				t.Fatalf("rows %+v, want %+v in order", got, model)
			}
		}
	})
}

func BenchmarkSettleOneOfMany(b *testing.B) {
	state := planner.State{Cluster: fakeURI}
	for i := range 100_000 {
		state.Bindings = append(state.Bindings, planner.Binding{Database: "default", Alias: string(rune('a'+i/10_000)) + time.Duration(100_000+i).String(), Collection: "v1"})
	}
	results := []Result{{Step: planner.Step{Op: planner.AlterAlias, Database: "default", Alias: state.Bindings[50_000].Alias, From: "v1", To: "v2"}, Outcome: Applied}}
	for b.Loop() {
		if got := settle(state, planner.Plan{Cluster: fakeURI}, results, Occasion{Now: start}, nil); got.Serial != 1 {
			b.Fatal(got.Serial)
		}
	}
}

// What the manifest releases is not ours any more, whatever is still on its
// way: otherwise a later plan would drop it.
func TestAReleasedAliasIsOursNoMore(t *testing.T) {
	young := planner.Announcement{Op: planner.CreateAlias, Database: "default", Alias: "x", To: "v1", At: start}
	state := planner.State{Serial: 1, Cluster: fakeURI, Pending: []planner.Announcement{young}}
	release := planner.Step{Op: planner.Forget, Database: "default", Alias: "x", Released: true}
	got := settle(state, planner.Plan{Cluster: fakeURI}, []Result{{Step: release, Outcome: Applied}}, Occasion{Now: start}, nil)
	if len(got.Pending) != 0 || got.Serial != 2 {
		t.Errorf("%+v", got)
	}
}

// The id of a collection that was made anew is learnt, and who accepts another
// cluster does so once: all ids are learnt anew.
func TestIDsAreLearntAnew(t *testing.T) {
	w := newWorld("v1")
	w.own("products", "v1")
	delete(w.collections, key("v1"))
	w.addCollection(key("v1"))
	w.bind("products", "v1")
	w.want.aliases["products"] = "v1"
	if _, err := w.apply(t, Options{}); err != nil || w.stored.Bindings[0].CollectionID != w.collections[key("v1")] || w.stored.Bindings[0].CollectionID == "101" {
		t.Fatal(err, w.stored.Bindings)
	}
	w.stored.Bindings[0].CollectionID = "101"
	w.want.options.Reidentify = true
	if _, err := w.apply(t, Options{}); err != nil || w.stored.Bindings[0].CollectionID != w.collections[key("v1")] {
		t.Error(err, w.stored.Bindings)
	}
}
