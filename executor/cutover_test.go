package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

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

func TestWhenAMemberFailsTheOthersGoBack(t *testing.T) {
	for _, alias := range []string{"dense", "meta", "sparse"} {
		w := trio()
		w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.changes && c.name == alias }
		report, err := w.apply(t, Options{})
		if err != nil || !report.VerificationFailed || report.SwitchBackFailed || !report.Changed() {
			t.Fatal(alias, err, outcomes(report))
		}
		if want := (Counts{Failed: 1, SwitchedBack: 2, NotReached: 3}); report.Counts != want || report.Counts.Complete() {
			t.Errorf("%s: counts %+v\n%s", alias, report.Counts, outcomes(report))
		}
		if got, want := stands(t, report), "dense not-switched d1, meta not-switched , sparse not-switched s1"; got != want || report.Cutovers[0].Split {
			t.Errorf("%s: %s", alias, got)
		}
		if w.live("dense") != "d1" || w.live("sparse") != "s1" || w.live("meta") != "" {
			t.Errorf("%s: %v", alias, w.writes())
		}
		if len(w.stored.Pending) != 0 || w.stored.Serial != 7 || len(w.stored.Bindings) != 3 {
			t.Errorf("%s: state %+v", alias, w.stored)
		}
		w.requireAccurate(t, alias, report)
		w.requireFinish(t, alias)
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

func TestAMoveOfSomebodyElseIsNotUndone(t *testing.T) {
	for _, there := range []string{"other", ""} {
		w := trio()
		w.addCollection(key("other"))
		w.want.cutovers["sparse"] = &manifest.Cutover{Group: "search", Canary: &manifest.Canary{}}
		w.answers = func(name string, _ *Answer) error {
			if name == "s2" { // after the switch, before the way back
				w.bind("dense", "other")
				if there == "" {
					delete(w.aliases, key("dense"))
				}
			}
			return errRefused
		}
		report, err := w.apply(t, Options{})
		got := result(t, report, "dense")
		if err != nil || w.live("dense") != there || got.Outcome != Failed || !is[*SwitchBackError](got.Err) || !is[*MovedError](got.Err) || !report.SwitchBackFailed {
			t.Fatalf("at %q: %v %s", w.live("dense"), err, outcomes(report))
		}
		if got, want := stands(t, report), "dense elsewhere "+there+", meta not-switched , sparse not-switched s1"; got != want || !report.Cutovers[0].Split {
			t.Errorf("got %q, want %q", got, want)
		}
		if b := w.stored.Bindings[0]; b.Alias != "dense" || b.Collection != "d2" {
			t.Errorf("the state has %+v, and we bound it to d2 last", b)
		}
		if plan := w.plan(); there != "" && (len(plan.Conflicts) != 1 || plan.Conflicts[0].Kind != planner.Drifted) {
			t.Errorf("the next plan overwrites it: %+v", plan)
		}
	}
}

func TestAMemberThatIsUnknownAndFoundOnGreenGoesBackToo(t *testing.T) {
	w := trio()
	last := false // read that waits for the switch to show
	w.faulty = func(c call) (fault, bool) {
		if c.op != "describe" || c.name != "dense" || last || !slices.Contains(w.writes(), "alter default/dense d2") {
			return fault{}, false
		}
		last = w.now.Sub(start) >= DefaultSettle
		return fault{err: errTransient}, true
	}
	report, err := w.apply(t, Options{})
	if want := (Counts{SwitchedBack: 3, NotReached: 3}); err != nil || report.Counts != want || report.Cutovers[0].Split || !is[*UndecidedError](report.Cutovers[0].Err) {
		t.Fatal(err, outcomes(report))
	}
	w.requireAccurate(t, "unknown", report)
	w.requireFinish(t, "unknown")
}

func TestAMemberThatMaySwitchLaterStaysUnknown(t *testing.T) {
	w := trio()
	w.faulty = func(c call) (fault, bool) {
		return fault{err: errLost, lands: later, after: time.Hour}, c.changes && c.name == "dense"
	}
	report, err := w.apply(t, Options{Retries: -1})
	if want := (Counts{Unknown: 1, SwitchedBack: 2, NotReached: 3}); err != nil || report.Counts != want || !report.Cutovers[0].Split {
		t.Fatal(err, outcomes(report))
	}
	if got, want := stands(t, report), "dense unknown , meta not-switched , sparse not-switched s1"; got != want {
		t.Error(got)
	}
	if len(w.stored.Pending) != 1 || w.stored.Pending[0].Alias != "dense" {
		t.Errorf("pending %v", w.stored.Pending)
	}
	w.requireAccurate(t, "unknown", report)
	w.requireFinish(t, "unknown")
}

func TestASwitchBackThatFailsIsTold(t *testing.T) {
	for _, cause := range []error{errRefused, errLost} {
		w := solo(manifest.Cutover{Canary: &manifest.Canary{}})
		w.answers = func(string, *Answer) error { return errRefused }
		w.faulty = func(c call) (fault, bool) { return fault{err: cause}, c.changes && c.to == "v1" }
		report, err := w.apply(t, Options{})
		got := report.Results[0]
		if err != nil || !report.SwitchBackFailed || !report.VerificationFailed || !is[*SwitchBackError](got.Err) || !is[*CanaryError](got.Err) || !errors.Is(got.Err, cause) {
			t.Fatal(err, outcomes(report))
		}
		want := map[error]Outcome{errRefused: Applied, errLost: Undecided}[cause]
		if got.Outcome != want {
			t.Error(outcomes(report))
		}
		w.requireAccurate(t, cause.Error(), report)
		w.answers = nil
		w.requireFinish(t, cause.Error())
	}
}

func TestACanaryThatFailsSwitchesBack(t *testing.T) {
	canary := manifest.Cutover{Canary: &manifest.Canary{MaxLatency: 100 * time.Millisecond}}
	tests := []struct {
		name    string
		answers func(name string, a *Answer) error
		says    string
		waits   bool // for proxies to notice
	}{
		{"other rows", func(name string, a *Answer) error { a.Digest += name; return nil }, "the answers differ", true},
		{"no rows", func(_ string, a *Answer) error { *a = Answer{Summary: "0 rows"}; return nil }, "the answers are empty", false},
		{"too slow", func(name string, a *Answer) error { a.Took = time.Second; return nil }, "longer than 100ms", true},
		{"refused by the alias", func(name string, a *Answer) error {
			if name == "products" {
				return errRefused
			}
			return nil
		}, "through the alias was not answered", true},
		{"refused both ways", func(string, *Answer) error { return errRefused }, "neither read was answered", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := solo(canary)
			w.answers = test.answers
			report, err := w.apply(t, Options{})
			if err != nil || !report.VerificationFailed || report.SwitchBackFailed || w.live("products") != "v1" {
				t.Fatal(err, outcomes(report))
			}
			got := report.Results[0]
			if e, ok := got.Err.(*CanaryError); !ok || got.Outcome != SwitchedBack || !strings.Contains(e.Error(), test.says) {
				t.Error(outcomes(report))
			}
			if waited := w.now.Sub(start); (waited >= DefaultSettle) != test.waits || waited > 2*DefaultSettle {
				t.Errorf("waited %v", waited)
			}
			w.requireAccurate(t, test.name, report)
			w.answers = nil
			w.requireFinish(t, test.name)
		})
	}
}

