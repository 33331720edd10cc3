package executor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// memory is how far a collection is in memory.
type memory struct {
	state string
	began time.Time     // when the load began
	takes time.Duration // how long it takes
	fails bool          // it ends before it is complete
}

// unload takes a collection out of memory.
func (w *world) unload(name string, takes time.Duration) *memory {
	m := &memory{state: "LoadStateNotLoad", takes: takes}
	w.memory[key(name)] = m
	return m
}

// reached notes that an alias was bound to a collection.
func (w *world) reached(k planner.Key, alias string) {
	w.opened(k, alias)
	if m := w.memory[k]; m != nil && m.state != planner.Loaded {
		w.breaches = append(w.breaches, fmt.Sprintf("%s was bound to %s in state %s", alias, k, m.state))
	}
}

func (w *world) LoadState(ctx context.Context, db, collection string) (state string, percent int, err error) {
	k := planner.Key{Database: db, Name: collection}
	readErr := w.read(ctx, "load-state", db, collection, func() {
		m := w.memory[k]
		switch {
		case w.collections[k] == "":
			err = &fakeError{class: Refused, text: "collection not found (code 100)"}
			return
		case m == nil:
			state, percent = planner.Loaded, 100
			return
		case m.state == planner.Loading:
			percent = min(int(100*w.now.Sub(m.began)/m.takes), 100)
			switch {
			case percent == 100:
				m.state = planner.Loaded
			case m.fails && percent > 30:
				m.state, percent = "LoadStateNotLoad", 0
			}
		case m.state == planner.Loaded:
			percent = 100
		}
		state = m.state
	})
	return state, percent, errors.Join(readErr, err)
}

func (w *world) LoadCollection(ctx context.Context, db, collection string) error {
	return w.write(ctx, call{op: "load", db: db, name: collection}, func() error {
		m := w.memory[planner.Key{Database: db, Name: collection}]
		if m != nil && m.state != planner.Loaded && m.state != planner.Loading {
			m.state, m.began = planner.Loading, w.now
		}
		return nil
	})
}

// loadingWorld is one switch to a collection that is loaded first, and one beside it.
func loadingWorld(takes time.Duration) *world {
	w := newWorld("v1", "v2", "r1", "r2")
	w.own("products", "v1")
	w.own("reviews", "r1")
	w.want.aliases = map[string]string{"products": "v2", "reviews": "r2"}
	w.want.cutovers = map[string]*manifest.Cutover{"products": {Load: &manifest.Loading{Timeout: time.Minute}}}
	w.unload("v2", takes)
	return w
}

// listener hears of loads.
type listener struct {
	told []int
}

func (l *listener) StepStarted(int, planner.Step)              {}
func (l *listener) StepDone(int, Result)                       {}
func (l *listener) Loading(_ int, _ planner.Step, percent int) { l.told = append(l.told, percent) }

// TestLoadWaitsUntilItIsLoaded: nothing is told or sent of what is loaded.
func TestLoadWaitsUntilItIsLoaded(t *testing.T) {
	w, heard := loadingWorld(10*time.Second), &listener{}
	report, err := w.apply(t, Options{Observer: heard})
	if err != nil || !report.Counts.Complete() || len(w.writes()) != 3 || w.writes()[0] != "load default/v2" || len(heard.told) < 10 {
		t.Errorf("%v, %v, told %v\n%s", err, w.writes(), heard.told, outcomes(report))
	}
	w = loadingWorld(0)
	w.memory[key("v2")].state = planner.Loaded
	if report, err = w.apply(t, Options{}); err != nil || report.Results[0].Outcome != AlreadyDone || len(w.writes()) != 2 {
		t.Errorf("loaded already: %v, %v\n%s", err, w.writes(), outcomes(report))
	}
}

// requireUntouched reports that no alias moved and that nothing was stored.
func (w *world) requireUntouched(t *testing.T, what string, report Report) {
	t.Helper()
	if w.live("products") != "v1" || w.live("reviews") != "r1" || len(w.saves) > 0 || report.NotReady == nil || report.Changed() {
		t.Errorf("%s: products at %q, reviews at %q, %d saves, not ready: %v\n%s", what, w.live("products"), w.live("reviews"), len(w.saves), report.NotReady, outcomes(report))
	}
}

