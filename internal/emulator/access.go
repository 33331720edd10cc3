package emulator

import (
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// access is who may call what. It is off until RequireToken, as on a Milvus
// with the default settings. Users and roles live in memory alone.
type access struct {
	on    atomic.Bool
	mu    sync.RWMutex
	users map[string]*user
	roles map[string]*role
	keys  map[string]*user // API keys: tokens without a colon
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

func (a *access) init() {
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

// allowed says whether the caller has a privilege, and names it when not.
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

// sees says whether the caller finds a collection in a list: Milvus leaves out
// those on which the caller has no privilege.
func (x *exchange) sees(collection string) bool {
	return x.caller == nil || x.e.access.has(x.caller, func(g grant) bool {
		return g.objectType == "Collection" && (g.objectName == collection || g.objectName == "*")
	})
}

// has says whether a user is an administrator or has a grant.
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
