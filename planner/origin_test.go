package planner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/saved"
)

// Every set of manifests against every other: only a changed one that drops an
// alias is refused, in one message that names both and one flag that lifts it.
func TestOtherManifestsDropNothingUnasked(t *testing.T) {
	sets := [][]string{nil, {"a.yaml"}, {"b.yaml"}, {"a.yaml", "b.yaml"}, {"-"}}
	plans := map[string]struct {
		scene
		drops bool
	}{
		"nothing to do":         {scene{want: "p: v1\nq: v1", last: "p: v1\nq: v1", live: "p: v1\nq: v1"}, false},
		"an alias more":         {scene{want: "p: v1\nq: v1\nr: v1", last: "p: v1\nq: v1", live: "p: v1\nq: v1"}, false},
		"a switch":              {scene{want: "p: v2\nq: v1", last: "p: v1\nq: v1", live: "p: v1\nq: v1", have: "v2"}, false},
		"a switch by recreate":  {scene{want: "p: v2\nq: v1", last: "p: v1\nq: v1", live: "p: v1\nq: v1", have: "v2", options: planner.Options{Switch: planner.ByRecreate}}, false},
		"a release":             {scene{want: "q: v1", release: "p", last: "p: v1\nq: v1", live: "p: v1\nq: v1"}, false},
		"one that is gone":      {scene{want: "q: v1", last: "p: v1\nq: v1", live: "q: v1"}, false},
		"a drop":                {scene{want: "q: v1", last: "p: v1\nq: v1", live: "p: v1\nq: v1"}, true},
		"a drop and a create":   {scene{want: "q: v1\nr: v1", last: "p: v1\nq: v1", live: "p: v1\nq: v1"}, true},
		"a drop in a database":  {scene{want: "p: v1\nq: v1", last: "p: v1\nq: v1\nd2/r: v1", live: "p: v1\nq: v1\nd2/r: v1"}, true},
		"a drop of drift":       {scene{want: "q: v1", last: "p: v0\nq: v1", live: "p: v1\nq: v1", options: planner.Options{OverwriteDrift: planner.Selection{All: true}}}, true},
		"a drop, asked for it":  {scene{want: "q: v1", last: "p: v1\nq: v1", live: "p: v1\nq: v1", options: planner.Options{Only: some("p")}}, true},
		"a drop, offline":       {scene{want: "q: v1", last: "p: v1\nq: v1", offline: true}, true},
		"a drop, by a rollback": {scene{want: "q: v1", last: "p: v1\nq: v1", live: "p: v1\nq: v1", options: planner.Options{RollingBack: true}}, false},
	}
	limits := planner.DefaultLimits()
	limits.AllowEmpty = map[string]bool{"d2": true}
	for name, tt := range plans {
		for _, was := range sets {
			for _, is := range sets {
				state := tt.state(t)
				state.Manifests = was
				options := tt.options
				options.Now, options.Manifests = noon, is
				p := planner.Compare(tt.desired(t), state, options).Plan(tt.cluster(t))
				changed := len(was) > 0 && len(is) > 0 && !slices.Equal(was, is)
				refusals := p.Check(limits)
				if want := changed && tt.drops; (len(refusals) == 1) != want {
					t.Errorf("%s, %q after %q: refused with %v", name, is, was, refusals)
					continue
				}
				if partly := !tt.options.Only.Empty() && len(was) > 0; !slices.Equal(p.Housekeeping.Manifests, is) && len(is) > 0 && !slices.Equal(was, is) && !partly {
					t.Errorf("%s, %q after %q: the apply records %q", name, is, was, p.Housekeeping.Manifests)
				} else if (slices.Equal(was, is) || partly) && p.Housekeeping.Manifests != nil {
					t.Errorf("%s, %q after %q: the apply records %q anew", name, is, was, p.Housekeeping.Manifests)
				}
				if len(refusals) == 0 {
					continue
				}
				r := refusals[0].Spell(dashed)
				text := r.Reason + ": " + r.WayOut.String()
				for _, file := range slices.Concat(was, is) {
					if name := fmt.Sprintf("%q", file); file != "-" && !strings.Contains(text, name) || file == "-" && !strings.Contains(text, "standard input") {
						t.Errorf("%s, %q after %q: %s does not name %s", name, is, was, text, file)
					}
				}
				if r.Guard != "other-manifests" || !strings.Contains(r.WayOut.String(), "`--accept-manifests`") || !strings.Contains(r.Reason, "drops 1 managed alias") {
					t.Errorf("%s: %s: %s", name, r.Guard, text)
				}
				lifted := limits
				lifted.AcceptManifests = true
				if left := p.Check(lifted); len(left) > 0 {
					t.Errorf("%s, %q after %q: not lifted: %v", name, is, was, left)
				}
			}
		}
	}
}

// A saved plan is held against what the state was applied from when it is
// carried out, not when it was made.
func TestASavedPlanMeetsTheManifestsOfTheState(t *testing.T) {
	sc := scene{want: "q: v1", last: "p: v1\nq: v1", live: "p: v1\nq: v1"}
	state := sc.state(t)
	state.Manifests = []string{"a.yaml"}
	p := planner.Compare(sc.desired(t), state, planner.Options{Now: noon, Manifests: []string{"a.yaml"}}).Plan(sc.cluster(t))
	save := func(p planner.Plan) saved.Plan {
		return saved.New(p, manifest.Origin{}, state, sc.cluster(t), p.Check(planner.DefaultLimits()), noon)
	}
	saved := save(p)
	if len(saved.Refusals) > 0 {
		t.Fatal("refused as it was made")
	}
	state.Manifests = []string{"b.yaml"}
	again := save(planner.Compare(sc.desired(t), state, planner.Options{Now: noon, Manifests: []string{"a.yaml"}}).Plan(sc.cluster(t)))
	if r := again.Refusals; len(r) != 1 || r[0].Guard != "other-manifests" {
		t.Errorf("refused with %v", r)
	}
	if d := saved.Differences(again, state, sc.cluster(t)); len(d) != 1 {
		t.Errorf("differences %q", d)
	}
}

func TestManifestsAt(t *testing.T) {
	s := planner.State{Serial: 5, Manifests: []string{"c.yaml"}, History: []planner.Entry{
		{Serial: 2}, {Serial: 3, ManifestsBefore: []string{"a.yaml"}}, {Serial: 4}, {Serial: 5, ManifestsBefore: []string{"b.yaml"}},
	}}
	for serial, want := range map[uint64]string{1: "a.yaml", 2: "a.yaml", 3: "b.yaml", 4: "b.yaml", 5: "c.yaml"} {
		if got := planner.ManifestsAt(s, serial); len(got) != 1 || got[0] != want {
			t.Errorf("at serial %d: %q, want %q", serial, got, want)
		}
	}
}
