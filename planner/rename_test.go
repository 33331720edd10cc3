package planner_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// renames is a situation in which `new` is renamed from `old`.
type renames struct {
	scene
	keepOld time.Duration
	since   time.Duration // ago that the state has it, 0 for no record
	mark    string        // what the old name was rolled back from
	asks    *manifest.Cutover
	grants  *planner.GrantFact
}

func (r renames) plan(t testing.TB) planner.Plan {
	t.Helper()
	tt, _ := t.(*testing.T)
	if tt == nil {
		tt = &testing.T{}
	}
	m, s, live := r.desired(tt), r.state(tt), r.cluster(tt)
	for i := range m.Databases[0].Aliases {
		if a := &m.Databases[0].Aliases[i]; a.Name == "new" {
			a.RenamedFrom, a.KeepOld, a.RenamedPos = "old", r.keepOld, &manifest.Position{File: "a.yaml", Line: 3, Column: 9}
			a.Cutover = r.asks
		}
	}
	for i := range s.Bindings {
		if b := &s.Bindings[i]; b.Alias == "new" && r.since > 0 {
			b.RenamedFrom, b.RenamedAt = "old", noon.Add(-r.since)
		}
		if b := &s.Bindings[i]; b.Alias == "old" {
			b.RolledBackFrom = r.mark
		}
	}
	if live != nil {
		live.Databases["default"].Grants = r.grants
	}
	o := r.options
	o.Now = noon
	p := planner.Compare(m, s, o).Plan(live)
	if proof := proof.Of(p, live); !proof.OK {
		t.Errorf("the plan fails its proof: %q", proof.Problems)
	}
	return p
}

