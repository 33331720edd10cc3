package executor

import (
	"fmt"
	"testing"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// A switch by drop and create that lost its alias leaves what a later run needs
// to go back: whichever run creates the alias again, and however that one ends,
// a verification that fails leaves readers on blue.

// doubting is a world in which products moves from v1 to v2 in a mode, and the
// canary says no.
func doubting(mode planner.SwitchMode) *world {
	w := solo(manifest.Cutover{Canary: &manifest.Canary{}})
	w.want.options.Switch = mode
	w.doubt()
	return w
}

func (w *world) doubt() {
	w.answers = func(name string, a *Answer) error {
		a.Digest += name
		return nil
	}
}

// requireBlue reports that runs which doubt green end on blue.
func (w *world) requireBlue(t *testing.T, what string) {
	t.Helper()
	w.faults, w.faulty = map[int]fault{}, nil
	plan := w.plan()
	if len(plan.Conflicts) > 0 {
		t.Fatalf("%s: the next plan takes our own work for another client's: %+v\npending %v", what, plan.Conflicts, w.stored.Pending)
	}
	calls := len(w.calls)
	report, err := w.carryOut(plan, Options{})
	if err != nil || report.Counts.Complete() || w.live("products") != "v1" {
		t.Fatalf("%s: at %q: %v\n%s", what, w.live("products"), err, outcomes(report))
	}
	w.requireAccurate(t, what, report)
	for _, c := range w.calls[calls:] {
		if w.want.options.Switch == planner.ByRecreate && c.op == "alter" {
			t.Fatalf("%s: altered, and the switch mode is recreate: %v", what, w.calls[calls:])
		}
	}
}

func TestEveryRunAfterALostAliasHasAWayBack(t *testing.T) {
	runs, cutAt := 0, map[string]bool{} // of the first kind that loses the alias there
	for _, mode := range []planner.SwitchMode{planner.ByAlter, planner.ByRecreate} {
		quiet := doubting(mode)
		if _, err := quiet.apply(t, Options{}); err != nil || quiet.live("products") != "v1" {
			t.Fatal(mode, err, quiet.live("products"))
		}
		for _, kind := range kinds {
			for n := 1; n <= len(quiet.calls); n++ {
				for _, lasting := range []bool{false, true} {
					what := fmt.Sprintf("%s: %s at call %d (%s), lasting %v", mode, kind.name, n, quiet.calls[n-1], lasting)
					broken := func() *world {
						w := doubting(mode)
						w.faults[n] = kind.fault
						if lasting {
							w.faulty = func(call) (fault, bool) { return kind.fault, len(w.calls) >= n }
						}
						if _, err := w.apply(t, Options{}); err != nil {
							t.Fatal(what, err)
						}
						w.settleDown()
						w.faults, w.faulty = map[int]fault{}, nil
						return w
					}
					w := broken()
					unbound, before := w.live("products") == "", len(w.calls)
					w.requireBlue(t, what)
					runs++
					place := fmt.Sprint(mode, n, lasting, w.saves[len(w.saves)-1].Pending == nil)
					if !unbound || cutAt[place] {
						continue
					}
					cutAt[place] = true
					for cut := 1; cut <= len(w.calls)-before; cut++ {
						for _, lost := range []fault{{err: errLost}, {err: errLost, lands: atOnce}} {
							w := broken()
							w.kill(t, cut, lost)
							w.settleDown()
							w.requireKnown(t, what)
							w.requireBlue(t, fmt.Sprintf("%s; the next run killed at call %d", what, cut))
							runs++
						}
					}
				}
			}
		}
	}
	t.Logf("%d runs", runs)
}
