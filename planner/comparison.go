package planner

import (
	"cmp"
	"maps"
	"slices"

	"aliasctl/manifest"
)

// Comparison is a manifest beside a state, one entry for each managed alias.
// It names what has to be read from the cluster, in two steps, and makes the
// plan of what was read. It is never changed: each call answers anew.
type Comparison struct {
	manifest  *manifest.Manifest
	state     State
	options   Options
	databases []*database
}

// Compare puts what the manifest wants beside what the state remembers.
func Compare(m *manifest.Manifest, s State, o Options) *Comparison {
	return &Comparison{manifest: m, state: s, options: o, databases: gather(m, s, o.Only)}
}

// Scope reports what has to be read from the cluster first.
func (c *Comparison) Scope() Scope {
	var scope Scope
	for _, d := range c.databases {
		ds := DatabaseScope{Name: d.name, Aliases: make(map[string]string, len(d.aliases))}
		for i := range d.aliases {
			e := &d.aliases[i]
			switch {
			case !e.ours.empty():
				// The latest value that a run gave it is the likeliest one.
				ds.Aliases[e.alias] = e.ours.latest()
			case e.want != nil:
				ds.Aliases[e.alias] = e.want.Collection
			}
			if e.want != nil {
				if n := len(ds.Targets); n == 0 || ds.Targets[n-1] != e.want.Collection {
					ds.Targets = append(ds.Targets, e.want.Collection)
				}
				ds.Names = ds.Names || e.want.Cutover != nil && e.want.Cutover.Keep != nil
			}
		}
		slices.Sort(ds.Targets)
		ds.Targets = slices.Compact(ds.Targets)
		if d.desired != nil && c.options.Only.Empty() {
			for _, r := range d.desired.Retire {
				ds.Retirees = append(ds.Retirees, r.Collection)
			}
			slices.Sort(ds.Retirees)
		}
		if d.desired != nil && c.options.Only.Empty() || len(ds.Aliases) > 0 {
			scope.Databases = append(scope.Databases, ds)
		}
	}
	return scope
}

// Needs is what has to be read beyond the bindings: it depends on where the
// aliases are, so it is asked for after the first read.
type Needs struct {
	Facts  []Inspection // sorted by database, collection
	Golden []GoldenRun
	// Serving are the switches whose green has to be able to serve; sorted, each
	// once.
	Serving []ServingRun
	// Grants are the databases of which it is asked who may do what; sorted.
	Grants []string
	// Retirees are collections that a pattern retires: their ids and all
	// aliases that point at them.
	Retirees []Key
}

// Size grows with what is asked. What was read may show that more is needed.
func (n Needs) Size() int {
	size := len(n.Golden) + len(n.Retirees) + len(n.Grants)
	for _, f := range n.Facts {
		for _, asked := range []bool{true, f.Load, f.Rows, f.Indexes, f.Schema} {
			if asked {
				size++
			}
		}
	}
	for _, s := range n.Serving {
		for _, asked := range []bool{s.Load, s.Rows} {
			if asked {
				size++
			}
		}
	}
	return size
}

