package emulator

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
)

// roster is who may do what: users, the roles they have, and what is granted to
// the roles. It is part of the catalog, because grants name its collections.
type roster struct {
	users  map[string]map[string]bool // user to roles
	roles  map[string]map[grant]bool
	groups map[string][]string // own privilege groups
}

// grant is a privilege on an object, both without their "Privilege" prefix. A
// privilege group is granted as a privilege of the type Global, whatever the
// name is of.
type grant struct{ database, objectType, objectName, privilege string }

func newRoster() roster {
	return roster{
		users: map[string]map[string]bool{rootUser: {}},
		roles: map[string]map[grant]bool{adminRole: {}, publicRole: {
			{anyName, onCollection, anyName, "IndexDetail"}:    true,
			{anyName, onGlobal, anyName, "DescribeCollection"}: true,
			{anyName, onGlobal, anyName, "ListAliases"}:        true,
		}},
		groups: map[string][]string{},
	}
}

// encode puts what differs from a new server into a snapshot.
func (r *roster) encode(s *snapshot) {
	if reflect.DeepEqual(*r, newRoster()) {
		return
	}
	s.Groups, s.Users, s.Roles = r.groups, map[string][]string{}, map[string][]snapshotGrant{}
	for user, roles := range r.users {
		s.Users[user] = slices.Sorted(maps.Keys(roles))
	}
	for role, grants := range r.roles {
		s.Roles[role] = []snapshotGrant{}
		for _, g := range slices.SortedFunc(maps.Keys(grants), compareGrants) {
			s.Roles[role] = append(s.Roles[role], snapshotGrant{g.database, g.objectType, g.objectName, g.privilege})
		}
	}
}

func decodeRoster(s *snapshot) roster {
	r := newRoster()
	if s.Roles == nil {
		return r
	}
	for user, roles := range s.Users {
		r.users[user] = set(roles...)
	}
	for role, grants := range s.Roles {
		r.roles[role] = map[grant]bool{}
		for _, g := range grants {
			r.roles[role][grant{g.Database, g.ObjectType, g.ObjectName, g.Privilege}] = true
		}
	}
	for group, privileges := range s.Groups {
		r.groups[group] = slices.Clone(privileges)
	}
	return r
}

func compareGrants(a, b grant) int {
	return cmp.Or(cmp.Compare(a.objectType, b.objectType), cmp.Compare(a.privilege, b.privilege),
		cmp.Compare(a.objectName, b.objectName), cmp.Compare(a.database, b.database))
}

// grantsOf are the roles of a user with what is granted to them, and what every
// user has.
func (c *catalog) grantsOf(user string) []grant {
	grants := slices.Collect(maps.Keys(c.roles[publicRole]))
	for role := range c.users[user] {
		grants = slices.AppendSeq(grants, maps.Keys(c.roles[role]))
	}
	return grants
}

// may reports whether a user may do what want asks for, in one database and with
// the name of one collection.
func (c *catalog) may(user string, want grant) bool {
	if want.objectType != onCollection {
		want.objectName = anyName
	}
	return c.users[user][adminRole] || slices.ContainsFunc(c.grantsOf(user), func(g grant) bool {
		return c.covers(g, want)
	})
}

func (c *catalog) covers(g, want grant) bool {
	switch {
	case g.privilege == allPrivileges:
		return g.database == want.database // "*" has no meaning here (milvus-rest section 16, point 8)
	case g.database != want.database && g.database != anyName, g.objectName != want.objectName && g.objectName != anyName:
		return false
	case g.objectType == want.objectType && g.privilege == want.privilege:
		return true
	case g.privilege == anyName:
		return !c.profile.MovesGrants && g.objectType == want.objectType
	}
	return g.objectType == onGlobal && slices.Contains(c.group(g.privilege), want.privilege)
}

// group is what a privilege group holds, built in or not, nil for no group.
func (c *catalog) group(name string) []string {
	if group := c.builtInGroup(name); group != nil {
		return group.privileges
	}
	return c.groups[name]
}

// reaches reports whether a user has any privilege on a collection.
func (c *catalog) reaches(user, database, collection string) bool {
	return c.users[user][adminRole] || slices.ContainsFunc(c.grantsOf(user), func(g grant) bool {
		if g.database == anyName && g.objectName == anyName && c.roles[publicRole][g] {
			return false // which every user has, and which shows no collection
		}
		return (g.database == database || g.database == anyName) && (g.objectName == collection || g.objectName == anyName) &&
			(g.objectType == onCollection || slices.ContainsFunc(c.group(g.privilege), func(p string) bool { return collectionPrivileges[p] }))
	})
}

// originalName is the name of the collection behind an alias, and any other name
// as it is.
func (db *database) originalName(name string) string {
	if to := db.aliases[name]; to != nil && !to.dropped {
		return to.name
	}
	return name
}

// regrant gives single grants on a collection another name, or takes them away
// with newName "". Groups stay where they are (Profile.MovesGrants).
func (c *catalog) regrant(database, name, newDatabase, newName string) {
	if !c.profile.MovesGrants {
		return
	}
	for _, grants := range c.roles {
		for g := range maps.Clone(grants) {
			if g.objectType != onCollection || g.database != database || g.objectName != name {
				continue
			}
			if delete(grants, g); newName != "" {
				grants[grant{newDatabase, g.objectType, newName, g.privilege}] = true
			}
		}
	}
}

func (c *catalog) noRole() error {
	return c.profile.unclassified("not found the role, maybe the role isn't existed or internal system error")
}

func (c *catalog) noUser() error {
	return c.profile.unclassified("not found the user, maybe the user isn't existed or internal system error")
}

