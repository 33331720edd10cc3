package executor

import (
	"testing"
	"time"

	"aliasctl/planner"
)

// orphaned is a world where a killed run has sent a create that lands after
// so long, and where the manifest has lost the alias since.
func orphaned(t *testing.T, after time.Duration) *world {
	w := newWorld("v1")
	w.want.aliases["products"] = "v1"
	w.kill(t, 2, fault{err: errLost, lands: later, after: after})
	delete(w.want.aliases, "products")
	if plan := w.plan(); len(plan.Steps) != 1 || plan.Steps[0].Op != planner.Forget {
		t.Fatalf("plan %+v", plan.Steps)
	}
	return w
}

func TestAnAliasWhoseCreateLandsWhileItIsForgottenStaysOurs(t *testing.T) {
	w := orphaned(t, 9*time.Second)
	w.advance(2 * time.Second)
	report, err := w.apply(t, Options{})
	if err != nil || !is[*LandedError](report.Results[0].Err) || report.Results[0].Outcome != Failed || report.Changed() {
		t.Fatal(err, outcomes(report))
	}
	if len(w.stored.Pending) != 1 || w.stored.Serial != 7 {
		t.Errorf("state %+v", w.stored)
	}
	w.requireFinish(t, "the next run")
	if w.live("products") != "" {
		t.Error("the alias is orphaned")
	}
}

func TestAnAliasIsWatchedForNoLongerThanItsCreateMayTake(t *testing.T) {
	w := orphaned(t, 48*time.Hour)
	w.advance(6 * time.Second)
	before := w.now
	if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() {
		t.Fatal(err, outcomes(report))
	}
	if waited := w.now.Sub(before); waited != 9*time.Second {
		t.Errorf("waited %v, want the rest of %v", waited, DefaultSettle)
	}
	if len(w.stored.Pending)+len(w.plan().Steps) != 0 {
		t.Errorf("pending %+v", w.stored.Pending)
	}

	old := orphaned(t, 48*time.Hour)
	old.advance(time.Minute)
	calls := len(old.calls)
	if report, err := old.apply(t, Options{}); err != nil || !report.Counts.Complete() || len(old.calls) != calls {
		t.Errorf("an old announcement was watched: %v %v", err, old.calls[calls:])
	}
}

func TestAClockThatIsFarAheadHoldsNothingUp(t *testing.T) {
	w := orphaned(t, 48*time.Hour)
	w.stored.Pending[0].At = w.now.Add(8760 * time.Hour)
	before := w.now
	if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() || w.now != before {
		t.Errorf("waited %v: %v %s", w.now.Sub(before), err, outcomes(report))
	}
}

func TestAnAliasThatCannotBeWatchedIsNotForgotten(t *testing.T) {
	for _, cause := range []error{errTransient, errFatal} {
		w := orphaned(t, 48*time.Hour)
		w.faulty = func(call) (fault, bool) { return fault{err: cause}, true }
		report, err := w.apply(t, Options{})
		if err != nil || report.Results[0].Outcome != Failed || len(w.stored.Pending) != 1 || (report.Ended != nil) != (cause == errFatal) {
			t.Errorf("%v: %v %s, pending %v", cause, err, outcomes(report), w.stored.Pending)
		}
	}
}

func TestAStopEndsTheWatchAndForgetsNothing(t *testing.T) {
	w := orphaned(t, 48*time.Hour)
	stop := make(chan struct{})
	report, err := w.apply(t, Options{Stop: stop, Observer: &stopper{1, func() { close(stop) }}})
	if err != nil || report.Results[0].Outcome != NotReached || len(w.stored.Pending) != 1 || !report.Interrupted {
		t.Errorf("%v %s, pending %v", err, outcomes(report), w.stored.Pending)
	}
}

// The first run's switch is on its way while the second one settles the alias
// elsewhere. Whenever it lands, it is ours.
func TestALateSwitchOfAnOlderRunIsNeverSomebodysDrift(t *testing.T) {
	for _, lands := range []time.Duration{3 * time.Second, 20 * time.Second, 40 * time.Second, 59 * time.Second} {
		w := newWorld("v1", "v2", "v3")
		w.own("products", "v1")
		w.want.aliases["products"] = "v2"
		w.kill(t, 2, fault{err: errLost, lands: later, after: lands}) // v1 -> v2 is on its way
		w.want.aliases["products"] = "v3"
		if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() || w.live("products") != "v3" {
			t.Fatal(err, outcomes(report))
		}
		w.requireKnown(t, "before it lands")
		w.advance(lands)
		if w.live("products") != "v2" {
			t.Fatalf("it did not land: %q", w.live("products"))
		}
		w.requireFinish(t, "after it landed")
	}
}

