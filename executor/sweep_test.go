package executor

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// requireAccurate says that after a run, whatever happened in it, the state
// tells the truth: each managed alias is where its binding says, or where an
// announcement says that it may be; and no step is called failed that happened.
// It looks now, and again when everything on its way has landed.
func (w *world) requireAccurate(t fataler, what string, report Report) {
	t.Helper()
	w.requireTold(t, what, report)
	for _, when := range []string{"at the end of the run", "when all has landed"} {
		w.requireKnown(t, what+", "+when)
		for _, r := range report.Results {
			if r.Op == planner.DropCollection {
				_, exists := w.collections[planner.Key{Database: r.Database, Name: r.Collection}]
				if exists == r.Done() && r.Outcome != Undecided {
					t.Fatalf("%s, %s: collection %s exists: %v, but its drop is %s", what, when, r.Collection, exists, r.Outcome)
				}
			} else if r.Op.Writes() && !r.Recreate {
				live, _ := w.target(planner.Key{Database: r.Database, Name: r.Alias})
				if (live == r.To) != r.Done() && r.Outcome != Undecided {
					t.Fatalf("%s, %s: %s/%s is at %q, but %s to %q is %s", what, when, r.Database, r.Alias, live, r.Op, r.To, r.Outcome)
				}
			}
		}
		w.settleDown()
	}
}

// requireTold says that the report of each cutover is where its members are,
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

// fataler is what *testing.T and *rapid.T have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// requireKnown says that no alias that is ours is at a place that the state
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

// requireFinish says that the same command again reaches the manifest without
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
	if last := w.plan(); len(last.Steps)+len(last.Conflicts)+len(w.stored.Pending) > 0 || !last.Housekeeping.Empty() {
		t.Fatalf("%s: a third plan is not empty: %+v", what, last)
	}
}

// requireForgettable says that announcements which are still too young to be
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

// kinds are the faults of the sweep.
var kinds = []struct {
	name  string
	fault fault
}{
	{"transient", fault{err: errTransient}},
	{"refused", fault{err: errRefused}},
	{"bad token", fault{err: errFatal}},
	{"lost before the effect", fault{err: errLost}},
	{"lost after the effect", fault{err: errLost, lands: atOnce}},
	{"lost, lands after 3 s", fault{err: errLost, lands: later, after: 3 * time.Second}},
	{"lost, lands after 20 s", fault{err: errLost, lands: later, after: 20 * time.Second}},
	{"lost, lands after an hour", fault{err: errLost, lands: later, after: time.Hour}},
}

// worlds are the plans of the sweep.
var worlds = map[string]func() *world{
	"alter": rich,
	"recreate": func() *world {
		w := rich()
		w.want.options.Switch = planner.ByRecreate
		return w
	},
	"zombie": func() *world {
		w := rich()
		w.addCollection(key("r0"))
		w.bind("reviews", "r0")
		delete(w.collections, key("r0"))
		return w
	},
	"group": func() *world {
		w := trio()
		w.want.cutovers["sparse"] = &manifest.Cutover{Group: "search", Canary: &manifest.Canary{}}
		return w
	},
	"canary says no": func() *world {
		w := trio()
		w.want.cutovers["sparse"] = &manifest.Cutover{Group: "search", Canary: &manifest.Canary{}}
		w.answers = func(name string, a *Answer) error {
			a.Digest += name
			return nil
		}
		return w
	},
	"one of one by drop and create": func() *world {
		w := solo(manifest.Cutover{Canary: &manifest.Canary{}})
		w.want.options.Switch = planner.ByRecreate
		w.answers = func(name string, a *Answer) error {
			a.Digest += name
			return nil
		}
		return w
	},
	"after a run to elsewhere was killed": func() *world {
		w := rich()
		w.addCollection(key("v9"))
		w.want.aliases["products"], w.want.aliases["reviews"] = "v9", "v2"
		w.stored = Announce(w.stored, w.plan(), w.now)
		w.want.aliases["products"], w.want.aliases["reviews"] = "v2", "r1"
		return w
	},
	"after a killed run": func() *world {
		w := rich()
		w.stored = Announce(w.stored, w.plan(), w.now)
		w.bind("products", "v2") // as far as it got
		w.bind("reviews", "r1")
		return w
	},
}

// TestEveryFaultAtEveryCall is promise 1 and 2 for faults of the network: at
// every call of a run, every kind of fault, once and from there on.
func TestEveryFaultAtEveryCall(t *testing.T) {
	runs := 0
	for name, build := range worlds {
		quiet := build()
		if report, err := quiet.apply(t, Options{}); err != nil || !report.Counts.Complete() && quiet.answers == nil {
			t.Fatal(name, err, outcomes(report))
		}
		for _, kind := range kinds {
			for n := 1; n <= len(quiet.calls); n++ {
				for _, lasting := range []bool{false, true} {
					what := fmt.Sprintf("%s: %s at call %d (%s), lasting %v", name, kind.name, n, quiet.calls[n-1], lasting)
					w := build()
					w.faults[n] = kind.fault
					if lasting {
						w.faulty = func(call) (fault, bool) { return kind.fault, len(w.calls) >= n }
					}
					report, err := w.apply(t, Options{})
					if err != nil {
						t.Fatal(what, err)
					}
					w.requireAccurate(t, what, report)
					w.requireFinish(t, what)
					runs++
				}
			}
		}
	}
	t.Logf("%d runs with a fault", runs)
}

