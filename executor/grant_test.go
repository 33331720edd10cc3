package executor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// permit grants a role privileges on a collection of the default database.
func (w *world) permit(role, collection string, privileges ...string) {
	if w.roles == nil {
		w.roles = map[string]map[planner.Grant]bool{}
	}
	if w.roles[role] == nil {
		w.roles[role] = map[planner.Grant]bool{}
	}
	for _, p := range privileges {
		w.roles[role][grantOn(collection, p)] = true
	}
}

// grantOn is a grant of the default database; a privilege in brackets is a group.
func grantOn(collection, privilege string) planner.Grant {
	g := planner.Grant{Database: manifest.DefaultDatabase, ObjectType: "Collection", Object: collection, Privilege: privilege}
	if name, ok := strings.CutPrefix(privilege, "["); ok {
		g.ObjectType, g.Privilege = "Global", strings.TrimSuffix(name, "]")
	}
	return g
}

// granted is what the planner reads, nil for a world without roles.
func (w *world) granted() *planner.GrantFact {
	if w.roles == nil {
		return nil
	}
	f := &planner.GrantFact{Groups: map[string][]string{"CollectionReadOnly": {"Query", "Search"}}, Delayed: w.delayed}
	for _, role := range slices.Sorted(maps.Keys(w.roles)) {
		f.Roles = append(f.Roles, planner.Role{Name: role, Grants: slices.SortedFunc(maps.Keys(w.roles[role]), planner.Grant.Compare)})
	}
	return f
}

func (w *world) RoleGrants(ctx context.Context, db, role string) (grants []planner.Grant, err error) {
	readErr := w.read(ctx, "role", db, role, func() {
		if w.roles[role] == nil {
			err = &fakeError{class: Refused, text: "not found the role (code 65535)"}
		}
		grants = slices.SortedFunc(maps.Keys(w.roles[role]), planner.Grant.Compare)
	})
	if readErr != nil {
		err = readErr
	}
	return grants, err
}

func (w *world) Grant(ctx context.Context, role string, g planner.Grant) error {
	return w.setGrant(ctx, "grant", role, g, true)
}

func (w *world) Revoke(ctx context.Context, role string, g planner.Grant) error {
	return w.setGrant(ctx, "revoke", role, g, false)
}

// setGrant does what Milvus does: Load gives and takes two more.
func (w *world) setGrant(ctx context.Context, op, role string, g planner.Grant, has bool) error {
	return w.write(ctx, call{op: op, db: g.Database, name: g.Object, to: role + " " + g.Privilege}, func() error {
		all := []string{g.Privilege}
		if g.Privilege == "Load" {
			all = append(all, "GetLoadState", "GetLoadingProgress")
		}
		for _, p := range all {
			h := g
			h.Privilege = p
			had := w.roles[role][h]
			if delete(w.roles[role], h); has {
				w.roles[role][h] = true
			}
			if has && !had {
				w.grantedAt = w.now
			}
		}
		return nil
	})
}

// moveGrants does what a rename does from 2.6 on: single privileges go with the
// collection, privilege groups stay at the name. Before, all of them stay.
func (w *world) moveGrants(from, to planner.Key) {
	for _, grants := range w.roles {
		for g := range maps.Clone(grants) {
			if !w.delayed && g.ObjectType == "Collection" && g.Database == from.Database && g.Object == from.Name {
				delete(grants, g)
				g.Object = to.Name
				grants[g] = true
			}
		}
	}
}

// opened notes that an alias was bound to a collection that readers of the one it
// left may not read.
func (w *world) opened(k planner.Key, alias string) {
	for role, privileges := range w.readers[k.Name] {
		for _, p := range privileges {
			if !w.roles[role][grantOn(k.Name, p)] {
				w.breaches = append(w.breaches, fmt.Sprintf("%s was bound to %s, which role %s may not %s", alias, k, role, p))
			}
		}
	}
	if w.delayed && len(w.readers[k.Name]) > 0 && !w.grantedAt.IsZero() && w.now.Sub(w.grantedAt) < DelayedGrants {
		w.breaches = append(w.breaches, fmt.Sprintf("%s was bound to %s %v after a grant", alias, k, w.now.Sub(w.grantedAt)))
	}
}

