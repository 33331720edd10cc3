package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Edit is a change of the text of manifests. Everything that it does not change
// stays as it is, byte for byte: comments, order, quotes, line ends.
type Edit struct {
	Bind   []Rebinding
	Retire []Retirement
}

// Rebinding binds an alias of the manifest to another collection.
type Rebinding struct {
	Database   string // "" where the name of the alias is enough
	Alias      string
	Collection string
}

// Retirement puts a collection under `retire`.
type Retirement struct {
	Database   string // "" for the only database
	Collection string
}

// Edited is what an edit comes to.
type Edited struct {
	Files []EditedFile // those that change, in the order in which they were read
	// Literal are the values with a variable that are written out now.
	Literal []Literal
	// Unused are variables from outside the manifests that no manifest uses any
	// more, sorted.
	Unused []string
}

// EditedFile is one file before and after.
type EditedFile struct {
	Name          string
	Before, After []byte
}

// Literal is a value that had a variable.
type Literal struct {
	Pos  Position
	Text string // as it was written
}

// EditError is an edit that the manifests have no place for.
type EditError struct {
	faults []editFault
}

type editFault struct{ what, hint string }

// Error is the only fault, or counts them.
func (e *EditError) Error() string {
	if len(e.faults) == 1 {
		return e.faults[0].what
	}
	return fmt.Sprintf("the manifest cannot be edited: %d mistakes", len(e.faults))
}

// Lines are the faults, where they are more than one.
func (e *EditError) Lines() []string {
	if len(e.faults) == 1 {
		return nil
	}
	var lines []string
	for _, f := range e.faults {
		lines = append(lines, f.what)
	}
	return lines
}

// Hint is the advice of the first fault that has one.
func (e *EditError) Hint() string {
	for _, f := range e.faults {
		if f.hint != "" {
			return f.hint
		}
	}
	return ""
}

func (e *EditError) fault(hint, format string, args ...any) {
	e.faults = append(e.faults, editFault{fmt.Sprintf(format, args...), hint})
}

// Edit changes the text of the manifests and proves the change: what is read from
// the new text is what was read from the old one, but for what the edit asks for.
//
// The errors are an *EditError for names that the manifests do not have, and a
// *Problems for manifests that are wrong before or after, or that have a value
// in a form that cannot be replaced in place.
func (o Origin) Edit(e Edit) (*Edited, error) {
	want, err := o.load()
	if err != nil {
		return nil, err
	}
	var faults EditError
	bind := e.places(want, &faults)
	retire := e.homes(want, &faults)
	if len(faults.faults) > 0 {
		return nil, &faults
	}
	ed := newEditor(o)
	for i, p := range bind {
		a := &want.Databases[p.database].Aliases[p.entry]
		if to := e.Bind[i].Collection; a.Collection != to {
			ed.bind(a, to)
			a.Collection = to
		}
	}
	added := make(map[Retirement]bool)
	for i, database := range retire {
		d := &want.Databases[database]
		r := Retirement{d.Name, e.Retire[i].Collection}
		if slices.ContainsFunc(d.Retire, func(known Retiree) bool { return known.Collection == r.Collection }) || added[r] {
			continue
		}
		added[r] = true
		ed.retire(d, r.Collection)
	}
	if err := ed.err(nil); err != nil {
		return nil, err
	}
	after, result := ed.finish()
	got, err := after.load()
	if err != nil {
		return nil, err
	}
	result.Unused = unusedBy(after)
	if !agree(want, got, added) {
		return nil, &EditError{faults: []editFault{{
			"the edit would change more than it should: the value is shared by an anchor",
			"write the value out where it differs, or edit the manifest by hand"}}}
	}
	return result, nil
}

// load is Load for which no variable has to be used.
func (o Origin) load() (*Manifest, error) {
	m, err := o.Load()
	var unused *UnusedVarError
	if !errors.As(err, &unused) {
		return m, err
	}
	slim := Origin{Files: o.Files, Vars: make(map[string]string)}
	for name, value := range o.Vars {
		if !slices.Contains(unused.Names, name) {
			slim.Vars[name] = value
		}
	}
	return slim.Load()
}

