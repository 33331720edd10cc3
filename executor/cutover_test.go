package executor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// trio is a world with a group of three: dense and sparse are switched, meta
// is created. legacy is dropped after it, d1 and s1 are retired.
func trio() *world {
	w := newWorld("d1", "d2", "s1", "s2", "m1")
	w.own("dense", "d1")
	w.own("legacy", "d1")
	w.own("sparse", "s1")
	w.want.aliases = map[string]string{"dense": "d2", "sparse": "s2", "meta": "m1"}
	w.want.retire = []string{"d1", "s1"}
	w.grouped(&manifest.Cutover{Group: "search"})
	return w
}

// grouped gives every wanted alias the same cutover.
func (w *world) grouped(c *manifest.Cutover) {
	w.want.cutovers = map[string]*manifest.Cutover{}
	for alias := range w.want.aliases {
		w.want.cutovers[alias] = c
	}
}

// solo is a world where products is switched from v1 to v2 with this cutover.
func solo(c manifest.Cutover) *world {
	w := newWorld("v1", "v2")
	w.own("products", "v1")
	w.want.aliases["products"] = "v2"
	w.grouped(&c)
	return w
}

// stands is where the members of the only cutover are, in plan order.
func stands(t *testing.T, r Report) string {
	t.Helper()
	if len(r.Cutovers) != 1 {
		t.Fatalf("%d cutovers: %+v", len(r.Cutovers), r.Cutovers)
	}
	var list []string
	for _, m := range r.Cutovers[0].Members {
		list = append(list, fmt.Sprintf("%s %s %s", m.Alias, m.Stands, m.At))
	}
	return strings.Join(list, ", ")
}

func TestAGroupIsReadAsAWholeBeforeAnyOfItIsWritten(t *testing.T) {
	w := trio()
	report, err := w.apply(t, Options{})
	if err != nil || !report.Counts.Complete() || report.VerificationFailed || report.SwitchBackFailed {
		t.Fatal(err, outcomes(report))
	}
	var calls []string
	for _, c := range w.calls[:6] {
		calls = append(calls, c.op)
	}
	slices.Sort(calls[:3])
	for _, op := range calls[:3] {
		if op != "describe" {
			t.Errorf("calls %v: a write before the last read", calls)
		}
	}
	if got, want := stands(t, report), "dense switched d2, meta switched m1, sparse switched s2"; got != want || report.Cutovers[0].Split {
		t.Errorf("%q, want %q", got, want)
	}
	w.requireFinish(t, "the next run")
}

func TestWhenAMemberIsNotWhereItShouldBeNoneIsWritten(t *testing.T) {
	for _, alias := range []string{"dense", "meta", "sparse"} {
		w := trio()
		plan := w.plan()
		w.bind(alias, "d2")
		if alias == "dense" {
			w.bind(alias, "s2")
		}
		found := w.live(alias)
		report, err := w.carryOut(plan, Options{})
		if err != nil || len(w.writes()) != 0 || report.Changed() || report.VerificationFailed {
			t.Fatal(alias, err, w.writes(), outcomes(report))
		}
		if got := result(t, report, alias); got.Outcome != Failed || !is[*MovedError](got.Err) {
			t.Error(outcomes(report))
		}
		for _, other := range []string{"dense", "meta", "sparse"} {
			r := result(t, report, other)
			e, held := errors.AsType[*GroupError](r.Err)
			if other != alias && (r.Outcome != NotReached || !held || e.Member != alias || e.Group != "search") {
				t.Error(outcomes(report))
			}
		}
		if !report.Cutovers[0].Split || !strings.Contains(stands(t, report), alias+" elsewhere "+found) {
			t.Error(stands(t, report))
		}
		if result(t, report, "legacy").Outcome != NotReached {
			t.Errorf("a later phase ran: %s", outcomes(report))
		}
	}
}