// permitted is a world where two roles read what products leaves.
func permitted(w *world) *world {
	w.permit("reader", "v1", "Query", "Search", "[CollectionReadOnly]")
	w.permit("reader", "*", "Insert")
	w.permit("loader", "v1", "Load", "GetLoadState", "GetLoadingProgress", "Insert")
	w.permit("loader", "v2", "Insert")
	w.permit("other", "r1", "Query")
	c := manifest.Cutover{}
	if old := w.want.cutovers["products"]; old != nil {
		c = *old
	}
	c.Grants = manifest.GrantsCopy
	if w.want.cutovers == nil {
		w.want.cutovers = map[string]*manifest.Cutover{}
	}
	w.want.cutovers["products"] = &c
	w.readers = map[string]map[string][]string{"v2": {"reader": {"Query", "Search", "[CollectionReadOnly]"}, "loader": {"Load", "GetLoadState", "Insert"}}}
	return w
}

// displaced is a world where roles read a collection whose name an alias takes.
func displaced(delayed bool) *world {
	w := newWorld("products", "v2")
	w.delayed = delayed
	w.permit("reader", "products", "Query", "[CollectionReadOnly]")
	w.want.aliases = map[string]string{"products": "v2"}
	w.want.displace = map[string]string{"products": "products_v1"}
	w.want.cutovers = map[string]*manifest.Cutover{"products": {Grants: manifest.GrantsCopy}}
	all := map[string][]string{"reader": {"Query", "[CollectionReadOnly]"}}
	w.readers = map[string]map[string][]string{"v2": all, "products_v1": all}
	return w
}

func TestGrantsAreCopiedBeforeTheSwitch(t *testing.T) {
	w := permitted(rich())
	report, err := w.apply(t, Options{})
	want := []string{
		"grant default/v2 loader GetLoadState", "grant default/v2 loader GetLoadingProgress", "grant default/v2 loader Load",
		"grant default/v2 reader Query", "grant default/v2 reader Search", "grant default/v2 reader CollectionReadOnly",
		"alter default/products v2",
	}
	if err != nil || !report.Counts.Complete() || len(w.breaches) > 0 {
		t.Fatal(err, w.breaches, outcomes(report))
	}
	if !slices.Equal(w.writes()[:len(want)], want) {
		t.Errorf("%q, want first %q", w.writes(), want)
	}
	if w.roles["other"][grantOn("v2", "Query")] || w.roles["reader"][grantOn("v2", "Insert")] {
		t.Error("more was granted than blue had")
	}
	if waited := w.now.Sub(start); waited >= DelayedGrants {
		t.Errorf("it waited %v", waited)
	}
}

// Servers before 2.6 let a grant count later than they list it.
func TestDelayedGrantsAreWaitedFor(t *testing.T) {
	w := permitted(rich())
	w.delayed = true
	if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() || len(w.breaches) > 0 {
		t.Fatal(err, w.breaches, outcomes(report))
	}
	// Nothing is waited for where nothing was granted.
	w = permitted(rich())
	w.delayed = true
	for role, grants := range w.roles {
		for g := range maps.Clone(grants) {
			if g.Object == "v1" {
				g.Object = "v2"
				w.roles[role][g] = true
			}
		}
	}
	if report, err := w.apply(t, Options{}); err != nil || !report.Counts.Complete() || w.now.Sub(start) >= DelayedGrants {
		t.Errorf("%v after %v\n%s", err, w.now.Sub(start), outcomes(report))
	}
}

// A grant that fails switches nothing.
func TestAGrantThatFailsSwitchesNothing(t *testing.T) {
	for name, spoil := range map[string]func(w *world){
		"refused": func(w *world) {
			w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.op == "grant" }
		},
		"the list is refused": func(w *world) {
			w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.op == "role" }
		},
		"never answered": func(w *world) {
			w.faulty = func(c call) (fault, bool) { return fault{err: errLost}, c.op == "grant" }
		},
		"nobody there": func(w *world) {
			w.faulty = func(c call) (fault, bool) { return fault{err: errGone}, c.op == "role" }
		},
		"revoked from blue meanwhile": func(w *world) {
			w.before = func(w *world, _ int, c call) {
				if c.op == "role" {
					delete(w.roles["reader"], grantOn("v1", "[CollectionReadOnly]"))
				}
			}
		},
	} {
		w := permitted(rich())
		spoil(w)
		report, err := w.apply(t, Options{})
		if err != nil || w.live("products") != "v1" || w.live("reviews") != "" || report.Counts.Complete() {
			t.Errorf("%s: %v, products at %q\n%s", name, err, w.live("products"), outcomes(report))
		}
		if name == "revoked from blue meanwhile" && w.roles["reader"][grantOn("v2", "[CollectionReadOnly]")] {
			t.Errorf("%s: it was copied", name)
		}
	}
}