func unusedBy(o Origin) []string {
	_, err := o.Load()
	var unused *UnusedVarError
	if errors.As(err, &unused) {
		return unused.Names
	}
	return nil
}

// place is an entry of a database of a manifest.
type place struct{ database, entry int }

// places finds the aliases that an edit binds.
func (e Edit) places(m *Manifest, faults *EditError) []place {
	var found []place
	bound := make(map[place]string)
	for _, b := range e.Bind {
		var all []place
		var near []string
		for i, d := range m.Databases {
			if b.Database != "" && d.Name != b.Database {
				continue
			}
			for j, a := range d.Aliases {
				if a.Name == b.Alias {
					all = append(all, place{i, j})
				}
				near = append(near, a.Name)
			}
		}
		switch {
		case !isName(b.Collection):
			why, hint := collectionName.fault(b.Collection)
			faults.fault(hint, "bad %s %s: %s", collectionName.noun, quoted(b.Collection), why)
		case len(all) == 0:
			hint := "set changes aliases that the manifest has; add a new one by hand"
			if n := nearestName(b.Alias, near); n != "" {
				hint = fmt.Sprintf("did you mean %q?", n)
			}
			faults.fault(hint, "the manifest has no alias %s", quoted(b.name()))
		case len(all) > 1:
			d := m.Databases[all[0].database].Name
			faults.fault(fmt.Sprintf("write it with its database: `%s/%s=%s`", d, b.Alias, b.Collection), "alias %s is in %d databases", quoted(b.Alias), len(all))
		case bound[all[0]] != "" && bound[all[0]] != b.Collection:
			faults.fault("", "alias %s is set to %s and to %s", quoted(b.Alias), quoted(bound[all[0]]), quoted(b.Collection))
		case m.Databases[all[0].database].Aliases[all[0].entry].Newest != nil:
			a := m.Databases[all[0].database].Aliases[all[0].entry]
			faults.fault(fmt.Sprintf("a new collection needs no edit; to hold the alias at one, write `collection: %s` by hand", b.Collection),
				"alias %s is bound by `newest` (%s)", quoted(b.name()), a.Newest.Pos)
		default:
			bound[all[0]] = b.Collection
		}
		found = append(found, append(all, place{})[0])
	}
	return found
}

func (b Rebinding) name() string {
	if b.Database == "" {
		return b.Alias
	}
	return b.Database + "/" + b.Alias
}

// homes finds the databases whose collections an edit retires: the one that is
// named, else the only one, else that of all aliases that the edit binds.
func (e Edit) homes(m *Manifest, faults *EditError) []int {
	var found []int
	for _, r := range e.Retire {
		home := slices.IndexFunc(m.Databases, func(d Database) bool { return d.Name == r.Database })
		switch {
		case !isName(r.Collection):
			why, hint := collectionName.fault(r.Collection)
			faults.fault(hint, "bad %s %s: %s", collectionName.noun, quoted(r.Collection), why)
		case r.Database == "" && len(m.Databases) == 1:
			home = 0
		case r.Database == "":
			faults.fault(fmt.Sprintf("write it with its database: `--retire %s/%s`", m.Databases[0].Name, r.Collection),
				"--retire %s: the manifest has %d databases", quoted(r.Collection), len(m.Databases))
		case home < 0:
			faults.fault("", "the manifest has no database %s", quoted(r.Database))
		}
		found = append(found, max(home, 0))
	}
	return found
}

// agree reports that a manifest is what was wanted, with what was added under
// `retire`, in any order there.
func agree(want, got *Manifest, added map[Retirement]bool) bool {
	if len(want.Databases) != len(got.Databases) {
		return false
	}
	for i := range got.Databases {
		w, g := &want.Databases[i], &got.Databases[i]
		for _, r := range g.Retire {
			if added[Retirement{g.Name, r.Collection}] {
				w.Retire = append(w.Retire, r)
			}
		}
		for _, d := range []*Database{w, g} {
			slices.SortFunc(d.Retire, func(a, b Retiree) int { return strings.Compare(a.Collection, b.Collection) })
		}
	}
	return bytes.Equal(encoded(want), encoded(got))
}

func encoded(m *Manifest) []byte {
	var b bytes.Buffer
	_ = Encode(&b, m) // to memory: no error
	return b.Bytes()
}
