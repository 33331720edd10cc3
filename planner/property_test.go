package planner_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// world is a random situation, small enough that names meet often.
type world struct {
	manifest *manifest.Manifest
	state    planner.State
	live     *planner.Live
}

var (
	databases   = []string{"default", "d2"}
	aliases     = []string{"p", "q", "r", "s"}
	collections = []string{"a", "b", "c", "d"}
)

func drawWorld(t *rapid.T) world {
	w := world{manifest: &manifest.Manifest{}, live: &planner.Live{Databases: map[string]*planner.LiveDatabase{}}}
	w.state.Serial = 3
	maybe := func(label string) bool { return rapid.Bool().Draw(t, label) }
	pick := func(label string) string { return rapid.SampledFrom(collections).Draw(t, label) }

	for _, name := range databases {
		live := &planner.LiveDatabase{Bindings: map[string]string{}, Aliases: map[string]struct{}{}, Collections: map[string]planner.LiveCollection{}}
		w.live.Databases[name] = live
		for _, c := range collections {
			if rapid.IntRange(0, 3).Draw(t, "exists") > 0 {
				live.Collections[c] = planner.LiveCollection{ID: name + "-" + c}
			}
		}
		desired := manifest.Database{Name: name}
		bound := map[string]bool{}
		for _, a := range aliases {
			if maybe("live") {
				if target := pick("at"); live.Collections[target].ID != "" {
					live.Bindings[a] = target
					live.Aliases[a] = struct{}{}
					c := live.Collections[target]
					c.Aliases = append(c.Aliases, a)
					live.Collections[target] = c
				}
			}
			switch rapid.IntRange(0, 3).Draw(t, "manifest") {
			case 0:
				desired.Releases = append(desired.Releases, manifest.Release{Alias: a})
			case 1, 2:
				target := pick("want")
				bound[target] = true
				want := manifest.Alias{Name: a, Collection: target, Protect: maybe("protect")}
				if maybe("load") {
					want.Cutover = &manifest.Cutover{OnFailure: manifest.SwitchBack, Load: &manifest.Loading{Timeout: manifest.DefaultLoadTimeout}}
				}
				desired.Aliases = append(desired.Aliases, want)
			}
			if maybe("state") {
				w.state.Bindings = append(w.state.Bindings, planner.Binding{Database: name, Alias: a, Collection: pick("last"), Protect: maybe("protected")})
			}
			if rapid.IntRange(0, 3).Draw(t, "pending") == 0 {
				w.state.Pending = append(w.state.Pending, planner.Announcement{Op: planner.AlterAlias, Database: name, Alias: a, From: pick("from"), To: pick("to")})
			}
		}
		for _, c := range collections {
			if !bound[c] && maybe("retire") {
				desired.Retire = append(desired.Retire, manifest.Retiree{Collection: c})
			}
			if rapid.IntRange(0, 4).Draw(t, "retired") == 0 {
				w.state.Retired = append(w.state.Retired, planner.Retired{Database: name, Collection: c, CollectionID: name + "-" + c + "-old"})
			}
		}
		if maybe("document") {
			w.manifest.Databases = append(w.manifest.Databases, desired)
		}
	}
	return w
}

// apply plays a step on the live side and, as a finished run would, on the
// state. It is the test's own model and knows nothing of the planner.
func (w *world) apply(s planner.Step) {
	d := w.live.Databases[s.Database]
	w.state.Pending = slices.DeleteFunc(slices.Clone(w.state.Pending), func(a planner.Announcement) bool {
		return a.Database == s.Database && a.Alias == s.Alias && a.Collection == s.Collection
	})
	if s.Op == planner.LoadCollection {
		return
	}
	if s.Op == planner.DropCollection {
		delete(d.Collections, s.Collection)
		w.state.Retired = slices.DeleteFunc(w.state.Retired, func(r planner.Retired) bool {
			return r.Database == s.Database && r.Collection == s.Collection
		})
		w.state.Retired = append(w.state.Retired, planner.Retired{Database: s.Database, Collection: s.Collection, CollectionID: s.ID})
		return
	}
	if s.Op.Writes() {
		w.bindLive(s.Database, s.Alias, s.To)
	}
	w.state.Bindings = slices.DeleteFunc(w.state.Bindings, func(b planner.Binding) bool {
		return b.Database == s.Database && b.Alias == s.Alias
	})
	if s.To != "" {
		w.state.Bindings = append(w.state.Bindings, planner.Binding{Database: s.Database, Alias: s.Alias, Collection: s.To, Protect: s.Protect})
	}
}

func (w *world) bindLive(database, alias, to string) {
	d := w.live.Databases[database]
	for name, c := range d.Collections {
		c.Aliases = slices.DeleteFunc(slices.Clone(c.Aliases), func(a string) bool { return a == alias })
		if name == to {
			c.Aliases = append(c.Aliases, alias)
		}
		d.Collections[name] = c
	}
	delete(d.Bindings, alias)
	delete(d.Aliases, alias)
	if to != "" {
		d.Bindings[alias] = to
		d.Aliases[alias] = struct{}{}
	}
}

