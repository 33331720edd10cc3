package planner_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/planner"
)

func TestPlansAsAReviewerReadsThem(t *testing.T) {
	tests := map[string]struct {
		scene
		plan []string
		note string // a part of one note
	}{
		"nothing to do": {
			scene{want: "products: v1", last: "products: v1", live: "products: v1"}, nil, "",
		},
		"a rebuilt index goes live and the old one goes": {
			scene{want: "products: v2", retire: "v1", last: "products: v1", live: "products: v1", have: "v1#11 v2#12"},
			[]string{"~ products: v1 -> v2", "! v1 #11"}, "",
		},
		"creations and switches before drops, drops before retirements, whatever their names": {
			scene{
				want: "a: a2\nz: z1", retire: "a1 y1", last: "a: a1\ny: y1", live: "a: a1\ny: y1",
				have: "a1#1 a2#2 y1#3 z1#4",
			},
			[]string{"~ a: a1 -> a2", "+ z -> z1", "- y (y1)", "! a1 #1", "! y1 #3"}, "",
		},
		"two databases keep their own aliases": {
			scene{want: "p: v2\nd2/p: v2", last: "p: v1\nd2/p: v1", live: "p: v1\nd2/p: v1", have: "v2 d2/v2"},
			[]string{"~ d2/p: v1 -> v2", "~ p: v1 -> v2"}, "",
		},
		"somebody switched it to what the manifest wants: adopted, told as drift": {
			scene{want: "p: v2", last: "p: v1", live: "p: v2"},
			[]string{"= adopt p -> v2 drift"}, "",
		},
		"first run finds it in place: adopted": {
			scene{want: "p: v1", live: "p: v1"}, []string{"= adopt p -> v1"}, "",
		},
		"somebody dropped it: created again, told as drift": {
			scene{want: "p: v1", last: "p: v1", have: "v1"}, []string{"+ p -> v1 drift"}, "",
		},
		"somebody dropped what the manifest no longer has: forgotten": {
			scene{last: "p: v1"}, []string{"= forget p drift"}, "",
		},
		"somebody moved it: a conflict": {
			scene{want: "p: v2", last: "p: v1", live: "p: v9", have: "v2"}, []string{"conflict drift: p"}, "",
		},
		"overwritten when asked": {
			scene{want: "p: v2", last: "p: v1", live: "p: v9", have: "v2", options: planner.Options{OverwriteDrift: some("p")}},
			[]string{"~ p: v9 -> v2 drift"}, "",
		},
		"gone from the manifest and moved by somebody: a conflict": {
			scene{last: "p: v1", live: "p: v9"}, []string{"conflict drift: p"}, "",
		},
		"dropped from where it is when asked": {
			scene{last: "p: v1", live: "p: v9", options: planner.Options{OverwriteDrift: planner.Selection{All: true}}},
			[]string{"- p (v9) drift"}, "",
		},
		"exists and was never ours: a conflict, and overwrite-drift does not lift it": {
			scene{want: "p: v2", live: "p: v1", have: "v2", options: planner.Options{OverwriteDrift: planner.Selection{All: true}}},
			[]string{"conflict not-ours: p"}, "",
		},
		"taken over when asked": {
			scene{want: "p: v2", live: "p: v1", have: "v2", options: planner.Options{TakeOver: some("p")}},
			[]string{"~ p: v1 -> v2"}, "",
		},
		"an alias that is not ours is left alone": {
			scene{want: "p: v1", last: "p: v1", live: "p: v1\nq: v1"}, nil, "",
		},
		"target missing": {
			scene{want: "p: v2", last: "p: v1", live: "p: v1"}, []string{"conflict target-missing: p"}, "",
		},
		"target not there yet, in a dry run before it is built": {
			scene{want: "p: v2", last: "p: v1", live: "p: v1", options: planner.Options{AllowMissingTargets: true}},
			[]string{"~ p: v1 -> v2"}, `collection "v2" is not there yet`,
		},
		"target is an alias, which a new server would follow silently": {
			scene{want: "p: q", live: "q: v1"}, []string{"conflict target-is-alias: p"}, "",
		},
		"alias named like a collection": {
			scene{want: "p: v1", have: "p v1"}, []string{"conflict alias-is-collection: p"}, "",
		},
		"no such database: one conflict, whatever is in it": {
			scene{noEntry: true, want: "d2/p: v1\nd2/q: v1", retire: "d2/v0", missing: "d2"},
			[]string{"conflict database-missing:"}, "",
		},
		"a database that left both manifest and cluster is forgotten": {
			scene{last: "d2/p: v1", missing: "d2"}, []string{"= forget d2/p drift"}, "",
		},
		"released: forgotten and left where it is": {
			scene{release: "p", last: "p: v1", live: "p: v1"}, []string{"= forget p"}, "",
		},
		"released and never ours: nothing": {
			scene{release: "p", live: "p: v1"}, nil, "",
		},
		"protect alone changes the state only": {
			scene{want: "p: v1!", last: "p: v1", live: "p: v1"}, []string{"= adopt p -> v1 protect"}, "",
		},
		"protect rides along with a switch": {
			scene{want: "p: v2!", last: "p: v1", live: "p: v1", have: "v2"}, []string{"~ p: v1 -> v2 protect"}, "",
		},
		"switch by drop and create": {
			scene{want: "p: v2", last: "p: v1\nx: v1", live: "p: v1\nx: v1", have: "v2", options: planner.Options{Switch: planner.ByRecreate}},
			[]string{"~ p: v1 -> v2 recreate", "- x (v1)"}, "",
		},

		// Retirements.
		"a retiree that an unmanaged alias reaches stays": {
			scene{retire: "v1", live: "other: v1", have: "v1#1"}, []string{"conflict still-aliased: v1"}, "",
		},
		"a retiree that a released alias reaches stays": {
			scene{retire: "v1", release: "p", last: "p: v1", live: "p: v1", have: "v1#1"},
			[]string{"= forget p", "conflict still-aliased: v1"}, "",
		},
		"a retiree that a conflict leaves bound stays": {
			scene{want: "p: v3", retire: "v9", last: "p: v1", live: "p: v9", have: "v3 v9#9"},
			[]string{"conflict drift: p", "conflict still-aliased: v9"}, "",
		},
		"a retiree goes when its last alias is dropped in the same plan": {
			scene{retire: "v1", last: "p: v1", live: "p: v1", have: "v1#1"}, []string{"- p (v1)", "! v1 #1"}, "",
		},
		"a retiree that is an alias": {
			scene{retire: "p", live: "p: v1"}, []string{"conflict retiree-is-alias: p"}, "",
		},
		"a retiree already gone": {
			scene{retire: "v1"}, nil, `collection "v1" is not there: already gone, or misspelt`,
		},
		"a retiree dropped before stays quiet": {
			scene{retire: "v1", retired: "v1#1"}, nil, "",
		},
		"a retiree that came back": {
			scene{retire: "v1", retired: "v1#1", have: "v1#2"}, []string{"conflict retiree-came-back: v1"}, "",
		},
		"a retiree that came back, first seen gone": {
			scene{retire: "v1", retired: "v1", have: "v1#2"}, []string{"conflict retiree-came-back: v1"}, "",
		},
		"retired again when asked": {
			scene{retire: "v1", retired: "v1#1", have: "v1#2", options: planner.Options{RetireAgain: some("v1")}},
			[]string{"! v1 #2"}, "",
		},
		"the same collection, recorded but not gone: dropped": {
			scene{retire: "v1", retired: "v1#1", have: "v1#1"}, []string{"! v1 #1"}, "",
		},

		// Unfinished runs.
		"created by a killed run, then removed from the manifest: dropped, not orphaned": {
			scene{pending: "p: - > v1", live: "p: v1"}, []string{"- p (v1)"}, "",
		},
		"announced by a killed run and never created: no step": {
			scene{pending: "p: - > v1"}, nil, "never created",
		},
		"switched by a killed run: not drift": {
			scene{want: "p: v2", last: "p: v1", pending: "p: v1 > v2", live: "p: v2"}, nil, "unfinished run",
		},
		"switched by a killed run, then the manifest changed": {
			scene{want: "p: v3", last: "p: v1", pending: "p: v1 > v2", live: "p: v2", have: "v3"}, []string{"~ p: v2 -> v3"}, "",
		},
		"two runs killed, and the first one's last request lands late": {
			scene{want: "p: v3", last: "p: v1", pending: "p: v1 > v2\np: v1 > v3", live: "p: v2", have: "v3"},
			[]string{"~ p: v2 -> v3"}, "",
		},
		"a killed run changed nothing yet": {
			scene{want: "p: v1", last: "p: v1", pending: "p: v1 > v2", live: "p: v1"}, nil, "unfinished run",
		},
		"a killed switch by drop and create left the alias unbound: not drift": {
			scene{want: "p: v2", last: "p: v1", pending: "p: v1 > -\np: - > v2", have: "v2"}, []string{"+ p -> v2"}, "",
		},
		"a killed run does not make other values ours": {
			scene{want: "p: v3", last: "p: v1", pending: "p: v1 > v2", live: "p: v9", have: "v3"}, []string{"conflict drift: p"}, "",
		},
		"a collection dropped by a killed run": {
			scene{retire: "v1", pending: "! v1#1"}, nil, "unfinished run",
		},
		"a collection that a killed run did not get to": {
			scene{retire: "v1", pending: "! v1#1", have: "v1#1"}, []string{"! v1 #1"}, "",
		},
		"a collection that a killed run dropped and somebody built anew": {
			scene{retire: "v1", pending: "! v1#1", have: "v1#2"}, []string{"conflict retiree-came-back: v1"}, "",
		},

		"only: the others and the retirements are left out": {
			scene{want: "p: v2\nq: v2", retire: "v0", last: "p: v1\nq: v1\nr: v1", live: "p: v1\nq: v1\nr: v1", have: "v2 v0#9", options: planner.Options{Only: some("q")}},
			[]string{"~ q: v1 -> v2"}, "leaves retirements out: v0",
		},
		"only: a database that is not asked for is not looked at": {
			scene{want: "p: v2\nd2/q: v1", last: "p: v1", live: "p: v1", have: "v2", missing: "d2", options: planner.Options{Only: some("p")}},
			[]string{"~ p: v1 -> v2"}, "",
		},
		"offline: the state is taken for the cluster": {
			scene{want: "p: v2\nn: v1", retire: "v1 v0", retired: "v0#1", last: "p: v1\nx: v1", offline: true},
			[]string{"+ n -> v1", "~ p: v1 -> v2", "- x (v1)", "conflict still-aliased: v1"}, `alias "x" is dropped and "n" created on the same collection, which looks like a rename`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := tt.build(t)
			p.Spell(dashed)
			if diff := cmp.Diff(tt.plan, lines(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			for _, c := range p.Conflicts {
				if c.Reason == "" || len(c.WaysOut) == 0 {
					t.Errorf("conflict %s has no reason or no way out: %+v", c.Kind, c)
				}
			}
			if notes := strings.Join(p.Notes, "\n"); !strings.Contains(notes, tt.note) || tt.note == "" && notes != "" {
				t.Errorf("notes are %q, want one with %q", notes, tt.note)
			}
		})
	}
}

func TestSummaryCounts(t *testing.T) {
	p := scene{
		want:    "new: v2\nmoved: v2\nsame: v1\nfound: v1\ndrifted: v2",
		release: "free", retire: "v0",
		last: "moved: v1\nsame: v1\ngone: v1\nfree: v1\ndrifted: v1",
		live: "moved: v1\nsame: v1\ngone: v1\nfree: v1\nfound: v1\ndrifted: v7",
		have: "v0#1 v2",
	}.build(t)
	want := planner.Summary{Create: 1, Switch: 1, Drop: 1, Retire: 1, Adopt: 1, Forget: 1, Unchanged: 1, Conflicts: 1}
	if diff := cmp.Diff(want, p.Summary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	recreated := scene{want: "p: v2", last: "p: v1", live: "p: v1", have: "v2", options: planner.Options{Switch: planner.ByRecreate}}.build(t)
	if diff := cmp.Diff(planner.Summary{Switch: 1}, recreated.Summary); diff != "" {
		t.Errorf("a switch by drop and create counts once (-want +got):\n%s", diff)
	}
}

func TestHousekeeping(t *testing.T) {
	tests := map[string]struct {
		scene
		want planner.Housekeeping
	}{
		"a settled announcement": {
			scene{want: "p: v2!", last: "p: v1!", pending: "p: v1 > v2", live: "p: v2"},
			planner.Housekeeping{Confirmed: []planner.Binding{{Database: "default", Alias: "p", Collection: "v2", Protect: true}}},
		},
		"an announcement that came to nothing": {
			scene{pending: "p: - > v1"},
			planner.Housekeeping{Abandoned: []planner.Key{key("p")}},
		},
		"a retiree gone at first sight gets a record without id": {
			scene{retire: "v1"},
			planner.Housekeeping{Retired: []planner.Retired{{Database: "default", Collection: "v1", DroppedAt: noon}}},
		},
		"one that an unfinished run dropped gets its id": {
			scene{retire: "v1", pending: "! v1#1"},
			planner.Housekeeping{Retired: []planner.Retired{{Database: "default", Collection: "v1", CollectionID: "1", DroppedAt: noon}}},
		},
		"a record falls with its entry": {
			scene{retired: "v1#1", pending: "! v2#2"},
			planner.Housekeeping{Unretired: []planner.Key{key("v1"), key("v2")}},
		},
		"with only, nothing of the retirements": {
			scene{retired: "v1#1", options: planner.Options{Only: some("p")}}, planner.Housekeeping{},
		},
		"nothing": {scene{want: "p: v1", last: "p: v1", live: "p: v1"}, planner.Housekeeping{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := tt.build(t)
			p.Spell(dashed)
			if diff := cmp.Diff(tt.want, p.Housekeeping); diff != "" {
				t.Errorf("housekeeping (-want +got):\n%s", diff)
			}
			if len(p.Steps) != 0 {
				t.Errorf("housekeeping is no step, got %v", lines(p))
			}
		})
	}
}

// A flag needs the database only where a run spans several.
func TestWaysOutNameTheFlagAsItWorks(t *testing.T) {
	one := scene{want: "p: v2", last: "p: v1", live: "p: v9", have: "v2"}.build(t)
	two := scene{want: "p: v2\nd2/q: v1", last: "p: v1\nd2/q: v1", live: "p: v9\nd2/q: v1", have: "v2"}.build(t)
	if out := one.Conflicts[0].WaysOut[1].String(); !strings.Contains(out, "`overwrite-drift p`") {
		t.Errorf("one database: %s", out)
	}
	if out := two.Conflicts[0].WaysOut[1].String(); !strings.Contains(out, "`overwrite-drift default/p`") {
		t.Errorf("two databases: %s", out)
	}
}

// The create of a killed run may land while the next run plans: until that is
// over the alias stays ours, without a step.
func TestAYoungAnnouncementIsKeptInMind(t *testing.T) {
	sc := scene{pending: "p: - > v1"}
	s := sc.state(t)
	s.Pending[0].At = noon.Add(-planner.LateWindow + time.Second)
	p := planner.Compare(sc.desired(t), s, planner.Options{Now: noon}).Plan(sc.cluster(t))
	if len(p.Steps) != 0 || !p.Housekeeping.Empty() || len(p.Notes) != 1 {
		t.Errorf("plan %q, housekeeping %+v, notes %q", lines(p), p.Housekeeping, p.Notes)
	}
	// A later run saw it and announced its drop: the create is over.
	seen := s
	seen.Pending = append(slices.Clone(s.Pending), planner.Announcement{Op: planner.DropAlias, Database: "default", Alias: "p", From: "v1", At: noon})
	p = planner.Compare(sc.desired(t), seen, planner.Options{Now: noon}).Plan(sc.cluster(t))
	if len(p.Steps) != 0 || len(p.Housekeeping.Abandoned) != 1 {
		t.Errorf("seen by a later run: plan %q, housekeeping %+v", lines(p), p.Housekeeping)
	}
	sc.live, sc.have = "p: v1", "v1"
	p = planner.Compare(sc.desired(t), s, planner.Options{Now: noon}).Plan(sc.cluster(t))
	if got := lines(p); !slices.Equal(got, []string{"- p (v1)"}) {
		t.Errorf("it landed: %q, want a drop", got)
	}
}
