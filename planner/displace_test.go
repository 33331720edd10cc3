package planner_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// taking is the plan of a scene in which alias p takes the name of a collection.
func taking(t *testing.T, sc scene, to string, c *manifest.Cutover, grants *planner.GrantFact) (planner.Plan, *planner.Live) {
	t.Helper()
	m, s, live := sc.desired(t), sc.state(t), sc.cluster(t)
	m.Databases[0].Aliases[0].Displaces = &manifest.Displaced{RenameTo: to}
	if grants == nil {
		ignoring := manifest.Cutover{OnFailure: manifest.SwitchBack}
		if c != nil {
			ignoring = *c
		}
		ignoring.Grants = manifest.GrantsIgnore
		c = &ignoring
	}
	m.Databases[0].Aliases[0].Cutover = c
	if live != nil {
		live.Databases["default"].Grants = grants
	}
	o := sc.options
	o.Now = noon
	return planner.Compare(m, s, o).Plan(live), live
}

// Every situation in which an alias may take a name.
func TestAnAliasTakesTheNameOfACollection(t *testing.T) {
	for name, tt := range map[string]struct {
		scene scene
		to    string
		want  []string
		back  string
		gaps  int
	}{
		"to another collection":         {scene{want: "p: v2", have: "p#1 v2#2"}, "v1", []string{"~ p (now v1) -> v2"}, "v1", 1},
		"to itself":                     {scene{want: "p: v1", have: "p#1"}, "v1", []string{"~ p (now v1) -> v1"}, "", 1},
		"another one follows":           {scene{want: "p: v2", have: "p#1 v2#2", live: "foreign: p"}, "v1", []string{"~ p (now v1) -> v2"}, "v1", 1},
		"one of ours would follow":      {scene{want: "p: v2", have: "p#1 v2#2", live: "q: p", last: "q: p"}, "v1", []string{"conflict alias-is-collection: p"}, "", 0},
		"the new name is a collection":  {scene{want: "p: v2", have: "p#1 v2#2 v1#3"}, "v1", []string{"conflict rename-taken: p"}, "", 0},
		"the new name is an alias":      {scene{want: "p: v2", have: "p#1 v2#2", live: "v1: v2"}, "v1", []string{"conflict rename-taken: p"}, "", 0},
		"the target is not there":       {scene{want: "p: v2", have: "p#1"}, "v1", []string{"conflict target-missing: p"}, "", 0},
		"nothing has the name":          {scene{want: "p: v2", have: "v2#2"}, "v1", []string{"+ p -> v2"}, "", 0},
		"renamed by a run that was cut": {scene{want: "p: v2", have: "v1#1 v2#2", pending: "p: - > v2"}, "v1", []string{"+ p -> v2"}, "v1", 0},
		"done":                          {scene{want: "p: v2", have: "v1#1", live: "p: v2", last: "p: v2"}, "v1", nil, "", 0},
		"done, and it goes on":          {scene{want: "p: v3", have: "v1#1 v3#3", live: "p: v2", last: "p: v2"}, "v1", []string{"~ p: v2 -> v3"}, "", 0},
		"offline":                       {scene{want: "p: v2", offline: true}, "v1", []string{"~ p (now v1) -> v2"}, "v1", 1},
		"offline, done":                 {scene{want: "p: v2", last: "p: v2", offline: true}, "v1", nil, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			p, live := taking(t, tt.scene, tt.to, &manifest.Cutover{OnFailure: manifest.SwitchBack, Confirmations: 1}, nil)
			got := slices.DeleteFunc(lines(p), func(s string) bool { return strings.HasPrefix(s, "- q") || strings.HasPrefix(s, "conflict drift") })
			if !slices.Equal(got, tt.want) {
				t.Fatalf("%q, want %q", got, tt.want)
			}
			proof := proof.Of(p, live)
			if !proof.OK || len(proof.Gaps) != tt.gaps {
				t.Errorf("%+v", proof)
			}
			if len(tt.want) == 0 || len(p.Steps) == 0 {
				return
			}
			s := p.Steps[0]
			if s.Op == planner.Displace && (s.Cutover.SwitchBack != (tt.back != "") || tt.back != "" && (s.Undo().Op != planner.AlterAlias || s.Undo().To != tt.back)) {
				t.Errorf("%+v goes back by %+v", s, s.Undo())
			}
			if s.Back != tt.back {
				t.Errorf("it goes back to %q, want %q", s.Back, tt.back)
			}
		})
	}
}

