package planner

import (
	"fmt"
	"slices"
	"strings"
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
func touches(p Plan, s State, live *Live) []Touch {
	known := make(map[Key]*ours)
	get := func(k Key) *ours {
		if known[k] == nil {
			known[k] = &ours{}
		}
		return known[k]
	}
	marks := make(map[Key]string)
	for _, b := range s.Bindings {
		get(Key{b.Database, b.Alias}).add(b.Collection)
		if b.RolledBackFrom != "" {
			marks[Key{b.Database, b.Alias}] = b.RolledBackFrom
		}
	}
	for _, a := range s.Pending {
		if a.Alias != "" {
			get(Key{a.Database, a.Alias}).add(a.From)
			get(Key{a.Database, a.Alias}).add(a.To)
		}
	}
	moved := make(map[Key]bool, len(p.Steps))
	for _, step := range p.Steps {
		moved[step.key()] = moved[step.key()] || step.Op != DropCollection
	}
	out := make([]Touch, 0, len(p.Steps))
	for _, step := range p.Steps {
		t := Touch{Database: step.Database, Alias: step.Alias, Collection: step.Collection}
		var d *LiveDatabase
		if live != nil {
			d = live.Databases[step.Database]
		}
		switch {
		case step.Op == DropCollection:
			t.Live = step.ID
			if d != nil {
				t.Live = d.Collections[step.Collection].ID
				for _, alias := range d.Collections[step.Collection].Aliases {
					if !moved[Key{step.Database, alias}] {
						t.Reached = append(t.Reached, alias)
					}
				}
			}
		default:
			if o := known[step.key()]; o != nil {
				t.Ours = slices.Sorted(slices.Values(o.all()))
			}
			t.RolledBackFrom = marks[step.key()]
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

func word(s string) string {
	if s == "" {
		return "absent"
	}
	return fmt.Sprintf("%q", s)
}

func words(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(quoted, ", ")
}
