// Package drift compares a state with the cluster: which managed aliases are not where
// the last apply left them, and which of its switches are still to be verified.
package drift

import (
	"cmp"
	"slices"
	"strings"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// Remembered is the manifest that a state was left by: what is planned over it
// is what another client changed.
func Remembered(s planner.State) *manifest.Manifest {
	m := &manifest.Manifest{Cluster: s.Cluster.Label}
	for _, b := range s.Bindings {
		m.Add(b.Database, manifest.Alias{Name: b.Alias, Collection: b.Collection, Protect: b.Protect})
	}
	return m
}

// Kind is the stable word for a kind of drift.
type Kind string

// The kinds of drift.
const (
	Moved   Kind = "moved"     // bound to another collection
	Unbound Kind = "unbound"   // the alias does not exist
	Anew    Kind = "made-anew" // bound by name to a collection of another id
)

// Drift is one managed alias that is not where the state has it, or whose
// collection is another one of that name.
type Drift struct {
	Kind     Kind   `json:"kind"`
	Database string `json:"database"`
	Alias    string `json:"alias"`
	Last     string `json:"last"` // what was last applied
	Live     string `json:"live"` // what is there now, "" for nothing
	// LastID and LiveID are the ids of a collection that was made anew.
	LastID string `json:"last_id,omitempty"`
	LiveID string `json:"live_id,omitempty"`
	// Unfinished reports that a run which did not finish had announced the live
	// value: it is ours, and not drift.
	Unfinished bool `json:"unfinished,omitempty"`
}

// Of compares every binding of a state with the cluster, sorted by database and
// alias.
func Of(s planner.State, live *planner.Live) []Drift {
	announced := s.Announced()
	var out []Drift
	for _, b := range s.Bindings {
		in := live.Databases[b.Database]
		if in == nil {
			in = &planner.LiveDatabase{}
		}
		now := in.Bindings[b.Alias]
		found := Drift{Kind: Moved, Database: b.Database, Alias: b.Alias, Last: b.Collection, Live: now}
		if was, is, anew := b.MadeAnew(in); anew {
			found.Kind, found.LastID, found.LiveID = Anew, was, is
			out = append(out, found)
			continue
		}
		if now == b.Collection {
			continue
		}
		if now == "" {
			found.Kind = Unbound
		}
		ours := announced[planner.Key{Database: b.Database, Name: b.Alias}]
		found.Unfinished = ours.Has(now) || now == "" && ours.Absent
		out = append(out, found)
	}
	slices.SortFunc(out, func(a, b Drift) int {
		return cmp.Or(strings.Compare(a.Database, b.Database), strings.Compare(a.Alias, b.Alias))
	})
	return out
}
