package executor

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aliasctl/manifest"
	"aliasctl/planner"
)

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
	{"nobody there", fault{err: errGone}},
	{"cut before the effect", fault{err: errCut}},
	{"cut after the effect", fault{err: errCut, lands: atOnce}},
	{"answered by something else before the effect", fault{err: errTurned}},
	{"answered by something else after the effect", fault{err: errTurned, lands: atOnce}},
	{"answered by something else, lands after 3 s", fault{err: errTurned, lands: later, after: 3 * time.Second}},
	{"no such route", fault{err: errNoRoute}},
	{"no such route, and it took effect", fault{err: errNoRoute, lands: atOnce}},
	{"no such path before the effect", fault{err: errNoPath}},
	{"no such path after the effect", fault{err: errNoPath, lands: atOnce}},
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
	"load": func() *world {
		w := rich()
		w.want.cutovers = map[string]*manifest.Cutover{"products": {Load: &manifest.Loading{Timeout: time.Minute}}}
		w.unload("v2", 2*time.Second)
		return w
	},
	"release": func() *world {
		w := rich()
		w.want.retire, w.want.keep = []string{"eu/w1"}, []string{"v1"}
		return w
	},
	"displace": func() *world {
		w := newWorld("products", "v2", "r1")
		w.bind("other", "products")
		w.want.aliases = map[string]string{"products": "v2", "reviews": "r1"}
		w.want.displace = map[string]string{"products": "products_v1"}
		return w
	},
	"displace by itself, with a canary": func() *world {
		w := newWorld("products")
		w.want.aliases = map[string]string{"products": "products_v1"}
		w.want.displace = map[string]string{"products": "products_v1"}
		w.grouped(&manifest.Cutover{OnFailure: manifest.SwitchBack, Canary: &manifest.Canary{}})
		return w
	},
	"displace, and the canary says no": func() *world {
		w := newWorld("products", "v2")
		w.want.aliases = map[string]string{"products": "v2"}
		w.want.displace = map[string]string{"products": "products_v1"}
		w.grouped(&manifest.Cutover{OnFailure: manifest.SwitchBack, Canary: &manifest.Canary{}})
		w.answers = func(name string, a *Answer) error {
			a.Digest += name
			return nil
		}
		return w
	},
	"load for a group": func() *world {
		w := trio()
		for i, alias := range []string{"sparse", "dense"} {
			c := *w.want.cutovers[alias]
			c.Load = &manifest.Loading{Timeout: time.Minute}
			w.want.cutovers[alias] = &c
			w.unload(w.want.aliases[alias], time.Duration(i+1)*time.Second)
		}
		return w
	},
	"grants":                               func() *world { return permitted(rich()) },
	"grants for a displacement":            func() *world { return displaced(false) },
	"grants that count late, displacement": func() *world { return displaced(true) },
	"grants that go back": func() *world {
		w := permitted(solo(manifest.Cutover{Canary: &manifest.Canary{}}))
		w.answers = func(name string, a *Answer) error {
			a.Digest += name
			return nil
		}
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
		w.stored = Announce(w.stored, w.plan(), false, w.now)
		w.want.aliases["products"], w.want.aliases["reviews"] = "v2", "r1"
		return w
	},
	"after a killed run": func() *world {
		w := rich()
		w.stored = Announce(w.stored, w.plan(), false, w.now)
		w.bind("products", "v2") // as far as it got
		w.bind("reviews", "r1")
		return w
	},
}

// TestEveryFaultAtEveryCall is promises "Cut anywhere", "Lost answers" and
// "Partial failure is told truthfully" for faults of the network: at every call
// of a run, every kind of fault, once and from there on.
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
			for _, kind := range kinds[3:] { // nothing is refused
				what := fmt.Sprintf("%s: killed in call %d (%s), %s", name, n, quiet.calls[n-1], kind.name)
				w := build()
				w.faults[n] = kind.fault
				w.faulty = func(call) (fault, bool) { return fault{err: errFatal}, len(w.calls) > n }
				w.saveErr[2] = errDisk // nothing is written after the kill
				_, _ = w.apply(t, Options{})
				clear(w.saveErr)
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
	for _, name := range []string{"alter", "recreate", "release"} {
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
				if !window && len(w.breaches) > 0 {
					t.Errorf("%s: %v\n%v\n%s", what, w.breaches, w.writes(), outcomes(report))
				}
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
