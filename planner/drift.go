package planner

import (
	"slices"

	"aliasctl/manifest"
)

// Remembered is the manifest that a state was left by: what is planned over it
// is what somebody else changed.
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

// Drift is one managed alias that is not where the state says, or whose
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
	// Unfinished says that a run which did not finish had announced the live
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