func TestRename(t *testing.T) {
	const day = 24 * time.Hour
	for name, tt := range map[string]struct {
		renames
		want []string
		note string
	}{
		"begins":             {renames{scene: scene{want: "new: v1", last: "old: v1", live: "old: v1"}, keepOld: day}, []string{"+ new -> v1"}, `alias "old" is named "new" now: both serve, and the old name is dropped in 1d`},
		"at once":            {renames{scene: scene{want: "new: v1", last: "old: v1", live: "old: v1"}}, []string{"+ new -> v1", "- old (v1)"}, ""},
		"goes on":            {renames{scene: scene{want: "new: v1", last: "new: v1\nold: v1", live: "new: v1\nold: v1"}, keepOld: day, since: time.Hour}, nil, "dropped in 23h"},
		"is due":             {renames{scene: scene{want: "new: v1", last: "new: v1\nold: v1", live: "new: v1\nold: v1"}, keepOld: day, since: day}, []string{"- old (v1)"}, ""},
		"is over":            {renames{scene: scene{want: "new: v1", last: "new: v1", live: "new: v1"}, keepOld: day, since: 3 * day}, nil, ""},
		"both are switched":  {renames{scene: scene{want: "new: v2", last: "new: v1\nold: v1", live: "new: v1\nold: v1", have: "v2"}, keepOld: day, since: time.Hour}, []string{"~ new: v1 -> v2", "~ old: v1 -> v2"}, ""},
		"with a switch":      {renames{scene: scene{want: "new: v2", last: "old: v1", live: "old: v1", have: "v2"}, keepOld: day}, []string{"+ new -> v2", "~ old: v1 -> v2"}, ""},
		"both were there":    {renames{scene: scene{want: "new: v1", last: "new: v1\nold: v1", live: "new: v1\nold: v1"}, keepOld: day}, nil, "dropped in 1d"},
		"protected":          {renames{scene: scene{want: "new: v1", last: "old: v1!", live: "old: v1"}, keepOld: day}, []string{"+ new -> v1", "= adopt old -> v1"}, ""},
		"the old one left":   {renames{scene: scene{want: "new: v1", last: "new: v1\nold: v1", live: "new: v1"}, keepOld: day, since: day}, []string{"= forget old drift"}, ""},
		"someone moved it":   {renames{scene: scene{want: "new: v1", last: "new: v1\nold: v1", live: "new: v1\nold: v9"}, keepOld: day, since: day}, []string{"conflict drift: old"}, ""},
		"never ours":         {renames{scene: scene{want: "new: v1", have: "v1"}, keepOld: day}, []string{"conflict renamed-not-ours: new"}, ""},
		"never ours, theirs": {renames{scene: scene{want: "new: v1", live: "old: v1"}, keepOld: day}, []string{"conflict renamed-not-ours: new"}, ""},
		"a lost state":       {renames{scene: scene{want: "new: v1", live: "new: v1\nold: v1"}, keepOld: day}, []string{"= adopt new -> v1"}, "is not ours: it is not dropped"},
		"a killed run":       {renames{scene: scene{want: "new: v1", last: "old: v1", live: "new: v1\nold: v1", pending: "new: - > v1"}, keepOld: day}, nil, "dropped in 1d"},
		"only the new one":   {renames{scene: scene{want: "new: v1", last: "old: v1", live: "old: v1", options: planner.Options{Only: some("new")}}, keepOld: day}, []string{"+ new -> v1"}, "dropped in 1d"},
		"after a rollback":   {renames{scene: scene{want: "new: v2", last: "old: v1", live: "old: v1", have: "v2"}, mark: "v2"}, []string{"- old (v1)", "conflict rolled-back: new"}, ""},
		"both after it":      {renames{scene: scene{want: "new: v2", last: "old: v1", live: "old: v1", have: "v2"}, mark: "v2", keepOld: day}, []string{"conflict rolled-back: new", "conflict rolled-back: old"}, ""},
		"forward after it":   {renames{scene: scene{want: "new: v2", last: "old: v1", live: "old: v1", have: "v2", options: planner.Options{Forward: some("new")}}, mark: "v2"}, []string{"+ new -> v2", "- old (v1)"}, ""},
		"from where it is":   {renames{scene: scene{want: "new: v2", last: "old: v1", live: "old: v1", have: "v2"}, asks: &manifest.Cutover{From: "v1"}}, []string{"+ new -> v2", "- old (v1)"}, ""},
		"from elsewhere":     {renames{scene: scene{want: "new: v2", last: "old: v1", live: "old: v1", have: "v2"}, asks: &manifest.Cutover{From: "v0"}}, []string{"- old (v1)", "conflict from-mismatch: new"}, ""},
		"offline":            {renames{scene: scene{want: "new: v1", last: "old: v1", offline: true}, keepOld: day}, []string{"+ new -> v1"}, "dropped in 1d"},
	} {
		t.Run(name, func(t *testing.T) {
			p := tt.plan(t)
			if diff := cmp.Diff(tt.want, lines(p)); diff != "" || !strings.Contains(strings.Join(p.Notes, "\n"), tt.note) {
				t.Errorf("plan (-want +got):\n%s\nnotes %q", diff, p.Notes)
			}
			for _, s := range p.Steps {
				if s.Alias == "new" && s.RenamedFrom != "old" && name != "a lost state" || s.Op == planner.DropAlias && s.RenamedTo != "new" {
					t.Errorf("the step does not show the rename: %+v", s)
				}
			}
			for _, c := range p.Conflicts {
				if c.Kind == planner.RenamedNotOurs && (!strings.Contains(c.Reason, "a.yaml:3:9") || len(c.WaysOut) == 0) {
					t.Errorf("%+v", c)
				}
			}
		})
	}
}

// Readers of the old name meet what the new one is bound to, so that is compared with
// what they leave.
func TestARenameIsComparedWithWhatItLeaves(t *testing.T) {
	asks := &manifest.Cutover{Require: []manifest.Check{{Name: manifest.RowsWithin, Percent: 5}}}
	for want, compared := range map[string]bool{"new: v2": true, "new: v1": false} {
		r := renames{scene: scene{want: want, last: "old: v1", live: "old: v1", have: "v2"}, asks: asks}
		got := slices.ContainsFunc(r.plan(t).Checks, func(c planner.Check) bool { return c.Alias == "new" && c.Name == manifest.RowsWithin })
		if got != compared {
			t.Errorf("%s: compared %v", want, got)
		}
	}
}