// Blue is the collection of the name: it is what is left and compared with.
func TestADisplacedCollectionIsComparedWith(t *testing.T) {
	m, s := scene{want: "p: v2"}.desired(t), planner.State{}
	live := scene{have: "p#1 v2#2"}.cluster(t)
	m.Databases[0].Aliases[0].Displaces = &manifest.Displaced{RenameTo: "v1"}
	m.Databases[0].Aliases[0].Cutover = &manifest.Cutover{Grants: manifest.GrantsIgnore, Require: []manifest.Check{{Name: manifest.RowsWithin, Percent: 5}}, Load: &manifest.Loading{Timeout: time.Hour}}
	for name, n := range map[string]int64{"p": 100, "v2": 90} {
		c := live.Databases["default"].Collections[name]
		c.Facts = &planner.Facts{Rows: rows(n), Load: loaded(planner.Loaded, 100)}
		live.Databases["default"].Collections[name] = c
	}
	p := planner.Compare(m, s, planner.Options{Now: noon}).Plan(live)
	want := []string{"p loaded | loaded | loaded | pass", "p rows_within | 100 (count(*)) | 90 (count(*)) | fail", "  90 rows are 10.0% away from 100; 5% are allowed"}
	if got := checks(p); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	needs := planner.Compare(m, s, planner.Options{Now: noon}).Needs(live)
	var asked []string
	for _, f := range needs.Facts {
		asked = append(asked, f.Collection)
	}
	if !slices.Equal(asked, []string{"p", "v2"}) || len(needs.Serving) != 1 || needs.Serving[0].Blue != "p" {
		t.Errorf("asked of %q, %+v", asked, needs.Serving)
	}
}

// Readers by the name have to be allowed to read by both names that follow.
func TestADisplacementLocksNoReaderOut(t *testing.T) {
	sc := scene{want: "p: v2", have: "p#1 v2#2"}
	for name, tt := range map[string]struct {
		grants *planner.GrantFact
		want   string // in the reason, "" for no conflict
	}{
		"no one may":               {granted(false), ""},
		"granted on both":          {granted(false, "r default/p Query", "r default/v2 Query", "r default/v1 Query"), ""},
		"granted on all":           {granted(false, "r default/* Query"), ""},
		"not on green":             {granted(false, "r default/p Query", "r default/v1 Query"), `role "r" loses Query on "v2"`},
		"not on the renamed one":   {granted(false, "r default/p Query", "r default/v2 Query"), `role "r" loses Query on "v1"`},
		"by a group":               {granted(false, "r default/p [CollectionReadOnly]", "r default/v1 Query Search"), `role "r" loses Query and Search on "v2"`},
		"an older server":          {granted(true, "r default/p Query", "r default/v1 Query"), ""},
		"an older one, and not v1": {granted(true, "r default/p Query"), `role "r" loses Query on "v1"`},
		"roles cannot be read":     {&planner.GrantFact{Why: "403"}, "is not known: 403"},
	} {
		p, _ := taking(t, sc, "v1", nil, tt.grants)
		switch {
		case tt.want == "" && len(p.Conflicts) == 0:
		case tt.want != "" && len(p.Conflicts) == 1 && p.Conflicts[0].Kind == planner.ReadersLockedOut && strings.Contains(p.Conflicts[0].Reason, tt.want):
			if len(p.Conflicts[0].WaysOut) != 2 || !strings.HasPrefix(p.Conflicts[0].WaysOut[1].String(), "`grants: ignore`") {
				t.Errorf("%s: %v", name, p.Conflicts[0].WaysOut)
			}
		default:
			t.Errorf("%s: %q, %+v", name, lines(p), p.Conflicts)
		}
	}
}

