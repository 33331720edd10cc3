package planner_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// fleet is a database with n managed aliases of which the manifest keeps all
// but the first `dropped`.
func fleet(n, dropped int) scene {
	var want, all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "a%02d: v1\n", i)
		if i >= dropped {
			fmt.Fprintf(&want, "a%02d: v1\n", i)
		}
	}
	return scene{want: want.String(), last: all.String(), live: all.String()}
}

func TestGuards(t *testing.T) {
	percent := func(n int) func(*planner.Limits) {
		return func(l *planner.Limits) { l.AliasDrops = planner.AliasDropLimit{N: n, Percent: true} }
	}
	most := func(n int) func(*planner.Limits) {
		return func(l *planner.Limits) { l.AliasDrops = planner.AliasDropLimit{N: n} }
	}
	allowEmpty := func(l *planner.Limits) { l.AllowEmpty = map[string]bool{"default": true} }
	elevenCollections := scene{}
	for i := range 11 {
		elevenCollections.retire += fmt.Sprintf("c%d ", i)
		elevenCollections.have += fmt.Sprintf("c%d#%d ", i, i)
	}
	tests := map[string]struct {
		scene
		limits func(*planner.Limits)
		want   []string
	}{
		"3 of 10 is 30 %, not more":         {fleet(10, 3), nil, nil},
		"4 of 10 is more":                   {fleet(10, 4), nil, []string{"alias-drops: the plan drops 4 of 10 managed aliases; the limit is 30%: `--max-alias-drops 4` if this is meant"}},
		"8 of 9 is below ten managed":       {fleet(9, 8), nil, nil},
		"an explicit share applies below":   {fleet(9, 8), percent(30), []string{"alias-drops: the plan drops 8 of 9 managed aliases; the limit is 30%: `--max-alias-drops 8` if this is meant"}},
		"an explicit number applies below":  {fleet(3, 1), most(0), []string{"alias-drops: the plan drops 1 of 3 managed aliases; the limit is 0: `--max-alias-drops 1` if this is meant"}},
		"an explicit number lifts":          {fleet(10, 4), most(4), nil},
		"every alias of a database":         {fleet(2, 2), nil, []string{"empty-database: the plan drops every managed alias of database \"default\" (2): `--allow-empty default` if this is meant"}},
		"every alias, document gone":        {scene{noEntry: true, last: "d2/p: v1", live: "d2/p: v1"}, nil, []string{"empty-database: the plan drops every managed alias of database \"d2\" (1): `--allow-empty d2` if this is meant"}},
		"every alias left, others gone":     {scene{last: "p: v1\nq: v1", live: "p: v1"}, nil, []string{"empty-database: the plan drops every managed alias of database \"default\" (1): `--allow-empty default` if this is meant"}},
		"every alias, allowed":              {fleet(2, 2), allowEmpty, nil},
		"another team's manifest":           {scene{want: "x: v1", last: "p: v1\nr: v1\ns: v1", live: "p: v1\nr: v1\ns: v1"}, nil, []string{"empty-database: the plan drops every managed alias of database \"default\" (3): `--allow-empty default` if this is meant"}},
		"the only alias renamed":            {scene{want: "q: v1", last: "p: v1", live: "p: v1"}, nil, []string{"empty-database: the plan drops every managed alias of database \"default\" (1): `--allow-empty default` if this is meant"}},
		"one alias of two renamed":          {scene{want: "q: v1\nr: v1", last: "p: v1\nr: v1", live: "p: v1\nr: v1"}, nil, nil},
		"a released rest leaves no desert":  {scene{release: "q", last: "p: v1\nq: v1", live: "p: v1\nq: v1"}, nil, nil},
		"ten collections":                   {scene{retire: strings.TrimSuffix(elevenCollections.retire, "c10 "), have: elevenCollections.have}, nil, nil},
		"eleven collections":                {elevenCollections, nil, []string{"collection-drops: the plan drops 11 collections; the limit is 10: `--max-collection-drops 11` if this is meant"}},
		"eleven collections, allowed":       {elevenCollections, func(l *planner.Limits) { l.CollectionDrops = 11 }, nil},
		"a protected alias":                 {scene{want: "q: v1", last: "p: v1!\nq: v1", live: "p: v1\nq: v1"}, most(5), []string{"protected: alias \"p\" of database \"default\" is protected and the plan drops it: put \"p\" back with `protect: false`, apply, and remove it in a later apply"}},
		"a protected alias may be switched": {scene{want: "p: v2!", last: "p: v1!", live: "p: v1", have: "v2"}, nil, nil},
		"a protected alias may be released": {scene{want: "q: v1", release: "p", last: "p: v1!\nq: v1", live: "p: v1\nq: v1"}, nil, nil},
		"the drop half of a recreate is no drop": {scene{want: "p: v2!", last: "p: v1!", live: "p: v1", have: "v2", options: planner.Options{Switch: planner.ByRecreate}},
			most(0), nil},
		"with only, the guards count only them": {func() scene {
			sc := fleet(20, 2)
			sc.options.Only = some("a00", "a01", "a02")
			return sc
		}(), percent(30), []string{"alias-drops: the plan drops 2 of 3 managed aliases; the limit is 30%: `--max-alias-drops 2` if this is meant"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := planner.DefaultLimits()
			if tt.limits != nil {
				tt.limits(&l)
			}
			var got []string
			for _, r := range tt.build(t).Check(l) {
				r = r.Spell(dashed)
				got = append(got, r.Guard+": "+r.Reason+": "+r.WayOut.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("refusals (-want +got):\n%s", diff)
			}
		})
	}
}

// Where a plan is about several databases, a refusal says in which an alias is.
func TestRefusalsNameTheDatabase(t *testing.T) {
	for _, tt := range []struct{ also, want string }{{"", `alias "p"`}, {"\neu/p: v1", `alias "default/p"`}} {
		s := scene{want: "p: v2" + tt.also, last: "p: v1" + tt.also, live: "p: v1" + tt.also, have: "v2"}
		for guard, asks := range map[string]manifest.Cutover{
			"preflight": {Require: []manifest.Check{{Name: manifest.SameGrants}}},
			"grants":    {Grants: manifest.GrantsCopy},
		} {
			refusals := cut{scene: s, cutover: asks, grants: &planner.GrantFact{Why: "no"}}.build(t).Check(planner.DefaultLimits())
			if len(refusals) != 1 || refusals[0].Guard != guard || !strings.Contains(refusals[0].Reason, tt.want) {
				t.Errorf("%s: %+v", guard, refusals)
			}
		}
	}
}

// A state that lists more than the cluster has lifts no guard: neither entries
// of aliases that are gone, whatever the manifest asks for them, nor what
// unfinished runs announced, nor what was retired.
func TestPaddedStateLiftsNoGuard(t *testing.T) {
	pads := map[string]func(sc *scene, i int){
		"gone":               func(sc *scene, i int) { sc.last += fmt.Sprintf("zz%d: v1\n", i) },
		"gone and protected": func(sc *scene, i int) { sc.last += fmt.Sprintf("zz%d: v1!\n", i) },
		"gone and released": func(sc *scene, i int) {
			sc.last += fmt.Sprintf("zz%d: v1\n", i)
			sc.release += fmt.Sprintf(" zz%d", i)
		},
		"gone and left out": func(sc *scene, i int) { sc.last += fmt.Sprintf("zz%d: v1\n", i) },
		"announced":         func(sc *scene, i int) { sc.pending += fmt.Sprintf("zz%d: v1 > v2\n", i) },
		"announced to drop": func(sc *scene, i int) { sc.pending += fmt.Sprintf("! v9%d#%d\n", i, i) },
		"retired":           func(sc *scene, i int) { sc.retired += fmt.Sprintf(" v9%d#%d", i, i) },
		"not there and released": func(sc *scene, i int) {
			sc.pending += fmt.Sprintf("zz%d: > v2\n", i)
			sc.release += fmt.Sprintf(" zz%d", i)
		},
		"others, released": func(sc *scene, i int) {
			sc.last += fmt.Sprintf("zz%d: v1\n", i)
			sc.live += fmt.Sprintf("zz%d: v1\n", i)
			sc.release += fmt.Sprintf(" zz%d", i)
		},
	}
	for name, pad := range pads {
		for _, honest := range []scene{fleet(12, 11), fleet(12, 12)} {
			if name == "gone and left out" {
				honest.options.Only = planner.Selection{Keys: make(map[planner.Key]bool)}
				for i := range 12 {
					honest.options.Only.Keys[key(fmt.Sprintf("a%02d", i))] = true
				}
			}
			guards := func(sc scene) (names []string) {
				for _, r := range sc.build(t).Check(planner.DefaultLimits()) {
					names = append(names, r.Guard)
				}
				return names
			}
			want := guards(honest)
			if len(want) == 0 {
				t.Fatalf("%s: the honest plan is not refused", name)
			}
			padded := honest
			for i := range 60 {
				pad(&padded, i)
			}
			if name == "others, released" { // they live on: the database is not emptied
				want = []string{"alias-drops"}
			}
			if diff := cmp.Diff(want, guards(padded)); diff != "" {
				t.Errorf("%s: refusals (-honest +padded):\n%s", name, diff)
			}
		}
	}
}

func TestParseAliasDropLimit(t *testing.T) {
	for text, want := range map[string]planner.AliasDropLimit{
		"0": {N: 0}, "12": {N: 12}, "30%": {N: 30, Percent: true}, "100%": {N: 100, Percent: true},
	} {
		if got, err := planner.ParseAliasDropLimit(text); err != nil || got != want {
			t.Errorf("ParseAliasDropLimit(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "%", "-1", "x", "1.5", "101%", "5 ", "05", "5%%"} {
		if got, err := planner.ParseAliasDropLimit(text); err == nil {
			t.Errorf("ParseAliasDropLimit(%q) = %+v, want an error", text, got)
		}
	}
}
