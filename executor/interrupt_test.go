package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"aliasctl/planner"
)

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

// The members of a group are at work side by side, so more than one call may
// be under way at the end.
func TestTheSecondSignalInTheMiddleOfAGroupIsToldTruthfully(t *testing.T) {
	for _, name := range []string{"group", "canary says no"} {
		quiet := worlds[name]()
		if _, err := quiet.apply(t, Options{}); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= len(quiet.calls); n++ {
			what := fmt.Sprintf("%s: cancelled in call %d", name, n)
			w := worlds[name]()
			ctx, cancel := context.WithCancel(t.Context())
			w.before = func(_ *world, i int, c call) {
				if i == n {
					cancel()
				}
			}
			report, err := Apply(ctx, w.plan(), w.stored, w, w, Options{Parallel: 1, Clock: w})
			cancel()
			if err != nil {
				t.Fatal(what, err)
			}
			w.before = nil
			w.requireAccurate(t, what, report)
			w.requireFinish(t, what)
		}
	}
}

// fragile panics when it writes or reads one alias for the n-th time.
type fragile struct {
	*world
	name string
	left atomic.Int32
}

func (f *fragile) AliasTarget(ctx context.Context, db, alias string) (string, bool, error) {
	if alias == f.name && f.left.Add(-1) == 0 {
		panic("index out of range")
	}
	return f.world.AliasTarget(ctx, db, alias)
}

func TestAPanicInAMemberTakesItsGroupBack(t *testing.T) {
	for n := range int32(3) {
		w := trio()
		f := &fragile{world: w, name: "dense"}
		f.left.Store(n + 1)
		report, err := Apply(t.Context(), w.plan(), w.stored, f, w, Options{Clock: w})
		if !is[*PanicError](err) != (n == 2) || len(report.Cutovers) != 1 {
			t.Fatalf("read %d: %v %s", n+1, err, outcomes(report))
		}
		if n < 2 && (report.Cutovers[0].Err == nil || w.live("sparse") != "s1" || w.live("meta") != "") {
			t.Errorf("read %d: %s", n+1, outcomes(report))
		}
		what := fmt.Sprintf("panic in read %d", n+1)
		w.requireAccurate(t, what, report)
		w.requireFinish(t, what)
	}
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

// A run whose lock is lost may have a successor: it writes nothing more, not
// even what it has waited to drop.
func TestNothingIsWrittenWithoutTheLock(t *testing.T) {
	lost := errors.New("the lock is lost")
	for name, test := range map[string]struct {
		world func() (*world, planner.Plan)
		sent  []string
		told  string
	}{
		"a switch": {func() (*world, planner.Plan) {
			w := rotating()
			return w, w.plan()
		}, nil, "not-reached not-reached not-reached"},
		"a drop after the wait": {func() (*world, planner.Plan) {
			w := rotating()
			return w, w.plan()
		}, []string{"alter"}, "applied not-reached not-reached"},
		"a drop after its release": {func() (*world, planner.Plan) { return releasing() },
			[]string{"release"}, "failed"},
		"the second half of a switch by drop and create": {func() (*world, planner.Plan) {
			w := rotating()
			w.want.retire, w.want.options.Switch = nil, planner.ByRecreate
			return w, w.plan()
		}, []string{"drop", "create"}, "applied"},
	} {
		t.Run(name, func(t *testing.T) {
			w, plan := test.world()
			held := func() error {
				var sent []string
				for _, c := range w.writes() {
					op, _, _ := strings.Cut(c, " ")
					sent = append(sent, op)
				}
				if len(sent) >= len(test.sent) || slices.Contains(sent, "drop") {
					return lost
				}
				return nil
			}
			report, err := w.carryOut(plan, Options{Held: held})
			if err != nil {
				t.Fatal(err)
			}
			var sent, told []string
			for _, c := range w.writes() {
				op, _, _ := strings.Cut(c, " ")
				sent = append(sent, op)
			}
			for _, result := range report.Results {
				told = append(told, string(result.Outcome))
			}
			if !slices.Equal(sent, test.sent) || strings.Join(told, " ") != test.told {
				t.Errorf("sent %q, told %q", sent, told)
			}
			if complete := report.Counts.Complete(); complete != (report.Ended == nil) || !complete && !errors.Is(report.Ended, lost) {
				t.Errorf("ended by %v", report.Ended)
			}
		})
	}
}
