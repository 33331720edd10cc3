package executor

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/planner"
)

func TestAnAliasThatSomebodyMovedSincePlanningIsLeftAlone(t *testing.T) {
	tests := []struct {
		name    string
		change  func(w *world)
		outcome Outcome
		moved   *MovedError
	}{
		{"moved elsewhere", func(w *world) { w.bind("products", "v3") }, Failed,
			&MovedError{Database: "default", Alias: "products", Expected: "v1", Found: "v3"}},
		{"dropped", func(w *world) { delete(w.aliases, key("products")) }, Failed,
			&MovedError{Database: "default", Alias: "products", Expected: "v1", Found: ""}},
		{"already there", func(w *world) { w.bind("products", "v2") }, AlreadyDone, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := switching(fault{})
			plan := w.plan()
			test.change(w)
			was := w.live("products")
			report, err := w.carryOut(plan, Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := report.Results[0]
			if got.Outcome != test.outcome {
				t.Error(outcomes(report))
			}
			moved, _ := errors.AsType[*MovedError](got.Err)
			if diff := cmp.Diff(test.moved, moved); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if len(w.writes()) != 0 || w.live("products") != was {
				t.Errorf("it was touched: %v", w.writes())
			}
			if len(w.stored.Pending) != 0 {
				t.Errorf("announcements are left: %v", w.stored.Pending)
			}
		})
	}
}

