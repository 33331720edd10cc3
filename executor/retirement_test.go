package executor

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/planner"
)

// retiring is a world where v1 is retired. The calls: 1 describe (no alias has
// the name), 2 id, 3 aliases-of, 4 drop-collection, 5 has.
func retiring() *world {
	w := newWorld("v1", "v2")
	w.own("products", "v2")
	w.want.aliases["products"] = "v2"
	w.want.retire = []string{"v1"}
	return w
}

func TestACollectionIsDroppedOnlyWhenItIsTheOneAndNothingReachesIt(t *testing.T) {
	tests := []struct {
		name    string
		change  func(w *world)
		outcome Outcome
		err     error
	}{
		{"as planned", func(w *world) {}, Applied, nil},
		{"gone already", func(w *world) { delete(w.collections, key("v1")) }, AlreadyDone, nil},
		{"created again under the same name", func(w *world) { w.addCollection(key("v1")) }, Failed,
			&RecreatedError{Database: "default", Collection: "v1", Expected: "101", Found: "103"}},
		{"an unmanaged alias reaches it", func(w *world) { w.bind("theirs", "v1") }, Failed,
			&StillAliasedError{Database: "default", Collection: "v1", Aliases: []string{"theirs"}}},
		{"the name is an alias now", func(w *world) {
			delete(w.collections, key("v1"))
			w.bind("v1", "v2")
		}, Failed, &RetireeIsAliasError{Database: "default", Name: "v1", Target: "v2"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := retiring()
			plan := w.plan()
			test.change(w)
			report, err := w.carryOut(plan, Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := report.Results[0]
			if got.Outcome != test.outcome {
				t.Error(outcomes(report))
			}
			if diff := cmp.Diff(test.err, got.Err); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if _, exists := w.collections[key("v1")]; got.Outcome == Failed && !is[*RetireeIsAliasError](got.Err) && !exists {
				t.Error("it was dropped")
			}
			if got.Outcome != Applied && len(w.writes()) != 0 {
				t.Errorf("it was touched: %v", w.writes())
			}
		})
	}
}

func TestADroppedCollectionLeavesAFence(t *testing.T) {
	w := retiring()
	if _, err := w.apply(t, Options{}); err != nil {
		t.Fatal(err)
	}
	var calls []string
	for _, c := range w.calls {
		calls = append(calls, c.String())
	}
	wantCalls := []string{"describe default/v1", "id default/v1", "aliases-of default/v1", "drop-collection default/v1", "has default/v1"}
	if diff := cmp.Diff(wantCalls, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	want := []planner.Retired{{Database: "default", Collection: "v1", CollectionID: "101", DroppedAt: start}}
	if diff := cmp.Diff(want, w.stored.Retired); diff != "" {
		t.Errorf("retired (-want +got):\n%s", diff)
	}
}

// Without the fence the next plan would drop the new collection.
func TestACollectionCreatedAgainBeforeTheDropIsNotDroppedByTheNextRun(t *testing.T) {
	w := retiring()
	plan := w.plan()
	w.addCollection(key("v1"))
	if _, err := w.carryOut(plan, Options{}); err != nil {
		t.Fatal(err)
	}
	next := w.plan()
	if len(next.Steps) != 0 || len(next.Conflicts) != 1 || next.Conflicts[0].Kind != planner.RetireeCameBack {
		t.Errorf("steps %+v, conflicts %+v", next.Steps, next.Conflicts)
	}
}

func TestALostAnswerToADrop(t *testing.T) {
	tests := []struct {
		name    string
		fault   fault
		before  func(w *world, n int, c call)
		outcome Outcome
		drops   int
	}{
		{name: "it happened", fault: fault{err: errLost, lands: atOnce}, outcome: Applied, drops: 1},
		{name: "it happened later", fault: fault{err: errLost, lands: later, after: 4 * time.Second}, outcome: Applied, drops: 1},
		{name: "it never happened", fault: fault{err: errLost}, outcome: Applied, drops: 2},
		{
			name: "it happened while it was sent again, which v1 answers with 100", fault: fault{err: errLost},
			before: func(w *world, n int, c call) {
				if c.op == "drop-collection" && n > 4 {
					delete(w.collections, key("v1"))
				}
			},
			outcome: Applied, drops: 2,
		}, {
			name: "an alias was put on it meanwhile", fault: fault{err: errLost},
			before: func(w *world, n int, c call) {
				if n == 8 {
					w.bind("theirs", "v1")
				}
			},
			outcome: Undecided, drops: 1,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := retiring()
			w.faults[4] = test.fault
			w.before = test.before
			report, err := w.apply(t, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if report.Results[0].Outcome != test.outcome || len(w.writes()) != test.drops {
				t.Errorf("%d drops: %s", len(w.writes()), outcomes(report))
			}
		})
	}
}

func TestSomebodyElseDroppedItBetweenOurReadAndOurWrite(t *testing.T) {
	w := retiring()
	w.before = func(w *world, n int, c call) {
		if c.op == "drop-collection" {
			delete(w.collections, key("v1"))
		}
	}
	report, _ := w.apply(t, Options{})
	if report.Results[0].Outcome != AlreadyDone {
		t.Error(outcomes(report))
	}
}

func TestANameTakenAgainRightAfterTheDropIsToldAndLeftAlone(t *testing.T) {
	w := retiring()
	w.before = func(w *world, n int, c call) {
		if c.op == "has" {
			w.addCollection(key("v1"))
		}
	}
	report, _ := w.apply(t, Options{})
	got := report.Results[0]
	if got.Outcome != Applied || !strings.Contains(got.Note, "103") {
		t.Errorf("%s note %q", outcomes(report), got.Note)
	}
}

// v2 of the API answers success to a drop that does nothing.
func TestADropThatIsAcknowledgedAndDoesNothingIsUnknown(t *testing.T) {
	w := retiring()
	w.before = func(w *world, n int, c call) {
		if c.op == "has" {
			w.collections[key("v1")] = "101"
		}
	}
	report, _ := w.apply(t, Options{})
	undecided, ok := errors.AsType[*UndecidedError](report.Results[0].Err)
	if !ok || undecided.Lost != nil {
		t.Error(outcomes(report))
	}
	if len(w.stored.Pending) != 1 || len(w.stored.Retired) != 0 {
		t.Errorf("state %+v", w.stored)
	}
}

// releasing is retiring with a release before the drop. The calls: 1 describe,
// 2 id, 3 aliases-of, 4 release, 5 to 7 as 1 to 3, 8 drop-collection, 9 has.
func releasing() (*world, planner.Plan) {
	w := retiring()
	plan := w.plan()
	plan.Steps[0].ReleaseFirst = true
	return w, plan
}

func TestACollectionIsReleasedRightBeforeItsDrop(t *testing.T) {
	w, plan := releasing()
	if report, err := w.carryOut(plan, Options{}); err != nil || !report.Counts.Complete() {
		t.Fatal(err, outcomes(report))
	}
	var calls []string
	for _, c := range w.calls {
		calls = append(calls, c.op)
	}
	want := []string{"describe", "id", "aliases-of", "release", "describe", "id", "aliases-of", "drop-collection", "has"}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestWithoutItsReleaseACollectionIsNotDropped(t *testing.T) {
	for _, cause := range []error{errRefused, errTransient, errLost, errFatal} {
		w, plan := releasing()
		w.faulty = func(c call) (fault, bool) { return fault{err: cause}, c.op == "release" }
		report, err := w.carryOut(plan, Options{})
		if got := report.Results[0]; err != nil || got.Outcome != Failed || !is[*ReleaseError](got.Err) || !errors.Is(got.Err, cause) {
			t.Errorf("%v: %v %s", cause, err, outcomes(report))
		}
		if _, exists := w.collections[key("v1")]; !exists || len(w.stored.Pending) != 0 {
			t.Errorf("%v: dropped, or still announced: %v", cause, w.stored.Pending)
		}
		if tries := len(w.writes()); (tries > 1) != (cause == errTransient || cause == errLost) {
			t.Errorf("%v: released %d times", cause, tries)
		}
	}
}

func TestAReleaseMayBeSentAgain(t *testing.T) {
	for _, f := range []fault{{err: errTransient}, {err: errLost}, {err: errLost, lands: atOnce}} {
		w, plan := releasing()
		w.faults[4] = f
		if report, err := w.carryOut(plan, Options{}); err != nil || !report.Counts.Complete() {
			t.Error(err, outcomes(report))
		}
	}
}

func TestACollectionThatChangedDuringItsReleaseIsLeftAlone(t *testing.T) {
	w, plan := releasing()
	w.before = func(w *world, n int, c call) {
		if c.op == "release" {
			w.bind("theirs", "v1")
		}
	}
	report, err := w.carryOut(plan, Options{})
	if got := report.Results[0]; err != nil || got.Outcome != Failed || !is[*StillAliasedError](got.Err) || len(w.writes()) != 1 {
		t.Error(err, outcomes(report), w.writes())
	}
}

// "Nothing was changed" would be wrong: the readers of a collection that was
// released and then not dropped get errors.
func TestAReleasedCollectionThatStaysIsTold(t *testing.T) {
	tests := map[string]struct {
		then func(w *world)
		why  error
	}{
		"the drop is refused": {func(w *world) {
			w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.op == "drop-collection" }
		}, errRefused},
		"somebody binds an alias to it": {func(w *world) { w.bind("theirs", "v1") },
			&StillAliasedError{Database: "default", Collection: "v1", Aliases: []string{"theirs"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w, plan := releasing()
			w.before = func(w *world, n int, c call) {
				if c.op == "release" {
					test.then(w)
				}
			}
			report, err := w.carryOut(plan, Options{})
			if err != nil {
				t.Fatal(err)
			}
			want := &ReleasedError{Database: "default", Collection: "v1", Err: test.why}
			if got := report.Results[0].Err; !is[*ReleasedError](got) || got.Error() != want.Error() {
				t.Errorf("error %v, want %v", got, want)
			}
			if !report.Changed() {
				t.Error("it is said that nothing was changed")
			}
		})
	}
}

// So would it be when nobody knows whether the release happened.
func TestAReleaseWithoutAnswerMayHaveHappened(t *testing.T) {
	w, plan := releasing()
	w.faulty = func(c call) (fault, bool) { return fault{err: errLost}, c.op == "release" }
	if report, err := w.carryOut(plan, Options{}); err != nil || !report.Changed() {
		t.Error(err, outcomes(report))
	}
	w, plan = releasing()
	w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.op == "release" }
	if report, err := w.carryOut(plan, Options{}); err != nil || report.Changed() {
		t.Error(err, outcomes(report))
	}
}

// A fence is for a name under `retire`: what `keep` drops is not named there,
// and the next run would take the fence away again.
func TestASurplusCollectionLeavesNoFence(t *testing.T) {
	w := retiring()
	plan := w.plan()
	plan.Steps[0].Surplus = true
	report, err := w.carryOut(plan, Options{})
	if err != nil || !report.Counts.Complete() {
		t.Fatal(err, outcomes(report))
	}
	if len(w.stored.Retired) != 0 || len(w.stored.Pending) != 0 {
		t.Errorf("state %+v", w.stored)
	}
}
