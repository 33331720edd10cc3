package planner

// Key names an alias or a collection within its database.
type Key struct{ Database, Name string }

// String is DATABASE/NAME.
func (k Key) String() string { return k.Database + "/" + k.Name }

// Selection is the value of a flag that names aliases or collections:
// nothing, some, or all.
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
