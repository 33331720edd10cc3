package executor

import (
	"slices"
	"testing"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/rollback"
)

// A name is taken by two writes with nothing in between, and the way back is recorded.
func TestDisplace(t *testing.T) {
	w := worlds["displace"]()
	report, err := w.apply(t, Options{})
	r := result(t, report, "products")
	if err != nil || r.Outcome != Applied || w.live("products") != "v2" || w.collections[key("products_v1")] == "" || w.collections[key("products")] != "" {
		t.Fatalf("%v\n%s", err, outcomes(report))
	}
	at := slices.IndexFunc(w.calls, func(c call) bool { return c.op == "rename" })
	if next := w.calls[at+1]; next.op != "create" || next.name != "products" {
		t.Errorf("behind the rename comes %v", next)
	}
	if w.live("other") != "products_v1" {
		t.Errorf("an alias of the collection is at %q", w.live("other"))
	}
	changes := w.stored.History[len(w.stored.History)-1].Changes
	i := slices.IndexFunc(changes, func(c planner.Change) bool { return c.Alias == "products" })
	if i < 0 || changes[i].From != "products_v1" || changes[i].FromID == "" || changes[i].To != "v2" {
		t.Errorf("the history has %+v", changes)
	}
	// A rollback goes to the renamed collection, by alter.
	serial, err := rollback.Previous(w.stored)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := rollback.To(w.stored, serial)
	if err != nil || !slices.ContainsFunc(m.Databases[0].Aliases, func(a manifest.Alias) bool { return a.Name == "products" && a.Collection == "products_v1" }) {
		t.Errorf("the rollback wants %+v, %v", m, err)
	}
}

// What an alias has taken the name of is known from then on: after a switch, in a run
// that comes after one that was cut, and where the alias stays with that collection.
func TestADisplacementIsRemembered(t *testing.T) {
	remembered := func(w *world) string {
		i := slices.IndexFunc(w.stored.Bindings, func(b planner.Binding) bool { return b.Alias == "products" })
		return w.stored.Bindings[i].Displaced
	}
	w := worlds["displace"]()
	if _, err := w.apply(t, Options{}); err != nil || remembered(w) != "products_v1" {
		t.Fatal(err, w.stored.Bindings)
	}
	w.want.aliases["products"] = "r1"
	if _, err := w.apply(t, Options{}); err != nil || w.live("products") != "r1" || remembered(w) != "products_v1" {
		t.Error(err, w.stored.Bindings)
	}
	for _, op := range []string{"rename", "create"} { // killed with its effect
		w := worlds["displace"]()
		w.faulty = func(c call) (fault, bool) {
			return fault{err: errLost, lands: atOnce}, c.op == op || slices.ContainsFunc(w.calls[:len(w.calls)-1], func(c call) bool { return c.op == op })
		}
		w.saveErr[2] = errDisk
		_, _ = w.apply(t, Options{})
		clear(w.saveErr)
		w.requireFinish(t, "cut at "+op)
		if remembered(w) != "products_v1" {
			t.Errorf("cut at the %s: %+v", op, w.stored.Bindings)
		}
	}
	w = worlds["displace by itself, with a canary"]()
	if _, err := w.apply(t, Options{}); err != nil || remembered(w) != "products_v1" {
		t.Error(err, w.stored.Bindings)
	}
	serial, err := rollback.Previous(w.stored)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := rollback.To(w.stored, serial)
	if err != nil || !slices.ContainsFunc(m.Databases[0].Aliases, func(a manifest.Alias) bool { return a.Name == "products" && a.Collection == "products_v1" }) {
		t.Errorf("the rollback wants %+v, %v", m, err)
	}
}

// When the alias cannot be created, the collection gets its name back.
func TestADisplacementIsUndone(t *testing.T) {
	for name, f := range map[string]fault{"refused": {err: errRefused}, "never answered": {err: errLost}, "busy": {err: errTransient}} {
		w := worlds["displace"]()
		w.faulty = func(c call) (fault, bool) { return f, c.op == "create" && c.name == "products" }
		report, err := w.apply(t, Options{})
		r := result(t, report, "products")
		if err != nil || r.Outcome != Failed || !is[*UndoneError](r.Err) || w.collections[key("products")] == "" || w.collections[key("products_v1")] != "" {
			t.Errorf("%s: %v, %v\n%s", name, err, w.collections, outcomes(report))
		}
		if !report.Changed() {
			t.Errorf("%s: nothing is said to have changed", name)
		}
		w.requireFinish(t, name)
	}
	// Nor can it be renamed back: the next run creates the alias.
	w := worlds["displace"]()
	w.faulty = func(c call) (fault, bool) {
		return fault{err: errRefused}, c.op == "create" && c.name == "products" || c.op == "rename" && c.to == "products"
	}
	report, err := w.apply(t, Options{})
	if r := result(t, report, "products"); err != nil || r.Outcome != Failed || !is[*StrandedError](r.Err) {
		t.Errorf("%v\n%s", err, outcomes(report))
	}
	w.requireFinish(t, "stranded")
}
