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
	describes bool // an alias has `newest` in the place of a name
	chosen    bool // and it is decided
}

// Compare puts what the manifest wants beside what the state remembers.
func Compare(m *manifest.Manifest, s State, o Options) *Comparison {
	c := &Comparison{manifest: m, state: s, options: o, databases: gather(m, s, o.Only)}
	for _, d := range c.databases {
		if !o.RollingBack {
			d.renames(o)
		}
	}
	for i := range m.Databases {
		c.describes = c.describes || slices.ContainsFunc(m.Databases[i].Aliases, func(a manifest.Alias) bool { return a.Newest != nil })
	}
	return c
}

// Scope reports what has to be read from the cluster first.
func (c *Comparison) Scope() Scope {
	var scope Scope
	for _, d := range c.databases {
		ds := DatabaseScope{Name: d.name, Aliases: make(map[string]string, len(d.aliases))}
		for i := range d.aliases {
			e := &d.aliases[i]
			switch {
			case !e.ours.Empty():
				// The latest value that a run gave it is the likeliest one.
				ds.Aliases[e.alias] = e.ours.Latest()
			case e.want != nil:
				ds.Aliases[e.alias] = e.want.Collection
			}
			if to := e.leftNameless(); to.RenameTo != "" {
				ds.Targets = append(ds.Targets, e.alias, to.RenameTo)
			}
			if e.want != nil {
				if e.want.Displaces != nil {
					ds.Targets = append(ds.Targets, e.want.Displaces.RenameTo)
				}
				if n := len(ds.Targets); e.want.Newest == nil && (n == 0 || ds.Targets[n-1] != e.want.Collection) {
					ds.Targets = append(ds.Targets, e.want.Collection)
				}
				ds.Names = ds.Names || e.want.Newest != nil
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

// Empty reports that nothing has to be read.
func (n Needs) Empty() bool {
	return len(n.Facts)+len(n.Golden)+len(n.Serving)+len(n.Grants)+len(n.Retirees) == 0
}

// Except leaves out what was asked for before.
func (n Needs) Except(asked Needs) Needs {
	known := make(map[Key]Inspection, len(asked.Facts))
	for _, i := range asked.Facts {
		k := Key{i.Database, i.Collection}
		was := known[k]
		i.and(was)
		known[k] = i
	}
	left := Needs{
		Golden: without(n.Golden, asked.Golden), Serving: without(n.Serving, asked.Serving),
		Grants: without(n.Grants, asked.Grants), Retirees: without(n.Retirees, asked.Retirees),
	}
	for _, i := range n.Facts {
		was, before := known[Key{i.Database, i.Collection}]
		i.Load, i.Rows = i.Load && !was.Load, i.Rows && !was.Rows
		i.Indexes, i.Schema = i.Indexes && !was.Indexes, i.Schema && !was.Schema
		if !before || i.Load || i.Rows || i.Indexes || i.Schema {
			left.Facts = append(left.Facts, i)
		}
	}
	return left
}

// And is both.
func (n Needs) And(more Needs) Needs {
	return Needs{
		Facts: slices.Concat(n.Facts, more.Facts), Golden: slices.Concat(n.Golden, more.Golden), Serving: slices.Concat(n.Serving, more.Serving),
		Grants: slices.Concat(n.Grants, more.Grants), Retirees: slices.Concat(n.Retirees, more.Retirees),
	}
}

func without[E comparable](list, left []E) []E {
	known := make(map[E]bool, len(left))
	for _, e := range left {
		known[e] = true
	}
	return slices.DeleteFunc(slices.Clone(list), func(e E) bool { return known[e] })
}

// Needs reports what Plan will look at, given what was read so far: facts of the
// collections that an alias leaves and that it is bound to, of those that
// are dropped, and the collections that patterns retire. The answer depends on what
// was read, so it is asked for again until there is nothing new in it (Except).
func (c *Comparison) Needs(live *Live) Needs {
	if live == nil {
		return Needs{}
	}
	c, open := c.choose(live)
	facts := make(map[Key]*Inspection)
	inspect := func(database, collection string) *Inspection {
		k := Key{database, collection}
		if facts[k] == nil {
			facts[k] = &Inspection{Database: database, Collection: collection}
		}
		return facts[k]
	}
	var needs Needs
	for _, i := range open.Facts {
		inspect(i.Database, i.Collection).and(i)
	}
	for _, d := range c.databases {
		if slices.Contains(open.Grants, d.name) {
			needs.grants(d.name)
		}
		in := live.Databases[d.name]
		if in == nil || in.Missing {
			continue
		}
		loading := d.loading(in, c.options, true)
		for name := range loading {
			if _, exists := in.Collections[name]; exists {
				inspect(d.name, name).Load = true
			}
		}
		for _, e := range d.aliases {
			if to := e.leftNameless().RenameTo; to != "" {
				if _, exists := in.Collections[to]; exists {
					inspect(d.name, to) // for its id
				}
			}
			if e.want == nil || e.undecided() {
				continue
			}
			if _, _, anew := e.last.MadeAnew(in); in.Bindings[e.alias] == e.want.Collection && !anew {
				continue
			}
			// What is to be loaded is counted and compared once it is: a query waits
			// for the end of a load.
			ready := loading[e.green(in, true)] == nil || in.loadedAlready(e.green(in, true))
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
		for _, name := range keeping.idle {
			needs.Retirees = append(needs.Retirees, Key{d.name, name}) // its wait begins when no alias reaches it
		}
		for _, u := range keeping.unknown {
			inspect(d.name, u.name)
			inspect(d.name, u.bound)
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
	blue, green := e.leaves(in, true), e.green(in, true)
	if e.displaces(in, true) {
		inspect(d.name, e.alias) // for its id
		if !e.ignoresGrants() {
			n.grants(d.name)
		}
	}
	if blue == green {
		blue = "" // made anew, so what it was is gone; or a new name of it
	}
	if c := e.want.Cutover; c != nil && c.Grants == manifest.GrantsCopy && green != in.Bindings[e.alias] {
		n.grants(d.name) // shown also before green is built
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
	n.checks(d, c, blue, green, ready, inspect)
	if c.Golden != nil && ready {
		n.Golden = append(n.Golden, GoldenRun{Database: d.name, Alias: e.alias, Blue: blue, Green: green, Golden: c.Golden})
	}
}

// checks adds what `require` looks at; blue is "" where there is none. ready reports
// that green is not to be loaded first.
func (n *Needs) checks(d *database, c *manifest.Cutover, blue, green string, ready bool, inspect func(database, collection string) *Inspection) {
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
}

// grants asks for the grants of a database. They come sorted.
func (n *Needs) grants(database string) {
	if last := len(n.Grants) - 1; last < 0 || n.Grants[last] != database {
		n.Grants = append(n.Grants, database)
	}
}

// Unmanaged lists the aliases of the databases that were read which neither the
// manifest nor the state has, sorted.
func (c *Comparison) Unmanaged(live *Live) []Key {
	var out []Key
	for _, d := range c.databases {
		in := live.Databases[d.name]
		if in == nil {
			continue
		}
		for alias := range in.Aliases {
			if _, managed := d.find(alias); !managed {
				out = append(out, Key{d.name, alias})
			}
		}
	}
	slices.SortFunc(out, Key.Compare)
	return out
}
