package planner_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/saved"
)

// copied are the grant steps of a plan, one a line.
func copied(p planner.Plan) []string {
	var lines []string
	for _, s := range p.Steps {
		if s.Op == planner.GrantPrivilege {
			privilege := s.Privilege
			if s.ObjectType == "Global" {
				privilege = "[" + privilege + "]"
			}
			lines = append(lines, fmt.Sprintf("%s %s/%s %s as on %s", s.Role, s.Database, s.Collection, privilege, s.From))
		}
	}
	return lines
}

// The switch is that of alias p from v1 to v2.
func TestCopiedGrants(t *testing.T) {
	tests := map[string]struct {
		fact  *planner.GrantFact
		first bool
		want  []string
	}{
		"what blue has": {granted(false, "r default/v1 Query Search", "s default/v1 [CollectionReadOnly]"), false,
			[]string{"r default/v2 Query as on v1", "r default/v2 Search as on v1", "s default/v2 [CollectionReadOnly] as on v1"}},
		"writing too":                  {granted(false, "r default/v1 Insert"), false, []string{"r default/v2 Insert as on v1"}},
		"not what green has":           {granted(false, "r default/v1 Query Search", "r default/v2 Search"), false, []string{"r default/v2 Query as on v1"}},
		"not what holds for all":       {granted(false, "r default/v1 Query", "r default/* Query"), false, nil},
		"not what a group gives":       {granted(false, "r default/v1 Query", "r default/v2 [CollectionReadOnly]"), false, nil},
		"not a group that is complete": {granted(false, "r default/v1 [CollectionReadOnly]", "r default/v2 Query Search GetLoadState"), false, nil},
		"a group that is not":          {granted(false, "r default/v1 [CollectionReadOnly]", "r default/v2 Query Search"), false, []string{"r default/v2 [CollectionReadOnly] as on v1"}},
		"a group that is not listed":   {granted(false, "r default/v1 [gone]"), false, []string{"r default/v2 [gone] as on v1"}},
		"not what is on all":           {granted(false, "r default/* Query", "r */* Search"), false, nil},
		"not what opens the database":  {granted(false, "r default/v1 All", "r default/v1 Query"), false, nil},
		"not of another database":      {granted(false, "r b/v1 Query"), false, nil},
		"of every database, once":      {granted(true, "r */v1 Query", "r default/v1 Query"), false, []string{"r default/v2 Query as on v1"}},
		"of every user":                {granted(false, "public default/v1 Query"), false, []string{"public default/v2 Query as on v1"}},
		"although every user has it":   {granted(false, "public default/v2 Query", "r default/v1 Query"), false, []string{"r default/v2 Query as on v1"}},
		"what brings others comes last": {granted(false, "r default/v1 Load", "r default/v1 Query", "r default/v1 GetLoadState"), false,
			[]string{"r default/v2 Query as on v1", "r default/v2 GetLoadState as on v1", "r default/v2 Load as on v1"}},
		"not what follows the alias": {granted(true, "r default/p Query"), false, nil},
		"a first binding":            {granted(false, "r default/v1 Query"), true, nil},
		"what was granted ahead":     {granted(false, "r default/p Query"), true, []string{"r default/v2 Query as on p"}},
		"ahead, and it follows":      {granted(true, "r default/p Query"), true, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2#2"}
			if tt.first {
				s.last, s.live = "", ""
			}
			c := cut{scene: s, grants: tt.fact, cutover: manifest.Cutover{Grants: manifest.GrantsCopy, Require: []manifest.Check{{Name: manifest.SameGrants}}}}
			p := c.build(t)
			if diff := cmp.Diff(tt.want, copied(p)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if p.Summary.Grant != len(tt.want) || p.Summary.Pending() != 1 {
				t.Errorf("summary %+v", p.Summary)
			}
			// What is copied is there at the switch: no one loses anything.
			if got := checks(p); !strings.HasSuffix(got[0], "| pass") {
				t.Errorf("%q", got)
			}
			if refusals := p.Check(planner.DefaultLimits()); len(refusals) > 0 {
				t.Errorf("%+v", refusals)
			}
			for i, step := range p.Steps {
				if grants := i < len(tt.want); grants != (step.Op == planner.GrantPrivilege) {
					t.Errorf("step %d is %s", i, step.Op)
				}
			}
			again := c.build(t)
			if p.Digest() != again.Digest() {
				t.Error("another digest")
			}
			c.grants.Roles = append(c.grants.Roles, planner.Role{Name: "z", Grants: []planner.Grant{{Database: "default", ObjectType: "Collection", Object: "v1", Privilege: "Query"}, {Database: "default", ObjectType: "Collection", Object: "p", Privilege: "Query"}}})
			if more := c.build(t); len(copied(more)) > len(tt.want) == (p.Digest() == more.Digest()) || len(saved.Unlike(p, more)) == 0 && len(copied(more)) > len(tt.want) {
				t.Errorf("a further grant does not show: %q", copied(more))
			}
		})
	}
}