func TestAZombieIsHealedAndTold(t *testing.T) {
	w := newWorld("v1", "v2")
	w.bind("products", "v1")
	delete(w.collections, key("v1")) // behind the alias's back
	w.want.aliases["products"] = "v2"
	report, err := w.apply(t, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := report.Results[0]
	if got.Outcome != Applied || !strings.Contains(got.Note, `"v1"`) || !strings.Contains(got.Note, "zombie") {
		t.Errorf("%s note %q", outcomes(report), got.Note)
	}
	if diff := cmp.Diff([]string{"create default/products v2", "alter default/products v2"}, w.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	if w.live("products") != "v2" {
		t.Errorf("the alias is at %q", w.live("products"))
	}
}

func TestAZombieIsHealedWithoutRetriesAndAfterLostAnswers(t *testing.T) {
	for n := 2; n <= 5; n++ {
		for _, lands := range []lands{never, atOnce, later} {
			w := newWorld("v1", "v2")
			w.bind("products", "v1")
			delete(w.collections, key("v1"))
			w.want.aliases["products"] = "v2"
			w.faults[n] = fault{err: errLost, lands: lands, after: 20 * time.Second}
			report, err := w.apply(t, Options{})
			if n == 3 {
				continue // the read after the refusal: see the sweep
			}
			if err != nil || report.Results[0].Outcome != Applied {
				t.Errorf("call %d, %v: %v %s", n, lands, err, outcomes(report))
			}
		}
	}
	w := newWorld("v1", "v2")
	w.bind("products", "v1")
	delete(w.collections, key("v1"))
	w.want.aliases["products"] = "v2"
	if report, _ := w.apply(t, Options{Retries: -1}); report.Results[0].Outcome != Applied {
		t.Error(outcomes(report))
	}
}

func TestAnAliasCreatedBySomebodyMeanwhileIsNoZombie(t *testing.T) {
	for found, want := range map[string]Outcome{"v1": Failed, "v2": AlreadyDone} {
		w := newWorld("v1", "v2")
		w.want.aliases["products"] = "v2"
		w.before = func(w *world, n int, c call) {
			if n == 2 {
				w.bind("products", found)
			}
		}
		w.faulty = func(c call) (fault, bool) {
			return fault{err: &fakeError{class: Refused, text: "exists", taken: true, by: found}}, c.op == "create"
		}
		report, _ := w.apply(t, Options{})
		if got := report.Results[0].Outcome; got != want {
			t.Errorf("created at %s: %s", found, outcomes(report))
		}
		if w.live("products") != found {
			t.Errorf("created at %s: now at %q", found, w.live("products"))
		}
	}
}

func TestADropThatFindsTheAliasGoneSendsNothing(t *testing.T) {
	w := newWorld("v1")
	w.own("products", "v1")
	w.want.aliases["other"] = "v1"
	w.bind("other", "v1")
	plan := w.plan()
	delete(w.aliases, key("products"))
	report, _ := w.carryOut(plan, Options{})
	if got := result(t, report, "products"); got.Outcome != AlreadyDone || len(w.writes()) != 0 {
		t.Errorf("%s after %v", outcomes(report), w.writes())
	}
}

// recreating is a world where `products` moves from v1 to v2 by drop and
// create. The calls: 1 describe, 2 drop, 3 describe, 4 describe, 5 create,
// 6 describe; and when the create fails: a describe for what moved, a
// describe, the create of the old binding, a describe.
func recreating() *world {
	w := newWorld("v1", "v2", "v3")
	w.own("products", "v1")
	w.want.aliases["products"] = "v2"
	w.want.options.Switch = planner.ByRecreate
	return w
}

func TestASwitchByDropAndCreateLeavesNoGapBehind(t *testing.T) {
	tests := []struct {
		name    string
		fault   map[int]fault
		lasting bool // nothing can be written any more
		before  func(w *world, n int, c call)
		outcome Outcome
		live    string
		state   string
		pending int
	}{
		{
			name:    "all goes well",
			outcome: Applied, live: "v2", state: "v2",
		}, {
			name:    "the create is refused: the old binding comes back at once",
			fault:   map[int]fault{5: {err: errRefused}},
			outcome: Failed, live: "v1", state: "v1",
		}, {
			name:    "the create's answer is lost and it happened",
			fault:   map[int]fault{5: {err: errLost, lands: atOnce}},
			outcome: Applied, live: "v2", state: "v2",
		}, {
			name:    "the drop's answer is lost and it happened later",
			fault:   map[int]fault{2: {err: errLost, lands: later, after: 5 * time.Second}},
			outcome: Applied, live: "v2", state: "v2",
		}, {
			name:    "the drop is refused: nothing happened",
			fault:   map[int]fault{2: {err: errRefused}},
			outcome: Failed, live: "v1", state: "v1",
		}, {
			name: "somebody binds the alias in the gap",
			before: func(w *world, n int, c call) {
				if n == 5 {
					w.bind("products", "v3")
				}
			},
			outcome: Failed, live: "v3", state: "",
		}, {
			name:  "somebody drops the alias before us, and the create is refused",
			fault: map[int]fault{3: {err: errRefused}},
			before: func(w *world, n int, c call) {
				if n == 1 {
					delete(w.aliases, key("products"))
				}
			},
			outcome: Failed, live: "", state: "",
		}, {
			name:    "the create is refused, and the old binding comes back after an hour",
			fault:   map[int]fault{5: {err: errRefused}, 8: {err: errLost, lands: later, after: time.Hour}},
			lasting: true,
			outcome: Undecided, live: "v1", state: "", pending: 2,
		}, {
			name: "somebody has done the whole switch",
			before: func(w *world, n int, c call) {
				if n == 1 {
					w.bind("products", "v2")
				}
			},
			outcome: AlreadyDone, live: "v2", state: "v2",
		}, {
			name: "the target is gone, and so is the old collection: the alias cannot be bound at all",
			before: func(w *world, n int, c call) {
				if n == 5 {
					delete(w.collections, key("v1"))
					delete(w.collections, key("v2"))
				}
			},
			outcome: Failed, live: "", state: "",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := recreating()
			for n, f := range test.fault {
				w.faults[n] = f
			}
			w.before = test.before
			if test.lasting {
				w.faulty = func(c call) (fault, bool) { return fault{err: errLost}, c.changes && len(w.calls) > 5 }
			}
			report, err := w.apply(t, Options{})
			if err != nil {
				t.Fatal(err)
			}
			w.requireKnown(t, "at the end of the run")
			if got := report.Results[0].Outcome; got != test.outcome {
				t.Errorf("got %v, want %v\n%s", got, test.outcome, outcomes(report))
			}
			sent := len(w.writes()) > 1 || len(w.writes()) == 1 && test.fault[2].err == nil
			if report.Changed() != sent || report.Undone() != (is[*UndoneError](report.Results[0].Err)) {
				t.Errorf("changed: %v, undone: %v\n%s", report.Changed(), report.Undone(), outcomes(report))
			}
			w.settleDown()
			if got := w.live("products"); got != test.live {
				t.Errorf("the alias is at %q, want %q after %v", got, test.live, w.writes())
			}
			state := ""
			if len(w.stored.Bindings) > 0 {
				state = w.stored.Bindings[0].Collection
			}
			if state != test.state || len(w.stored.Pending) != test.pending {
				t.Errorf("the state has %q and %d announcements, want %q and %d", state, len(w.stored.Pending), test.state, test.pending)
			}
		})
	}
}

func TestALostCreateOfASwitchStaysAnnouncedEvenWhenTheOldBindingIsBack(t *testing.T) {
	w := recreating()
	w.faulty = func(c call) (fault, bool) { return fault{err: errLost}, c.op == "create" && c.to == "v2" }
	report, err := w.apply(t, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Results[0].Outcome != Undecided || !is[*UndoneError](report.Results[0].Err) {
		t.Error(outcomes(report))
	}
	if !report.Changed() || w.live("products") != "v1" || len(w.stored.Pending) != 2 || w.stored.Bindings[0].Collection != "v1" {
		t.Errorf("at %q, state %+v", w.live("products"), w.stored)
	}
}

func TestALostCreateThatArrivesWhileTheOldBindingIsRestoredCounts(t *testing.T) {
	w := recreating()
	w.faulty = func(c call) (fault, bool) { return fault{err: errLost}, c.op == "create" && c.to == "v2" }
	w.before = func(w *world, n int, c call) {
		if c.op == "create" && c.to == "v1" {
			w.bind("products", "v2")
		}
	}
	report, err := w.apply(t, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !report.Counts.Complete() || w.live("products") != "v2" || w.stored.Bindings[0].Collection != "v2" {
		t.Errorf("at %q, state %+v\n%s", w.live("products"), w.stored.Bindings, outcomes(report))
	}
}

func TestWhoeverBindsTheAliasInTheGapIsNamed(t *testing.T) {
	w := recreating()
	w.before = func(w *world, n int, c call) {
		if n == 5 {
			w.bind("products", "v3")
		}
	}
	report, _ := w.apply(t, Options{})
	if moved, ok := report.Results[0].Err.(*MovedError); !ok || moved.Found != "v3" {
		t.Error(outcomes(report))
	}
}

func TestAHealThatIsRefusedEnds(t *testing.T) {
	w := newWorld("v1", "v2")
	w.bind("products", "v1")
	delete(w.collections, key("v1"))
	w.want.aliases["products"] = "v2"
	w.faulty = func(c call) (fault, bool) {
		return fault{err: &fakeError{class: Refused, text: "alias already exist (code 1602)", taken: true, by: "v1"}}, c.changes && len(w.calls) < 100
	}
	report, _ := w.apply(t, Options{})
	if len(w.writes()) != 2 || report.Results[0].Outcome != Failed {
		t.Errorf("%v %s", w.writes(), outcomes(report))
	}
}

func TestAnUnrestoredAliasIsToldWithBothReasons(t *testing.T) {
	w := recreating()
	w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.op == "create" }
	report, _ := w.apply(t, Options{})
	unrestored, ok := errors.AsType[*UnrestoredError](report.Results[0].Err)
	if !ok || unrestored.Collection != "v1" || !errors.Is(unrestored.Create, errRefused) || !errors.Is(unrestored.Restore, errRefused) {
		t.Error(outcomes(report))
	}
	if !report.Changed() {
		t.Error("the alias is gone and the report says that nothing changed")
	}
}
