package emulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func listUsers(x *exchange) reply {
	var found []string
	err := x.e.view(func(c *catalog) error {
		found = slices.Sorted(maps.Keys(c.users))
		return nil
	})
	return x.data(found, err)
}

func listRoles(x *exchange) reply {
	var found []string
	err := x.e.view(func(c *catalog) error {
		found = slices.Sorted(maps.Keys(c.roles))
		return nil
	})
	return x.data(found, err)
}

func createUser(x *exchange) reply {
	name := x.names.UserName
	return x.done(x.e.update(func(c *catalog) error {
		if c.users[name] != nil {
			return invalid("user %s already exists", name)
		}
		c.users[name] = map[string]bool{}
		c.changed()
		x.e.access.setPassword(name, x.names.Password)
		return nil
	}))
}

// dropUser is a success for a user that does not exist.
func dropUser(x *exchange) reply {
	return x.done(x.e.update(func(c *catalog) error {
		if name := x.names.UserName; name != rootUser && c.users[name] != nil {
			delete(c.users, name)
			c.changed()
			x.e.access.setPassword(name, "")
		}
		return nil
	}))
}

// describeUser answers the names of the user's roles; newer versions add a
// description.
func describeUser(x *exchange) reply {
	var found []string
	err := x.e.view(func(c *catalog) error {
		roles := c.users[x.names.UserName]
		if roles == nil {
			return c.noUser()
		}
		found = slices.AppendSeq([]string{}, maps.Keys(roles))
		return nil
	})
	return x.described(found, err)
}

// described answers what describes a user or a role.
func (x *exchange) described(found any, err error) reply {
	if err != nil || !x.e.profile.shape.roleDetails {
		return x.data(found, err)
	}
	return jsonReply(http.StatusOK, struct {
		Code        int    `json:"code"`
		Data        any    `json:"data"`
		Description string `json:"description"`
	}{Code: x.route.success, Data: found})
}

func grantRole(x *exchange) reply  { return x.setRole(true) }
func revokeRole(x *exchange) reply { return x.setRole(false) }

func (x *exchange) setRole(has bool) reply {
	return x.done(x.e.update(func(c *catalog) error { return c.setRole(x.names.UserName, x.names.RoleName, has) }))
}

func createRole(x *exchange) reply {
	return x.done(x.e.update(func(c *catalog) error { return c.createRole(x.names.RoleName) }))
}

func dropRole(x *exchange) reply {
	return x.done(x.e.update(func(c *catalog) error { return c.dropRole(x.names.RoleName) }))
}

func grantPrivilege(x *exchange) reply  { return x.setSingle(true) }
func revokePrivilege(x *exchange) reply { return x.setSingle(false) }

func (x *exchange) setSingle(has bool) reply {
	n := &x.names
	return x.done(x.e.update(func(c *catalog) error {
		return c.setSingle(n.RoleName, grant{n.DbName, n.ObjectType, n.ObjectName, n.Privilege}, has)
	}))
}

func grantPrivilegeV2(x *exchange) reply  { return x.setAny(true) }
func revokePrivilegeV2(x *exchange) reply { return x.setAny(false) }

func (x *exchange) setAny(has bool) reply {
	n := &x.names
	return x.done(x.e.update(func(c *catalog) error {
		return c.setAny(n.RoleName, n.Privilege, n.DbName, n.CollectionName, has)
	}))
}

// describeRole answers the grants of a role in one database and in all of them:
// with the name "*", those of every database.
func describeRole(x *exchange) reply {
	type grantView struct {
		DbName     string `json:"dbName"`
		Grantor    string `json:"grantor"`
		ObjectName string `json:"objectName"`
		ObjectType string `json:"objectType"`
		Privilege  string `json:"privilege"`
	}
	found := []grantView{}
	err := x.e.view(func(c *catalog) error {
		grants := c.roles[x.names.RoleName]
		if grants == nil && c.profile.TypedErrors {
			return invalid("the role \"%s\" does not exist", x.names.RoleName)
		} else if grants == nil {
			return c.noRole()
		}
		for _, g := range slices.SortedFunc(maps.Keys(grants), compareGrants) {
			if asked := x.names.DbName; asked == anyName || g.database == asked || g.database == anyName {
				found = append(found, grantView{g.database, rootUser, g.objectName, g.objectType, g.privilege})
			}
		}
		return nil
	})
	return x.described(found, err)
}

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
