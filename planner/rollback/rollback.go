// Package rollback makes the manifest of an earlier apply from the history of a state.
package rollback

import (
	"fmt"
	"maps"
	"slices"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// HistoryError is a serial that the history of the state cannot lead back to.
type HistoryError struct {
	Serial         uint64 // what was asked for
	Oldest, Newest uint64 // what can be gone back to; both 0 when there is nothing
}

func (e *HistoryError) Error() string {
	if e.Newest == 0 && e.Oldest == 0 {
		return "the state has no history to go back in"
	}
	return fmt.Sprintf("serial %d is not in the history; it goes back to serials %d to %d", e.Serial, e.Oldest, e.Newest)
}

// Previous is the serial before the last apply that changed a binding: where a
// rollback without a serial goes. Rollbacks do not count: a second one goes on
// where a first one failed, and does not bring back what that one had left. The
// error is a *HistoryError.
//
// An apply that did not finish is the last one: it may not have recorded yet
// what it has changed, so the way back from it is to the bindings that the
// state has.
func Previous(s planner.State) (uint64, error) {
	if slices.ContainsFunc(s.Pending, func(a planner.Announcement) bool { return a.Alias != "" && !a.Rollback }) {
		return s.Serial, nil
	}
	for _, e := range slices.Backward(s.History) {
		if !e.Rollback && slices.ContainsFunc(e.Changes, func(c planner.Change) bool { return !c.Adopted }) {
			return e.Serial - 1, nil
		}
	}
	return 0, &HistoryError{}
}

// To is the manifest of an earlier apply: the bindings as they were when
// the state had that serial, computed by undoing what came after. ids are the
// collections of that time; the planner refuses others of their names when they are
// given to it as Options.TargetIDs. Nothing is retired by a rollback, and green
// has to be loaded.
//
// The error is a *HistoryError.
func To(s planner.State, serial uint64) (m *manifest.Manifest, ids map[planner.Key]string, err error) {
	oldest := s.Serial
	if len(s.History) > 0 {
		oldest = s.History[0].Serial - 1
	}
	if serial < oldest || serial > s.Serial {
		return nil, nil, &HistoryError{Serial: serial, Oldest: oldest, Newest: s.Serial}
	}
	type target struct{ collection, id string }
	bindings := make(map[planner.Key]target, len(s.Bindings))
	now := make(map[planner.Key]planner.Binding, len(s.Bindings))
	for _, b := range s.Bindings {
		k := planner.Key{Database: b.Database, Name: b.Alias}
		bindings[k] = target{collection: b.Collection, id: b.CollectionID}
		now[k] = b
	}
	released := make(map[planner.Key]bool) // found by a later apply: forgotten, not dropped
	for _, e := range slices.Backward(s.History) {
		if e.Serial <= serial {
			break
		}
		for _, c := range e.Changes {
			k := planner.Key{Database: c.Database, Name: c.Alias}
			delete(released, k)
			switch {
			case c.From != "":
				bindings[k] = target{collection: c.From, id: c.FromID}
			case c.Adopted:
				delete(bindings, k)
				released[k] = true
			default:
				delete(bindings, k)
			}
		}
	}
	cutovers := make(map[string]*manifest.Cutover) // by group: what was switched as one goes back as one
	cutover := func(group string) *manifest.Cutover {
		if cutovers[group] == nil {
			cutovers[group] = &manifest.Cutover{
				Group: group, OnFailure: manifest.SwitchBack,
				Require: []manifest.Check{{Name: manifest.Exists}, {Name: manifest.Loaded}},
			}
		}
		return cutovers[group]
	}
	m = &manifest.Manifest{Cluster: s.Cluster.Label}
	ids = make(map[planner.Key]string)
	for _, k := range slices.SortedFunc(maps.Keys(bindings), planner.Key.Compare) {
		b := bindings[k]
		m.Add(k.Database, manifest.Alias{Name: k.Name, Collection: b.collection, Protect: now[k].Protect, Cutover: cutover(now[k].Group)})
		if b.id != "" {
			ids[planner.Key{Database: k.Database, Name: b.collection}] = b.id
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(released), planner.Key.Compare) {
		release := manifest.Release{Alias: k.Name}
		i := slices.IndexFunc(m.Databases, func(d manifest.Database) bool { return d.Name == k.Database })
		if i < 0 {
			m.Databases = append(m.Databases, manifest.Database{Name: k.Database, Releases: []manifest.Release{release}})
			continue
		}
		m.Databases[i].Releases = append(m.Databases[i].Releases, release)
	}
	return m, ids, nil
}