func TestACanaryErrorHoldsBothAnswers(t *testing.T) {
	w := solo(manifest.Cutover{Canary: &manifest.Canary{}})
	w.answers = func(name string, a *Answer) error {
		if name == "products" {
			a.Digest, a.Summary = "stale", "7 rows of blue"
		}
		return nil
	}
	report, _ := w.apply(t, Options{})
	want := `the canary of alias "products" of database "default" failed: the answers differ; through the alias: 7 rows of blue in 1ms; from "v2" by name: 1 row of 102 in 1ms`
	if got := report.Results[0].Err.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestACanaryWaitsForAProxyThatIsStaleForAMoment(t *testing.T) {
	w := solo(manifest.Cutover{Canary: &manifest.Canary{}})
	w.answers = func(name string, a *Answer) error {
		if name == "products" && w.now.Sub(start) < 3*time.Second {
			a.Digest = "101"
		}
		return nil
	}
	if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() || report.VerificationFailed {
		t.Error(err, outcomes(report))
	}
}

func TestAVerificationThatFailsMayStayAsItIs(t *testing.T) {
	w := solo(manifest.Cutover{Canary: &manifest.Canary{}, OnFailure: manifest.KeepGoing})
	w.own("legacy", "v1")
	w.answers = func(string, *Answer) error { return errRefused }
	report, err := w.apply(t, Options{})
	got := report.Results[0]
	if err != nil || !report.VerificationFailed || report.SwitchBackFailed || got.Outcome != Applied || !is[*CanaryError](got.Err) {
		t.Fatal(err, outcomes(report))
	}
	if result(t, report, "legacy").Outcome != NotReached {
		t.Errorf("a later phase ran: %s", outcomes(report))
	}
	if w.stored.Bindings[1].Collection != "v2" || w.live("products") != "v2" {
		t.Errorf("state %+v", w.stored.Bindings)
	}
}

func TestACanaryOfOneMemberTakesTheWholeGroupBack(t *testing.T) {
	w := trio()
	w.want.cutovers["sparse"] = &manifest.Cutover{Group: "search", Canary: &manifest.Canary{}}
	w.answers = func(string, *Answer) error { return errRefused }
	report, err := w.apply(t, Options{})
	if want := (Counts{SwitchedBack: 3, NotReached: 3}); err != nil || report.Counts != want || !report.VerificationFailed || report.Cutovers[0].Split {
		t.Fatal(err, outcomes(report))
	}
	if e, ok := result(t, report, "dense").Err.(*GroupError); !ok || e.Member != "sparse" || !is[*CanaryError](e) {
		t.Error(outcomes(report))
	}
	if !is[*CanaryError](report.Cutovers[0].Err) || !report.Cutovers[0].Unverified {
		t.Errorf("%+v", report.Cutovers[0])
	}
	w.requireAccurate(t, "canary", report)
	w.answers = nil
	w.requireFinish(t, "canary")
}

func TestWitnessesConfirmSoOftenInARow(t *testing.T) {
	w := solo(manifest.Cutover{Confirmations: 3})
	p := w.proxy("eu-west", 2*time.Second)
	report, err := w.apply(t, Options{Witnesses: []Witness{p}})
	if err != nil || !report.Counts.Complete() {
		t.Fatal(err, outcomes(report))
	}
	if got := report.Results[0].Converged; got < 2*time.Second || got > 4*time.Second {
		t.Errorf("converged in %v", got)
	}
	if p.asked > 12 {
		t.Errorf("asked %d times in %v", p.asked, w.now.Sub(start))
	}
	calm := solo(manifest.Cutover{Confirmations: 3})
	q := calm.proxy("eu-west", 0)
	if _, err := calm.apply(t, Options{Witnesses: []Witness{q}}); err != nil || q.asked != 3 {
		t.Errorf("%v, asked %d times", err, q.asked)
	}
	silent := solo(manifest.Cutover{Group: "g"})
	q = silent.proxy("eu-west", time.Hour)
	if _, err := silent.apply(t, Options{Witnesses: []Witness{q}}); err != nil || q.asked != 0 {
		t.Errorf("%v, asked %d times without `verify`", err, q.asked)
	}
}

// balancer answers for a stale proxy every n-th time.
type balancer struct {
	*proxy
	every int
}

func (b *balancer) AliasTarget(ctx context.Context, db, alias string) (string, bool, error) {
	target, found, err := b.proxy.AliasTarget(ctx, db, alias)
	if b.asked%b.every == 0 {
		return "v1", true, nil
	}
	return target, found, err
}

func TestOneStaleAnswerBreaksTheRow(t *testing.T) {
	for every, ok := range map[int]bool{3: false, 4: true} {
		w := solo(manifest.Cutover{Confirmations: 3})
		report, err := w.apply(t, Options{Witnesses: []Witness{&balancer{w.proxy("lb", 0), every}}})
		if err != nil || report.Counts.Complete() != ok || report.VerificationFailed == ok {
			t.Errorf("every %d: %v %s", every, err, outcomes(report))
		}
	}
}

func TestAWitnessThatNeverConvergesSwitchesBack(t *testing.T) {
	for _, fails := range []error{nil, errTransient, errFatal} {
		w := solo(manifest.Cutover{Confirmations: 1})
		p := w.proxy("us-east", time.Hour)
		p.fails = fails
		report, err := w.apply(t, Options{Witnesses: []Witness{w.proxy("eu-west", 0), p}, Parallel: 1})
		stale, ok := errors.AsType[*StaleError](report.Results[0].Err)
		if err != nil || !ok || stale.Witness != "us-east" || report.Results[0].Outcome != SwitchedBack || w.live("products") != "v1" {
			t.Fatal(err, outcomes(report))
		}
		if fails == nil && stale.Found != "v1" || !errors.Is(stale.Err, fails) || report.Ended != nil {
			t.Errorf("%+v, ended %v", stale, report.Ended)
		}
		w.requireAccurate(t, "stale", report)
	}
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
		if want := (Counts{SwitchedBack: 2}); err != nil || report.Counts != want || w.live("products") != "v1" || len(w.stored.Pending) != 0 {
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
	if want := (Counts{Failed: 1, NotReached: 1}); err != nil || report.Counts != want || report.Cutovers[0].Err != errRefused || report.VerificationFailed {
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

// TestTheMixedIntervalIsMeasured: the members are written at once, whatever
// Parallel says, and the slowest one decides.
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
		report, err := Apply(t.Context(), w.plan(), w.stored, s, w, Options{Parallel: 1})
		if err != nil || !report.Counts.Complete() {
			t.Fatal(err, outcomes(report))
		}
		if got := report.Cutovers[0].Mixed; s.most.Load() != 10 || got != time.Second {
			t.Errorf("%d at once, mixed for %v", s.most.Load(), got)
		}
	})
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

func TestTheErrorsOfACutoverSayWhatToKnowAt3AM(t *testing.T) {
	cause := &StaleError{Witness: "eu", Database: "default", Alias: "a", Want: "v2", Found: "v1", Waited: 15 * time.Second}
	for _, test := range []struct {
		err  error
		want string
	}{
		{cause, `"eu" did not confirm within 15s that alias "a" of database "default" is at "v2": it still answers that the alias is at "v1"`},
		{&StaleError{Witness: "eu", Database: "default", Alias: "a", Want: "v2", Err: errLost, Waited: time.Second},
			`"eu" did not confirm within 1s that alias "a" of database "default" is at "v2": it cannot be asked: connection reset`},
		{&GroupError{Database: "default", Group: "g", Member: "a", Err: errRefused},
			`group "g" of database "default" stays together, and its member "a" went wrong: permission denied (HTTP 403)`},
		{&SwitchBackError{Database: "default", Alias: "a", Collection: "v1", Cause: errRefused, Err: errLost},
			`alias "a" of database "default" could not be switched back to "v1" (connection reset), which was due because: permission denied (HTTP 403)`},
		{&SwitchBackError{Database: "default", Alias: "a", Cause: errRefused, Err: errLost},
			`alias "a" of database "default" could not be dropped again (connection reset), which was due because: permission denied (HTTP 403)`},
		{&BackError{Database: "default", Alias: "a", Collection: "v1", Cause: errRefused},
			`alias "a" of database "default" is at "v1" again, because: permission denied (HTTP 403)`},
		{&ReleaseError{Database: "default", Collection: "v1", Err: errRefused},
			`collection "v1" of database "default" could not be released, so it is not dropped: permission denied (HTTP 403)`},
	} {
		if diff := cmp.Diff(test.want, test.err.Error()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