// TestALoadThatFailsSwitchesNothing: also not what needs no load.
func TestALoadThatFailsSwitchesNothing(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(w *world)
		want  func(error) bool
	}{
		{"it ends", func(w *world) { w.memory[key("v2")].fails = true }, is[*LoadEndedError]},
		{"it takes too long", func(w *world) { w.memory[key("v2")].takes = time.Hour }, is[*LoadTimeoutError]},
		{"it is refused", func(w *world) {
			w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.op == "load" }
		}, func(err error) bool { return ClassOf(err) == Refused }},
		{"it never begins", func(w *world) { w.faulty = func(c call) (fault, bool) { return fault{err: errLost}, c.op == "load" } }, is[*NotLoadedError]},
		{"the token is bad", func(w *world) { w.faulty = func(c call) (fault, bool) { return fault{err: errFatal}, c.op == "load" } }, func(err error) bool { return ClassOf(err) == Fatal }},
		{"another collection has the name", func(w *world) {
			w.before = func(w *world, _ int, c call) {
				if c.op == "load" {
					w.collections[key("v2")] = "999"
				}
			}
		}, is[*RecreatedError]},
	} {
		w := loadingWorld(10 * time.Second)
		c.spoil(w)
		report, err := w.apply(t, Options{})
		if err != nil || !c.want(report.NotReady) || w.now.Sub(start) > 5*time.Minute {
			t.Errorf("%s: %v, %v after %v", c.name, err, report.NotReady, w.now.Sub(start))
		}
		w.requireUntouched(t, c.name, report)
	}
}

// TestChecksAfterTheLoad: what they refuse is not switched, and what is not loaded is
// not checked.
func TestChecksAfterTheLoad(t *testing.T) {
	w := loadingWorld(10 * time.Second)
	no := errors.New("7 rows are fewer than 1000")
	report, err := w.apply(t, Options{Ready: func(context.Context) error {
		if w.memory[key("v2")].state != planner.Loaded {
			t.Error("checked before it is loaded")
		}
		return no
	}})
	if err != nil || report.NotReady != no || report.Results[0].Outcome != Applied {
		t.Errorf("%v, %v\n%s", err, report.NotReady, outcomes(report))
	}
	w.requireUntouched(t, "refused", report)

	w = loadingWorld(time.Hour)
	report, _ = w.apply(t, Options{Ready: func(context.Context) error {
		t.Error("checked although it is not loaded")
		return nil
	}})
	w.requireUntouched(t, "not loaded", report)
}

// TestALoadIsStopped: a signal ends the wait, and not the load.
func TestALoadIsStopped(t *testing.T) {
	w, stop := loadingWorld(30*time.Second), make(chan struct{})
	w.before = func(w *world, _ int, c call) {
		if c.op == "load-state" && w.now.Sub(start) > 5*time.Second {
			select {
			case <-stop:
			default:
				close(stop)
			}
		}
	}
	report, err := w.apply(t, Options{Stop: stop})
	if err != nil || !report.Interrupted || !is[*LoadStoppedError](report.NotReady) || w.memory[key("v2")].state != planner.Loading || w.now.Sub(start) > 10*time.Second {
		t.Errorf("%v after %v\n%s", err, w.now.Sub(start), outcomes(report))
	}
	w.requireUntouched(t, "stopped", report)
	w.before = nil
	if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() || len(w.writes()) != 3 {
		t.Errorf("the same again: %v, %v\n%s", err, w.writes(), outcomes(report))
	}
}

// TestLoadUnderEveryFaultAtEveryCall: what proves nothing about a load does not
// end it, no error is told of one that happened, and none is unknown: it is
// announced nowhere.
func TestLoadUnderEveryFaultAtEveryCall(t *testing.T) {
	quiet := loadingWorld(10 * time.Second)
	if report, err := quiet.apply(t, Options{}); err != nil || !report.Counts.Complete() {
		t.Fatal(err, outcomes(report))
	}
	for n, c := range quiet.calls {
		if c.op != "load" && c.op != "load-state" && c.op != "id" {
			break // the loads are over
		}
		for _, kind := range kinds {
			w := loadingWorld(10 * time.Second)
			w.faults[n+1] = kind.fault
			what := fmt.Sprintf("%s at call %d (%s)", kind.name, n+1, c)
			report, _ := w.apply(t, Options{})
			load := report.Results[0]
			verdict := ClassOf(kind.fault.err) == Refused || ClassOf(kind.fault.err) == Fatal
			switch {
			case load.Done() && w.memory[key("v2")].state != planner.Loaded:
				t.Errorf("%s: no error, and it is %s", what, w.memory[key("v2")].state)
			case load.Err != nil && !verdict && (n > 1 || unreachable(kind.fault.err)):
				t.Errorf("%s: %v after %v", what, load.Err, w.writes())
			case load.Outcome == Undecided:
				t.Errorf("%s: a load is announced nowhere: %v", what, load.Err)
			}
		}
	}
}
