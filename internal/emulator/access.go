package emulator

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// access is who may call what. It is off until RequireToken, as on a Milvus
// with the default settings. Users and roles live in memory alone.
type access struct {
	profile *Profile
	on      atomic.Bool
	mu      sync.RWMutex
	users   map[string]*user
	roles   map[string]*role
	keys    map[string]*user // API keys: tokens without a colon
}

type user struct {
	name     string
	password string // "" cannot log in
	roles    map[string]bool
}

type role struct{ grants map[grant]bool }

func newRole() *role { return &role{grants: map[grant]bool{}} }

// grant is a privilege on an object, both without their "Privilege" prefix.
type grant struct{ objectType, objectName, privilege string }

const (
	rootUser   = "root"
	adminRole  = "admin"
	publicRole = "public"
)

// public are the privileges that every user has (the role "public" of a new
// Milvus), as far as the calls of this package ask for them.
var public = map[string]bool{
	"":                   true,
	"ListAliases":        true,
	"DescribeCollection": true,
	"IndexDetail":        true,
	"ShowPartitions":     true,
}

func (a *access) init(p *Profile) {
	a.profile = p
	a.users = map[string]*user{rootUser: {name: rootUser}}
	a.roles = map[string]*role{adminRole: newRole(), publicRole: newRole()}
	a.keys = map[string]*user{}
}

// RequireToken turns authorization on and lets a caller with this token do
// everything: "user:password", or an API key without a colon.
func (e *Emulator) RequireToken(token string) {
	a := &e.access
	a.mu.Lock()
	defer a.mu.Unlock()
	if name, password, ok := strings.Cut(token, ":"); ok {
		a.users[name] = &user{name: name, password: password, roles: map[string]bool{adminRole: true}}
	} else {
		a.keys[token] = &user{name: "apikey user", roles: map[string]bool{adminRole: true}}
	}
	a.on.Store(true)
}

// authenticate finds the caller behind an Authorization header: Basic, or a
// token with or without "Bearer " in front. It returns nil when authorization
// is off.
func (a *access) authenticate(header string) (*user, error) {
	if !a.on.Load() {
		return nil, nil
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	token := strings.TrimPrefix(header, "Bearer ")
	if scheme, encoded, ok := strings.Cut(header, " "); ok && strings.EqualFold(scheme, "Basic") {
		if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			token = string(decoded)
		}
	}
	if name, password, ok := strings.Cut(token, ":"); ok {
		if u := a.users[name]; u != nil && password != "" && u.password == password {
			return u, nil
		}
	} else if u := a.keys[token]; u != nil {
		return u, nil
	}
	return nil, &Failure{http.StatusUnauthorized, codeNotAuthenticated, "user hasn't authenticated"}
}

// allowed reports whether the caller has a privilege, and names it when not.
func (x *exchange) allowed(privilege string) error {
	if x.caller == nil || public[privilege] || x.e.access.has(x.caller, func(g grant) bool {
		return g.privilege == privilege || g.privilege == "*"
	}) {
		return nil
	}
	f := fail(codeUnexpected, "rpc error: code = PermissionDenied desc = Privilege%s: permission deny to %s in the `%s` database",
		privilege, x.caller.name, x.names.DbName)
	f.Status = http.StatusForbidden
	return f
}

// sees reports whether the caller finds a collection in a list: Milvus leaves out
// those on which the caller has no privilege.
func (x *exchange) sees(collection string) bool {
	return x.caller == nil || x.e.access.has(x.caller, func(g grant) bool {
		return g.objectType == "Collection" && (g.objectName == collection || g.objectName == "*")
	})
}

// has reports whether a user is an administrator or has a grant.
func (a *access) has(u *user, fits func(grant) bool) bool {
	if u.name == rootUser {
		return true
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	for name := range u.roles {
		if name == adminRole {
			return true
		}
		if r := a.roles[name]; r != nil {
			for g := range r.grants {
				if fits(g) {
					return true
				}
			}
		}
	}
	return false
}

func (a *access) userNames() []string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return slices.Sorted(maps.Keys(a.users))
}

