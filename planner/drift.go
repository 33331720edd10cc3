package planner

import "aliasctl/manifest"

// Remembered is the manifest that a state was left by: what is planned over it
// is what somebody else changed.
func Remembered(s State) *manifest.Manifest {
	m := &manifest.Manifest{Cluster: s.Cluster.Label}
	for _, b := range s.Bindings {
		addAlias(m, b.Database, manifest.Alias{Name: b.Alias, Collection: b.Collection, Protect: b.Protect})
	}
	return m
}

// Drift is one managed alias that is not where the state says.
type Drift struct {
	Database string `json:"database"`
	Alias    string `json:"alias"`
	Last     string `json:"last"` // what was last applied
	Live     string `json:"live"` // what is there now, "" for nothing
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
			if e.last == nil || now == e.last.Collection {
				continue
			}
			ours := e.ours.has(now) || now == "" && e.ours.absent
			out = append(out, Drift{Database: d.name, Alias: e.alias, Last: e.last.Collection, Live: now, Unfinished: ours})
		}
	}
	return out
}
