package planner

import (
	"slices"
	"strings"

	"aliasctl/manifest"
)

// managed is one alias of the key set: in the manifest, in the state, or
// announced by an unfinished run. Nothing else is ever looked at, so nothing
// else can be touched.
type managed struct {
	alias    string
	want     *manifest.Alias // nil when the manifest does not have it
	released bool            // the manifest asks to forget it
	last     *Binding        // nil when no apply has bound it
	ours     ours
}

// wanted is W of the truth table.
func (m managed) wanted() string {
	if m.want == nil {
		return ""
	}
	return m.want.Collection
}

// protected is the mark that the state has now.
func (m managed) protected() bool { return m.last != nil && m.last.Protect }

// database gathers the three versions of one database.
type database struct {
	name    string
	desired *manifest.Database // nil when the manifest does not name it
	aliases []managed          // sorted by name
	retired map[string]Retired
	// announced holds the ids of the drops that unfinished runs announced.
	announced map[string][]string
	// idle holds the retirees that wait for their drop.
	idle map[string]Idle
}

// gather sorts manifest and state into databases, by name. An alias that
// `only` leaves out is not in the result.
func gather(m *manifest.Manifest, s State, only Selection) []*database {
	byName := make(map[string]*database)
	get := func(name string) *database {
		d := byName[name]
		if d == nil {
			d = &database{name: name, retired: make(map[string]Retired), announced: make(map[string][]string), idle: make(map[string]Idle)}
			byName[name] = d
		}
		return d
	}
	selected := func(database, alias string) bool { return only.Empty() || only.Has(database, alias) }

	for i := range m.Databases {
		desired := &m.Databases[i]
		d := get(desired.Name)
		d.desired = desired
		for j := range desired.Aliases {
			if a := &desired.Aliases[j]; selected(d.name, a.Name) {
				d.aliases = append(d.aliases, managed{alias: a.Name, want: a})
			}
		}
	}
	for i := range s.Bindings {
		if b := &s.Bindings[i]; selected(b.Database, b.Alias) {
			d := get(b.Database)
			d.aliases = append(d.aliases, managed{alias: b.Alias, last: b, ours: ours{collections: []string{b.Collection}}})
		}
	}
	for _, p := range s.Pending {
		d := get(p.Database)
		switch {
		case p.Op == DropCollection:
			d.announced[p.Collection] = append(d.announced[p.Collection], p.From)
		case selected(p.Database, p.Alias):
			e := managed{alias: p.Alias}
			e.ours.add(p.From)
			e.ours.add(p.To)
			d.aliases = append(d.aliases, e)
		}
	}
	for _, r := range s.Retired {
		get(r.Database).retired[r.Collection] = r
	}
	for _, i := range s.Idle {
		get(i.Database).idle[i.Collection] = i
	}

	databases := make([]*database, 0, len(byName))
	for _, d := range byName {
		d.merge()
		databases = append(databases, d)
	}
	slices.SortFunc(databases, func(a, b *database) int { return strings.Compare(a.name, b.name) })
	return databases
}

// merge sorts the aliases and joins what several versions say about one.
func (d *database) merge() {
	order := func(a, b managed) int { return strings.Compare(a.alias, b.alias) }
	if !slices.IsSortedFunc(d.aliases, order) {
		slices.SortStableFunc(d.aliases, order)
	}
	joined := d.aliases[:0]
	for _, e := range d.aliases {
		if len(joined) == 0 || joined[len(joined)-1].alias != e.alias {
			joined = append(joined, e)
			continue
		}
		into := &joined[len(joined)-1]
		if e.want != nil {
			into.want = e.want
		}
		if e.last != nil {
			into.last = e.last
		}
		for _, c := range e.ours.collections {
			into.ours.add(c)
		}
		into.ours.absent = into.ours.absent || e.ours.absent
	}
	clear(d.aliases[len(joined):])
	d.aliases = joined
	if d.desired == nil || len(d.desired.Releases) == 0 {
		return
	}
	for _, r := range d.desired.Releases {
		if i, ok := d.find(r.Alias); ok {
			d.aliases[i].released = true
		}
	}
}

// find returns the index of an alias of the key set.
func (d *database) find(alias string) (int, bool) {
	return slices.BinarySearchFunc(d.aliases, alias, func(m managed, name string) int { return strings.Compare(m.alias, name) })
}

// ScopeOf says what has to be read from the cluster to plan over m and s.
func ScopeOf(m *manifest.Manifest, s State, only Selection) Scope {
	var scope Scope
	for _, d := range gather(m, s, only) {
		ds := DatabaseScope{Name: d.name, Aliases: make(map[string]string, len(d.aliases))}
		for _, e := range d.aliases {
			switch {
			case !e.ours.empty():
				// The latest value that a run gave it is the likeliest one.
				ds.Aliases[e.alias] = e.ours.collections[len(e.ours.collections)-1]
			case e.want != nil:
				ds.Aliases[e.alias] = e.want.Collection
			}
			if e.want != nil {
				ds.Targets = append(ds.Targets, e.want.Collection)
				ds.Names = ds.Names || e.want.Cutover != nil && e.want.Cutover.Keep != nil
			}
		}
		slices.Sort(ds.Targets)
		ds.Targets = slices.Compact(ds.Targets)
		if d.desired != nil && only.Empty() {
			for _, r := range d.desired.Retire {
				ds.Retirees = append(ds.Retirees, r.Collection)
			}
			slices.Sort(ds.Retirees)
		}
		if d.desired != nil || len(ds.Aliases) > 0 {
			scope.Databases = append(scope.Databases, ds)
		}
	}
	return scope
}
