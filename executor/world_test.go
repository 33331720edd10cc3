package executor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// world is a cluster in memory, its clock, the stored state and a manifest:
// all that an apply touches. It starts empty, and its one faulty thing is what
// a test asks for.
type world struct {
	mu          sync.Mutex
	now         time.Time
	events      []event // what lands later, in the order of arrival
	collections map[planner.Key]string
	aliases     map[planner.Key]row
	lastID      int
	memory      map[planner.Key]*memory // of collections that are not loaded at first
	breaches    []string                // aliases that were bound to what had to be loaded and was not

	roles     map[string]map[planner.Grant]bool // nil for a world without
	readers   map[string]map[string][]string    // of a collection: what roles have to have on it when an alias is bound to it
	delayed   bool                              // grants count later than they are listed
	grantedAt time.Time                         // the last one

	calls  []call
	faults map[int]fault // by the number of the call, from 1
	faulty func(call) (fault, bool)
	before func(w *world, n int, c call) // runs unlocked, just before the call takes effect

	stored  planner.State
	saves   []planner.State
	saveErr map[int]error // by the number of the save, from 1

	// answers changes what the canary read through a name is answered.
	answers func(name string, a *Answer) error

	want want
}

var start = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// newWorld is a world with these collections, written DATABASE/NAME; the
// database "default" may be left out.
func newWorld(collections ...string) *world {
	w := &world{
		now: start, collections: map[planner.Key]string{}, aliases: map[planner.Key]row{}, memory: map[planner.Key]*memory{},
		faults: map[int]fault{}, saveErr: map[int]error{},
		stored: planner.State{Version: planner.StateVersion, Lineage: "lineage", Serial: 7, Cluster: fakeURI, UpdatedAt: start.Add(-time.Hour)},
		want:   want{aliases: map[string]string{}},
	}
	for _, name := range collections {
		w.addCollection(key(name))
	}
	return w
}

var fakeURI = planner.Cluster{URI: "http://127.0.0.1:19530"}

func key(name string) planner.Key {
	if db, name, found := strings.Cut(name, "/"); found {
		return planner.Key{Database: db, Name: name}
	}
	return planner.Key{Database: manifest.DefaultDatabase, Name: name}
}

func (w *world) addCollection(k planner.Key) {
	w.lastID++
	w.collections[k] = strconv.Itoa(100 + w.lastID)
}

// bind makes an alias that is not ours.
func (w *world) bind(alias, collection string) {
	k := key(alias)
	w.aliases[k] = row{collection, w.collections[planner.Key{Database: k.Database, Name: collection}]}
}

// own makes an alias that an earlier apply bound.
func (w *world) own(alias, collection string) {
	w.bind(alias, collection)
	k := key(alias)
	w.stored.Bindings = append(w.stored.Bindings, planner.Binding{
		Database: k.Database, Alias: k.Name, Collection: collection, CollectionID: w.aliases[k].id, Since: start.Add(-time.Hour),
	})
	slices.SortFunc(w.stored.Bindings, func(a, b planner.Binding) int { return bindingKey(a).Compare(bindingKey(b)) })
}

// want is the manifest: aliases with their collections, and retirees.
type want struct {
	aliases  map[string]string
	cutovers map[string]*manifest.Cutover // of some aliases
	retire   []string
	keep     []string          // collections that are released and kept
	displace map[string]string // what collections with the names of aliases become
	options  planner.Options
}

func (w *world) manifest() *manifest.Manifest {
	databases := map[string]*manifest.Database{}
	get := func(name string) *manifest.Database {
		if databases[name] == nil {
			databases[name] = &manifest.Database{Name: name, Named: true}
		}
		return databases[name]
	}
	for alias, collection := range w.want.aliases {
		k := key(alias)
		d := get(k.Database)
		a := manifest.Alias{Name: k.Name, Collection: collection, Cutover: w.want.cutovers[alias]}
		if to := w.want.displace[alias]; to != "" {
			a.Displaces = &manifest.Displaced{RenameTo: to}
			c := manifest.Cutover{OnFailure: manifest.SwitchBack}
			if a.Cutover != nil {
				c = *a.Cutover
			}
			c.Grants = cmp.Or(c.Grants, manifest.GrantsIgnore)
			a.Cutover = &c
		}
		d.Aliases = append(d.Aliases, a)
	}
	for _, name := range w.want.retire {
		k := key(name)
		d := get(k.Database)
		d.Retire = append(d.Retire, manifest.Retiree{Collection: k.Name})
	}
	for _, name := range w.want.keep {
		k := key(name)
		d := get(k.Database)
		d.Retire = append(d.Retire, manifest.Retiree{Collection: k.Name, KeepData: true})
	}
	var m manifest.Manifest
	for _, d := range databases {
		slices.SortFunc(d.Aliases, func(a, b manifest.Alias) int { return cmp.Compare(a.Name, b.Name) })
		m.Databases = append(m.Databases, *d)
	}
	slices.SortFunc(m.Databases, func(a, b manifest.Database) int { return cmp.Compare(a.Name, b.Name) })
	return &m
}

