package planner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/saved"
)

func reviewed(t *testing.T, sc scene) saved.Plan {
	t.Helper()
	p := sc.build(t)
	return saved.New(p, manifest.Origin{}, sc.state(t), sc.cluster(t), p.Check(planner.DefaultLimits()), noon)
}

func TestDifferencesAreNamed(t *testing.T) {
	made := scene{want: "a: a2", retire: "a1", last: "a: a1\nother: b", live: "a: a1\nother: b", have: "a1#1 a2#2 b"}
	made.want += "\nother: b"
	tests := map[string]struct {
		change func(*scene)
		want   []string
	}{
		"nothing changed":                {func(*scene) {}, nil},
		"another managed alias moved":    {func(s *scene) { s.live = "a: a1\nother: a2" }, []string{`alias "other" was last bound to "b" by us and is at "a2" now: someone else moved it`}},
		"an unmanaged alias appeared":    {func(s *scene) { s.live += "\nforeign: b" }, nil},
		"another binding in the state":   {func(s *scene) { s.last = "a: a1\nother: x" }, []string{`adopt default/other from "x" to "b": a step now, but not in the plan`}},
		"a new alias on what is kept":    {func(s *scene) { s.live += "\nnew: a2" }, nil},
		"the alias moved":                {func(s *scene) { s.live = "a: b\nother: b" }, []string{`alias default/a: in the cluster "a1" when planned, "b" now`}},
		"the alias is gone":              {func(s *scene) { s.live = "other: b" }, []string{`alias default/a: in the cluster "a1" when planned, absent now`}},
		"the state moved on":             {func(s *scene) { s.last = "a: a0\nother: b" }, []string{`alias default/a: in the state "a1" when planned, "a0" now`}},
		"an unfinished run announced it": {func(s *scene) { s.pending = "a: a1 > a9" }, []string{`alias default/a: in the state "a1" when planned, "a1", "a9" now`}},
		"the retiree was made anew":      {func(s *scene) { s.have = "a1#5 a2#2 b" }, []string{`collection default/a1: in the cluster "1" when planned, "5" now`}},
		"the retiree is gone":            {func(s *scene) { s.have, s.live = "a2#2 b", "other: b" }, []string{`alias default/a: in the cluster "a1" when planned, absent now`, `collection default/a1: in the cluster "1" when planned, absent now`}},
		"somebody reads the retiree":     {func(s *scene) { s.live += "\nreader: a1" }, []string{`collection default/a1: it was reached by nothing and is reached by "reader" now`}},
		"the target was made anew":       {func(s *scene) { s.have = "a1#1 a2#9 b" }, []string{`alias default/a: its target "a2" had id 2 and has id 9 now: it was made anew`}},
		"the target is gone":             {func(s *scene) { s.have = "a1#1 b" }, []string{"collection default/a2, the target of alias a, is gone"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := reviewed(t, made)
			now := made
			tt.change(&now)
			if diff := cmp.Diff(tt.want, s.Differences(reviewed(t, now), now.state(t), now.cluster(t))); diff != "" {
				t.Errorf("stale (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDigestTellsWhatAPlanDoes(t *testing.T) {
	one := scene{want: "a: a2", last: "a: a1", live: "a: a1", have: "a2#2"}
	same := one
	same.live += "\nforeign: a1"
	other := one
	other.want = "a: a1!"
	if one.build(t).Digest() != same.build(t).Digest() {
		t.Error("a foreign alias changes the digest")
	}
	if one.build(t).Digest() == other.build(t).Digest() {
		t.Error("another plan has the same digest")
	}
}

// The digest covers how a switch is made, and not where that is written.
func TestDigestTellsHowASwitchIsMade(t *testing.T) {
	build := func(change func(*manifest.Cutover)) string {
		c := manifest.Cutover{Group: "g", OnFailure: manifest.SwitchBack, Confirmations: 1, Canary: &manifest.Canary{Query: &manifest.Query{Limit: 1}}}
		change(&c)
		p := cut{scene: scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2"}, cutover: c}.build(t)
		if len(p.Steps) != 1 {
			t.Fatalf("plan %q", lines(p))
		}
		return p.Digest()
	}
	one := build(func(*manifest.Cutover) {})
	if one != build(func(c *manifest.Cutover) { c.Canary.Pos = manifest.Position{File: "moved.yaml", Line: 7} }) {
		t.Error("another line of the manifest is another digest")
	}
	for name, change := range map[string]func(*manifest.Cutover){
		"group":         func(c *manifest.Cutover) { c.Group = "h" },
		"on_failure":    func(c *manifest.Cutover) { c.OnFailure = "keep" },
		"confirmations": func(c *manifest.Cutover) { c.Confirmations = 2 },
		"canary":        func(c *manifest.Cutover) { c.Canary.Query.Limit = 2 },
	} {
		if one == build(change) {
			t.Errorf("another %s is the same digest", name)
		}
	}
}

// What a file leaves out is put back from its manifest, for every operation; one
// that binds an alias to what the manifest does not want is refused.
func TestASavedPlanIsCompletedFromItsManifest(t *testing.T) {
	cutover := &manifest.Cutover{Confirmations: 2, Canary: &manifest.Canary{Query: &manifest.Query{Limit: 1}}}
	m := &manifest.Manifest{Databases: []manifest.Database{{Name: "default", Aliases: []manifest.Alias{{Name: "a", Collection: "v2", Cutover: cutover}}}}}
	golden := map[planner.Key]string{key("a"): "ab"}
	ask := planner.Ask{Database: "default", Alias: "a", Target: "2", Golden: "ab", Cutover: cutover}
	for _, tt := range []struct {
		name  string
		step  planner.Step
		binds bool
		asks  []planner.Ask
	}{
		{"create", planner.Step{Op: planner.CreateAlias, To: "v2"}, true, []planner.Ask{ask}},
		{"create with a way back", planner.Step{Op: planner.CreateAlias, To: "v2", Back: "v1"}, true, []planner.Ask{ask}},
		{"alter", planner.Step{Op: planner.AlterAlias, From: "v1", To: "v2"}, true, []planner.Ask{ask}},
		{"recreate", planner.Step{Op: planner.RecreateAlias, From: "v1", To: "v2"}, true, []planner.Ask{ask}},
		{"verify", planner.Step{Op: planner.VerifyAlias, From: "v2", To: "v2", Back: "v1"}, true, []planner.Ask{{Database: "default", Alias: "a", Cutover: cutover}}},
		{"adopt anew", planner.Step{Op: planner.Adopt, From: "v2", To: "v2", FromID: "1", ToID: "2"}, true, []planner.Ask{{Database: "default", Alias: "a", Golden: "ab", Cutover: cutover}}},
		{"adopt", planner.Step{Op: planner.Adopt, To: "v2"}, false, nil},
		{"forget", planner.Step{Op: planner.Forget, From: "v1"}, false, nil},
		{"drop", planner.Step{Op: planner.DropAlias, From: "v1"}, false, nil},
		{"drop collection", planner.Step{Op: planner.DropCollection, Collection: "v1", ID: "1"}, false, nil},
	} {
		tt.step.Database = "default"
		if tt.step.Op != planner.DropCollection {
			tt.step.Alias = "a"
		}
		complete := func(m *manifest.Manifest) (saved.Plan, error) {
			s := saved.Plan{Touches: []saved.Touch{{Database: "default", Alias: "a", To: "v2", Target: "2"}}}
			s.Plan.Steps = []planner.Step{tt.step}
			err := s.Complete(m, golden)
			return s, err
		}
		s, err := complete(m)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.asks, s.Plan.Asks); diff != "" {
			t.Errorf("%s: asks (-want +got):\n%s", tt.name, diff)
		}
		if got, want := s.Plan.Steps[0].Cutover != nil, tt.binds && tt.step.Op != planner.Adopt; got != want {
			t.Errorf("%s: the step has a cutover: %v, want %v", tt.name, got, want)
		}
		for name, other := range map[string]*manifest.Manifest{
			"without it": {},
			"elsewhere":  {Databases: []manifest.Database{{Name: "default", Aliases: []manifest.Alias{{Name: "a", Collection: "v3"}}}}},
		} {
			if _, err := complete(other); (err != nil) != tt.binds {
				t.Errorf("%s, a manifest %s: %v", tt.name, name, err)
			}
		}
	}
}
