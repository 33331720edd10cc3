package executor

import (
	"errors"
	"slices"
	"testing"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// A cutover of which a part fails is all on blue again at the end, or says
// where it is and why.

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
