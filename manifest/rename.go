package manifest

import "gopkg.in/yaml.v3"

// readRenaming reads which name an alias had, and how long that serves.
func (d *document) readRenaming(from, keepOld *yaml.Node, a *Alias) {
	if keepOld != nil {
		a.KeepOld = d.duration(keepOld)
		if from == nil {
			d.report(MissingField, d.pos(keepOld), "write the name that the alias had as `renamed_from`", "field %s needs the field %s", quoted("keep_old"), quoted("renamed_from"))
		}
	}
	if from == nil {
		return
	}
	a.RenamedPos = d.pos(from)
	name, ok := d.text(from, aliasName)
	switch {
	case !ok:
	case name == a.Name:
		d.report(RenameClash, a.RenamedPos, "write the name that it had", "alias %s is renamed from itself", quoted(name))
	default:
		a.RenamedFrom = name
	}
}

// checkRenames reports old names that the manifest uses otherwise: what is still an
// alias of it (a cycle is such a one, too), is released, or has two new names.
func (m *merger) checkRenames(db *Database, names *names) {
	var first map[string]*Alias
	for i := range db.Aliases {
		a := &db.Aliases[i]
		if a.RenamedFrom == "" {
			continue
		}
		old := quoted(a.RenamedFrom)
		if at, ok := names.aliases[a.RenamedFrom]; ok {
			m.report(RenameClash, a.RenamedPos, "take the old name out of aliases: it serves as long as `keep_old` has it",
				"alias %s is renamed from %s, which is still under aliases (%s)", quoted(a.Name), old, db.Aliases[at].Pos)
		}
		if at, ok := names.release[a.RenamedFrom]; ok {
			m.report(RenameClash, a.RenamedPos, "a renamed alias is dropped in the end, a released one never; remove one of the two",
				"alias %s is renamed from %s, which is released (%s)", quoted(a.Name), old, db.Releases[at].Pos)
		}
		switch other := first[a.RenamedFrom]; {
		case other != nil:
			m.report(RenameClash, a.RenamedPos, "an alias has one new name", "aliases %s and %s are both renamed from %s (%s)",
				quoted(other.Name), quoted(a.Name), old, other.RenamedPos)
		case first == nil:
			first = map[string]*Alias{a.RenamedFrom: a}
		default:
			first[a.RenamedFrom] = a
		}
	}
}
