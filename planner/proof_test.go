package planner_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/planner"
	"aliasctl/planner/proof"
)

func TestProofOfARichPlan(t *testing.T) {
	sc := scene{
		want: "a: a2\nn: a2", retire: "a1", last: "a: a1\nx: a1", live: "a: a1\nx: a1", have: "a1#1 a2#2",
	}
	p := sc.build(t)
	got := proof.Of(p, sc.cluster(t))
	if diff := cmp.Diff(proof.Proof{OK: true, Prefixes: 5, Gaps: []string{}}, got); diff != "" {
		t.Errorf("proof (-want +got):\n%s", diff)
	}
}

func TestProofNamesTheGapOfARecreate(t *testing.T) {
	sc := scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2", options: planner.Options{Switch: planner.ByRecreate}}
	got := proof.Of(sc.build(t), sc.cluster(t))
	if diff := cmp.Diff(proof.Proof{OK: true, Prefixes: 3, Gaps: []string{"default/p"}}, got); diff != "" {
		t.Errorf("proof (-want +got):\n%s", diff)
	}
}

// A proof that cannot fail proves nothing: every kind of wrong plan is caught,
// and by the reason that fits.
func TestProofCatchesWrongPlans(t *testing.T) {
	rich := scene{
		want: "a: a2\nn: a2", retire: "a1 old", last: "a: a1\nx: a1", live: "a: a1\nx: a1\nforeign: a2", have: "a1#1 a2#2 old#3",
	}
	recreate := rich
	recreate.options.Switch = planner.ByRecreate
	move := func(s []planner.Step, from, to int) []planner.Step {
		one := s[from]
		return slices.Insert(slices.Delete(s, from, from+1), to, one)
	}
	// The steps of rich: 0 ~a, 1 +n, 2 -x, 3 !a1, 4 !old.
	tests := map[string]struct {
		scene  scene
		break_ func(p *planner.Plan)
		reason string
	}{
		"collection dropped before its aliases left": {rich, func(p *planner.Plan) { p.Steps = move(p.Steps, 3, 0) },
			"collection default/a1 would be dropped while 2 aliases point at it"},
		"alias step behind a drop": {rich, func(p *planner.Plan) { p.Steps = move(p.Steps, 0, 3) },
			"alter-alias of default/a stands after a later phase"},
		"alias bound to a dropped collection": {rich, func(p *planner.Plan) { p.Steps[1].To = "old"; p.Steps = move(p.Steps, 4, 0) },
			"alias default/n would point at default/old, which is dropped"},
		"unmanaged alias touched": {rich, func(p *planner.Plan) {
			p.Steps = slices.Insert(p.Steps, 0, planner.Step{Op: planner.DropAlias, Database: "default", Alias: "foreign", From: "a2"})
		}, "alias default/foreign is not managed and would be touched"},
		"drop of an alias that stays": {recreate, func(p *planner.Plan) { p.Steps[0] = p.Steps[0].Halves()[0] },
			"alias default/a exists before and after and would be unbound"},
		"drop and create instead of one switch": {recreate, func(p *planner.Plan) { p.Steps = slices.Concat(p.Steps[0].Halves(), p.Steps[1:]) },
			"alias default/a has two steps that are not one switch"},
		"wrong expectation": {rich, func(p *planner.Plan) { p.Steps[0].From = "a9" },
			`alter-alias of default/a expects "a9" and would find "a1"`},
		"wrong target": {rich, func(p *planner.Plan) { p.Steps[0].To = "old" },
			`alias default/a is at "old" and the plan says "a2"`},
		"step missing": {rich, func(p *planner.Plan) { p.Steps = p.Steps[1:] },
			`alias default/a is at "a1" and the plan says "a2"`},
		"another plan from the middle": {rich, func(p *planner.Plan) { p.After = slices.Delete(p.After, 0, 1) },
			`alias default/a is at "a2" and the plan says ""`},
		"wrong collection id": {rich, func(p *planner.Plan) { p.Steps[3].ID = "9" },
			`collection default/a1 has id "1" and the step expects "9"`},
		"collection dropped twice": {rich, func(p *planner.Plan) { p.Steps = append(p.Steps, p.Steps[4]) },
			"collection default/old would be dropped twice"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := tt.scene.build(t)
			tt.break_(&p)
			proof := proof.Of(p, tt.scene.cluster(t))
			if proof.OK || !strings.Contains(strings.Join(proof.Problems, "\n"), tt.reason) {
				t.Errorf("proof is %+v, want the problem %q", proof, tt.reason)
			}
		})
	}
}