func (c *catalog) setRole(user, role string, has bool) error {
	switch {
	case c.roles[role] == nil:
		return c.noRole()
	case c.users[user] == nil:
		return c.noUser()
	}
	if delete(c.users[user], role); has {
		c.users[user][role] = true
	}
	c.changed()
	return nil
}

func (c *catalog) createRole(name string) error {
	if c.roles[name] != nil {
		return c.profile.unclassified("role [name:\"%s\"] already exists", name)
	}
	c.roles[name] = map[grant]bool{}
	c.changed()
	return nil
}

func (c *catalog) dropRole(name string) error {
	switch grants := c.roles[name]; {
	case name == adminRole || name == publicRole:
		return invalid("the role[%s] is a default role, which can't be dropped", name)
	case grants == nil:
		return c.noRole()
	case len(grants) > 0 && c.profile.TypedErrors:
		return invalid("failed to check if drop role: %s", roleInUse)
	case len(grants) > 0:
		return c.profile.unclassified(roleInUse)
	}
	delete(c.roles, name)
	for _, roles := range c.users {
		delete(roles, name)
	}
	c.changed()
	return nil
}

const roleInUse = "fail to drop the role that it has privileges. Use REVOKE API to revoke privileges"

// setGrant grants or revokes. What is not granted can be revoked too.
func (c *catalog) setGrant(role string, g grant, has bool) error {
	grants := c.roles[role]
	if grants == nil {
		return c.noRole()
	}
	all := []grant{g}
	if g.privilege == "Load" { // milvus-rest section 16, point 7
		for _, privilege := range []string{"GetLoadState", "GetLoadingProgress"} {
			all = append(all, grant{g.database, g.objectType, g.objectName, privilege})
		}
	}
	for _, g := range all {
		if delete(grants, g); has {
			grants[g] = true
		}
	}
	c.changed()
	return nil
}

// setSingle grants or revokes a privilege with the type of its object (the first
// version of the call).
func (c *catalog) setSingle(role string, g grant, has bool) error {
	if err := c.profile.checkObject("object name", g.objectName); err != nil {
		return err
	}
	g.objectName = c.original(g.database, g.objectName)
	switch known := g.privilege == anyName || g.privilege == allPrivileges || c.knows(g.privilege) && typeOf(g.privilege) == g.objectType; {
	case c.roles[role] == nil:
		return c.noRole()
	case c.builtInGroup(g.privilege) != nil:
		return c.profile.unclassified("can not operate the built-in privilege group [%s]", g.privilege)
	case c.groups[g.privilege] != nil:
		return c.profile.unclassified("can not operate the custom privilege group [%s]", g.privilege)
	case !known:
		return c.profile.unclassified("not found the privilege name[%s] in object[%s]", g.privilege, g.objectType)
	}
	return c.setGrant(role, g, has)
}

// setAny grants or revokes a privilege or a group on a collection of a database
// (the second version of the call).
func (c *catalog) setAny(role, privilege, database, collection string, has bool) error {
	if collection == "" {
		return fail(codeInvalid, "collection name should be not empty: invalid parameter[expected=not empty][actual=]")
	}
	if err := c.profile.checkObject("collection name", collection); err != nil {
		return err
	}
	if c.profile.ResolvesGrants && collection != anyName && c.databases[database] == nil {
		return databaseNotFound(database)
	}
	if c.roles[role] == nil {
		return c.noRole()
	}
	g := grant{database, typeOf(privilege), c.original(database, collection), privilege}
	switch group := c.builtInGroup(privilege); {
	case group != nil:
		g.objectType = onGlobal
		if problem := group.misplaced(database, collection); problem != "" {
			return invalid("%s: %s", problem, privilege)
		}
	case c.groups[privilege] != nil:
		g.objectType = onGlobal
	case privilege != anyName && privilege != allPrivileges && !c.knows(privilege):
		return c.profile.unclassified("not found the privilege name[%s]", privilege)
	}
	return c.setGrant(role, g, has)
}

// misplaced reports what is wrong with where a built-in group is granted, or "".
func (group *privilegeGroup) misplaced(database, collection string) string {
	everywhere := database == anyName
	switch {
	case group.level == clusterLevel && (!everywhere || collection != anyName):
		return "dbName and collectionName should be * for the cluster level privilege"
	case group.level == databaseLevel && collection != anyName:
		return "collectionName should be * for the database level privilege"
	case group.level == collectionLevel && everywhere && collection != anyName:
		return "please specify database name for the collection level privilege"
	}
	return ""
}

// original is what a grant on a name is stored under (Profile.ResolvesGrants).
func (c *catalog) original(database, name string) string {
	if db := c.databases[database]; db != nil && c.profile.ResolvesGrants {
		return db.originalName(name)
	}
	return name
}

// knows reports whether a privilege exists.
func (c *catalog) knows(privilege string) bool {
	if userPrivileges[privilege] {
		return true
	}
	return slices.ContainsFunc(c.builtIn, func(group privilegeGroup) bool {
		return slices.Contains(group.privileges, privilege)
	})
}

// checkObject refuses a name that no object of a grant can have.
func (p *Profile) checkObject(kind, name string) error {
	if name == anyName {
		return nil
	}
	letters := "dollars and underscores"
	if p.MovesGrants {
		letters = "underscores, and allowed characters ($)"
	}
	for i := range len(name) {
		if b := name[i]; b != '_' && b != '$' && !isLetter(b) && (b < '0' || b > '9') {
			return invalid("%s can only contain numbers, letters, %s, found %c at %d", kind, letters, b, i)
		}
	}
	return nil
}