// TestAKillAtEveryCall cuts a run before and after every call: what is stored
// is the announcement, and the cluster is wherever it was.
func TestAKillAtEveryCall(t *testing.T) {
	runs := 0
	for name, build := range worlds {
		quiet := build()
		if _, err := quiet.apply(t, Options{}); err != nil {
			t.Fatal(name, err)
		}
		for n := 1; n <= len(quiet.calls); n++ {
			for _, kind := range kinds[3:] {
				what := fmt.Sprintf("%s: killed in call %d (%s), %s", name, n, quiet.calls[n-1], kind.name)
				w := build()
				w.faults[n] = kind.fault
				w.faulty = func(call) (fault, bool) { return fault{err: errFatal}, len(w.calls) > n }
				w.saveErr[2] = errDisk // nothing is written after the kill
				_, _ = w.apply(t, Options{})
				w.requireKnown(t, what)
				w.settleDown()
				w.requireKnown(t, what+", when all has landed")
				w.requireFinish(t, what)
				runs++
			}
		}
	}
	t.Logf("%d runs killed", runs)
}

// TestSomebodyElseAtEveryCall lets another client act before every call. What
// it did to an alias stays, but for the one window that Milvus leaves open:
// between the read and the write of that very alias.
func TestSomebodyElseAtEveryCall(t *testing.T) {
	actions := map[string]struct {
		name string // of what it is done to
		do   func(w *world)
		ok   func(w *world) bool
	}{
		"moves products":  {"products", func(w *world) { w.bind("products", "other") }, func(w *world) bool { return w.live("products") == "other" }},
		"drops products":  {"products", func(w *world) { delete(w.aliases, key("products")) }, func(w *world) bool { return w.live("products") == "" }},
		"creates reviews": {"reviews", func(w *world) { w.bind("reviews", "other") }, func(w *world) bool { return w.live("reviews") == "other" }},
		"moves legacy":    {"legacy", func(w *world) { w.bind("legacy", "other") }, func(w *world) bool { return w.live("legacy") == "other" }},
		"points at v1": {"v1", func(w *world) {
			if _, exists := w.collections[key("v1")]; exists {
				w.bind("fresh", "v1")
			}
		}, func(w *world) bool { return w.aliases[key("fresh")] == row{} || w.live("fresh") == "v1" }},
		"creates v1 again": {"v1", func(w *world) { w.addCollection(key("v1")) }, func(w *world) bool { _, exists := w.collections[key("v1")]; return exists }},
	}
	runs := 0
	for _, name := range []string{"alter", "recreate"} {
		quiet := worlds[name]()
		quiet.addCollection(key("other"))
		if _, err := quiet.apply(t, Options{}); err != nil {
			t.Fatal(name, err)
		}
		for action, actor := range actions {
			for n := 1; n <= len(quiet.calls); n++ {
				what := fmt.Sprintf("%s: somebody %s before call %d (%s)", name, action, n, quiet.calls[n-1])
				w := worlds[name]()
				w.addCollection(key("other"))
				hit := call{}
				w.before = func(w *world, i int, c call) {
					if i == n {
						hit = c
						actor.do(w)
					}
				}
				report, err := w.apply(t, Options{})
				if err != nil {
					t.Fatal(what, err)
				}
				// The one window: a write that was decided on before.
				window := hit.changes && key(actor.name) == planner.Key{Database: hit.db, Name: hit.name}
				// The id of a collection is read one call earlier.
				window = window || action == "creates v1 again" && hit.op == "aliases-of" && hit.db == "default"
				// Recreate has a second one: it wants the alias absent after
				// its own drop, and cannot tell who dropped it.
				gap := name == "recreate" && action == "drops products"
				if !window && !gap && !actor.ok(w) {
					t.Errorf("%s: it was overwritten\n%v\n%s", what, w.writes(), outcomes(report))
				}
				for alias, collection := range w.want.aliases {
					if r := result(t, report, alias); r.Op.Writes() && !r.Done() && w.live(alias) == collection && r.Outcome == Failed {
						t.Errorf("%s: %s is called failed and happened", what, alias)
					}
				}
				runs++
			}
		}
	}
	t.Logf("%d runs with somebody else", runs)
}

// anyWorld is a wide world with faults at any calls; intn draws below n.
func anyWorld(intn func(what string, n int) int) *world {
	w := newWorld("a", "b", "c", "old")
	for i := range 1 + intn("aliases", 30) {
		name := fmt.Sprintf("alias%d", i)
		if was := []string{"", "a", "b"}[intn("was", 3)]; was != "" {
			w.own(name, was)
		}
		if to := []string{"", "a", "b", "c"}[intn("to", 4)]; to != "" {
			w.want.aliases[name] = to
		}
	}
	w.want.retire = []string{"old"}
	w.want.options.Switch = []planner.SwitchMode{planner.ByAlter, planner.ByRecreate}[intn("switch", 2)]
	for range intn("faults", 20) {
		w.faults[1+intn("call", 120)] = kinds[intn("kind", len(kinds))].fault
	}
	return w
}

func TestAnyFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := anyWorld(func(what string, n int) int { return rapid.IntRange(0, n-1).Draw(t, what) })
		report, err := w.carryOut(w.plan(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		w.requireAccurate(t, "with faults", report)
		w.requireFinish(t, "after faults")
	})
}

// TestAnyFaultsSideBySide is for the race detector: which step meets which
// fault depends on the schedule.
func TestAnyFaultsSideBySide(t *testing.T) {
	for seed := range uint64(100) {
		what := fmt.Sprintf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		w := anyWorld(func(_ string, n int) int { return random.IntN(n) })
		report, err := w.carryOut(w.plan(), Options{Parallel: 8})
		if err != nil {
			t.Fatal(what, err)
		}
		w.requireAccurate(t, what, report)
		w.requireFinish(t, what)
	}
}
