package executor

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aliasctl/planner"
)

func TestEachSerialHasAnEntryInTheHistory(t *testing.T) {
	w := newWorld("v1", "v2")
	w.own("products", "v1")
	for i := range 5 {
		w.want.aliases["products"] = []string{"v2", "v1"}[i%2]
		if _, err := w.apply(t, Options{HistoryLimit: 3, Author: Author{User: fmt.Sprint("user", i)}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.apply(t, Options{HistoryLimit: 3}); err != nil { // changes nothing
			t.Fatal(err)
		}
	}
	var got []string
	for _, e := range w.stored.History {
		got = append(got, fmt.Sprintf("%d %s %s->%s", e.Serial, e.User, e.Changes[0].From, e.Changes[0].To))
	}
	want := []string{"10 user2 v1->v2", "11 user3 v2->v1", "12 user4 v1->v2"}
	if diff := cmp.Diff(want, got); diff != "" || w.stored.Serial != 12 {
		t.Errorf("serial %d, history (-want +got):\n%s", w.stored.Serial, diff)
	}
}

func TestTheHistoryIsNotWrittenIntoTheOldState(t *testing.T) {
	history := make([]planner.Entry, 1, 10)
	first := remembered(history, planner.Entry{Serial: 1}, 0, 1)
	second := remembered(history, planner.Entry{Serial: 2}, 0, 1)
	if first[1].Serial != 1 || second[1].Serial != 2 {
		t.Errorf("%v and %v share memory", first, second)
	}
	long := make([]planner.Entry, 30)
	if got := remembered(long, planner.Entry{Serial: 31}, 0, 1); len(got) != DefaultHistoryLimit || got[19].Serial != 31 {
		t.Errorf("%d entries: %v", len(got), got)
	}
	if got := remembered(long, planner.Entry{Serial: 31}, 1, 1); len(got) != 1 || got[0].Serial != 31 {
		t.Errorf("%d entries: %v", len(got), got)
	}
}

func TestChangesLeadFromOneListToTheOther(t *testing.T) {
	bindings := rapid.Custom(func(t *rapid.T) []planner.Binding {
		var list []planner.Binding
		for _, db := range []string{"a", "b"} {
			for _, alias := range []string{"x", "y", "z"} {
				if to := rapid.SampledFrom([]string{"", "v1", "v2"}).Draw(t, "to"); to != "" {
					list = append(list, planner.Binding{Database: db, Alias: alias, Collection: to, CollectionID: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "id")})
				}
			}
		}
		return list
	})
	rapid.Check(t, func(t *rapid.T) {
		before, after := bindings.Draw(t, "before"), bindings.Draw(t, "after")
		changes := changesOf(before, after)
		var aliases []planner.Key
		replayed := newTable(before, bindingKey)
		for _, c := range changes {
			k := planner.Key{Database: c.Database, Name: c.Alias}
			aliases = append(aliases, k)
			if was, _ := replayed.get(k); was.Collection != c.From || was.CollectionID != c.FromID || c.From == c.To && c.FromID == c.ToID {
				t.Fatalf("%+v does not start at %+v", c, was)
			}
			if c.To == "" {
				replayed.remove(k)
			} else {
				replayed.set(k, planner.Binding{Database: c.Database, Alias: c.Alias, Collection: c.To, CollectionID: c.ToID})
			}
		}
		if !slices.IsSortedFunc(aliases, planner.Key.Compare) {
			t.Fatalf("not sorted: %v", aliases)
		}
		if got := replayed.rows(); !slices.Equal(got, after) {
			t.Fatalf("%+v lead to %+v, want %+v", changes, got, after)
		}
	})
}

// rolledBack is a world after a rollback of products from v2 to v1.
func rolledBack(t *testing.T, opts planner.Options) *world {
	w := newWorld("v1", "v2", "v3")
	w.own("products", "v2")
	w.want.aliases["products"] = "v1"
	opts.RollingBack = true
	w.want.options = opts
	if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() {
		t.Fatal(err, outcomes(report))
	}
	if got := w.stored.Bindings[0]; got.RolledBackFrom != "v2" || got.Collection != "v1" {
		t.Fatalf("after the rollback: %+v", got)
	}
	w.want.options = planner.Options{}
	return w
}

func TestARollbackIsRememberedUntilTheAliasIsBoundAgain(t *testing.T) {
	for _, mode := range []planner.SwitchMode{planner.ByAlter, planner.ByRecreate} {
		w := rolledBack(t, planner.Options{Switch: mode})
		w.want.aliases["products"] = "v2" // the next unrelated deploy
		if plan := w.plan(); len(plan.Steps) != 0 || len(plan.Conflicts) != 1 || plan.Conflicts[0].Kind != planner.RolledBackFrom {
			t.Errorf("%s: %+v", mode, plan)
		}
	}
	after := map[string]func(w *world){
		"a switch to another":            func(w *world) { w.want.aliases["products"] = "v3" },
		"the manifest names where it is": func(w *world) {},
		"somebody moved it and we adopt": func(w *world) { w.bind("products", "v3"); w.want.aliases["products"] = "v3" },
	}
	for name, change := range after {
		w := rolledBack(t, planner.Options{})
		change(w)
		if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() {
			t.Fatal(name, err, outcomes(report))
		}
		if got := w.stored.Bindings[0].RolledBackFrom; got != "" {
			t.Errorf("%s: still marked as rolled back from %q", name, got)
		}
	}
}

// A rollback says so in the history: the next one goes behind it.
func TestARollbackIsOneInTheHistory(t *testing.T) {
	w := rolledBack(t, planner.Options{})
	if last := w.stored.History[len(w.stored.History)-1]; !last.Rollback {
		t.Errorf("%+v", last)
	}
	w.want.aliases["products"] = "v3"
	if _, err := w.apply(t, Options{}); err != nil {
		t.Fatal(err)
	}
	if last := w.stored.History[len(w.stored.History)-1]; last.Rollback {
		t.Errorf("%+v", last)
	}
}

// The history never becomes much larger than the bindings, and never loses the
// apply that just happened.
func TestTheHistoryIsBoundedByTheBindings(t *testing.T) {
	entry := func(serial uint64, changes int) planner.Entry {
		return planner.Entry{Serial: serial, Changes: make([]planner.Change, changes)}
	}
	serials := func(history []planner.Entry) (list []uint64) {
		for _, e := range history {
			list = append(list, e.Serial)
		}
		return list
	}
	old := []planner.Entry{entry(1, 10), entry(2, 5000), entry(3, 6000), entry(4, 10)}
	for _, test := range []struct {
		entry    planner.Entry
		bindings int
		want     []uint64
	}{
		{entry(5, 1), 10_000, []uint64{1, 2, 3, 4, 5}},
		{entry(5, 9000), 10_000, []uint64{3, 4, 5}},
		{entry(5, 30_000), 10_000, []uint64{5}},
		{entry(5, 1), 3, []uint64{4, 5}},
	} {
		if diff := cmp.Diff(test.want, serials(remembered(old, test.entry, 0, test.bindings))); diff != "" {
			t.Errorf("%d changes of %d bindings (-want +got):\n%s", len(test.entry.Changes), test.bindings, diff)
		}
	}
}
