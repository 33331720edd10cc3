package planner

import (
	"fmt"
	"maps"
	"slices"

	"aliasctl/manifest"
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
// rollback without a serial goes. The error is a *HistoryError.
func Previous(s State) (uint64, error) {
	for _, e := range slices.Backward(s.History) {
		if len(e.Changes) > 0 {
			return e.Serial - 1, nil
		}
	}
	return 0, &HistoryError{}
}

// Rollback is the manifest of an earlier apply: the bindings as they were when
// the state had that serial, computed by undoing what came after. ids are the
// collections of that time; Build refuses others of their names when they are
// given to it as Options.TargetIDs. Nothing is retired by a rollback, and green
// has to be loaded.
//
// The error is a *HistoryError.
func Rollback(s State, serial uint64) (m *manifest.Manifest, ids map[Key]string, err error) {
	if len(s.History) == 0 {
		return nil, nil, &HistoryError{Serial: serial}
	}
	oldest, newest := s.History[0].Serial-1, s.Serial-1
	if serial < oldest || serial > newest {
		return nil, nil, &HistoryError{Serial: serial, Oldest: oldest, Newest: newest}
	}
	type target struct {
		collection, id string
		protect        bool
	}
	bindings := make(map[Key]target, len(s.Bindings))
	protect := make(map[Key]bool)
	for _, b := range s.Bindings {
		k := Key{b.Database, b.Alias}
		bindings[k] = target{collection: b.Collection, id: b.CollectionID}
		protect[k] = b.Protect
	}
	for _, e := range slices.Backward(s.History) {
		if e.Serial <= serial {
			break
		}
		for _, c := range e.Changes {
			k := Key{c.Database, c.Alias}
			if c.From == "" {
				delete(bindings, k)
			} else {
				bindings[k] = target{collection: c.From, id: c.FromID}
			}
		}
	}
	cutover := &manifest.Cutover{
		OnFailure: manifest.SwitchBack,
		Require:   []manifest.Check{{Name: manifest.Exists}, {Name: manifest.Loaded}},
	}
	m = &manifest.Manifest{Cluster: s.Cluster.Label}
	ids = make(map[Key]string)
	for _, k := range slices.SortedFunc(maps.Keys(bindings), compareKeys) {
		if n := len(m.Databases); n == 0 || m.Databases[n-1].Name != k.Database {
			m.Databases = append(m.Databases, manifest.Database{Name: k.Database})
		}
		d := &m.Databases[len(m.Databases)-1]
		b := bindings[k]
		d.Aliases = append(d.Aliases, manifest.Alias{Name: k.Name, Collection: b.collection, Protect: protect[k], Cutover: cutover})
		if b.id != "" {
			ids[Key{k.Database, b.collection}] = b.id
		}
	}
	return m, ids, nil
}
