package planner

import (
	"slices"

	"aliasctl/manifest"
)

// Remembered is the manifest that a state was left by: what is planned over it
// is what another client changed.
func Remembered(s State) *manifest.Manifest {
	m := &manifest.Manifest{Cluster: s.Cluster.Label}
	for _, b := range s.Bindings {
		addAlias(m, b.Database, manifest.Alias{Name: b.Alias, Collection: b.Collection, Protect: b.Protect})
	}
	return m
}

// DriftKind is the stable word for a kind of drift.
type DriftKind string

// The kinds of drift.
const (
	DriftMoved   DriftKind = "moved"     // bound to another collection
	DriftUnbound DriftKind = "unbound"   // the alias does not exist
	DriftAnew    DriftKind = "made-anew" // bound by name to a collection of another id
)

// Drift is one managed alias that is not where the state has it, or whose
// collection is another one of that name.
type Drift struct {
	Kind     DriftKind `json:"kind"`
	Database string    `json:"database"`
	Alias    string    `json:"alias"`
	Last     string    `json:"last"` // what was last applied
	Live     string    `json:"live"` // what is there now, "" for nothing
	// LastID and LiveID are the ids of a collection that was made anew.
	LastID string `json:"last_id,omitempty"`
	LiveID string `json:"live_id,omitempty"`
	// Unfinished reports that a run which did not finish had announced the live
	// value: it is ours, and not drift.
	Unfinished bool `json:"unfinished,omitempty"`
}

// DriftOf compares every binding of a state with the cluster, sorted by
// database and alias.
func DriftOf(s State, live *Live) []Drift {
	var out []Drift
	for _, d := range gather(Remembered(s), s, Selection{}) {
		in := live.Databases[d.name]
		if in == nil {
			in = &LiveDatabase{}
		}
		for _, e := range d.aliases {
			now := in.Bindings[e.alias]
			if e.last == nil {
				continue
			}
			found := Drift{Kind: DriftMoved, Database: d.name, Alias: e.alias, Last: e.last.Collection, Live: now}
			if was, is, anew := e.anew(in); anew {
				found.Kind, found.LastID, found.LiveID = DriftAnew, was, is
				out = append(out, found)
				continue
			}
			if now == e.last.Collection {
				continue
			}
			if now == "" {
				found.Kind = DriftUnbound
			}
			found.Unfinished = e.ours.has(now) || now == "" && e.ours.absent
			out = append(out, found)
		}
	}
	return out
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

// A collection that was dropped and made anew under its name keeps every binding
// by name, and is another collection: empty at first, with another schema perhaps.
// Only its id shows that. `aliases/list` and `collections/list`, which prove the
// bindings, give none, so it is seen where an id is read for another reason
// (LiveDatabase.Collections).

// anew reports whether the collection that an alias is bound to is another one than
// the state recorded under that name, with both ids.
func (e *managed) anew(live *LiveDatabase) (was, is string, anew bool) {
	if e.last == nil || e.last.CollectionID == "" || live.Bindings[e.alias] != e.last.Collection {
		return "", "", false
	}
	is = live.Collections[e.last.Collection].ID
	return e.last.CollectionID, is, is != "" && is != e.last.CollectionID
}

// adoptAnew lets the state learn the new id of a binding that stays, after the
// checks of a first binding were made against the new collection.
func (b *builder) adoptAnew(d *database, e *managed, live *LiveDatabase, was, is string) {
	name := e.want.Collection
	b.preflight(d, e, live, Step{To: name})
	b.record(d, e, Adopt, name)
	step := &b.records[len(b.records)-1]
	step.FromID, step.ToID, step.Drift = was, is, true
	ask := b.ask(e, live, Step{Database: d.name, Alias: e.alias})
	b.recordAsks = append(b.recordAsks, ask) // the id is in the step
	b.note("collection %q of alias %q was dropped and made anew outside aliasctl: id %s, now %s", b.flagName(d, name), e.alias, was, is)
}

// RecordedIDs lists the collections that a state binds with their ids, each once.
func RecordedIDs(s State) map[Key]string {
	ids := make(map[Key]string)
	for _, b := range s.Bindings {
		if b.CollectionID != "" {
			ids[Key{b.Database, b.Collection}] = b.CollectionID
		}
	}
	return ids
}

// Learn adds ids that were read elsewhere to those of the collections that exist.
func (l *Live) Learn(ids map[Key]string) {
	for k, id := range ids {
		d := l.Databases[k.Database]
		if d == nil {
			continue
		}
		if c, exists := d.Collections[k.Name]; exists && c.ID == "" {
			c.ID = id
			d.Collections[k.Name] = c
		}
	}
}