func TestAMemberThatSomebodyElseHasSwitchedAlreadyIsNoObstacle(t *testing.T) {
	w := trio()
	plan := w.plan()
	w.bind("dense", "d2")
	report, err := w.carryOut(plan, Options{})
	if err != nil || result(t, report, "dense").Outcome != AlreadyDone || !report.Counts.Complete() {
		t.Fatal(err, outcomes(report))
	}
}

func TestAGroupThatKeepsGoingStaysWhereItIs(t *testing.T) {
	w := trio()
	w.grouped(&manifest.Cutover{Group: "search", OnFailure: manifest.KeepGoing})
	w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.changes && c.name == "sparse" }
	report, err := w.apply(t, Options{})
	if err != nil || report.VerificationFailed || report.SwitchBackFailed {
		t.Fatal(err, outcomes(report))
	}
	if got, want := stands(t, report), "dense switched d2, meta switched m1, sparse not-switched s1"; got != want || !report.Cutovers[0].Split {
		t.Error(got)
	}
	if want := (Counts{Applied: 2, Failed: 1, NotReached: 3}); report.Counts != want {
		t.Errorf("counts %+v\n%s", report.Counts, outcomes(report))
	}
	w.requireFinish(t, "the next run")
}

func TestAnAliasAloneIsACutoverOfOneAlsoByDropAndCreate(t *testing.T) {
	for name, c := range map[string]manifest.Cutover{"alone": {Canary: &manifest.Canary{}}, "group of one": {Group: "g", Canary: &manifest.Canary{}}} {
		w := solo(c)
		w.want.options.Switch = planner.ByRecreate
		if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() || w.live("products") != "v2" {
			t.Fatal(name, err, outcomes(report))
		}
		w = solo(c)
		w.want.options.Switch = planner.ByRecreate
		w.answers = func(string, *Answer) error { return errRefused }
		report, err := w.apply(t, Options{})
		if want := (Counts{SwitchedBack: 1}); err != nil || report.Counts != want || w.live("products") != "v1" || len(w.stored.Pending) != 0 {
			t.Fatal(name, err, outcomes(report), w.stored.Pending)
		}
		if got := w.stored.Bindings; len(got) != 1 || got[0].Collection != "v1" || w.stored.Serial != 7 {
			t.Errorf("%s: state %+v", name, w.stored)
		}
	}
}

func TestAFailedDropHalfIsWhyItsCutoverFailed(t *testing.T) {
	w := solo(manifest.Cutover{Canary: &manifest.Canary{}})
	w.want.options.Switch = planner.ByRecreate
	w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.op == "drop" }
	report, err := w.apply(t, Options{})
	if want := (Counts{Failed: 1}); err != nil || report.Counts != want || report.Cutovers[0].Err != errRefused || report.VerificationFailed {
		t.Errorf("%v %+v\n%s", err, report.Cutovers, outcomes(report))
	}
	if got := stands(t, report); got != "products not-switched v1" || len(w.calls) > 3 {
		t.Errorf("%s after %v", got, w.calls)
	}
}

func TestAGroupIsNotSwitchedByDropAndCreate(t *testing.T) {
	w := trio()
	w.want.options.Switch = planner.ByRecreate
	report, err := w.apply(t, Options{})
	if !is[*UnfitError](err) || len(w.calls)+len(w.saves) != 0 || !strings.Contains(err.Error(), `"search"`) || report.Changed() {
		t.Errorf("%v after %v", err, w.calls)
	}
}

// TestTheMixedIntervalIsMeasured: the members are written at once, where Parallel
// allows it, and the slowest one decides.
func TestTheMixedIntervalIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("v1", "v2")
		for i := range 10 {
			name := fmt.Sprintf("alias%d", i)
			w.own(name, "v1")
			w.want.aliases[name] = "v2"
		}
		w.grouped(&manifest.Cutover{Group: "all"})
		s := &slow{Cluster: w}
		report, err := Apply(t.Context(), w.plan(), w.stored, s, w, Options{})
		if err != nil || !report.Counts.Complete() {
			t.Fatal(err, outcomes(report))
		}
		if got := report.Cutovers[0].Mixed; s.most.Load() != 10 || got != time.Second {
			t.Errorf("%d at once, mixed for %v", s.most.Load(), got)
		}
	})
}