// What was granted for a switch that goes back is taken back, and nothing else.
func TestGrantsGoBackWithTheSwitch(t *testing.T) {
	back := func() *world {
		w := permitted(solo(manifest.Cutover{Canary: &manifest.Canary{}}))
		w.answers = func(name string, a *Answer) error {
			a.Digest += name
			return nil
		}
		return w
	}
	before := fmt.Sprint(back().roles)
	w := back()
	report, err := w.apply(t, Options{})
	if err != nil || w.live("products") != "v1" || fmt.Sprint(w.roles) != before {
		t.Errorf("%v, products at %q, roles %v\n%s", err, w.live("products"), w.roles, outcomes(report))
	}
	if n := report.Counts.SwitchedBack; n != len(report.Results) {
		t.Errorf("%d switched back\n%s", n, outcomes(report))
	}
	// One that had a part of what a grant brings along keeps it.
	w = back()
	w.permit("loader", "v2", "GetLoadState")
	if report, err = w.apply(t, Options{}); err != nil || !w.roles["loader"][grantOn("v2", "GetLoadState")] {
		t.Errorf("%v, %v\n%s", err, w.roles, outcomes(report))
	}
	// What another switch went to stays readable.
	w = back()
	w.own("second", "v1")
	w.want.aliases["second"] = "v2"
	report, err = w.apply(t, Options{})
	if err != nil || w.live("second") != "v2" || w.live("products") != "v1" || !w.roles["reader"][grantOn("v2", "[CollectionReadOnly]")] {
		t.Errorf("second at %q: %v, %v\n%s", w.live("second"), err, w.roles, outcomes(report))
	}
	// One that cannot be taken back is reported.
	w = back()
	w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.op == "revoke" }
	if report, err = w.apply(t, Options{}); err != nil || !slices.ContainsFunc(report.Results, func(r Result) bool { return is[*RevokeError](r.Err) }) {
		t.Errorf("%v\n%s", err, outcomes(report))
	}
}

// What was granted for a displacement that is undone is taken back, on both names.
func TestGrantsGoBackWithADisplacement(t *testing.T) {
	for _, delayed := range []bool{false, true} {
		before := fmt.Sprint(displaced(delayed).roles)
		w := displaced(delayed)
		w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.op == "create" }
		report, err := w.apply(t, Options{})
		if err != nil || fmt.Sprint(w.roles) != before {
			t.Errorf("%v, roles %v\nwant %v\n%s", err, w.roles, before, outcomes(report))
		}
		if report.Counts.SwitchedBack != len(report.Results)-1 || report.VerificationFailed || !report.Changed() || !report.Undone() {
			t.Errorf("undone %v, failed verification %v\n%s", report.Undone(), report.VerificationFailed, outcomes(report))
		}
		// One that cannot be taken back is reported, and not all is as before.
		w = displaced(delayed)
		w.faulty = func(c call) (fault, bool) { return fault{err: errRefused}, c.op == "create" || c.op == "revoke" }
		report, err = w.apply(t, Options{})
		if err != nil || report.Undone() || !slices.ContainsFunc(report.Results, func(r Result) bool { return is[*RevokeError](r.Err) }) {
			t.Errorf("undone %v, %v\n%s", report.Undone(), err, outcomes(report))
		}
	}
}

// A run that is stopped while it waits for grants switches nothing.
func TestStoppedBetweenGrantAndSwitch(t *testing.T) {
	w := permitted(rich())
	w.delayed = true
	stop := make(chan struct{})
	w.before = func(w *world, _ int, c call) {
		if c.op == "grant" && strings.HasSuffix(c.to, "Load") {
			close(stop)
		}
	}
	report, err := w.apply(t, Options{Stop: stop})
	if err != nil || w.live("products") != "v1" || !report.Interrupted {
		t.Errorf("%v, products at %q\n%s", err, w.live("products"), outcomes(report))
	}
	w.before = nil
	w.requireFinish(t, "again")
	if w.now.Sub(start) > time.Minute {
		t.Errorf("it took %v", w.now.Sub(start))
	}
}
