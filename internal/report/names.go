package report

import (
	"unicode/utf8"

	"aliasctl/planner"
)

// maxNameColumn keeps one very long name from pushing every other line apart.
const maxNameColumn = 32

// names reports how aliases and collections are called in one report.
type names struct {
	// qualified names carry their database, because there is more than one or
	// because the only one is not the default.
	qualified bool
	column    int // columns for the names that stand below one another
}

const defaultDatabase = "default"

func newNames(plan planner.Plan) names {
	var n names
	see := func(database string) { n.qualified = n.qualified || database != "" && database != defaultDatabase }
	for _, b := range plan.Before {
		see(b.Database)
	}
	for i := range plan.Steps {
		see(plan.Steps[i].Database)
	}
	for _, c := range plan.Conflicts {
		see(c.Database)
	}
	widen := func(name string) { n.column = max(n.column, min(maxNameColumn, utf8.RuneCountInString(name))) }
	for i := range plan.Steps {
		widen(n.of(&plan.Steps[i]))
	}
	for _, c := range plan.Conflicts {
		if c.Kind == planner.Drifted {
			widen(n.ofConflict(c))
		}
	}
	return n
}

// key is the name of an alias or of a collection.
func (n names) key(database, name string) string {
	switch {
	case name == "":
		return database
	case n.qualified:
		return database + "/" + name
	}
	return name
}

// of is the name of what a step changes.
func (n names) of(s *planner.Step) string {
	name := n.key(s.Database, StepSubject(s))
	if s.Op == planner.GrantPrivilege { // a role may have several
		return s.Privilege + " to " + name
	}
	return name
}

// StepSubject is the alias, the collection or the role that a step changes, without
// its database.
func StepSubject(s *planner.Step) string {
	switch {
	case s.Op == planner.GrantPrivilege:
		return s.Role
	case s.Op.OnCollection():
		return s.Collection
	}
	return s.Alias
}

// ofConflict is the name of what a conflict is about.
func (n names) ofConflict(c planner.Conflict) string {
	if c.Alias != "" {
		return n.key(c.Database, c.Alias)
	}
	return n.key(c.Database, c.Collection)
}
