package saved

import (
	"fmt"
	"slices"

	"aliasctl/planner"
)

// Touch is the state and the cluster at one alias or collection that a plan
// touches.
type Touch struct {
	Database   string
	Alias      string
	Collection string   // that is dropped
	Ours       []string // what the state and its announcements say, sorted
	Live       string   // the target of the alias; the id of the collection
	To         string   // the collection that the alias is to be bound to
	Target     string   // its id
	// RolledBackFrom is the mark of a rollback on the alias: it has to be
	// reviewed anew.
	RolledBackFrom string
	Reached        []string // aliases at a collection to drop, other than those the plan moves
}

// name is the alias or collection for people.
func (t Touch) name() string {
	if t.Alias != "" {
		return fmt.Sprintf("alias %s/%s", t.Database, t.Alias)
	}
	return fmt.Sprintf("collection %s/%s", t.Database, t.Collection)
}

// touches looks at the state and the cluster where a plan touches them.
func touches(p planner.Plan, s planner.State, live *planner.Live) []Touch {
	moved := make(map[planner.Key]bool, len(p.Steps))
	for _, step := range p.Steps {
		moved[step.Key()] = moved[step.Key()] || !step.Op.OnCollection()
	}
	bound := make(map[planner.Key]*planner.Binding, len(moved))
	for i := range s.Bindings {
		if k := (planner.Key{Database: s.Bindings[i].Database, Name: s.Bindings[i].Alias}); moved[k] {
			bound[k] = &s.Bindings[i]
		}
	}
	announced := s.Announced()
	out := make([]Touch, 0, len(p.Steps))
	for _, step := range p.Steps {
		t := Touch{Database: step.Database, Alias: step.Alias, Collection: step.Collection}
		var d *planner.LiveDatabase
		if live != nil {
			d = live.Databases[step.Database]
		}
		switch {
		case step.Op.Prepares(): // the alias that is bound to it has its id
		case step.Op.Retires():
			t.Live = step.ID
			if d != nil {
				t.Live = d.Collections[step.Collection].ID
				for _, alias := range d.Collections[step.Collection].Aliases {
					if !moved[planner.Key{Database: step.Database, Name: alias}] {
						t.Reached = append(t.Reached, alias)
					}
				}
			}
		default:
			ours := announced[step.Key()]
			if b := bound[step.Key()]; b != nil {
				ours.Add(b.Collection)
				t.RolledBackFrom = b.RolledBackFrom
			}
			t.Ours = slices.Sorted(slices.Values(ours.All()))
			if d != nil {
				t.Live = d.Bindings[step.Alias]
				if step.To != "" && step.Op.Writes() {
					t.To, t.Target = step.To, d.Collections[step.To].ID
				}
			}
		}
		out = append(out, t)
	}
	return out
}

// holds reports whether what a plan touched is as it was. The id of a target that
// was not built yet was not reviewed.
func (t Touch) holds(now Touch) bool {
	return t.Database == now.Database && t.Alias == now.Alias && t.Collection == now.Collection && t.Live == now.Live && t.To == now.To &&
		(t.Target == now.Target || t.Target == "") && t.RolledBackFrom == now.RolledBackFrom &&
		slices.Equal(t.Ours, now.Ours) && slices.Equal(t.Reached, now.Reached)
}
