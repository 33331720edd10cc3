package planner

import (
	"slices"

	"aliasctl/manifest"
)

// Comparison is a manifest beside a state, one entry for each managed alias.
// It says what has to be read from the cluster, in two steps, and makes the
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

// Scope says what has to be read from the cluster first.
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