func (w world) clone() world {
	c := w
	c.state.Bindings = slices.Clone(w.state.Bindings)
	c.state.Retired = slices.Clone(w.state.Retired)
	c.state.Pending = slices.Clone(w.state.Pending)
	c.live = &planner.Live{Databases: map[string]*planner.LiveDatabase{}}
	for name, d := range w.live.Databases {
		c.live.Databases[name] = &planner.LiveDatabase{Bindings: maps.Clone(d.Bindings), Aliases: maps.Clone(d.Aliases), Collections: maps.Clone(d.Collections)}
	}
	return c
}

func drawOptions(t *rapid.T) planner.Options {
	o := planner.Options{Now: noon, OverwriteDrift: planner.Selection{All: true}, TakeOver: planner.Selection{All: true}, RetireAgain: planner.Selection{All: true}}
	if rapid.Bool().Draw(t, "recreate") {
		o.Switch = planner.ByRecreate
	}
	return o
}

// A comparison answers the same whatever it was asked before.
func TestAComparisonIsNotChangedByItsAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		o := drawOptions(t)
		fresh := func() *planner.Comparison { return planner.Compare(w.manifest, w.state, o) }
		c := fresh()
		c.Scope()
		c.Needs(w.live)
		c.Plan(nil)
		for name, diff := range map[string]string{
			"plan":  cmp.Diff(fresh().Plan(w.live), c.Plan(w.live)),
			"needs": cmp.Diff(fresh().Needs(w.live), c.Needs(w.live)),
			"scope": cmp.Diff(fresh().Scope(), c.Scope()),
		} {
			if diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

// Whatever the three versions are: the plan holds its proof; after it nothing
// is left to do; what is not managed was not touched.
func TestAfterAnApplyNothingIsLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		o := drawOptions(t)
		before := w.clone()
		p := planner.Compare(w.manifest, w.state, o).Plan(w.live)
		if proof := proof.Of(p, w.live); !proof.OK {
			t.Fatalf("proof: %q\nof %q", proof.Problems, lines(p))
		}
		for _, s := range p.Steps {
			w.apply(s)
		}
		again := planner.Compare(w.manifest, w.state, o).Plan(w.live)
		if len(again.Steps) != 0 {
			t.Fatalf("after %q a second plan is %q", lines(p), lines(again))
		}
		managed := map[planner.Key]bool{}
		for _, k := range planner.AliasKeys(before.manifest, before.state) {
			managed[k] = true
		}
		for name, d := range before.live.Databases {
			for alias, at := range d.Bindings {
				if now := w.live.Databases[name].Bindings[alias]; !managed[planner.Key{Database: name, Name: alias}] && now != at {
					t.Fatalf("unmanaged alias %s/%s moved from %q to %q", name, alias, at, now)
				}
			}
		}
		for name, d := range w.live.Databases {
			for alias, at := range d.Bindings {
				if _, exists := d.Collections[at]; !exists {
					t.Fatalf("alias %s/%s points at %q, which is dropped", name, alias, at)
				}
			}
		}
	})
}

// Cut anywhere: a run that was stopped after any number of steps, with its
// announcements in the state and none of its results, is finished by the next.
func TestEveryPrefixLeadsToTheSameEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		o := drawOptions(t)
		p := planner.Compare(w.manifest, w.state, o).Plan(w.live)
		whole := w.clone()
		for _, s := range p.Steps {
			whole.apply(s)
		}
		var writes []planner.Step
		for _, s := range p.Steps {
			if s.Op.Writes() {
				writes = append(writes, s.Halves()...)
			}
		}
		for cut := range len(writes) + 1 {
			killed := w.clone()
			for _, s := range writes {
				from := s.From
				if s.Op == planner.DropCollection {
					from = s.ID
				}
				killed.state.Pending = append(killed.state.Pending, planner.Announcement{Op: s.Op, Database: s.Database, Alias: s.Alias, Collection: s.Collection, From: from, To: s.To})
			}
			state := killed.state
			for _, s := range writes[:cut] {
				killed.apply(s)
			}
			killed.state = state // what the killed run knew is lost
			// The next run lifts nothing: what the first one announced is ours.
			next := planner.Compare(w.manifest, killed.state, planner.Options{Now: noon, Switch: o.Switch}).Plan(killed.live)
			for _, s := range next.Steps {
				killed.apply(s)
			}
			for _, s := range p.Steps {
				if s.Op == planner.DropCollection {
					_, exists := killed.live.Databases[s.Database].Collections[s.Collection]
					if exists {
						t.Fatalf("cut after %d of %q, then %q: collection %s is still there", cut, lines(p), lines(next), s.Collection)
					}
				} else if s.Op.Writes() {
					at, want := killed.live.Databases[s.Database].Bindings[s.Alias], whole.live.Databases[s.Database].Bindings[s.Alias]
					if at != want {
						t.Fatalf("cut after %d of %q, then %q: alias %s is at %q, want %q", cut, lines(p), lines(next), s.Alias, at, want)
					}
				}
			}
		}
	})
}