// Parallel is how many steps run side by side, those of groups and others
// together.
func TestParallelHoldsInsideGroups(t *testing.T) {
	for _, parallel := range []int{1, 2, 3, 7} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld("v1", "v2")
			for i := range 20 {
				name := fmt.Sprintf("alias%d", i)
				w.own(name, "v1")
				w.want.aliases[name] = "v2"
			}
			w.grouped(&manifest.Cutover{Group: "all"})
			for i := range 12 {
				name := fmt.Sprintf("alias%d", i)
				w.want.cutovers[name] = nil
				if i < 6 {
					w.want.cutovers[name] = &manifest.Cutover{Group: "other", Canary: &manifest.Canary{}}
				}
			}
			s := &slow{Cluster: w}
			report, err := Apply(t.Context(), w.plan(), w.stored, s, w, Options{Parallel: parallel})
			if err != nil || !report.Counts.Complete() {
				t.Fatal(err, outcomes(report))
			}
			if s.most.Load() != int32(parallel) {
				t.Errorf("%d at once with Parallel %d", s.most.Load(), parallel)
			}
		})
	}
}

func TestAnAliasAloneIsNeverMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := solo(manifest.Cutover{Group: "g"})
		report, err := Apply(t.Context(), w.plan(), w.stored, &slow{Cluster: w}, w, Options{})
		if err != nil || report.Cutovers[0].Mixed != 0 || report.Cutovers[0].Split {
			t.Errorf("%v %+v", err, report.Cutovers)
		}
	})
}

func TestAMixedIntervalEndsWhenTheLastMemberIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := trio()
		w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.changes && c.name == "sparse" }
		report, err := Apply(t.Context(), w.plan(), w.stored, &slow{Cluster: w}, w, Options{})
		if err != nil || !report.VerificationFailed {
			t.Fatal(err, outcomes(report))
		}
		if got := report.Cutovers[0].Mixed; got != 2*time.Second {
			t.Errorf("mixed for %v, want a second there and one back", got)
		}
	})
}

func TestGroupsOfTwoDatabasesAreTwo(t *testing.T) {
	w := newWorld("v1", "v2", "eu/v1", "eu/v2")
	for _, alias := range []string{"a", "b", "eu/a", "eu/b"} {
		w.own(alias, "v1")
		w.want.aliases[alias] = "v2"
	}
	w.grouped(&manifest.Cutover{Group: "g"})
	w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.changes && c.db == "eu" && c.name == "b" }
	report, err := w.apply(t, Options{})
	if want := (Counts{Applied: 2, Failed: 1, SwitchedBack: 1}); err != nil || report.Counts != want || len(report.Cutovers) != 2 {
		t.Fatal(err, outcomes(report))
	}
	if c := report.Cutovers; c[0].Database != "default" || c[0].Err != nil || c[1].Database != "eu" || c[1].Err == nil {
		t.Errorf("%+v", c)
	}
}

func TestAStopLetsACutoverComeToItsEnd(t *testing.T) {
	w := trio()
	w.grouped(&manifest.Cutover{Group: "search", Canary: &manifest.Canary{}})
	w.answers = func(string, *Answer) error { return errRefused }
	stop := make(chan struct{})
	report, err := w.apply(t, Options{Stop: stop, Observer: &stopper{1, func() { close(stop) }}})
	if want := (Counts{SwitchedBack: 3, NotReached: 3}); err != nil || report.Counts != want || !report.Interrupted {
		t.Error(err, outcomes(report))
	}
}
