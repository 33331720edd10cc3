package executor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/planner"
)

// patient hears of the wait before drops.
type patient struct {
	stopper
	steps []planner.Step
	wait  time.Duration
	on    func()
}

func (p *patient) Draining(steps []planner.Step, wait time.Duration) {
	p.steps, p.wait = steps, wait
	if p.on != nil {
		p.on()
	}
}

// rotating retires v1, which products leaves in the same run, and old, which
// no alias left.
func rotating() *world {
	w := newWorld("old", "v1", "v2")
	w.own("products", "v1")
	w.want.aliases["products"] = "v2"
	w.want.retire = []string{"old", "v1"}
	return w
}

func TestACollectionRestsAfterItsLastAliasHasLeft(t *testing.T) {
	for _, mode := range []planner.SwitchMode{planner.ByAlter, planner.ByRecreate} {
		w := rotating()
		w.want.options.Switch = mode
		dropped := map[string]time.Duration{}
		w.before = func(w *world, n int, c call) {
			if c.op == "drop-collection" {
				dropped[c.name] = w.now.Sub(start)
			}
		}
		o := &patient{}
		report, err := w.apply(t, Options{Drain: 30 * time.Second, Observer: o})
		if err != nil || !report.Counts.Complete() {
			t.Fatal(err, outcomes(report))
		}
		if diff := cmp.Diff(map[string]time.Duration{"old": 0, "v1": 30 * time.Second}, dropped); diff != "" {
			t.Errorf("%s: dropped after (-want +got):\n%s", mode, diff)
		}
		if len(o.steps) != 1 || o.steps[0].Collection != "v1" || o.wait != 30*time.Second {
			t.Errorf("%s: heard of %v for %v", mode, o.steps, o.wait)
		}
	}
}

func TestTheTimeThatHasPassedSinceCounts(t *testing.T) {
	w := rotating()
	w.own("zebra", "v2")
	w.want.aliases["zebra"] = "old" // after products
	w.want.retire = []string{"v1"}
	w.before = func(w *world, n int, c call) {
		if c.changes && c.name == "zebra" {
			w.advance(12 * time.Second)
		}
	}
	o := &patient{}
	if report, err := w.apply(t, Options{Drain: 30 * time.Second, Observer: o}); err != nil || !report.Counts.Complete() {
		t.Fatal(err, outcomes(report))
	}
	if o.wait != 18*time.Second {
		t.Errorf("waited %v", o.wait)
	}
}

func TestAfterTheRestEverythingIsReadAgain(t *testing.T) {
	w := rotating()
	o := &patient{on: func() { w.bind("theirs", "v1") }}
	report, err := w.apply(t, Options{Drain: 30 * time.Second, Observer: o})
	if err != nil || !is[*StillAliasedError](result(t, report, "v1").Err) || result(t, report, "old").Outcome != Applied {
		t.Error(err, outcomes(report))
	}
}

func TestAFailedDropDoesNotKeepOthersFromTheirRest(t *testing.T) {
	w := rotating()
	w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.changes && c.name == "old" }
	report, err := w.apply(t, Options{Drain: 30 * time.Second})
	if err != nil || result(t, report, "old").Outcome != Failed || result(t, report, "v1").Outcome != Applied {
		t.Error(err, outcomes(report))
	}
}

func TestAStopEndsTheRestWithoutADrop(t *testing.T) {
	w := rotating()
	stop := make(chan struct{})
	o := &patient{on: func() { close(stop) }}
	report, err := w.apply(t, Options{Drain: 30 * time.Second, Observer: o, Stop: stop})
	if err != nil || result(t, report, "v1").Outcome != NotReached || !report.Interrupted || w.now != start {
		t.Errorf("%v after %v: %s", err, w.now.Sub(start), outcomes(report))
	}
	w.requireFinish(t, "the next run")
}

func TestAStopInTheMiddleOfTheRestEndsItAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := rotating()
		stop := make(chan struct{})
		began := time.Now()
		time.AfterFunc(10*time.Second, func() { close(stop) })
		report, err := Apply(t.Context(), w.plan(), w.stored, w, w, Options{Drain: 30 * time.Second, Stop: stop})
		if took := time.Since(began); err != nil || took != 10*time.Second || result(t, report, "v1").Outcome != NotReached {
			t.Errorf("%v after %v: %s", err, took, outcomes(report))
		}
	})
}

// The same command again goes on from there, and not straight to the drop: the
// readers of the run that was stopped have had ten seconds, not thirty.
func TestTheRestOfAStoppedRunIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := rotating()
		stop := make(chan struct{})
		time.AfterFunc(10*time.Second, func() { close(stop) })
		if _, err := Apply(t.Context(), w.plan(), w.stored, w, w, Options{Drain: 30 * time.Second, Stop: stop}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		report, err := Apply(t.Context(), w.plan(), w.stored, w, w, Options{Drain: 30 * time.Second})
		if took := time.Since(began); err != nil || result(t, report, "v1").Outcome != Applied || took < 20*time.Second || took > 30*time.Second {
			t.Errorf("%v after %v: %s", err, took, outcomes(report))
		}
	})
}

// Nobody knows when another client moved what this run adopts: it may have been
// just now.
func TestACollectionThatSomebodyElseLeftRests(t *testing.T) {
	w := newWorld("v1", "v2")
	w.own("products", "v1")
	w.bind("products", "v2")
	w.want.aliases["products"] = "v2"
	w.want.retire = []string{"v1"}
	began := w.now
	if report, err := w.apply(t, Options{Drain: 30 * time.Second}); err != nil || !report.Counts.Complete() {
		t.Fatal(err, outcomes(report))
	}
	if took := w.now.Sub(began); took < 30*time.Second {
		t.Errorf("it was dropped after %v", took)
	}
}

// The same when the run before adopted it.
func TestACollectionThatWasAdoptedAwayFromRestsInTheNextRun(t *testing.T) {
	w := newWorld("v1", "v2")
	w.own("products", "v1")
	w.bind("products", "v2")
	w.want.aliases["products"] = "v2"
	if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() {
		t.Fatal(err, outcomes(report))
	}
	w.want.retire = []string{"v1"}
	began := w.now
	if report, err := w.apply(t, Options{Drain: 30 * time.Second}); err != nil || !report.Counts.Complete() {
		t.Fatal(err, outcomes(report))
	}
	if took := w.now.Sub(began); took < 29*time.Second {
		t.Errorf("it was dropped after %v", took)
	}
}
