package milvus

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"aliasctl/planner"
)

// The part of an inspection that is about grants (milvus-rest section 16).

// grants reads what roles are granted in some databases: one request for each role
// and database, behind one for the roles, one for the privilege groups, and where
// these do not show it a few for the version. A fact that the server does not give
// has a Why. What live has already is left out.
func (c *Client) grants(ctx context.Context, databases []string, live *planner.Live) (map[string]*planner.GrantFact, error) {
	facts := make(map[string]*planner.GrantFact)
	for _, database := range databases {
		if d := live.Databases[database]; d != nil && d.Grants == nil {
			facts[database] = &planner.GrantFact{}
		}
	}
	if len(facts) == 0 {
		return nil, nil
	}
	unknown := func(why error) (map[string]*planner.GrantFact, error) {
		if ends(ctx, why) {
			return nil, why
		}
		for _, f := range facts {
			*f = planner.GrantFact{Why: whyOf(why), Lift: liftDenied(why)}
		}
		return facts, nil
	}
	roles, err := c.Roles(ctx)
	if err != nil {
		return unknown(err)
	}
	groups, err := c.PrivilegeGroups(ctx)
	if err != nil {
		return unknown(err)
	}
	older, delayed, err := c.ageOf(ctx, groups)
	if err != nil {
		return unknown(err)
	}
	roles = slices.DeleteFunc(roles, func(name string) bool { return name == planner.AdminRole })
	slices.Sort(roles)
	type answer struct {
		role, database string
		grants         []planner.Grant
	}
	var asked []*answer
	var all []question
	for database, f := range facts {
		f.Groups, f.Older, f.Delayed = groups, older, delayed
		for _, role := range roles {
			a := &answer{role: role, database: database}
			asked = append(asked, a)
			all = append(all, func(ctx context.Context) (err error) {
				a.grants, err = c.RoleGrants(ctx, database, role)
				return err
			})
		}
	}
	if err := c.askAll(ctx, all); err != nil {
		return unknown(err)
	}
	for _, a := range asked {
		f := facts[a.database]
		f.Roles = append(f.Roles, planner.Role{Name: a.role, Grants: a.grants})
	}
	return facts, nil
}

// liftDenied is what lets the user read grants, "" for an error that is no denial:
// more than the one privilege that the server missed first, and in all databases,
// which is where 3.0 looks for them.
func liftDenied(err error) string {
	if !IsDenied(err) {
		return ""
	}
	return `grant "SelectOwnership" and "ListPrivilegeGroups" on *.* to a role of this user`
}

// Roles lists the names of all roles. It needs the privilege SelectOwnership.
func (c *Client) Roles(ctx context.Context) ([]string, error) {
	return c.list(ctx, call{route: rolesList, server: true})
}

// RoleGrants lists what a role is granted in a database and in all of them, sorted.
// It needs the privilege SelectOwnership.
func (c *Client) RoleGrants(ctx context.Context, database, role string) ([]planner.Grant, error) {
	k := call{route: rolesDescribe, database: database, role: role}
	data, err := c.read(ctx, k)
	if err != nil {
		return nil, err
	}
	var list []struct{ DBName, ObjectType, ObjectName, Privilege string }
	// Null is an error: a role without grants has an empty list.
	if json.Unmarshal(data, &list) != nil || list == nil {
		return nil, c.badData(k, data)
	}
	grants := make([]planner.Grant, len(list))
	for i, g := range list {
		if c.redactor.In(g.DBName, g.ObjectType, g.ObjectName, g.Privilege) {
			return nil, c.tokenInName(k)
		}
		if g.DBName == "" || g.ObjectType == "" || g.ObjectName == "" || g.Privilege == "" {
			return nil, c.badData(k, data)
		}
		grants[i] = planner.Grant{Database: g.DBName, ObjectType: g.ObjectType, Object: g.ObjectName, Privilege: g.Privilege}
	}
	slices.SortFunc(grants, planner.Grant.Compare)
	return grants, nil
}

// Grant grants a role a privilege on the collection that g names. It is a success for
// what is granted already. It needs the privilege ManageOwnership.
func (c *Client) Grant(ctx context.Context, role string, g planner.Grant) error {
	return c.write(ctx, grantCall(rolesGrant, rolesGrantV2, role, g))
}

// Revoke takes a privilege from a role. It is a success for what is not granted.
func (c *Client) Revoke(ctx context.Context, role string, g planner.Grant) error {
	return c.write(ctx, grantCall(rolesRevoke, rolesRevokeV2, role, g))
}

// grantCall is a call of the first version, which all servers have, for a privilege on
// a collection; one of the second for a group, and for what is listed as Global.
func grantCall(first, second, role string, g planner.Grant) call {
	if g.ObjectType == "Collection" {
		return call{route: first, database: g.Database, role: role, grant: g}
	}
	k := call{route: second, database: g.Database, collection: g.Object, role: role}
	k.grant.Privilege = g.Privilege
	return k
}

// PrivilegeGroups lists the privileges of each privilege group, built in or not;
// none where the server has no groups (before 2.4.18). It needs the privilege
// ListPrivilegeGroups.
func (c *Client) PrivilegeGroups(ctx context.Context) (map[string][]string, error) {
	k := call{route: privilegeGroupsList, server: true}
	data, err := c.read(ctx, k)
	if IsRouteMissing(err) && !IsForeign(err) { // a gateway may hide it
		return map[string][]string{}, nil
	}
	if err != nil {
		return nil, err
	}
	var d struct {
		PrivilegeGroups []struct{ PrivilegeGroupName, Privileges string }
	}
	if json.Unmarshal(data, &d) != nil || d.PrivilegeGroups == nil {
		return nil, c.badData(k, data)
	}
	groups := make(map[string][]string, len(d.PrivilegeGroups))
	for _, g := range d.PrivilegeGroups {
		privileges := strings.Split(g.Privileges, ",")
		for i := range privileges {
			privileges[i] = strings.TrimSpace(privileges[i])
		}
		if c.redactor.In(append(privileges, g.PrivilegeGroupName)...) {
			return nil, c.tokenInName(k)
		}
		groups[g.PrivilegeGroupName] = privileges
	}
	return groups, nil
}

// ageOf reports whether a server is older than 2.6 for certain, and whether it may let
// grants count late, which one of 2.6 or later does not. The privileges that came with
// 2.6 show one. An operator may write the built-in groups anew, so that they lack
// those: then the answers that differ between versions are asked for too.
func (c *Client) ageOf(ctx context.Context, groups map[string][]string) (older, delayed bool, err error) {
	for _, privileges := range groups {
		for _, p := range []string{"AddCollectionField", "GetReplicateConfiguration", "UpdateReplicateConfiguration"} {
			if slices.Contains(privileges, p) {
				return false, false, nil
			}
		}
	}
	r := &recogniser{c: c, possible: profileNames}
	before := func() bool { return !r.could("2.6.18") && !r.could("2.6") && !r.could("3.0") }
	for _, look := range []func(context.Context) error{r.lookAtDatabase, r.lookAtRoutes, r.lookAtTimeout, r.lookAtRole, r.lookAtCollection} {
		if before() {
			break
		}
		if err := look(ctx); err != nil {
			return false, false, err
		}
	}
	return before(), true, nil
}
