package executor

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/planner"
)

// switching is a world where `products` is to move from v1 to v2, with one
// fault for its alter: the first call describes, the second alters.
func switching(f fault) *world {
	w := newWorld("v1", "v2", "v3")
	w.own("products", "v1")
	w.want.aliases["products"] = "v2"
	w.faults[2] = f
	return w
}

func TestALostAnswerIsNeverRepeatedBlindlyNorCalledFailed(t *testing.T) {
	tests := []struct {
		name    string
		fault   fault
		change  func(w *world)
		outcome Outcome
		alters  int
		live    string
		pending int
	}{
		{
			name:    "it happened at once",
			fault:   fault{err: errLost, lands: atOnce},
			outcome: Applied, alters: 1, live: "v2",
		}, {
			name:    "it happened after three seconds, while reads answered the old value",
			fault:   fault{err: errLost, lands: later, after: 3 * time.Second},
			outcome: Applied, alters: 1, live: "v2",
		}, {
			name:    "it never happened, so it is sent again after the settle time",
			fault:   fault{err: errLost},
			outcome: Applied, alters: 2, live: "v2",
		}, {
			name:    "it happened after it was sent again, and changed nothing then",
			fault:   fault{err: errLost, lands: later, after: time.Minute},
			outcome: Applied, alters: 2, live: "v2",
		}, {
			name: "every answer is lost and nothing happens",
			change: func(w *world) {
				w.faulty = func(c call) (fault, bool) { return fault{err: errLost}, c.changes }
			},
			fault:   fault{err: errLost},
			outcome: Undecided, live: "v1", pending: 1, alters: 1 + DefaultRetries,
		}, {
			name:  "the second try is refused, and the first may still land",
			fault: fault{err: errLost},
			change: func(w *world) {
				w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.changes }
			},
			outcome: Undecided, alters: 2, live: "v1", pending: 1,
		}, {
			name:  "nobody can read any more",
			fault: fault{err: errLost, lands: atOnce},
			change: func(w *world) {
				w.faulty = func(c call) (fault, bool) { return fault{err: errTransient}, len(w.calls) > 2 }
			},
			outcome: Undecided, alters: 1, live: "v2", pending: 1,
		}, {
			name:  "reads fail for a while",
			fault: fault{err: errLost, lands: atOnce},
			change: func(w *world) {
				w.faulty = func(c call) (fault, bool) {
					return fault{err: errTransient}, len(w.calls) > 2 && len(w.calls) < 6
				}
			},
			outcome: Applied, alters: 1, live: "v2",
		}, {
			name:  "somebody else moves the alias meanwhile: nothing is sent any more",
			fault: fault{err: errLost},
			change: func(w *world) {
				w.before = func(w *world, n int, c call) {
					if n == 5 {
						w.bind("products", "v3")
					}
				}
			},
			outcome: Undecided, alters: 1, live: "v3", pending: 1,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := switching(test.fault)
			if test.change != nil {
				test.change(w)
			}
			report, err := w.apply(t, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := report.Results[0]; got.Outcome != test.outcome {
				t.Errorf("outcome %s, want %s\n%s", got.Outcome, test.outcome, outcomes(report))
			}
			if got := len(w.writes()); got != test.alters {
				t.Errorf("%d writes, want %d: %v", got, test.alters, w.writes())
			}
			w.settleDown()
			if got := w.live("products"); got != test.live {
				t.Errorf("the alias is at %q, want %q", got, test.live)
			}
			if got := len(w.stored.Pending); got != test.pending {
				t.Errorf("%d announcements are left, want %d", got, test.pending)
			}
		})
	}
}

func TestAnUnknownOutcomeNamesItsTwoCauses(t *testing.T) {
	w := switching(fault{err: errLost})
	w.before = func(w *world, n int, c call) {
		if n == 5 {
			w.bind("products", "v3")
		}
	}
	report, _ := w.apply(t, Options{})
	err := report.Results[0].Err
	undecided, ok := errors.AsType[*UndecidedError](err)
	if !ok || undecided.Lost != error(errLost) {
		t.Errorf("got %v, want an UndecidedError with the lost answer", err)
	}
	if moved, ok := errors.AsType[*MovedError](err); !ok || moved.Found != "v3" {
		t.Errorf("got %v, want a MovedError that names v3", err)
	}
}

