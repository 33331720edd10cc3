package faults

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// TestInterleavings explores, without sampling, one apply against one other
// client: every action of it at every point between two calls of ours, one
// action, then every pair of them (and every three with -sweep=full). The laws
// are promises "Cut anywhere", "Lost answers" and "Others at work", at every
// write, in every result, in the state after the run, and for the run after that.
func TestInterleavings(t *testing.T) {
	var count scene.Tally
	for _, d := range dramas() {
		for _, profile := range []emulator.Profile{emulator.V26, unguarded()} {
			depth := d.depth
			if scene.FullSweep() {
				depth++
			}
			x := exploration{drama: d, profile: profile, count: &count}
			x.explore(nil, 0, depth)
			if len(x.wrong) > 0 {
				t.Errorf("%s, guarded %v: %d of %d interleavings break a law; the first:\n%s",
					d.name, profile.Guard, len(x.wrong), x.runs, strings.Join(x.wrong[:min(3, len(x.wrong))], "\n\n"))
			}
			t.Logf("%s, guarded %v, up to %d actions: %d interleavings, %d states of the cluster", d.name, profile.Guard, depth, x.runs, len(x.states))
		}
	}
	t.Log(count.Text())
}

// unguarded is a server before 2.4.23: it drops a collection under its aliases.
func unguarded() emulator.Profile {
	p := emulator.V24
	p.Guard = false
	return p
}

// deed is something that the other client does.
type deed struct {
	name string
	do   func(*emulator.Emulator) error
	on   string // the alias that it changes, "" for none or several
}

func bindTo(alias, to string) deed {
	db, name := program.Place(alias)
	return deed{"binds " + alias + " to " + to, func(e *emulator.Emulator) error {
		if _, there := e.Bindings(db)[name]; there {
			return e.AlterAlias(db, name, to)
		}
		return e.CreateAlias(db, name, to)
	}, alias}
}

func unbind(alias string) deed {
	db, name := program.Place(alias)
	return deed{"drops " + alias, func(e *emulator.Emulator) error { return e.DropAlias(db, name) }, alias}
}

func dropCollection(collection string) deed {
	db, name := program.Place(collection)
	return deed{"drops collection " + collection, func(e *emulator.Emulator) error { return e.DropCollection(db, name) }, ""}
}

func recreateCollection(collection string) deed {
	db, name := program.Place(collection)
	return deed{"drops collection " + collection + " and creates it again", func(e *emulator.Emulator) error {
		if err := e.DropCollection(db, name); err != nil {
			return err
		}
		return e.CreateCollection(db, name)
	}, ""}
}

// drama is a story with the other client's possible deeds in it.
type drama struct {
	name string
	scene.Story
	recreate bool
	deeds    []deed
	depth    int // actions in a row
}