func TestAThirdRunWritesNothingWhileAnOlderAnnouncementIsYoung(t *testing.T) {
	w := newWorld("v1", "v2", "v3")
	w.own("products", "v1")
	w.want.aliases["products"] = "v2"
	w.kill(t, 2, fault{err: errLost})
	w.want.aliases["products"] = "v3"
	if _, err := w.apply(t, Options{}); err != nil {
		t.Fatal(err)
	}
	if len(w.stored.Pending) != 1 || w.stored.Pending[0].To != "v2" {
		t.Fatalf("pending %+v", w.stored.Pending)
	}
	saves, calls := len(w.saves), len(w.calls)
	for range 5 {
		w.advance(10 * time.Second)
		if plan := w.plan(); len(plan.Steps)+len(plan.Conflicts) != 0 {
			t.Fatalf("plan %+v", plan)
		}
		if _, err := w.apply(t, Options{}); err != nil || len(w.saves) != saves || len(w.calls) != calls {
			t.Fatalf("%v, %d saves, calls %v", err, len(w.saves)-saves, w.calls[calls:])
		}
	}
	w.advance(10 * time.Second)
	if _, err := w.apply(t, Options{}); err != nil || len(w.saves) != saves+1 || len(w.stored.Pending) != 0 {
		t.Errorf("%v, %d saves, pending %v", err, len(w.saves)-saves, w.stored.Pending)
	}
	if plan := w.plan(); !plan.Housekeeping.Empty() {
		t.Errorf("housekeeping %+v", plan.Housekeeping)
	}
}

func TestWhatAnnouncementsOutliveASettledAlias(t *testing.T) {
	older := func(op planner.Op, from, to string, age time.Duration) planner.Announcement {
		return planner.Announcement{Op: op, Database: "default", Alias: "products", From: from, To: to, At: start.Add(-age)}
	}
	result := func(op planner.Op, from, to string, o Outcome) Result {
		return Result{Step: planner.Step{Op: op, Database: "default", Alias: "products", From: from, To: to}, Outcome: o}
	}
	bound := result(planner.AlterAlias, "v1", "v2", Applied)
	gone := result(planner.DropAlias, "v1", "", Applied)
	forgotten := result(planner.Forget, "v1", "", Applied)
	back := result(planner.AlterAlias, "v1", "v2", SwitchedBack)
	undone := result(planner.CreateAlias, "", "v2", SwitchedBack)
	tests := []struct {
		name   string
		result Result
		older  planner.Announcement
		stays  bool
	}{
		{"a young switch elsewhere", bound, older(planner.AlterAlias, "v1", "v3", time.Second), true},
		{"an old one", bound, older(planner.AlterAlias, "v1", "v3", time.Minute), false},
		{"a young one to the same", bound, older(planner.AlterAlias, "v0", "v2", time.Second), false},
		{"a young drop, which is no drift whenever it lands", bound, older(planner.DropAlias, "v1", "", time.Second), false},
		{"a young switch of an alias that is gone, which Milvus refuses", gone, older(planner.AlterAlias, "v1", "v3", time.Second), false},
		{"a young switch elsewhere of an alias that went back", back, older(planner.AlterAlias, "v1", "v3", time.Second), true},
		{"an old one of that", back, older(planner.AlterAlias, "v1", "v3", time.Minute), false},
		{"a young one to where it is again", back, older(planner.AlterAlias, "v0", "v1", time.Second), false},
		{"a young create elsewhere of an alias that was created and dropped again", undone, older(planner.CreateAlias, "", "v3", time.Second), true},
		{"the create of that", undone, older(planner.CreateAlias, "", "v2", time.Second), false},
		{"a young switch of that", undone, older(planner.AlterAlias, "v1", "v3", time.Second), false},
		{"a young create of an alias that is gone", gone, older(planner.CreateAlias, "", "v3", time.Second), true},
		{"the create of what was dropped", gone, older(planner.CreateAlias, "", "v1", time.Second), false},
		{"an old create", gone, older(planner.CreateAlias, "", "v3", time.Minute), false},
		{"the create of what was forgotten after the watch", forgotten, older(planner.CreateAlias, "", "v1", 20*time.Second), false},
	}
	for _, test := range tests {
		state := planner.State{Cluster: fakeURI, Pending: []planner.Announcement{test.older}}
		got := Settle(state, planner.Plan{Cluster: fakeURI}, []Result{test.result}, Occasion{Now: start})
		if stays := len(got.Pending) == 1; stays != test.stays {
			t.Errorf("%s: pending %+v", test.name, got.Pending)
		}
	}
}