// Where the name of the request counts on a server that moves grants, what is copied to
// the new collection opens nothing: only a group stays with the name.
func TestADisplacementWhereGrantsFollowTheAlias(t *testing.T) {
	follow := manifest.Cutover{Grants: manifest.GrantsCopy, Require: []manifest.Check{{Name: manifest.SameGrants, AliasGrants: manifest.GrantsFollow}}}
	for name, tt := range map[string]struct {
		grants *planner.GrantFact
		want   string // in the reason, "" for no conflict
	}{
		"a single privilege": {granted(false, "r default/p Query", "r default/v2 Query"), `role "r" loses Query on "p"`},
		"a group":            {granted(false, "r default/p [CollectionReadOnly]"), ""},
		"a group besides":    {granted(false, "r default/p Query Search [CollectionReadOnly]"), ""},
		"all collections":    {granted(false, "r default/* Query"), ""},
		"an older server":    {granted(true, "r default/p Query"), ""},
	} {
		p, _ := taking(t, scene{want: "p: v2", have: "p#1 v2#2"}, "v1", &follow, tt.grants)
		var got []planner.Conflict
		for _, c := range p.Conflicts {
			if c.Kind == planner.ReadersLockedOut {
				got = append(got, c)
			}
		}
		switch {
		case tt.want == "" && len(got) == 0:
		case tt.want != "" && len(got) == 1 && strings.Contains(got[0].Reason, tt.want) && strings.Contains(got[0].WaysOut[0].String(), "privilege group on \"p\""):
		default:
			t.Errorf("%s: %q, %+v", name, lines(p), p.Conflicts)
		}
	}
}

// The proof of a displacement can fail.
func TestProofOfDisplacements(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil  func(p *planner.Plan)
		reason string
	}{
		"another id":            {func(p *planner.Plan) { p.Steps[0].ID = "9" }, `collection default/p has id "1" and the step expects "9"`},
		"the name is taken":     {func(p *planner.Plan) { p.Steps[0].RenameTo, p.Steps[0].Back = "v2", "v2" }, `collection default/p would be renamed to "v2", which exists already`},
		"back to somewhere":     {func(p *planner.Plan) { p.Steps[0].Back = "v9" }, `alias default/p would go back to "v9"`},
		"to somewhere else":     {func(p *planner.Plan) { p.Steps[0].To = "v9" }, `alias default/p is at "v9" and the plan says "v2"`},
		"of an alias not asked": {func(p *planner.Plan) { p.After = nil }, "alias default/p is not managed and would be touched"},
	} {
		p, live := taking(t, scene{want: "p: v2", have: "p#1 v2#2"}, "v1", nil, nil)
		tt.spoil(&p)
		if proof := proof.Of(p, live); proof.OK || !strings.Contains(strings.Join(proof.Problems, "\n"), tt.reason) {
			t.Errorf("%s: %q", name, proof.Problems)
		}
	}
}

// `grants: copy` grants both names what the old one has, before the rename.
func TestADisplacementCopiesGrants(t *testing.T) {
	c := &manifest.Cutover{Grants: manifest.GrantsCopy}
	p, live := taking(t, scene{want: "p: v2", have: "p#1 v2#2"}, "v1", c, granted(false, "r default/p Query", "s default/p [CollectionReadOnly]", "s default/v2 Query Search"))
	want := []string{"r default/v2 Query as on p", "s default/v2 [CollectionReadOnly] as on p", "r default/v1 Query as on p", "s default/v1 [CollectionReadOnly] as on p"}
	if got := copied(p); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if len(p.Conflicts) > 0 || p.Steps[len(p.Steps)-1].Op != planner.Displace {
		t.Errorf("%q", lines(p))
	}
	if proof := proof.Of(p, live); !proof.OK {
		t.Errorf("%q", proof.Problems)
	}
	same, _ := taking(t, scene{want: "p: v1", have: "p#1"}, "v1", c, granted(false, "r default/p Query"))
	if got := copied(same); !slices.Equal(got, []string{"r default/v1 Query as on p"}) {
		t.Errorf("to itself: %q", got)
	}
}