// Needs reports what Plan will look at, given what was read so far: facts of the
// collections that an alias leaves and that it is bound to, of those that
// are dropped, and the collections that patterns retire.
func (c *Comparison) Needs(live *Live) Needs {
	if live == nil {
		return Needs{}
	}
	facts := make(map[Key]*Inspection)
	inspect := func(database, collection string) *Inspection {
		k := Key{database, collection}
		if facts[k] == nil {
			facts[k] = &Inspection{Database: database, Collection: collection}
		}
		return facts[k]
	}
	var needs Needs
	for _, d := range c.databases {
		in := live.Databases[d.name]
		if in == nil || in.Missing {
			continue
		}
		loading := d.loading(in, c.options)
		for name := range loading {
			if _, exists := in.Collections[name]; exists {
				inspect(d.name, name).Load = true
			}
		}
		for _, e := range d.aliases {
			if e.want == nil {
				continue
			}
			if _, _, anew := e.anew(in); in.Bindings[e.alias] == e.want.Collection && !anew {
				continue
			}
			// What is to be loaded is counted and compared once it is: a query waits
			// for the end of a load.
			ready := loading[e.want.Collection] == nil || in.loadedAlready(e.want.Collection)
			needs.binding(d, e, in, c.options, ready, inspect)
			needs.serving(d, e, in, c.options, ready)
		}
		if d.desired == nil || !c.options.Only.Empty() {
			continue
		}
		var served left
		judged := false
		for _, r := range d.desired.Retire {
			if _, exists := in.Collections[r.Collection]; !exists {
				continue
			}
			inspect(d.name, r.Collection).Rows = true
			if r.KeepData {
				inspect(d.name, r.Collection).Load = true
			}
			if served == nil {
				served = leftOf(d, c.state, in)
			}
			judged = judged || d.mayBeNewcomer(served, in, r.Collection)
		}
		for i := range d.aliases {
			if to := d.aliases[i].wanted(); judged && to != "" {
				if _, exists := in.Collections[to]; exists {
					inspect(d.name, to) // for its id: is the retiree newer?
				}
			}
		}
		keeping := keepings(d, in)
		for _, s := range keeping.surplus {
			needs.Retirees = append(needs.Retirees, Key{d.name, s.name})
			inspect(d.name, s.name).Rows = true
			inspect(d.name, s.bound) // for its id: what is newer stays
		}
		for _, name := range keeping.kept {
			inspect(d.name, name) // likewise: a newer one takes no place
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(facts), Key.Compare) {
		needs.Facts = append(needs.Facts, *facts[k])
	}
	slices.SortFunc(needs.Golden, func(a, b GoldenRun) int {
		return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.Alias, b.Alias))
	})
	slices.SortFunc(needs.Serving, compareServing)
	needs.Serving = slices.Compact(needs.Serving)
	return needs
}

// binding adds what the checks of one binding look at.
func (n *Needs) binding(d *database, e managed, in *LiveDatabase, o Options, ready bool, inspect func(database, collection string) *Inspection) {
	blue, green := in.Bindings[e.alias], e.want.Collection
	if blue == green {
		blue = "" // made anew: what it was is gone
	}
	if _, exists := in.Collections[green]; !exists {
		return
	}
	if o.Identify || o.TargetIDs[Key{d.name, green}] != "" {
		inspect(d.name, green) // for its id
	}
	c := e.want.Cutover
	if c == nil {
		return
	}
	for _, check := range c.Require {
		switch check.Name {
		case manifest.Loaded:
			inspect(d.name, green).Load = true
		case manifest.Indexed:
			inspect(d.name, green).Indexes = true
		case manifest.MinRows, manifest.Rows:
			if !ready {
				continue
			}
			inspect(d.name, green).Rows = true
			if check.Name == manifest.Rows && blue != "" { // shown beside it
				inspect(d.name, blue).Rows = true
			}
		case manifest.Dimension, manifest.Metric, manifest.IndexType, manifest.Fields:
			inspect(d.name, green).Schema = true
			if blue != "" { // likewise
				inspect(d.name, blue).Schema = true
			}
		case manifest.RowsWithin:
			if blue != "" && ready {
				inspect(d.name, green).Rows = true
				inspect(d.name, blue).Rows = true
			}
		case manifest.SameSchema:
			if blue != "" {
				inspect(d.name, green).Schema = true
				inspect(d.name, blue).Schema = true
			}
		case manifest.SameGrants:
			n.grants(d.name)
		}
	}
	if c.Golden != nil && ready {
		n.Golden = append(n.Golden, GoldenRun{Database: d.name, Alias: e.alias, Blue: blue, Green: green, Golden: c.Golden})
	}
}

// grants asks for the grants of a database. They come sorted.
func (n *Needs) grants(database string) {
	if last := len(n.Grants) - 1; last < 0 || n.Grants[last] != database {
		n.Grants = append(n.Grants, database)
	}
}
