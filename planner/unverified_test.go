package planner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/drift"
)

// How far an unverified switch got is read from the cluster where it was read,
// and else as far as the state tells.
func TestProgressOfAnUnverifiedSwitch(t *testing.T) {
	for name, tt := range map[string]struct {
		last, pending, live string
		byState, byCluster  drift.Progress
	}{
		"made and saved":                    {"p: v2", "", "p: v2", drift.Switched, drift.Switched},
		"made and saved, and moved by hand": {"p: v2", "", "p: v3", drift.Switched, drift.Unmade},
		"killed before it":                  {"p: v1", "p: v1 > v2", "p: v1", drift.Announced, drift.Unmade},
		"killed after it":                   {"p: v1", "p: v1 > v2", "p: v2", drift.Announced, drift.Switched},
		"a first binding, killed before it": {"", "p: - > v2", "", drift.Announced, drift.Unmade},
		"killed in the gap":                 {"p: v1", "p: v1 > -\np: - > v2", "", drift.Announced, drift.Unmade},
		"an orderly end in the gap":         {"", "", "", drift.Unmade, drift.Unmade},
		"another switch was announced":      {"p: v1", "p: v1 > v3", "p: v1", drift.Unmade, drift.Unmade},
	} {
		sc := scene{last: tt.last, pending: tt.pending, live: tt.live}
		s := sc.state(t)
		s.Unverified = []planner.Unverified{{Database: "default", Alias: "p", From: "v1", To: "v2"}}
		progress := func(live *planner.Live) drift.Progress {
			owed := drift.OwedBy(s, live)
			if len(owed) != 1 || owed[0].To != "v2" {
				t.Fatalf("%s: %+v", name, owed)
			}
			return owed[0].Progress
		}
		if byState, byCluster := progress(nil), progress(sc.cluster(t)); byState != tt.byState || byCluster != tt.byCluster {
			t.Errorf("%s: by the state %s, by the cluster %s", name, byState, byCluster)
		}
	}
}

// A run that creates the alias which a cut switch left unbound goes back to what
// that switch left, and one that makes up a verification does, both in the way
// that the run switches.
func TestTheWayBackAfterACutSwitch(t *testing.T) {
	keep := manifest.Cutover{Canary: &manifest.Canary{}, OnFailure: manifest.KeepGoing}
	for name, tt := range map[string]struct {
		sc      scene
		owed    []planner.Unverified
		cutover manifest.Cutover
		op      planner.Op
		back    string
	}{
		"killed in the gap":                 {sc: scene{last: "p: v1", pending: "p: v1 > -\np: - > v2"}, owed: []planner.Unverified{{From: "v1", To: "v2"}}, op: planner.CreateAlias, back: "v1"},
		"the same without a verification":   {sc: scene{last: "p: v1", pending: "p: v1 > -\np: - > v2"}, op: planner.CreateAlias, back: "v1"},
		"an orderly end in the gap":         {owed: []planner.Unverified{{From: "v1", To: "v2"}}, op: planner.CreateAlias, back: "v1"},
		"the manifest names another target": {owed: []planner.Unverified{{From: "v1", To: "v3"}}, op: planner.CreateAlias, back: "v1"},
		"the manifest went back":            {owed: []planner.Unverified{{From: "v2", To: "v3"}}, op: planner.CreateAlias},
		"`on_failure: keep`":                {owed: []planner.Unverified{{From: "v1", To: "v2"}}, cutover: keep, op: planner.CreateAlias},
		"somebody dropped the alias":        {sc: scene{last: "p: v1"}, op: planner.CreateAlias},
		"a first binding":                   {op: planner.CreateAlias},
		"killed before its verification":    {sc: scene{last: "p: v1", pending: "p: v1 > v2", live: "p: v2"}, owed: []planner.Unverified{{From: "v1", To: "v2"}}, op: planner.VerifyAlias, back: "v1"},
		"the same of a first binding":       {sc: scene{pending: "p: - > v2", live: "p: v2"}, owed: []planner.Unverified{{To: "v2"}}, op: planner.VerifyAlias},
	} {
		for mode, want := range map[planner.SwitchMode]planner.Op{planner.ByAlter: planner.AlterAlias, planner.ByRecreate: planner.RecreateAlias} {
			sc := tt.sc
			sc.want, sc.have = "p: v2", "v1 v2"
			m, s, live := sc.desired(t), sc.state(t), sc.cluster(t)
			cutover := tt.cutover
			if cutover.Canary == nil {
				cutover.Canary = &manifest.Canary{}
			}
			m.Databases[0].Aliases[0].Cutover = &cutover
			for _, u := range tt.owed {
				u.Database, u.Alias, u.SwitchBack, u.Canary = "default", "p", true, &planner.Probe{}
				s.Unverified = append(s.Unverified, u)
			}
			if tt.back == "" {
				want = planner.DropAlias
			}
			p := planner.Compare(m, s, planner.Options{Now: noon, Switch: mode}).Plan(live)
			if len(p.Steps) != 1 || p.Steps[0].Op != tt.op || p.Steps[0].Back != tt.back {
				t.Errorf("%s, %s: %+v", name, mode, p.Steps)
				continue
			}
			undo := p.Steps[0].Undo()
			if diff := cmp.Diff([]string{string(want), "v2", tt.back}, []string{string(undo.Op), undo.From, undo.To}); diff != "" {
				t.Errorf("%s, %s: the way back (-want +got):\n%s", name, mode, diff)
			}
		}
	}
}
