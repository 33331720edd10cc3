package executor

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"aliasctl/planner"
)

// rich is a world with every kind of step over two databases:
//
//	default  products v1 -> v2, reviews created, legacy dropped, shared adopted,
//	         v1 retired; theirs is not ours
//	eu       products w1 -> w2, old dropped, w1 retired
func rich() *world {
	w := newWorld("v1", "v2", "r1", "eu/w1", "eu/w2")
	w.own("products", "v1")
	w.own("legacy", "v1")
	w.bind("shared", "r1")
	w.bind("theirs", "v2")
	w.own("eu/products", "w1")
	w.own("eu/old", "w1")
	w.want.aliases = map[string]string{
		"products": "v2", "reviews": "r1", "shared": "r1", "eu/products": "w2",
	}
	w.want.retire = []string{"v1", "eu/w1"}
	return w
}

func TestAnApplyBringsTheClusterToTheManifest(t *testing.T) {
	w := rich()
	report, err := w.apply(t, Options{Author: Author{User: "ci"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Counts{Applied: 8}); report.Counts != want || !report.Counts.Complete() || !report.Changed() {
		t.Errorf("counts %+v, want %+v\n%s", report.Counts, want, outcomes(report))
	}
	wantWrites := []string{
		"alter default/products v2",
		"create default/reviews r1",
		"alter eu/products w2",
		"drop default/legacy",
		"drop eu/old",
		"drop-collection default/v1",
		"drop-collection eu/w1",
	}
	if diff := cmp.Diff(wantWrites, w.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	wantState := planner.State{
		Version: planner.StateVersion, Lineage: "lineage", Serial: 8, Cluster: fakeURI, UpdatedAt: start,
		Bindings: []planner.Binding{
			{Database: "default", Alias: "products", Collection: "v2", CollectionID: "102", Since: start},
			{Database: "default", Alias: "reviews", Collection: "r1", CollectionID: "103", Since: start},
			{Database: "default", Alias: "shared", Collection: "r1", CollectionID: "103", Since: start},
			{Database: "eu", Alias: "products", Collection: "w2", CollectionID: "105", Since: start},
		},
		Retired: []planner.Retired{
			{Database: "default", Collection: "v1", CollectionID: "101", DroppedAt: start},
			{Database: "eu", Collection: "w1", CollectionID: "104", DroppedAt: start},
		},
		Pending: []planner.Announcement{},
		History: []planner.Entry{{Serial: 8, At: start, User: "ci", Retired: 2, Changes: []planner.Change{
			{Database: "default", Alias: "legacy", From: "v1", FromID: "101"},
			{Database: "default", Alias: "products", From: "v1", FromID: "101", To: "v2", ToID: "102"},
			{Database: "default", Alias: "reviews", To: "r1", ToID: "103"},
			{Database: "default", Alias: "shared", To: "r1", ToID: "103", Adopted: true},
			{Database: "eu", Alias: "old", From: "w1", FromID: "104"},
			{Database: "eu", Alias: "products", From: "w1", FromID: "104", To: "w2", ToID: "105"},
		}}},
	}
	if diff := cmp.Diff(wantState, w.stored, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantState, report.State, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("reported state (-want +got):\n%s", diff)
	}
	if got := w.live("theirs"); got != "v2" {
		t.Errorf("an alias that is not ours is at %q", got)
	}
	again := w.plan()
	if len(again.Steps) != 0 || !again.Housekeeping.Empty() {
		t.Errorf("a second plan is not empty: %+v", again)
	}
}

func TestTheStateIsWrittenTwiceHoweverManySteps(t *testing.T) {
	w := newWorld("a", "b")
	for i := range 300 {
		name := fmt.Sprintf("alias%d", i)
		w.own(name, "a")
		w.want.aliases[name] = "b"
	}
	report, err := w.apply(t, Options{Parallel: 8})
	if err != nil || report.Counts.Applied != 300 {
		t.Fatalf("%v %+v", err, report.Counts)
	}
	if len(w.saves) != 2 {
		t.Errorf("%d saves", len(w.saves))
	}
	ids := 0
	for _, c := range w.calls {
		if c.op == "id" {
			ids++
		}
		if c.changes && len(c.beforeWrite.Pending) != 300 {
			t.Fatalf("%s went out with %d announcements stored", c, len(c.beforeWrite.Pending))
		}
	}
	if ids != 1 {
		t.Errorf("%d reads of ids for one new target", ids)
	}
}

func TestWhatIsAnnouncedIsAddedToWhatUnfinishedRunsAnnounced(t *testing.T) {
	w := rich()
	older := []planner.Announcement{
		{Op: planner.AlterAlias, Database: "default", Alias: "products", From: "v0", To: "v1"},
		{Op: planner.AlterAlias, Database: "default", Alias: "products", From: "v1", To: "v2"}, // once more now
		{Op: planner.CreateAlias, Database: "default", Alias: "elsewhere", To: "v9"},
	}
	w.stored.Pending = slices.Clone(older)
	before := w.stored.Pending
	plan := w.plan()
	announced := Announce(w.stored, plan, false, start)
	if announced.Serial != w.stored.Serial || announced.Lineage != w.stored.Lineage || !announced.UpdatedAt.Equal(w.stored.UpdatedAt) {
		t.Errorf("an announcement changed more than what is pending: %+v", announced)
	}
	older[1].At = start // a later request may be on the way since now
	if diff := cmp.Diff(older, announced.Pending[:len(older)]); diff != "" {
		t.Errorf("older announcements (-want +got):\n%s", diff)
	}
	if got, want := len(announced.Pending), len(older)+6; got != want {
		t.Errorf("%d announcements, want %d: %+v", got, want, announced.Pending)
	}
	if len(w.stored.Pending) != 3 || !before[1].At.IsZero() {
		t.Error("the given state was changed")
	}
}

func TestWithoutAnAnnouncementNothingIsChanged(t *testing.T) {
	w := rich()
	w.saveErr[1] = errDisk
	report, err := w.apply(t, Options{})
	if !is[*AnnounceError](err) || !errors.Is(err, errDisk) {
		t.Errorf("got error %v", err)
	}
	if len(w.writes()) != 0 || report.Counts.NotReached != len(report.Results) || report.Changed() {
		t.Errorf("%v: %s", w.writes(), outcomes(report))
	}
}

func TestAFirstStateSaysAtOnceWhoseItIs(t *testing.T) {
	w := rich()
	w.stored = planner.State{Lineage: "new"}
	for k := range w.aliases {
		delete(w.aliases, k)
	}
	if _, err := w.apply(t, Options{}); err != nil {
		t.Fatal(err)
	}
	if first := w.saves[0]; first.Cluster != fakeURI || first.Version != planner.StateVersion || first.Serial != 0 {
		t.Errorf("announced: %+v", first)
	}
	if w.stored.Serial != 1 || w.stored.Lineage != "new" {
		t.Errorf("stored: %+v", w.stored)
	}
}

func TestTheReportedStateIsTheStoredOne(t *testing.T) {
	for name, err := range map[string]error{"all well": nil, "all refused": errRefused, "all unknown": errLost} {
		w := switching(fault{err: err})
		w.faulty = func(c call) (fault, bool) { return fault{err: err}, c.changes && err != nil }
		report, applyErr := w.apply(t, Options{})
		if applyErr != nil {
			t.Fatal(applyErr)
		}
		if diff := cmp.Diff(report.State, w.stored, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-reported +stored):\n%s", name, diff)
		}
	}
}

func TestStepsThatTouchOnlyTheStateCostOneWriteOfIt(t *testing.T) {
	w := newWorld("v1")
	w.bind("products", "v1")
	w.want.aliases["products"] = "v1"
	report, err := w.apply(t, Options{})
	if err != nil || report.Counts.Applied != 1 {
		t.Fatal(err, outcomes(report))
	}
	want := []planner.Binding{{Database: "default", Alias: "products", Collection: "v1", CollectionID: "101", Since: start}}
	if diff := cmp.Diff(want, w.stored.Bindings); diff != "" || len(w.saves) != 1 || len(w.writes()) != 0 {
		t.Errorf("%d saves, bindings (-want +got):\n%s", len(w.saves), diff)
	}

	if report, err = w.apply(t, Options{}); err != nil || len(w.saves) != 1 {
		t.Errorf("a run with nothing to do: %v, %d saves", err, len(w.saves))
	}
	w.want.aliases = nil
	delete(w.aliases, key("products"))
	w.saveErr[2] = errDisk
	report, err = w.apply(t, Options{})
	if !is[*SaveError](err) || report.Counts.Failed != 1 || report.Changed() {
		t.Errorf("%v %s", err, outcomes(report))
	}
}

func TestAFailedLastSaveHandsTheStateOver(t *testing.T) {
	w := rich()
	w.saveErr[2] = errDisk
	report, err := w.apply(t, Options{})
	failed, ok := errors.AsType[*SaveError](err)
	if !ok || !errors.Is(err, errDisk) {
		t.Fatalf("got error %v", err)
	}
	if diff := cmp.Diff(report.State, failed.State); diff != "" || failed.State.Serial != 8 || len(failed.State.Bindings) != 4 {
		t.Errorf("state in the error: %+v\n%s", failed.State, diff)
	}
	if !report.Changed() || len(w.stored.Pending) != 7 {
		t.Errorf("the stored state must still announce all: %+v", w.stored.Pending)
	}
	// The state is lost, and still nothing is: the next run knows its own work.
	if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() {
		t.Errorf("%v %s", err, outcomes(report))
	}
	if diff := cmp.Diff(failed.State.Bindings, w.stored.Bindings); diff != "" {
		t.Errorf("bindings (-handed over +found again):\n%s", diff)
	}
}

func TestAFailureStopsLaterPhasesAndNothingElse(t *testing.T) {
	for _, err := range []error{errRefused, errLost} {
		w := rich()
		w.faulty = func(c call) (fault, bool) {
			return fault{err: err}, c.changes && c.db == "default" && c.name == "products"
		}
		report, applyErr := w.apply(t, Options{})
		if applyErr != nil {
			t.Fatal(applyErr)
		}
		want := Counts{Applied: 3, Failed: 1, NotReached: 4}
		if err == errLost {
			want = Counts{Applied: 3, Unknown: 1, NotReached: 4}
		}
		if report.Counts != want {
			t.Errorf("%v: counts %+v, want %+v\n%s", err, report.Counts, want, outcomes(report))
		}
		if w.live("eu/products") != "w2" || w.live("reviews") != "r1" || w.live("legacy") != "v1" {
			t.Errorf("%v: %v", err, w.writes())
		}
		w.faulty = nil
		if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() {
			t.Errorf("the next run does not go on: %v %s", err, outcomes(report))
		}
	}
}

func TestPlansThatMustNotRunAreRefused(t *testing.T) {
	for name, plan := range map[string]planner.Plan{
		"conflicts": {Live: planner.LiveRead, Conflicts: []planner.Conflict{{}}},
		"offline":   {Live: planner.LiveAssumed},
		"unknown":   {Live: planner.LiveRead, Steps: []planner.Step{{Op: "rename"}}},
	} {
		w := rich()
		report, err := w.carryOut(plan, Options{})
		if !is[*UnfitError](err) || len(w.calls)+len(w.saves) != 0 || report.Changed() {
			t.Errorf("%s: %v after %v", name, err, w.calls)
		}
	}
}
