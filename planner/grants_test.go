package planner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// granted is what roles have, one grant a line: "reader default/v1 Query". A
// privilege in brackets is a group.
func granted(older bool, lines ...string) *planner.GrantFact {
	f := &planner.GrantFact{Older: older, Groups: map[string][]string{
		"CollectionReadOnly": {"Query", "Search", "GetLoadState"}, "own": {"Query"}, "DatabaseReadOnly": {"ShowCollections"},
	}}
	for _, line := range lines {
		words := strings.Fields(line)
		database, object, _ := strings.Cut(words[1], "/")
		if n := len(f.Roles); n == 0 || f.Roles[n-1].Name != words[0] {
			f.Roles = append(f.Roles, planner.Role{Name: words[0]})
		}
		r := &f.Roles[len(f.Roles)-1]
		for _, privilege := range words[2:] {
			kind := "Collection"
			if group, ok := strings.CutPrefix(privilege, "["); ok {
				kind, privilege = "Global", strings.TrimSuffix(group, "]")
			}
			r.Grants = append(r.Grants, planner.Grant{Database: database, ObjectType: kind, Object: object, Privilege: privilege})
		}
	}
	return f
}

// The switch is that of alias p from v1 to v2.
func TestSameGrants(t *testing.T) {
	const follows, stays = manifest.GrantsFollow, manifest.GrantsStay
	lost := func(roles string, details ...string) []string {
		return append([]string{"p same_grants | " + roles + " | fail"}, details...)
	}
	passed := func(roles string) []string { return []string{"p same_grants | " + roles + " | pass"} }
	tests := map[string]struct {
		fact  *planner.GrantFact
		alias manifest.AliasGrants
		first bool
		want  []string
	}{
		"nobody reads":                  {granted(false), "", false, passed("0 roles | 0 of 0 roles")},
		"both granted":                  {granted(false, "r default/v1 Query", "r default/v2 Query"), "", false, passed("1 role | 1 of 1 role")},
		"green is not granted":          {granted(false, "r default/v1 Query Search"), "", false, lost("1 role | 0 of 1 role", `  role "r" loses Query and Search`)},
		"a part of it":                  {granted(false, "r default/v1 Query Search", "r default/v2 Search"), "", false, lost("1 role | 0 of 1 role", `  role "r" loses Query`)},
		"every collection":              {granted(false, "r default/* Query"), "", false, passed("1 role | 1 of 1 role")},
		"every database":                {granted(false, "r default/v1 Query", "r */* Query"), "", false, passed("1 role | 1 of 1 role")},
		"the name in every database":    {granted(true, "r default/v1 Query", "r */v2 Query"), "", false, passed("1 role | 1 of 1 role")},
		"another database":              {granted(false, "r default/v1 Query", "r b/v2 Query", "r b/* Query"), "", false, lost("1 role | 0 of 1 role", `  role "r" loses Query`)},
		"a group for single privileges": {granted(false, "r default/v1 Query Search", "r default/v2 [CollectionReadOnly]"), "", false, passed("1 role | 1 of 1 role")},
		"single privileges for a group": {granted(false, "r default/v1 [CollectionReadOnly]", "r default/v2 Query Search"), "", false, passed("1 role | 1 of 1 role")},
		"a smaller group":               {granted(false, "r default/v1 [CollectionReadOnly]", "r default/v2 [own]"), "", false, lost("1 role | 0 of 1 role", `  role "r" loses Search`)},
		"a group that reads nothing":    {granted(false, "r default/v1 [own]", "r default/* [DatabaseReadOnly]"), "", false, lost("1 role | 0 of 1 role", `  role "r" loses Query`)},
		"a group that is not listed":    {granted(false, "r default/v1 Query", "r default/v2 [gone]"), "", false, lost("1 role | 0 of 1 role", `  role "r" loses Query`)},
		"all, whatever object it has":   {granted(false, "r default/other All"), "", false, passed("1 role | 1 of 1 role")},
		"all on every database":         {granted(false, "r default/v1 Query", "r */* All"), "", false, lost("1 role | 0 of 1 role", `  role "r" loses Query`)},
		"the privilege *":               {granted(false, "r default/v1 Query", "r default/v2 *"), "", false, lost("1 role | 0 of 1 role", `  role "r" loses Query`)},
		"the privilege * of old":        {granted(true, "r default/v1 Query", "r default/v2 *"), "", false, passed("1 role | 1 of 1 role")},
		"other privileges":              {granted(false, "r default/v1 GetLoadState IndexDetail"), "", false, passed("0 roles | 0 of 0 roles")},
		"another collection":            {granted(false, "r default/v3 Query"), "", false, passed("0 roles | 0 of 0 roles")},
		"what every user has": {granted(false, "public default/v1 Query", "r default/v1 Query", "s default/v1 Query", "s default/v2 Query"), "", false,
			lost("3 roles | 1 of 3 roles", `  role "public", which every user has, loses Query`, `  role "r" loses Query`)},
		"every user has green": {granted(false, "public default/v2 Query", "r default/v1 Query"), "", false, passed("1 role | 1 of 1 role")},
		"writers are shown": {granted(false, "w default/v1 Insert Delete", "w default/v2 Delete"), "", false,
			[]string{"p same_grants | 0 roles | 0 of 0 roles | pass", `  role "w" loses Insert; only reading decides`}},

		"a grant on the alias, of old":                     {granted(true, "r default/p Query"), "", false, passed("1 role | 1 of 1 role")},
		"a grant on the alias and on blue, of old":         {granted(true, "r default/p Query", "r default/v1 Query"), "", false, passed("1 role | 1 of 1 role")},
		"a grant on blue alone, of old":                    {granted(true, "r default/v1 Query", "s default/p Query"), "", false, lost("2 roles | 1 of 2 roles", `  role "r" loses Query`)},
		"a grant that is listed under the alias":           {granted(false, "r default/p Query"), "", false, passed("0 roles | 0 of 0 roles")},
		"a grant that is listed under the alias, and blue": {granted(false, "r default/p Query", "r default/v1 Query"), "", false, lost("1 role | 0 of 1 role", "  role \"r\" loses Query; its grant on \"p\" counts only where it follows the alias (`alias_grants: follow`)")},
		"the manifest says that it follows":                {granted(false, "r default/p Query", "r default/v1 Query"), follows, false, passed("1 role | 1 of 1 role")},
		"the manifest says that it stays":                  {granted(true, "r default/p Query", "r default/v1 Query"), stays, false, lost("1 role | 0 of 1 role", `  role "r" loses Query; its grant on "p" does not count once that is an alias`)},

		"a first binding":                    {granted(false, "r default/v1 Query"), "", true, passed("| 0 of 0 roles")},
		"granted ahead":                      {granted(false, "r default/p Query"), "", true, lost("| 0 of 1 role", "  role \"r\" loses Query; its grant on \"p\" counts only where it follows the alias (`alias_grants: follow`)")},
		"granted ahead, of old":              {granted(true, "r default/p Query"), "", true, passed("| 1 of 1 role")},
		"granted ahead, and the collection":  {granted(false, "r default/p Query", "r default/v2 Query"), "", true, passed("| 1 of 1 role")},
		"granted ahead, and the grant stays": {granted(true, "r default/p Query"), stays, true, lost("| 0 of 1 role", `  role "r" loses Query; its grant on "p" does not count once that is an alias`)},

		"not known":     {&planner.GrantFact{Why: "no"}, "", false, []string{"p same_grants | | | unknown", "  no"}},
		"not asked for": {nil, "", false, []string{"p same_grants | | | unknown", "  the server was not asked"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2#2"}
			if tt.first {
				s.last, s.live = "", ""
			}
			p := cut{scene: s, grants: tt.fact, cutover: manifest.Cutover{Require: []manifest.Check{{Name: manifest.SameGrants, AliasGrants: tt.alias}}}}.build(t)
			if diff := cmp.Diff(tt.want, checks(p)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			refused := len(p.Check(planner.DefaultLimits())) > 0
			if pass := strings.HasSuffix(tt.want[0], "| pass"); refused == pass {
				t.Errorf("refused: %v", refused)
			}
		})
	}
}

// What is not known is lifted by the exact privilege or field.
func TestSameGrantsThatIsNotKnown(t *testing.T) {
	c := cut{scene: scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2#2"},
		grants:  &planner.GrantFact{Why: "no", Lift: "grant it"},
		cutover: manifest.Cutover{Require: []manifest.Check{{Name: manifest.SameGrants}}}}
	refusals := c.build(t).Check(planner.DefaultLimits())
	if len(refusals) != 1 || refusals[0].WayOut.String() != "grant it, or `same_grants: {unknown: allow}`, or `skip-check same_grants`" {
		t.Errorf("got %+v", refusals)
	}
	c.cutover.Require[0].AllowUnknown = true
	if p := c.build(t); len(p.Check(planner.DefaultLimits())) != 0 || p.Checks[0].Verdict != planner.CheckAllowed {
		t.Errorf("got %+v", p.Checks)
	}
}

// Grants cost requests only where an alias that moves asks for them.
func TestNeedsGrants(t *testing.T) {
	asks := manifest.Cutover{Require: []manifest.Check{{Name: manifest.SameGrants}}}
	for name, tt := range map[string]struct {
		scene   scene
		cutover manifest.Cutover
		want    []string
	}{
		"a switch":          {scene{want: "p: v2\nq: v2", last: "p: v1\nq: v1", live: "p: v1\nq: v1", have: "v2#2"}, asks, []string{"default"}},
		"a first binding":   {scene{want: "p: v2", have: "v2#2"}, asks, []string{"default"}},
		"not asked for":     {scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2#2"}, manifest.Cutover{}, nil},
		"nothing to switch": {scene{want: "p: v1", last: "p: v1", live: "p: v1", have: "v1#1"}, asks, nil},
		"not built yet":     {scene{want: "p: v2", last: "p: v1", live: "p: v1"}, asks, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m, s, live := tt.scene.desired(t), tt.scene.state(t), tt.scene.cluster(t)
			for i := range m.Databases[0].Aliases {
				m.Databases[0].Aliases[i].Cutover = &tt.cutover
			}
			if diff := cmp.Diff(tt.want, planner.Compare(m, s, planner.Options{Now: noon}).Needs(live).Grants); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
