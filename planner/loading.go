package planner

import (
	"cmp"
	"slices"
	"time"

	"aliasctl/manifest"
)

// Load before the switch
//
// `load` brings green into memory before readers are sent to it. The step stands
// before every switch, also where green is loaded already: whether it is changes by
// itself, and a plan must not depend on that. What can be known of green only once it
// is in memory (that it is, its rows, the answers to golden queries) is checked after
// the loads and before the first switch. Until then these checks are pending, which
// refuses nothing.

// afterLoad is why a check is pending.
const afterLoad = "made after the load"

// loadOf is the load that an alias asks for, nil for none.
func (o Options) loadOf(e *managed) *manifest.Loading {
	switch {
	case e.want == nil:
		return nil
	case o.Load:
		return &manifest.Loading{Timeout: manifest.DefaultLoadTimeout}
	case e.want.Cutover == nil:
		return nil
	}
	return e.want.Cutover.Load
}

// loading is a collection that is to be loaded.
type loading struct {
	timeout time.Duration
	planned bool // it has its step
}

// loading are the collections of a database that are loaded for an alias which is
// not bound to them yet. A collection that several aliases ask for has the longest
// of their times.
func (d *database) loading(live *LiveDatabase, o Options, read bool) map[string]*loading {
	var all map[string]*loading
	for i := range d.aliases {
		e := &d.aliases[i]
		load := o.loadOf(e)
		if load == nil || live.Bindings[e.alias] == e.want.Collection {
			continue
		}
		if all == nil {
			all = make(map[string]*loading)
		}
		name := e.green(live, read)
		if all[name] == nil {
			all[name] = &loading{}
		}
		l := all[name]
		l.timeout = max(l.timeout, load.Timeout)
	}
	return all
}

// load adds the step that loads a collection to which an alias is bound, once.
func (b *builder) load(d *database, live *LiveDatabase, collection string) {
	load := b.loading[collection]
	if load == nil || load.planned {
		return
	}
	load.planned = true
	b.plan.Summary.Load++
	b.loads = append(b.loads, Step{
		Op: LoadCollection, Database: d.name, Collection: collection, ID: live.Collections[collection].ID,
		Timeout: load.timeout, Loaded: live.loadedAlready(collection),
	})
}

// loadedAlready reports that a collection was seen in memory.
func (l *LiveDatabase) loadedAlready(collection string) bool {
	f := l.Collections[collection].Facts
	return f != nil && f.Load != nil && f.Load.Why == "" && f.Load.State == Loaded
}

// awaitsLoad reports that a collection is loaded by the plan and is not in memory
// yet. One whose load state cannot be read is judged now: it will be as unknown then.
func (b *builder) awaitsLoad(live *LiveDatabase, collection string) bool {
	if b.loading[collection] == nil || live.loadedAlready(collection) {
		return false
	}
	f := live.Collections[collection].Facts
	return f == nil || f.Load == nil || f.Load.Why == ""
}

// needsMemory reports that a check asks for what only a loaded collection shows.
func needsMemory(name manifest.CheckName) bool {
	switch name {
	case manifest.Loaded, manifest.Rows, manifest.MinRows, manifest.RowsWithin, manifest.GoldenCheck:
		return true
	}
	return false
}

// requirements are the checks that are listed for an alias: those of `require`, and
// that what is loaded for it is.
func requirements(c *manifest.Cutover) []manifest.Check {
	is := func(name manifest.CheckName) func(manifest.Check) bool {
		return func(c manifest.Check) bool { return c.Name == name }
	}
	if c.Load == nil || slices.Contains(c.Waived, manifest.Loaded) || slices.ContainsFunc(c.Require, is(manifest.Loaded)) {
		return c.Require
	}
	all := append(slices.Clone(c.Require), manifest.Check{Name: manifest.Loaded})
	slices.SortStableFunc(all, func(a, b manifest.Check) int {
		names := manifest.CheckNames()
		return cmp.Compare(slices.Index(names, a.Name), slices.Index(names, b.Name))
	})
	return all
}
