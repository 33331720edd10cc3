package executor

import (
	"maps"
	"slices"
	"strings"
	"time"

	"aliasctl/planner"
)

// The laws of every run. Sweeps ask for them, and so does any test of a fault.

// requireAccurate reports that after a run, whatever happened in it, the state
// tells the truth: each managed alias is where its binding says, or where an
// announcement reports that it may be; and no step is called failed that happened.
// It looks now, and again when everything on its way has landed.
func (w *world) requireAccurate(t fataler, what string, report Report) {
	t.Helper()
	w.requireTold(t, what, report)
	if len(w.breaches) > 0 {
		t.Fatalf("%s: %v\n%s", what, w.breaches, outcomes(report))
	}
	for _, when := range []string{"at the end of the run", "when all has landed"} {
		w.requireKnown(t, what+", "+when)
		for _, r := range report.Results {
			if r.Op == planner.ReleaseCollection {
				k := planner.Key{Database: r.Database, Name: r.Collection}
				if m := w.memory[k]; w.collections[k] != "" && (m != nil && m.state == "LoadStateNotLoad") != r.Done() && r.Outcome != Undecided {
					t.Fatalf("%s, %s: %s is in memory: %v, but its release is %s", what, when, k, m == nil, r.Outcome)
				}
			} else if r.Op == planner.LoadCollection {
				if m := w.memory[planner.Key{Database: r.Database, Name: r.Collection}]; r.Done() && m != nil && m.state != planner.Loaded {
					t.Fatalf("%s, %s: %s is %s, but its load is %s", what, when, r.Collection, m.state, r.Outcome)
				}
			} else if r.Op == planner.GrantPrivilege {
				g := planner.Grant{Database: r.Database, ObjectType: r.ObjectType, Object: r.Collection, Privilege: r.Privilege}
				with := slices.ContainsFunc(report.Results, func(other Result) bool { // which brings it along
					return other.Privilege == "Load" && other.Role == r.Role && strings.HasPrefix(r.Privilege, "GetLoad") && (other.Done() || other.Outcome == Undecided)
				})
				if has := w.roles[r.Role][g]; has != r.Done() && r.Outcome != Undecided && !with {
					t.Fatalf("%s, %s: role %s has %s on %s: %v, but its grant is %s", what, when, r.Role, r.Privilege, r.Collection, has, r.Outcome)
				}
			} else if r.Op == planner.DropCollection {
				_, exists := w.collections[planner.Key{Database: r.Database, Name: r.Collection}]
				if exists == r.Done() && r.Outcome != Undecided {
					t.Fatalf("%s, %s: collection %s exists: %v, but its drop is %s", what, when, r.Collection, exists, r.Outcome)
				}
			} else if r.Op.Writes() {
				live, _ := w.target(planner.Key{Database: r.Database, Name: r.Alias})
				if (live == r.To) != r.Done() && r.Outcome != Undecided {
					t.Fatalf("%s, %s: %s/%s is at %q, but %s to %q is %s", what, when, r.Database, r.Alias, live, r.Op, r.To, r.Outcome)
				}
			}
		}
		w.settleDown()
	}
}

// requireTold reports that the report of each cutover is where its members are,
// that no group is on both sides without saying so, and that what is on green
// unverified is told too.
func (w *world) requireTold(t fataler, what string, report Report) {
	t.Helper()
	for _, c := range report.Cutovers {
		sides := map[bool]int{}
		for _, m := range c.Members {
			step := report.Results[m.Step]
			live, _ := w.target(planner.Key{Database: c.Database, Name: m.Alias})
			sides[live == step.To]++
			if m.Stands != Uncertain && (m.At != live || (m.Stands == OnGreen) != (live == step.To)) {
				t.Fatalf("%s: %s is at %q, and its cutover says %s %q\n%s", what, m.Alias, live, m.Stands, m.At, outcomes(report))
			}
		}
		if len(sides) > 1 && !c.Split {
			t.Fatalf("%s: the group %v is mixed and nothing says so\n%s", what, sides, outcomes(report))
		}
		if (c.Split || c.Err != nil) && report.Counts.Complete() && !report.VerificationFailed && !report.SwitchBackFailed {
			t.Fatalf("%s: %+v, and the report looks well", what, c)
		}
		if c.Split && !report.SwitchBackFailed && report.Counts.Unknown == 0 && !is[*MovedError](c.Err) {
			t.Fatalf("%s: nothing hindered %+v\n%s", what, c, outcomes(report))
		}
	}
}

