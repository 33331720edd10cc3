package emulator

import "net/http"

func listUsers(x *exchange) reply { return x.data(x.e.access.userNames(), nil) }
func listRoles(x *exchange) reply { return x.data(x.e.access.roleNames(), nil) }

func createUser(x *exchange) reply {
	return x.done(x.e.access.createUser(x.names.UserName, x.names.Password))
}

func dropUser(x *exchange) reply {
	x.e.access.dropUser(x.names.UserName)
	return x.done(nil)
}

// describeUser answers the names of the user's roles.
func describeUser(x *exchange) reply {
	found, err := x.e.access.rolesOf(x.names.UserName)
	return x.data(found, err)
}

func grantRole(x *exchange) reply {
	return x.done(x.e.access.setRole(x.names.UserName, x.names.RoleName, true))
}

func revokeRole(x *exchange) reply {
	return x.done(x.e.access.setRole(x.names.UserName, x.names.RoleName, false))
}

func createRole(x *exchange) reply { return x.done(x.e.access.createRole(x.names.RoleName)) }

func dropRole(x *exchange) reply { return x.done(x.e.access.dropRole(x.names.RoleName)) }

func grantPrivilege(x *exchange) reply {
	return x.done(x.e.access.setGrant(x.names.RoleName, x.names.grant(), true))
}

func revokePrivilege(x *exchange) reply {
	return x.done(x.e.access.setGrant(x.names.RoleName, x.names.grant(), false))
}

func (n *names) grant() grant { return grant{n.ObjectType, n.ObjectName, n.Privilege} }

// describeRole answers the grants of a role; newer versions add a description.
func describeRole(x *exchange) reply {
	type grantView struct {
		DbName     string `json:"dbName"`
		Grantor    string `json:"grantor"`
		ObjectName string `json:"objectName"`
		ObjectType string `json:"objectType"`
		Privilege  string `json:"privilege"`
	}
	grants, err := x.e.access.grantsOf(x.names.RoleName)
	if err != nil {
		return failureReply(err)
	}
	body := struct {
		Code        int         `json:"code"`
		Data        []grantView `json:"data"`
		Description *string     `json:"description,omitempty"`
	}{Code: x.route.success, Data: []grantView{}}
	for _, g := range grants {
		body.Data = append(body.Data, grantView{DefaultDatabase, rootUser, g.objectName, g.objectType, g.privilege})
	}
	if x.e.profile.shape.roleDetails {
		body.Description = new(string)
	}
	return jsonReply(http.StatusOK, body)
}
