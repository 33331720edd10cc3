package executor

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"aliasctl/manifest"
)

// shut makes w unreachable from a call on, for a while or, with 0, for ever.
func (w *world) shut(from int, until time.Duration) {
	var since time.Time
	w.faulty = func(c call) (fault, bool) {
		if len(w.calls) < from {
			return fault{}, false
		}
		if since.IsZero() {
			since = w.now
		}
		return fault{err: errGone}, until == 0 || w.now.Sub(since) < until
	}
}

// many is a world where n aliases are to be switched and one collection is to be
// retired.
func many(n int) *world {
	w := newWorld("v1", "v2", "old")
	for i := range n {
		name := fmt.Sprintf("alias%03d", i)
		w.own(name, "v1")
		w.want.aliases[name] = "v2"
	}
	w.want.retire = []string{"old"}
	return w
}

// A server that is back within the patience of a run costs that time and
// nothing else, wherever in the run it goes away.
func TestAServerThatComesBackIsWaitedFor(t *testing.T) {
	for _, group := range []bool{false, true} {
		build := func() *world {
			w := many(3)
			if group {
				w.grouped(&manifest.Cutover{Group: "all"})
			}
			return w
		}
		quiet := build()
		if _, err := quiet.apply(t, Options{}); err != nil {
			t.Fatal(err)
		}
		for _, gone := range []time.Duration{time.Second, 35 * time.Second, DefaultPatience - 2*time.Second} {
			for n := 1; n < len(quiet.calls); n++ { // the last one reads an id
				what := fmt.Sprintf("group %v, away for %v from call %d (%s)", group, gone, n, quiet.calls[n-1])
				w := build()
				w.shut(n, gone)
				report, err := w.apply(t, Options{})
				if err != nil || !report.Counts.Complete() || report.Ended != nil {
					t.Fatalf("%s: %v, %v\n%s", what, err, report.Ended, outcomes(report))
				}
				w.requireAccurate(t, what, report)
				w.requireFinish(t, what)
			}
		}
	}
}

// One that does not come back ends the run within twice the patience (or the settle time,
// where a write went out and that is longer), however many steps there are and however
// many run side by side, and what was not begun is not reached.
func TestAServerThatDoesNotComeBackEndsTheRun(t *testing.T) {
	const costs = 3 * time.Second // to find out that nobody is there
	for _, n := range []int{1, 2, 200, 600} {
		for _, parallel := range []int{0, 1, 8, 64} {
			for _, patience := range []time.Duration{5 * time.Second, time.Minute} {
				synctest.Test(t, func(t *testing.T) {
					what := fmt.Sprintf("%d aliases, parallel %d, patience %v", n, parallel, patience)
					w := many(n)
					var since time.Time
					w.faulty = func(call) (fault, bool) {
						gone := len(w.calls) > n
						if gone && since.IsZero() {
							since = time.Now()
						}
						return fault{err: errGone}, gone
					}
					w.before = func(_ *world, i int, _ call) {
						if i > n {
							time.Sleep(costs)
						}
					}
					report, err := Apply(t.Context(), w.plan(), w.stored, w, w, Options{Parallel: parallel, Patience: patience})
					if err != nil || !is[*UnreachableError](report.Ended) {
						t.Fatalf("%s: %v, ended by %v", what, err, report.Ended)
					}
					if took := time.Since(since); took < patience || took > 2*max(patience, DefaultSettle)+2*costs {
						t.Errorf("%s: it ended after %v", what, took)
					}
					if c := report.Counts; c.NotReached == 0 || c.Failed > min(n, 64) {
						t.Errorf("%s: %+v", what, c)
					}
					w.requireAccurate(t, what, report)
					w.faulty, w.before = nil, nil
					w.requireFinish(t, what)
				})
			}
		}
	}
}

// One alias that cannot be read does not end the run for the others; a whole
// kind of read that is not answered does, although a probe is.
func TestAProbeDecidesForAll(t *testing.T) {
	for _, parallel := range []int{1, 8} {
		w := many(20)
		w.faulty = func(c call) (fault, bool) { return fault{err: errGone}, c.name == "alias003" }
		report, err := w.apply(t, Options{Parallel: parallel, Patience: 5 * time.Second})
		if want := (Counts{Applied: 19, Failed: 1, NotReached: 1}); err != nil || report.Counts != want || report.Ended != nil {
			t.Errorf("one alias, parallel %d: %v %+v\n%s", parallel, err, report.Ended, outcomes(report))
		}
		w = many(20)
		w.faulty = func(c call) (fault, bool) { return fault{err: errGone}, c.op == "describe" }
		report, err = w.apply(t, Options{Parallel: parallel, Patience: 5 * time.Second})
		if err != nil || !is[*UnreachableError](report.Ended) || w.now.Sub(start) > time.Minute || report.Counts.NotReached < 10 {
			t.Errorf("all of them, parallel %d: %v %+v after %v\n%s", parallel, err, report.Ended, w.now.Sub(start), outcomes(report))
		}
	}
}