// requireKnown reports that no alias that is ours is at a place that the state
// does not know of.
func (w *world) requireKnown(t fataler, what string) {
	t.Helper()
	known := map[planner.Key]map[string]bool{}
	add := func(k planner.Key, collection string) {
		if known[k] == nil {
			known[k] = map[string]bool{}
		}
		known[k][collection] = true
	}
	for _, b := range w.stored.Bindings {
		add(bindingKey(b), b.Collection)
	}
	for _, a := range w.stored.Pending {
		if a.Op != planner.DropCollection {
			add(planner.Key{Database: a.Database, Name: a.Alias}, a.From)
			add(planner.Key{Database: a.Database, Name: a.Alias}, a.To)
		}
	}
	for k, collections := range known {
		if live, _ := w.target(k); !collections[live] {
			t.Fatalf("%s: %s is at %q, and the state knows only %v\npending %v", what, k, live, slices.Sorted(maps.Keys(collections)), w.stored.Pending)
		}
	}
}

// requireFinish reports that the same command again reaches the manifest without
// a conflict, that the state then equals the cluster with nothing pending, and
// that a third run has nothing to do.
func (w *world) requireFinish(t fataler, what string) {
	t.Helper()
	w.faults, w.faulty, w.answers = map[int]fault{}, nil, nil
	plan := w.plan()
	if len(plan.Conflicts) > 0 {
		t.Fatalf("%s: the next plan takes our own work for somebody else's: %+v\npending %v", what, plan.Conflicts, w.stored.Pending)
	}
	report, err := w.carryOut(plan, Options{})
	if err != nil || !report.Counts.Complete() {
		t.Fatalf("%s: the next run does not finish: %v\n%s", what, err, outcomes(report))
	}
	if len(w.stored.Bindings) != len(w.want.aliases) {
		t.Fatalf("%s: the state after the next run: %+v", what, w.stored)
	}
	w.requireForgettable(t, what)
	for alias, collection := range w.want.aliases {
		if live := w.live(alias); live != collection {
			t.Fatalf("%s: %s ended at %q, want %q", what, alias, live, collection)
		}
	}
	w.requireKnown(t, what+", after the next run")
	for _, name := range w.want.retire {
		if _, exists := w.collections[key(name)]; exists {
			t.Fatalf("%s: %s still exists", what, name)
		}
	}
	for _, name := range w.want.keep {
		if m := w.memory[key(name)]; w.collections[key(name)] == "" || m == nil || m.state != "LoadStateNotLoad" {
			t.Fatalf("%s: %s is %+v", what, name, m)
		}
	}
	if last := w.plan(); len(last.Steps)+len(last.Conflicts)+len(w.stored.Pending) > 0 || !last.Housekeeping.Empty() {
		t.Fatalf("%s: a third plan is not empty: %+v", what, last)
	}
}

// requireForgettable reports that announcements which are still too young to be
// forgotten make no work: a third run has no steps and writes nothing, and the
// first one that finds them old clears them.
func (w *world) requireForgettable(t fataler, what string) {
	t.Helper()
	if len(w.stored.Pending) == 0 {
		return
	}
	saves := len(w.saves)
	for _, later := range []time.Duration{0, time.Hour} {
		w.advance(later)
		plan := w.plan()
		if len(plan.Steps)+len(plan.Conflicts) > 0 {
			t.Fatalf("%s: the third plan has steps: %+v\npending %v", what, plan, w.stored.Pending)
		}
		if _, err := w.carryOut(plan, Options{}); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if wrote := len(w.saves) > saves; wrote != (later > 0) {
			t.Fatalf("%s: %v later the state was written: %v", what, later, wrote)
		}
	}
}

// fataler is what *testing.T and *rapid.T have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}
