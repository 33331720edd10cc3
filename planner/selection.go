package planner

import (
	"fmt"
	"slices"
	"strings"

	"aliasctl/manifest"
)

// Key names an alias or a collection within its database.
type Key struct{ Database, Name string }

// String is DATABASE/NAME.
func (k Key) String() string { return k.Database + "/" + k.Name }

// Compare orders keys by database, then by name.
func (k Key) Compare(other Key) int {
	if c := strings.Compare(k.Database, other.Database); c != 0 {
		return c
	}
	return strings.Compare(k.Name, other.Name)
}

// ParseKey reads NAME, which lies in the given database, or DATABASE/NAME.
func ParseKey(s, database string) Key {
	if d, name, qualified := strings.Cut(s, "/"); qualified {
		return Key{d, name}
	}
	return Key{database, s}
}

// Selection is the value of a flag that names aliases or collections:
// nothing, some, or all. The zero value selects nothing.
type Selection struct {
	All  bool
	Keys map[Key]bool
}

// Has reports whether the selection covers database/name.
func (s Selection) Has(database, name string) bool {
	return s.All || s.Keys[Key{database, name}]
}

// Empty reports that nothing is selected.
func (s Selection) Empty() bool { return !s.All && len(s.Keys) == 0 }

// SelectionError is a value of a selecting flag that names nothing, or more
// than one thing.
type SelectionError struct {
	Value     string
	Databases []string // where the bare name was found; empty when nowhere
}

func (e *SelectionError) Error() string {
	if len(e.Databases) == 0 {
		return fmt.Sprintf("%q names nothing in the manifest or the state", e.Value)
	}
	return fmt.Sprintf("%q is in the databases %s: write DATABASE/%s", e.Value, strings.Join(e.Databases, ", "), e.Value)
}

// Select resolves the values of a selecting flag against the known keys. A
// value is NAME, DATABASE/NAME or "all"; a bare name must be in exactly one
// database. The error is a *SelectionError.
func Select(values []string, known []Key) (Selection, error) {
	return choose(values, func() selector { return newSelector(known) })
}

// SelectAliases is Select for managed aliases. A value may name a group, too, which
// stands for all its members; an alias of that name goes before it.
func SelectAliases(values []string, m *manifest.Manifest, s State) (Selection, error) {
	return choose(values, func() selector {
		in := newSelector(AliasKeys(m, s))
		in.groups = groupsOf(m, s)
		for k := range in.groups {
			in.groupDatabases[k.Name] = append(in.groupDatabases[k.Name], k.Database)
		}
		return in
	})
}

func choose(values []string, known func() selector) (Selection, error) {
	if len(values) == 0 {
		return Selection{}, nil
	}
	in := known()
	s := Selection{Keys: make(map[Key]bool)}
	for _, v := range values {
		if v == "all" {
			s.All = true
			continue
		}
		keys, err := in.find(v)
		if err != nil {
			return Selection{}, err
		}
		for _, k := range keys {
			s.Keys[k] = true
		}
	}
	return s, nil
}

// selector is what values may name.
type selector struct {
	exact          map[Key]bool
	databases      map[string][]string // of a bare name
	groups         map[Key][]Key       // the members
	groupDatabases map[string][]string // of a bare name of a group
}

func newSelector(known []Key) selector {
	in := selector{exact: make(map[Key]bool, len(known)), databases: make(map[string][]string), groupDatabases: make(map[string][]string)}
	for _, k := range known {
		if !in.exact[k] {
			in.exact[k] = true
			in.databases[k.Name] = append(in.databases[k.Name], k.Database)
		}
	}
	return in
}

// find is what one value names.
func (in selector) find(v string) ([]Key, error) {
	if database, name, qualified := strings.Cut(v, "/"); qualified {
		k := Key{database, name}
		switch {
		case in.exact[k]:
			return []Key{k}, nil
		case in.groups[k] != nil:
			return in.groups[k], nil
		}
		return nil, &SelectionError{Value: v}
	}
	at, members := in.databases[v], false
	if len(at) == 0 {
		at, members = in.groupDatabases[v], true
	}
	switch {
	case len(at) != 1:
		slices.Sort(at)
		return nil, &SelectionError{Value: v, Databases: at}
	case members:
		return in.groups[Key{at[0], v}], nil
	}
	return []Key{{at[0], v}}, nil
}

// groupsOf are the members of each group: as the manifest has them, and for aliases
// that are not in it, as the state remembers them.
func groupsOf(m *manifest.Manifest, s State) map[Key][]Key {
	groups := make(map[Key][]Key)
	known := make(map[Key]bool)
	for _, d := range m.Databases {
		for _, a := range d.Aliases {
			known[Key{d.Name, a.Name}] = true
			if a.Cutover != nil && a.Cutover.Group != "" {
				g := Key{d.Name, a.Cutover.Group}
				groups[g] = append(groups[g], Key{d.Name, a.Name})
			}
		}
	}
	for _, b := range s.Bindings {
		if k := (Key{b.Database, b.Alias}); b.Group != "" && !known[k] {
			g := Key{b.Database, b.Group}
			groups[g] = append(groups[g], k)
		}
	}
	return groups
}

// AliasKeys lists every managed alias: those of the manifest, of the state and
// of its announcements. Keys may repeat.
func AliasKeys(m *manifest.Manifest, s State) []Key {
	var keys []Key
	for _, d := range m.Databases {
		for _, a := range d.Aliases {
			keys = append(keys, Key{d.Name, a.Name})
		}
	}
	for _, b := range s.Bindings {
		keys = append(keys, Key{b.Database, b.Alias})
	}
	for _, p := range s.Pending {
		if p.Alias != "" {
			keys = append(keys, Key{p.Database, p.Alias})
		}
	}
	return keys
}

// RetireeKeys lists every collection that the manifest retires.
func RetireeKeys(m *manifest.Manifest) []Key {
	var keys []Key
	for _, d := range m.Databases {
		for _, r := range d.Retire {
			keys = append(keys, Key{d.Name, r.Collection})
		}
	}
	return keys
}
