package emulator

import (
	"maps"
	"slices"
	"strings"
)

// The privilege groups that users make.

func createPrivilegeGroup(x *exchange) reply {
	return x.changeGroup(func(c *catalog, name string) error {
		if c.group(name) != nil {
			return c.profile.unclassified("privilege group [%s] already exists", name)
		}
		c.groups[name] = []string{}
		return nil
	})
}

func dropPrivilegeGroup(x *exchange) reply {
	return x.changeGroup(func(c *catalog, name string) error {
		for _, role := range slices.Sorted(maps.Keys(c.roles)) {
			for g := range c.roles[role] {
				if g.privilege == name {
					return c.undroppable("privilege group [%s] is used by role [%s], Use REVOKE API to revoke it first", name, role)
				}
			}
		}
		delete(c.groups, name)
		return nil
	})
}

func (c *catalog) undroppable(format string, args ...any) error {
	if c.profile.TypedErrors {
		format = "failed to check if privilege group dropable: " + format
	}
	return c.profile.unclassified(format, args...)
}

func addToPrivilegeGroup(x *exchange) reply {
	return x.alterGroup(func(now, change []string) []string {
		for _, privilege := range change {
			if !slices.Contains(now, privilege) {
				now = append(now, privilege)
			}
		}
		return now
	})
}

func removeFromPrivilegeGroup(x *exchange) reply {
	return x.alterGroup(func(now, change []string) []string {
		return slices.DeleteFunc(now, func(privilege string) bool { return slices.Contains(change, privilege) })
	})
}

func (x *exchange) alterGroup(do func(now, change []string) []string) reply {
	var asked struct {
		Privileges []string `json:"privileges"`
	}
	if err := x.decode(&asked); err != nil {
		return failureReply(err)
	}
	return x.changeGroup(func(c *catalog, name string) error {
		if c.groups[name] == nil {
			return c.profile.unclassified("there is no privilege group name [%s] defined in system to operate", name)
		}
		var change []string
		for _, privilege := range asked.Privileges {
			switch of := c.group(privilege); {
			case of != nil:
				change = append(change, of...)
			case c.knows(privilege):
				change = append(change, privilege)
			case c.profile.TypedErrors:
				return invalid("failed to check if privilege group alterable: "+
					"there is no privilege name or privilege group name [%s] defined in system to operate", privilege)
			default:
				return c.profile.unclassified("not found the privilege name [%s] from metastore", privilege)
			}
		}
		c.groups[name] = do(slices.Clone(c.groups[name]), change)
		return nil
	})
}

func (x *exchange) changeGroup(do func(c *catalog, name string) error) reply {
	return x.done(x.e.update(func(c *catalog) error {
		err := do(c, x.names.PrivilegeGroupName)
		if err == nil {
			c.changed()
		}
		return err
	}))
}

func listPrivilegeGroups(x *exchange) reply {
	type groupView struct {
		Name       string `json:"privilegeGroupName"`
		Privileges string `json:"privileges"`
	}
	var found struct {
		Groups []groupView `json:"privilegeGroups"`
	}
	err := x.e.view(func(c *catalog) error {
		for _, name := range slices.Sorted(maps.Keys(c.groups)) {
			found.Groups = append(found.Groups, groupView{name, strings.Join(c.groups[name], ",")})
		}
		for _, group := range c.builtIn {
			found.Groups = append(found.Groups, groupView{group.name, strings.Join(group.privileges, ",")})
		}
		return nil
	})
	return x.data(found, err)
}