// Whoever may read by the old name has to be able to read by the new one: where a grant
// on an alias counts by its name, that is granted too.
func TestReadersMayReadByTheNewName(t *testing.T) {
	for name, tt := range map[string]struct {
		want   string
		grants *planner.GrantFact
		lost   []string // without `grants: copy`
		copied []string // with it
	}{
		"by name": {"new: v1", granted(true, "r default/old Query"),
			[]string{"new same_grants | | 0 of 1 role | fail", `  role "r" loses Query`}, []string{"r default/new Query as on old"}},
		"by name, and another collection": {"new: v2", granted(true, "r default/old Query", "r default/v1 Query", "s default/v1 Search"),
			[]string{"new same_grants | 2 roles | 0 of 2 roles | fail", `  role "r" loses Query`, `  role "s" loses Search`},
			[]string{"r default/new Query as on old", "r default/v2 Query as on v1", "s default/v2 Search as on v1"}},
		"by collection":                         {"new: v1", granted(false, "r default/v1 Query", "s default/old Query"), []string{"new same_grants | | 0 of 0 roles | pass"}, nil},
		"by collection, and another collection": {"new: v2", granted(false, "r default/v1 Query"), []string{"new same_grants | 1 role | 0 of 1 role | fail", `  role "r" loses Query`}, []string{"r default/v2 Query as on v1"}},
	} {
		t.Run(name, func(t *testing.T) {
			same := []manifest.Check{{Name: manifest.SameGrants}}
			r := renames{scene: scene{want: tt.want, last: "old: v1", live: "old: v1", have: "v2"}, grants: tt.grants, asks: &manifest.Cutover{Require: same}}
			if diff := cmp.Diff(tt.lost, checks(r.plan(t))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			r.asks = &manifest.Cutover{Require: same, Grants: manifest.GrantsCopy}
			p := r.plan(t)
			if diff := cmp.Diff(tt.copied, copied(p)); diff != "" || p.Checks[0].Verdict != planner.CheckPassed {
				t.Errorf("%+v (-want +got)\n%s", p.Checks, diff)
			}
		})
	}
}

// A rollback of a rename that was also a switch leaves a collection, as any other does.
func TestARenameThatIsRolledBackLeavesAMark(t *testing.T) {
	sc := scene{want: "old: v1", last: "new: v2", live: "new: v2", have: "v1"}
	s := sc.state(t)
	s.Bindings[0].RenamedFrom = "old"
	p := planner.Compare(sc.desired(t), s, planner.Options{RollingBack: true, Now: noon}).Plan(sc.cluster(t))
	if diff := cmp.Diff([]string{"+ old -> v1", "- new (v2)"}, lines(p)); diff != "" {
		t.Fatal(diff)
	}
	if p.Steps[0].RolledBackFrom != "v2" {
		t.Errorf("%+v", p.Steps[0])
	}
}

// A drop and a create on one collection look like a rename, and the note shows how to
// write it; several do not.
func TestWhatLooksLikeARename(t *testing.T) {
	for text, want := range map[string]bool{
		"new: v1":        true,
		"new: v2":        false,
		"new: v1\nx: v1": false,
		"new: v1\nx: v2": true,
	} {
		p := scene{want: text, last: "old: v1", live: "old: v1", have: "v2"}.build(t)
		if got := strings.Contains(strings.Join(p.Notes, "\n"), "`new: {collection: v1, renamed_from: old, keep_old: 24h}`"); got != want {
			t.Errorf("%q: notes %q", text, p.Notes)
		}
	}
}

// Wherever both names are, and wherever a run is cut: until it is due the old name
// serves what the new one does, and afterwards it is gone; it never goes first.
func TestNoNameIsMissedInARename(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.SampledFrom([]string{"v1", "v2"})
		r := renames{keepOld: rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "keep")}
		r.want = "new: " + version.Draw(t, "want")
		r.have = "v1 v2"
		old := version.Draw(t, "old")
		r.last, r.live = "old: "+old, "old: "+old
		if rapid.Bool().Draw(t, "made") {
			at := version.Draw(t, "new")
			r.last += "\nnew: " + at
			r.live += "\nnew: " + at
			r.since = rapid.SampledFrom([]time.Duration{0, time.Minute, 2 * time.Hour}).Draw(t, "since")
		}
		p := r.plan(&testing.T{})
		if len(p.Conflicts) > 0 {
			t.Fatalf("%+v: conflicts %+v", r, p.Conflicts)
		}
		w := world{live: r.cluster(&testing.T{})}
		now := w.live.Databases["default"].Bindings
		for _, s := range p.Steps {
			w.apply(s)
			if now["old"] == "" && now["new"] == "" || s.Op == planner.DropAlias && now["new"] != s.To && now["new"] == "" {
				t.Fatalf("%+v: %q leaves no name", r, lines(p))
			}
		}
		due := r.keepOld == 0 || r.since >= r.keepOld && r.since > 0
		if want := strings.TrimPrefix(r.want, "new: "); now["new"] != want || due != (now["old"] == "") || !due && now["old"] != want {
			t.Fatalf("%+v: due %v, ends at %v by %q", r, due, now, lines(p))
		}
	})
}
