package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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
	report, err := w.apply(t, Options{})
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
		Version: 1, Lineage: "lineage", Serial: 8, Cluster: fakeURI, UpdatedAt: start,
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
	}
	if diff := cmp.Diff(wantState, w.stored); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantState, report.State); diff != "" {
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
	w.stored.Pending = older
	plan := w.plan()
	announced := Announce(w.stored, plan)
	if announced.Serial != w.stored.Serial || announced.Lineage != w.stored.Lineage || !announced.UpdatedAt.Equal(w.stored.UpdatedAt) {
		t.Errorf("an announcement changed more than what is pending: %+v", announced)
	}
	if diff := cmp.Diff(older, announced.Pending[:len(older)]); diff != "" {
		t.Errorf("older announcements (-want +got):\n%s", diff)
	}
	if got, want := len(announced.Pending), len(older)+6; got != want {
		t.Errorf("%d announcements, want %d: %+v", got, want, announced.Pending)
	}
	if len(w.stored.Pending) != 3 {
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

func TestABadTokenEndsTheRun(t *testing.T) {
	w := rich()
	w.faults[1] = fault{err: errFatal}
	report, err := w.apply(t, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(w.calls) != 1 || !errors.Is(report.Ended, errFatal) || report.Interrupted {
		t.Errorf("%v after %v", report.Ended, w.calls)
	}
	if want := (Counts{Applied: 1, Failed: 1, NotReached: 6}); report.Counts != want || len(w.stored.Pending) != 0 {
		t.Errorf("counts %+v, want %+v (the adoption stands); pending %v", report.Counts, want, w.stored.Pending)
	}
}

func TestABadTokenAtAnyCallEndsTheRun(t *testing.T) {
	quiet := rich()
	if _, err := quiet.apply(t, Options{}); err != nil {
		t.Fatal(err)
	}
	for n, c := range quiet.calls {
		w := rich()
		w.faults[n+1] = fault{err: errFatal}
		report, err := w.apply(t, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if report.Counts.Complete() {
			continue // an id of a new target, after the last step
		}
		if !errors.Is(report.Ended, errFatal) || len(w.calls) != n+1 {
			t.Errorf("at call %d (%s): ended by %v, and then came %v", n+1, c, report.Ended, w.calls[n+1:])
		}
	}
}

// stopper closes or cancels when the n-th step starts.
type stopper struct {
	after int
	stop  func()
}

func (s *stopper) StepStarted(int, planner.Step) {
	if s.after--; s.after == 0 {
		s.stop()
	}
}
func (s *stopper) StepDone(int, Result) {}

func TestTheFirstSignalLetsRunningStepsFinish(t *testing.T) {
	for n := 1; n <= 7; n++ {
		w := rich()
		stop := make(chan struct{})
		report, err := w.apply(t, Options{Stop: stop, Observer: &stopper{n, func() { close(stop) }}})
		if err != nil {
			t.Fatal(err)
		}
		if want := (Counts{Applied: n + 1, NotReached: 7 - n}); report.Counts != want || !report.Interrupted {
			t.Errorf("stopped in step %d: %+v interrupted %v", n, report.Counts, report.Interrupted)
		}
		if len(w.stored.Pending) != 0 || len(w.writes()) != n {
			t.Errorf("stopped in step %d: pending %v, writes %v", n, w.stored.Pending, w.writes())
		}
		if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() {
			t.Errorf("the next run does not go on: %v %s", err, outcomes(report))
		}
	}
}

func TestAStopBeforeTheRunTouchesNothing(t *testing.T) {
	w := rich()
	stop := make(chan struct{})
	close(stop)
	report, err := w.apply(t, Options{Stop: stop})
	if err != nil || !report.Interrupted || len(w.calls)+len(w.saves) != 0 || report.Counts.NotReached != 8 {
		t.Errorf("%v %v %s", err, w.calls, outcomes(report))
	}
}

func TestTheSecondSignalEndsAtOnceAndLosesNothing(t *testing.T) {
	for _, name := range []string{"alter", "recreate"} {
		quiet := worlds[name]()
		if _, err := quiet.apply(t, Options{}); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= len(quiet.calls); n++ {
			endAtOnce(t, name, n)
		}
	}
}

// endAtOnce ends the context in the n-th call.
func endAtOnce(t *testing.T, name string, n int) {
	what := fmt.Sprintf("%s: cancelled in call %d", name, n)
	w := worlds[name]()
	plan := w.plan()
	ctx, cancel := context.WithCancel(t.Context())
	w.before = func(_ *world, i int, c call) {
		if i == n {
			cancel()
		}
	}
	report, err := Apply(ctx, plan, w.stored, w, w, Options{Parallel: 1, Clock: w})
	cancel()
	if err != nil || !report.Interrupted {
		t.Fatalf("%s: %v, interrupted %v", what, err, report.Interrupted)
	}
	if len(w.calls) > n {
		t.Errorf("%s: %d more calls after the end", what, len(w.calls)-n)
	}
	if got := report.Results[0]; n == 1 && (got.Outcome != NotReached || !errors.Is(got.Err, context.Canceled)) {
		t.Errorf("%s, before any write: %s", what, outcomes(report))
	}
	w.before = nil
	w.requireAccurate(t, what, report)
	w.requireFinish(t, what)
}

type panicking struct{ Cluster }

func (p panicking) AlterAlias(context.Context, string, string, string) error {
	panic("index out of range")
}

func TestAPanicInAWorkerIsHandedOverWithItsStack(t *testing.T) {
	w := rich()
	report, err := Apply(t.Context(), w.plan(), w.stored, panicking{w}, w, Options{Parallel: 1, Clock: w})
	caught, ok := errors.AsType[*PanicError](err)
	if !ok || caught.Value != "index out of range" || !strings.Contains(string(caught.Stack), "AlterAlias") {
		t.Fatalf("got error %v", err)
	}
	if got := result(t, report, "products"); got.Outcome != Undecided || len(w.stored.Pending) != 1 {
		t.Errorf("%s pending %v", outcomes(report), w.stored.Pending)
	}
	w.requireAccurate(t, "after a panic", report)
	w.requireFinish(t, "after a panic")
}

// clumsy panics when it hears of a result.
type clumsy struct{}

func (clumsy) StepStarted(int, planner.Step) {}
func (clumsy) StepDone(int, Result)          { panic("no terminal") }

func TestAPanicOfTheObserverDoesNotBlurWhatIsKnown(t *testing.T) {
	w := rich()
	plan := w.plan()
	plan.Steps = plan.Steps[:len(plan.Steps)-1] // without the adoption
	report, err := w.carryOut(plan, Options{Observer: clumsy{}})
	if !is[*PanicError](err) || report.Results[0].Outcome != Applied || report.Counts.NotReached != 6 {
		t.Errorf("%v %s", err, outcomes(report))
	}
}

// hasty ends the context right after a read.
type hasty struct {
	Cluster
	cancel context.CancelFunc
}

func (h hasty) AliasTarget(ctx context.Context, db, alias string) (string, bool, error) {
	defer h.cancel()
	return h.Cluster.AliasTarget(ctx, db, alias)
}

func TestNothingIsSentAfterTheEnd(t *testing.T) {
	w := rich()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	report, err := Apply(ctx, w.plan(), w.stored, hasty{w, cancel}, w, Options{Parallel: 1, Clock: w})
	if err != nil || len(w.calls) != 1 || report.Results[0].Outcome != NotReached {
		t.Errorf("%v after %v\n%s", err, w.calls, outcomes(report))
	}
}

type nosy struct {
	t       *testing.T
	busy    atomic.Int32
	started []int
	done    []int
}

func (o *nosy) StepStarted(i int, s planner.Step) { o.one(func() { o.started = append(o.started, i) }) }
func (o *nosy) StepDone(i int, r Result) {
	o.one(func() { o.done = append(o.done, i) })
	if r.Outcome != Applied {
		o.t.Errorf("step %d: %s %v", i, r.Outcome, r.Err)
	}
}
func (o *nosy) one(do func()) {
	if o.busy.Add(1) > 1 {
		o.t.Error("called by two goroutines at once")
	}
	do()
	o.busy.Add(-1)
}

func TestTheObserverHearsEachStepOnce(t *testing.T) {
	w := newWorld("a", "b")
	for i := range 100 {
		name := fmt.Sprintf("alias%d", i)
		w.own(name, "a")
		w.want.aliases[name] = "b"
	}
	w.bind("adopted", "a")
	w.want.aliases["adopted"] = "a"
	o := &nosy{t: t}
	report, err := w.apply(t, Options{Parallel: 8, Observer: o})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(o.started)
	slices.Sort(o.done)
	var all []int
	for i := range report.Results {
		all = append(all, i)
	}
	if !slices.Equal(o.started, all) || !slices.Equal(o.done, all) {
		t.Errorf("started %v, done %v", o.started, o.done)
	}
}

// slow takes a second for every call and remembers how many ran at once.
type slow struct {
	Cluster
	running, most atomic.Int32
}

func (s *slow) AlterAlias(ctx context.Context, db, alias, collection string) error {
	if n := s.running.Add(1); n > s.most.Load() {
		s.most.Store(n)
	}
	defer s.running.Add(-1)
	time.Sleep(time.Second)
	return s.Cluster.AlterAlias(ctx, db, alias, collection)
}

func TestStepsOfAPhaseRunSideBySideUpToTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "b")
		for i := range 40 {
			name := fmt.Sprintf("alias%d", i)
			w.own(name, "a")
			w.want.aliases[name] = "b"
		}
		s := &slow{Cluster: w}
		began := time.Now()
		report, err := Apply(t.Context(), w.plan(), w.stored, s, w, Options{Parallel: 4})
		if err != nil || report.Counts.Applied != 40 {
			t.Fatal(err, outcomes(report))
		}
		if s.most.Load() != 4 || time.Since(began) != 10*time.Second {
			t.Errorf("%d at once, %v in all", s.most.Load(), time.Since(began))
		}
		if took := report.Results[0].Took; took != time.Second {
			t.Errorf("a step took %v", took)
		}
	})
}

func TestTheMachinesClockEndsItsSleepWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock machineClock
		began := clock.Now()
		if err := clock.Sleep(t.Context(), time.Minute); err != nil || clock.Now().Sub(began) != time.Minute {
			t.Errorf("slept %v: %v", clock.Now().Sub(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := clock.Sleep(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPlansThatMustNotRunAreRefused(t *testing.T) {
	step := planner.Step{Op: planner.DropAlias, Database: "default", Alias: "products", From: "v1", Recreate: true}
	for name, plan := range map[string]planner.Plan{
		"conflicts": {Live: planner.LiveRead, Conflicts: []planner.Conflict{{}}},
		"offline":   {Live: planner.LiveAssumed},
		"half pair": {Live: planner.LiveRead, Steps: []planner.Step{step}},
		"unknown":   {Live: planner.LiveRead, Steps: []planner.Step{{Op: "rename"}}},
	} {
		w := rich()
		report, err := w.carryOut(plan, Options{})
		if !is[*UnfitError](err) || len(w.calls)+len(w.saves) != 0 || report.Changed() {
			t.Errorf("%s: %v after %v", name, err, w.calls)
		}
	}
}