// Without patience a step that meets nobody is over at once, as far as --retries
// allows; what was lost is still read until the settle time is over.
func TestNoPatience(t *testing.T) {
	w := many(3)
	w.shut(1, 0)
	report, err := w.apply(t, Options{Patience: -1})
	if err != nil || report.Counts.NotReached != 4 || w.now.Sub(start) > time.Second {
		t.Errorf("%v after %v\n%s", err, w.now.Sub(start), outcomes(report))
	}
	w = switching(fault{err: errCut, lands: later, after: 5 * time.Second})
	w.faulty = func(call) (fault, bool) {
		return fault{err: errGone}, len(w.calls) > 2 && w.now.Sub(start) < 4*time.Second
	}
	if report, err := w.apply(t, Options{Patience: -1}); err != nil || report.Counts.Applied != 1 {
		t.Errorf("%v\n%s", err, outcomes(report))
	}
}

// A run that is stopped does not wait for the server.
func TestAStoppedRunDoesNotWaitForTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := many(5)
		w.faulty = func(call) (fault, bool) { return fault{err: errGone}, len(w.calls) > 4 }
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		began := time.Now()
		report, err := Apply(ctx, w.plan(), w.stored, w, w, Options{Parallel: 2})
		if took := time.Since(began); took > 11*time.Second || !report.Interrupted || err != nil || report.Counts.Failed > 2 {
			t.Errorf("%v after %v\n%s", err, took, outcomes(report))
		}
	})
}

// A write that something in between turned away is sent once more, no oftener,
// and the way is closed to the steps that follow.
func TestAWayThatIsClosedEndsTheRun(t *testing.T) {
	w := many(20)
	w.faulty = func(c call) (fault, bool) { return fault{err: errTurned}, c.changes }
	report, err := w.apply(t, Options{})
	if want := (Counts{Unknown: 1, NotReached: 20}); err != nil || report.Counts != want || report.Ended != errTurned || len(w.writes()) != 2 {
		t.Errorf("%v %+v, ended by %v after %v", err, report.Counts, report.Ended, w.writes())
	}
	if w.now.Sub(start) > 2*DefaultSettle+time.Second {
		t.Errorf("after %v", w.now.Sub(start))
	}
}

// A server that wants to be left alone is left alone, within the time that a
// step waits in all.
func TestRetryAfterOfAWrite(t *testing.T) {
	for _, after := range []time.Duration{3 * time.Second, maxWaiting} {
		w := switching(fault{err: &fakeError{class: Transient, text: "rate limit exceeded (code 1807)", after: after}})
		report, err := w.apply(t, Options{})
		if took := w.now.Sub(start); err != nil || report.Counts.Applied != 1 || took < after || took > maxWaiting+time.Second {
			t.Errorf("%v: %v after %v\n%s", after, err, took, outcomes(report))
		}
	}
}

// A drop that meets no such route is read before the other route is asked: at
// once where Milvus itself answered, after the settle time where something else
// may have.
func TestTheOtherRouteIsAskedAfterARead(t *testing.T) {
	for _, tt := range []struct {
		name    string
		fault   fault
		outcome Outcome
		drops   int
		waits   bool
	}{
		{"no such route", fault{err: errNoRoute}, Applied, 2, false},
		{"no such route, and it took effect", fault{err: errNoRoute, lands: atOnce}, Applied, 1, false},
		{"no such path", fault{err: errNoPath}, Applied, 2, true},
		{"no such path, and it took effect", fault{err: errNoPath, lands: atOnce}, Applied, 1, false},
		{"no such path, and it takes effect", fault{err: errNoPath, lands: later, after: 3 * time.Second}, Applied, 1, false},
	} {
		w := newWorld("old")
		w.want.retire = []string{"old"}
		w.faulty = func(c call) (fault, bool) { return tt.fault, c.changes && len(w.writes()) == 1 }
		report, err := w.apply(t, Options{Retries: -1})
		if err != nil || report.Results[0].Outcome != tt.outcome || len(w.writes()) != tt.drops {
			t.Errorf("%s: %v after %v\n%s", tt.name, err, w.writes(), outcomes(report))
		}
		if waited := w.now.Sub(start) >= DefaultSettle; waited != tt.waits {
			t.Errorf("%s: it took %v", tt.name, w.now.Sub(start))
		}
	}
}
