package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aliasctl/planner"
)

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