func dramas() []drama {
	blue := []string{"default/a", "default/b", "default/c"}
	rival := []deed{
		bindTo("default/x", "a"), bindTo("default/x", "b"), bindTo("default/x", "c"), unbind("default/x"),
		dropCollection("default/a"), dropCollection("default/b"), recreateCollection("default/b"),
	}
	retiree := []deed{
		bindTo("default/y", "a"), unbind("default/y"), bindTo("default/a", "b"), dropCollection("default/a"),
		recreateCollection("default/a"), bindTo("default/x", "a"), bindTo("default/x", "b"), unbind("default/x"),
	}
	switched := scene.Story{Existing: blue, Ours: map[string]string{"default/x": "a"}, Want: map[string]string{"default/x": "b"}}
	return []drama{
		{name: "create", depth: 2, deeds: rival, Story: scene.Story{Existing: blue, Want: map[string]string{"default/x": "b"}}},
		{name: "switch", depth: 2, deeds: rival, Story: switched},
		{name: "switch by drop and create", depth: 2, deeds: rival, Story: switched, recreate: true},
		{name: "drop", depth: 2, deeds: rival, Story: scene.Story{
			Existing: blue, Ours: map[string]string{"default/x": "a", "default/z": "c"}, Want: map[string]string{"default/z": "c"}}},
		{name: "retire", depth: 2, deeds: retiree, Story: scene.Story{
			Existing: blue, Ours: map[string]string{"default/x": "b"}, Want: map[string]string{"default/x": "b"}, Retire: []string{"default/a"}}},
		{name: "switch and retire", depth: 2, deeds: retiree, Story: switched.With(nil, "default/a")},
		{name: "everything", depth: 1, Story: scene.RichStory, deeds: []deed{
			bindTo("default/products", "products_v1"), bindTo("default/products", "products_v2"), bindTo("default/products", "products_v3"), unbind("default/products"),
			bindTo("default/reviews", "products_v1"), unbind("default/reviews"),
			bindTo("default/images", "images_v1"), bindTo("default/images", "foreign_v1"), bindTo("default/old", "old_v1"), bindTo("default/old", "foreign_v1"),
			unbind("default/old"), bindTo("default/legacy", "foreign_v1"), unbind("default/legacy"),
			bindTo("default/new", "products_v1"), bindTo("default/new", "old_v1"), bindTo("search/new", "products_v1"),
			bindTo("search/products", "products_v1"), bindTo("search/gone", "queries_v1"), bindTo("default/old_v1", "foreign_v1"),
			dropCollection("default/products_v1"), dropCollection("default/images_v1"), dropCollection("search/products_v2"), dropCollection("default/old_v1"),
			recreateCollection("default/products_v1"), recreateCollection("default/old_v1"), recreateCollection("default/products_v2"), recreateCollection("search/queries_v1"),
		}},
	}
}

// act is a deed before the call with a number.
type act struct {
	call int
	deed
}

// exploration is the tree of all runs of one drama.
type exploration struct {
	drama
	profile emulator.Profile
	count   *scene.Tally

	runs   int
	wrong  []string
	states map[string]bool
}

// explore plays the drama with these acts, and then with each possible further
// one, at every call from the last act on.
func (x *exploration) explore(acts []act, from, depth int) {
	s := x.play(acts)
	if s == nil {
		return // an act that the cluster refused changes nothing
	}
	x.runs++
	x.count.Count("interleavings")
	if len(s.wrong) > 0 {
		x.wrong = append(x.wrong, s.String())
	}
	if x.states == nil {
		x.states = map[string]bool{}
	}
	maps.Copy(x.states, s.states)
	if depth == 0 {
		return
	}
	for call := from; call <= s.calls; call++ {
		for _, d := range x.deeds {
			x.explore(append(slices.Clip(acts), act{call, d}), call, depth-1)
		}
	}
}

// play runs the drama once; nil when the other client could not act.
func (x *exploration) play(acts []act) *stage {
	s := &stage{Emulator: x.Build(x.profile), Story: x.Story, acts: acts, states: map[string]bool{}}
	db, name := program.Place(x.Existing[0])
	s.first = s.Collections(db)[name]
	s.store = s.State(s.Emulator, "http://127.0.0.1:19530")
	plan, live := s.plan(planner.Options{Switch: x.mode()})
	if len(plan.Conflicts) > 0 {
		s.differ("the plan has conflicts: %v", plan.Conflicts)
		return s
	}
	if proof := proof.Of(plan, live); !proof.OK {
		s.differ("the plan fails its proof: %v", proof)
		return s
	}
	s.on = true
	report, err := executor.Apply(context.Background(), plan, s.store, s, s, executor.Options{Parallel: 1, Clock: s, Settle: 2 * time.Second})
	s.reached(s.calls + 1)
	s.on = false
	if s.refused {
		return nil
	}
	s.report = report
	if err != nil {
		s.differ("apply: %v", err)
	}
	s.judge(x.mode())
	return s
}

func (x *exploration) mode() planner.SwitchMode {
	if x.recreate {
		return planner.ByRecreate
	}
	return planner.ByAlter
}
