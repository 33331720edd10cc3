package executor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"aliasctl/manifest"
)

// What has to hold after a switch before it counts: the canary reads the same
// through the alias as by name, and every witness confirms.

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
