package executor

import (
	"testing"
	"time"
)

// kill carries a run out up to its n-th call, which meets f, and writes no
// state after it: what a killed process leaves behind.
func (w *world) kill(t *testing.T, n int, f fault) {
	t.Helper()
	n += len(w.calls)
	w.faults = map[int]fault{n: f}
	w.faulty = func(call) (fault, bool) { return fault{err: errFatal}, len(w.calls) > n }
	w.saveErr = map[int]error{len(w.saves) + 2: errDisk}
	_, _ = w.apply(t, Options{})
	w.faults, w.faulty, w.saveErr = nil, nil, nil
}

func TestTwoRunsKilledInARowAndTheRequestOfTheFirstLandsLate(t *testing.T) {
	w := newWorld("v1", "v2", "v3")
	w.own("products", "v1")
	w.want.aliases["products"] = "v2"
	w.kill(t, 2, fault{err: errLost, lands: later, after: time.Hour}) // v1 -> v2 is on its way

	w.want.aliases["products"] = "v3" // meanwhile the manifest is changed
	w.kill(t, 1, fault{err: errFatal})
	w.settleDown()
	if w.live("products") != "v2" || w.stored.Bindings[0].Collection != "v1" {
		t.Fatalf("at %q, state %+v", w.live("products"), w.stored.Bindings)
	}
	w.requireFinish(t, "the third run")
}

func TestAnAliasCreatedByAKilledRunAndRemovedFromTheManifestIsDropped(t *testing.T) {
	for _, f := range []fault{{}, {err: errLost, lands: atOnce}, {err: errLost, lands: later, after: time.Minute}} {
		w := newWorld("v1")
		w.want.aliases["products"] = "v1"
		w.kill(t, 2, f)
		w.settleDown()
		delete(w.want.aliases, "products")
		w.requireFinish(t, "the next run")
		if _, exists := w.aliases[key("products")]; exists {
			t.Error("the alias is orphaned")
		}
	}
}

func TestACollectionCreatedAgainAfterAKilledDropIsNotDropped(t *testing.T) {
	w := retiring()
	w.kill(t, 4, fault{err: errLost, lands: atOnce})
	w.addCollection(key("v1"))
	if plan := w.plan(); len(plan.Steps) != 0 || len(plan.Conflicts) != 1 {
		t.Errorf("steps %+v, conflicts %+v", plan.Steps, plan.Conflicts)
	}
}

func TestRunsThatNeverFinishDoNotPileUpAnnouncements(t *testing.T) {
	w := rich()
	for range 20 {
		w.kill(t, 1, fault{err: errFatal})
	}
	if got := len(w.stored.Pending); got != 7 {
		t.Errorf("%d announcements after 20 runs of 7 steps", got)
	}
	w.requireFinish(t, "the last run")
}
