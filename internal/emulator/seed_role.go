package emulator

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// seedGrant is one privilege of a role on a name of a database.
type seedGrant struct{ role, object, privilege string }

// roles reads the roles of a database: a name, or * for all, with its privileges.
func (r *seedReader) roles(mapping *yaml.Node) []seedGrant {
	var found []seedGrant
	r.fields(mapping, "the roles", func(role, value *yaml.Node) bool {
		r.checkName(role, "role name", role.Value)
		if role.Value == adminRole {
			r.problem(role, "role %q may do everything already", role.Value)
		}
		r.fields(value, "a role", func(object, value *yaml.Node) bool {
			if object.Value != anyName {
				r.checkName(object, "collection name", object.Value)
			}
			list := target(value)
			if list.Kind != yaml.SequenceNode {
				r.problem(value, "expected a list of privileges")
				return true
			}
			for _, item := range list.Content {
				if !onCollections(item.Value) {
					r.problem(item, "no privilege or built-in group on collections has the name %q", item.Value)
				}
				found = append(found, seedGrant{role.Value, object.Value, item.Value})
			}
			return true
		})
		return true
	})
	return found
}

// onCollections reports whether a name is that of a privilege, or of a built-in group,
// that is granted on a collection.
func onCollections(name string) bool {
	return collectionPrivileges[name] || slices.ContainsFunc(groupParts, func(g privilegeGroup) bool {
		return g.level == collectionLevel && g.name == name
	})
}

// grantSeeded makes a grant of a seed, with its role.
func (c *catalog) grantSeeded(database string, g seedGrant) {
	if c.roles[g.role] == nil {
		c.roles[g.role] = map[grant]bool{}
	}
	kind := onGlobal
	if collectionPrivileges[g.privilege] {
		kind = onCollection
	}
	c.roles[g.role][grant{database, kind, c.original(database, g.object), g.privilege}] = true
}