// plan is what the planner makes of manifest, stored state and cluster.
func (w *world) plan() planner.Plan {
	live := &planner.Live{Databases: map[string]*planner.LiveDatabase{}}
	get := func(name string) *planner.LiveDatabase {
		if live.Databases[name] == nil {
			live.Databases[name] = &planner.LiveDatabase{
				Bindings: map[string]string{}, Aliases: map[string]struct{}{}, Collections: map[string]planner.LiveCollection{},
			}
		}
		return live.Databases[name]
	}
	for k, id := range w.collections {
		load := &planner.LoadFact{State: planner.Loaded, Progress: 100}
		if m := w.memory[k]; m != nil {
			load.State = m.state
		}
		get(k.Database).Collections[k.Name] = planner.LiveCollection{ID: id, Aliases: w.pointing(k), Facts: &planner.Facts{Load: load}}
	}
	for k := range w.aliases {
		if target, ok := w.target(k); ok {
			get(k.Database).Aliases[k.Name] = struct{}{}
			get(k.Database).Bindings[k.Name] = target
		}
	}
	if d := live.Databases[manifest.DefaultDatabase]; d != nil {
		d.Grants = w.granted()
	}
	o := w.want.options
	o.Cluster, o.Now = fakeURI, w.now
	return planner.Compare(w.manifest(), w.stored, o).Plan(live)
}

// apply plans and carries the plan out.
func (w *world) apply(t *testing.T, opts Options) (Report, error) {
	t.Helper()
	plan := w.plan()
	if len(plan.Conflicts) > 0 {
		t.Fatalf("the plan has conflicts: %+v", plan.Conflicts)
	}
	return w.carryOut(plan, opts)
}

// carryOut applies a plan that was made before. Steps run one at a time unless
// the test asks for more, so that calls have numbers.
func (w *world) carryOut(plan planner.Plan, opts Options) (Report, error) {
	if opts.Parallel == 0 {
		opts.Parallel = 1
	}
	opts.Clock = w
	return Apply(context.Background(), plan, w.stored, w, w, opts)
}

// live is where an alias resolves to, "" for nowhere.
func (w *world) live(alias string) string {
	target, _ := w.target(key(alias))
	return target
}

func (w *world) target(k planner.Key) (string, bool) {
	r, ok := w.aliases[k]
	if !ok || w.collections[planner.Key{Database: k.Database, Name: r.collection}] != r.id {
		return "", false
	}
	return r.collection, true
}

func (w *world) pointing(k planner.Key) []string {
	var aliases []string
	for a := range w.aliases {
		if target, ok := w.target(a); ok && a.Database == k.Database && target == k.Name {
			aliases = append(aliases, a.Name)
		}
	}
	slices.Sort(aliases)
	return aliases
}

// writes lists the calls that change something.
func (w *world) writes() []string {
	var writes []string
	for _, c := range w.calls {
		if c.changes {
			writes = append(writes, c.String())
		}
	}
	return writes
}

// settleDown lets everything land that is still on its way.
func (w *world) settleDown() { w.advance(24 * time.Hour) }

// result is that of the step about an alias or a collection; the last one when
// a switch by drop and create has two.
func result(t *testing.T, r Report, name string) Result {
	t.Helper()
	k := key(name)
	for _, result := range slices.Backward(r.Results) {
		if result.Database == k.Database && (result.Alias == k.Name || result.Collection == k.Name) {
			return result
		}
	}
	t.Fatalf("no result about %q in %s", name, outcomes(r))
	return Result{}
}

// outcomes is a report in one line a step.
func outcomes(r Report) string {
	var b strings.Builder
	for _, result := range r.Results {
		fmt.Fprintf(&b, "%s %s/%s%s: %s", result.Op, result.Database, result.Alias, result.Collection, result.Outcome)
		if result.Err != nil {
			fmt.Fprintf(&b, " (%v)", result.Err)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