func (a *access) roleNames() []string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return slices.Sorted(maps.Keys(a.roles))
}

func (a *access) createUser(name, password string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.users[name] != nil {
		return invalid("user %s already exists", name)
	}
	a.users[name] = &user{name: name, password: password, roles: map[string]bool{}}
	return nil
}

// dropUser is a success for a user that does not exist.
func (a *access) dropUser(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if name != rootUser {
		delete(a.users, name)
	}
}

func (a *access) rolesOf(name string) ([]string, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	u := a.users[name]
	if u == nil {
		return nil, a.profile.unclassified("not found the user, maybe the user isn't existed or internal system error")
	}
	return slices.AppendSeq([]string{}, maps.Keys(u.roles)), nil
}

func (a *access) setRole(userName, roleName string, has bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.roles[roleName] == nil {
		return a.profile.unclassified("not found the role, maybe the role isn't existed or internal system error")
	}
	u := a.users[userName]
	if u == nil {
		return a.profile.unclassified("not found the user, maybe the user isn't existed or internal system error")
	}
	// A caller may be looking at the old roles without the lock.
	roles := maps.Clone(u.roles)
	if delete(roles, roleName); has {
		roles[roleName] = true
	}
	a.users[userName] = &user{name: u.name, password: u.password, roles: roles}
	return nil
}

func (a *access) createRole(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.roles[name] != nil {
		return a.profile.unclassified("role [name:\"%s\"] already exists", name)
	}
	a.roles[name] = newRole()
	return nil
}

func (a *access) dropRole(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if name == adminRole || name == publicRole {
		return invalid("the role[%s] is a default role, which can't be dropped", name)
	}
	switch r := a.roles[name]; {
	case r == nil:
		return a.profile.unclassified("not found the role, maybe the role isn't existed or internal system error")
	case len(r.grants) > 0 && a.profile.TypedErrors:
		return invalid("failed to check if drop role: %s", roleInUse)
	case len(r.grants) > 0:
		return a.profile.unclassified(roleInUse)
	}
	delete(a.roles, name)
	return nil
}

const roleInUse = "fail to drop the role that it has privileges. Use REVOKE API to revoke privileges"

func (a *access) setGrant(roleName string, g grant, has bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.roles[roleName]
	if r == nil {
		return a.profile.unclassified("not found the role, maybe the role isn't existed or internal system error")
	}
	if delete(r.grants, g); has {
		r.grants[g] = true
	}
	return nil
}

func (a *access) grantsOf(roleName string) ([]grant, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	r := a.roles[roleName]
	if r == nil && a.profile.TypedErrors {
		return nil, invalid("the role \"%s\" does not exist", roleName)
	} else if r == nil {
		return nil, a.profile.unclassified("not found the role, maybe the role isn't existed or internal system error")
	}
	return slices.SortedFunc(maps.Keys(r.grants), func(a, b grant) int {
		return cmp.Or(cmp.Compare(a.objectType, b.objectType), cmp.Compare(a.privilege, b.privilege), cmp.Compare(a.objectName, b.objectName))
	}), nil
}

func listUsers(x *exchange) reply { return x.data(x.e.access.userNames(), nil) }
func listRoles(x *exchange) reply { return x.data(x.e.access.roleNames(), nil) }

func createUser(x *exchange) reply {
	return x.done(x.e.access.createUser(x.names.UserName, x.names.Password))
}

func dropUser(x *exchange) reply {
	x.e.access.dropUser(x.names.UserName)
	return x.done(nil)
}

// describeUser answers the names of the user's roles; newer versions add a
// description.
func describeUser(x *exchange) reply {
	found, err := x.e.access.rolesOf(x.names.UserName)
	if err != nil || !x.e.profile.shape.roleDetails {
		return x.data(found, err)
	}
	return jsonReply(http.StatusOK, struct {
		Code        int      `json:"code"`
		Data        []string `json:"data"`
		Description string   `json:"description"`
	}{Code: x.route.success, Data: found})
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
