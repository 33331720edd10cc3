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

// Has says whether the selection covers database/name.
func (s Selection) Has(database, name string) bool {
	return s.All || s.Keys[Key{database, name}]
}

// Empty says that nothing is selected.
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
	if len(values) == 0 {
		return Selection{}, nil
	}
	exact := make(map[Key]bool, len(known))
	databases := make(map[string][]string)
	for _, k := range known {
		if !exact[k] {
			exact[k] = true
			databases[k.Name] = append(databases[k.Name], k.Database)
		}
	}
	s := Selection{Keys: make(map[Key]bool)}
	for _, v := range values {
		if v == "all" {
			s.All = true
			continue
		}
		database, name, qualified := strings.Cut(v, "/")
		if qualified {
			if k := (Key{database, name}); exact[k] {
				s.Keys[k] = true
				continue
			}
			return Selection{}, &SelectionError{Value: v}
		}
		switch in := databases[v]; len(in) {
		case 1:
			s.Keys[Key{in[0], v}] = true
		default:
			slices.Sort(in)
			return Selection{}, &SelectionError{Value: v, Databases: in}
		}
	}
	return s, nil
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