// Two aliases that go to one collection share its grants; each has what it leaves.
func TestCopiedGrantsOfSeveralAliases(t *testing.T) {
	c := cut{scene: scene{want: "p: v2\nq: v2", last: "p: v1\nq: v0", live: "p: v1\nq: v0", have: "v2#2"},
		grants:  granted(false, "r default/v1 Query", "r default/v0 Query Search", "s default/v0 Query"),
		cutover: manifest.Cutover{Grants: manifest.GrantsCopy}}
	want := []string{"r default/v2 Query as on v1", "r default/v2 Search as on v0", "s default/v2 Query as on v0"}
	if diff := cmp.Diff(want, copied(c.build(t))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What cannot be read cannot be copied.
func TestCopiedGrantsThatAreNotKnown(t *testing.T) {
	c := cut{scene: scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2#2"},
		grants:  &planner.GrantFact{Why: "no", Lift: "grant it"},
		cutover: manifest.Cutover{Grants: manifest.GrantsCopy}}
	refusals := c.build(t).Check(planner.DefaultLimits())
	if len(refusals) != 1 || refusals[0].Guard != "grants" || refusals[0].WayOut.String() != "grant it, or take `grants: copy` out and grant by hand" {
		t.Errorf("%+v", refusals)
	}
	// Offline, too, and there it is a note.
	m, s := c.desired(t), c.state(t)
	m.Databases[0].Aliases[0].Cutover = &c.cutover
	p := planner.Compare(m, s, planner.Options{Now: noon}).Plan(nil)
	if len(p.Check(planner.DefaultLimits())) > 0 || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "which grants are copied for alias p is not known") {
		t.Errorf("%q", p.Notes)
	}
}

// The newest collection that is ready may be so because its grants are copied.
func TestCopiedGrantsOfTheNewest(t *testing.T) {
	for _, tt := range []struct {
		grants manifest.Grants
		want   []string
		to     string
	}{
		{manifest.GrantsCopy, []string{"r default/p_v2 Query as on p_v1"}, "p_v2"},
		{"", nil, "p_v1"}, // the newest locks its readers out, so it is passed over
	} {
		c := cut{scene: scene{want: "p: p_v1", last: "p: p_v1", live: "p: p_v1", have: "p_v2#2"}, grants: granted(false, "r default/p_v1 Query")}
		m, s, live := c.desired(t), c.state(t), c.cluster(t)
		a := &m.Databases[0].Aliases[0]
		a.Collection, a.Newest = "", &manifest.Newest{Match: "p_v*", Order: manifest.Natural}
		a.Cutover = &manifest.Cutover{Grants: tt.grants, Require: []manifest.Check{{Name: manifest.SameGrants}}}
		d := live.Databases["default"]
		d.Names, d.Grants = []string{"p_v1", "p_v2"}, c.grants
		for name := range d.Collections {
			d.Collections[name] = planner.LiveCollection{ID: name[3:], Facts: &planner.Facts{Load: loaded(planner.Loaded, 100), Rows: rows(1)}}
		}
		p := planner.Compare(m, s, planner.Options{Now: noon}).Plan(live)
		if diff := cmp.Diff(tt.want, copied(p)); diff != "" {
			t.Errorf("grants %q (-want +got)\n%s", tt.grants, diff)
		}
		if len(p.After) != 1 || p.After[0].Collection != tt.to || len(p.Conflicts) > 0 {
			t.Errorf("grants %q: after %+v, conflicts %+v", tt.grants, p.After, p.Conflicts)
		}
	}
}