func TestAStepThatTimesOutAgainAndAgainEndsInBoundedTime(t *testing.T) {
	w := switching(fault{err: errLost})
	w.faulty = func(c call) (fault, bool) { return fault{err: errLost}, c.changes }
	w.before = func(w *world, n int, c call) {
		if c.changes {
			w.advance(40 * time.Second) // the client's own timeout
		}
	}
	report, err := w.apply(t, Options{Retries: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if report.Results[0].Outcome != Undecided || w.now.Sub(start) > stepLimit+time.Minute {
		t.Errorf("after %v: %s", w.now.Sub(start), outcomes(report))
	}
}

func TestReadsAfterALostAnswerGrowApart(t *testing.T) {
	w := switching(fault{err: errLost, lands: later, after: 10 * time.Second})
	if _, err := w.apply(t, Options{}); err != nil {
		t.Fatal(err)
	}
	if reads := len(w.calls); reads < 8 || reads > 30 {
		t.Errorf("%d calls in 10 s of waiting", reads)
	}
}

func TestTheSettleTimeIsThatOfTheOptions(t *testing.T) {
	w := switching(fault{err: errLost, lands: later, after: 3 * time.Second})
	if _, err := w.apply(t, Options{Settle: time.Second}); err != nil {
		t.Fatal(err)
	}
	if got := len(w.writes()); got != 2 {
		t.Errorf("%d writes, want a second one after one second: %v", got, w.writes())
	}
}

func TestATransientErrorIsTriedAgainAfterARead(t *testing.T) {
	w := switching(fault{err: errTransient})
	report, err := w.apply(t, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Results[0].Outcome != Applied {
		t.Error(outcomes(report))
	}
	want := []string{
		"describe default/products", "alter default/products v2", // busy
		"describe default/products", "alter default/products v2",
		"describe default/products",
		"id default/v2",
	}
	var got []string
	for _, c := range w.calls {
		got = append(got, c.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestTransientErrorsGiveOutInBoundedTime(t *testing.T) {
	for _, test := range []struct{ retries, writes int }{{0, 1 + DefaultRetries}, {2, 3}, {-1, 1}, {1000, 0}} {
		w := switching(fault{})
		w.faulty = func(c call) (fault, bool) { return fault{err: errTransient}, c.changes }
		delete(w.faults, 2)
		report, err := w.apply(t, Options{Retries: test.retries})
		if err != nil {
			t.Fatal(err)
		}
		got := report.Results[0]
		if got.Outcome != Failed || !errors.Is(got.Err, errTransient) {
			t.Errorf("retries %d: %s", test.retries, outcomes(report))
		}
		if test.writes > 0 && len(w.writes()) != test.writes {
			t.Errorf("retries %d: %d writes, want %d", test.retries, len(w.writes()), test.writes)
		}
		if waited := w.now.Sub(start); waited > maxWaiting {
			t.Errorf("retries %d: waited %v in all", test.retries, waited)
		}
		if len(w.stored.Pending) != 0 || w.stored.Serial != 7 {
			t.Errorf("retries %d: a step that did not happen left %d announcements and serial %d", test.retries, len(w.stored.Pending), w.stored.Serial)
		}
	}
}

func TestBeforeARetryTheAliasIsReadAgain(t *testing.T) {
	w := switching(fault{err: errTransient})
	w.before = func(w *world, n int, c call) {
		if n == 3 {
			w.bind("products", "v3") // while we wait
		}
	}
	report, _ := w.apply(t, Options{})
	if got := report.Results[0]; got.Outcome != Failed || !is[*MovedError](got.Err) {
		t.Error(outcomes(report))
	}
	if w.live("products") != "v3" || len(w.writes()) != 1 {
		t.Errorf("the alias is at %q after %v", w.live("products"), w.writes())
	}
}

func TestARefusalIsExplainedByWhatMoved(t *testing.T) {
	w := switching(fault{})
	delete(w.faults, 2)
	w.before = func(w *world, n int, c call) {
		if n == 2 {
			delete(w.aliases, key("products")) // between our read and our write
		}
	}
	report, _ := w.apply(t, Options{})
	if moved, ok := errors.AsType[*MovedError](report.Results[0].Err); !ok || moved.Found != "" {
		t.Error(outcomes(report))
	}
}

func TestSomebodyElseRightAfterOurWriteIsToldAndNotOverwritten(t *testing.T) {
	for _, found := range []string{"v3", "v1"} {
		w := switching(fault{})
		delete(w.faults, 2)
		w.before = func(w *world, n int, c call) {
			if n == 3 {
				w.bind("products", found)
			}
		}
		report, _ := w.apply(t, Options{})
		overtaken, ok := errors.AsType[*OvertakenError](report.Results[0].Err)
		if !ok || overtaken.Applied != "v2" || overtaken.Found != found || report.Results[0].Outcome != Failed {
			t.Errorf("found %s: %s", found, outcomes(report))
		}
		if w.live("products") != found || !report.Changed() {
			t.Errorf("found %s: the alias is at %q, changed %v", found, w.live("products"), report.Changed())
		}
		if b := w.stored.Bindings[0]; b.Collection != "v2" || len(w.stored.Pending) != 0 {
			t.Errorf("found %s: the state has %q and %d announcements, want what we applied", found, b.Collection, len(w.stored.Pending))
		}
		if plan := w.plan(); len(plan.Conflicts) != 1 || plan.Conflicts[0].Kind != planner.Drifted {
			t.Errorf("found %s: the next plan has no drift conflict: %+v", found, plan)
		}
	}
}
