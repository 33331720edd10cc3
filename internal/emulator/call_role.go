package emulator

import (
	"maps"
	"net/http"
	"slices"
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
