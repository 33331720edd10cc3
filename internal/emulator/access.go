package emulator

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// access is who may log in. It is off until RequireToken, as on a Milvus with
// the default settings. Passwords and API keys live in memory alone; users,
// roles and grants belong to the catalog.
type access struct {
	on     atomic.Bool
	mu     sync.RWMutex
	logins map[string]login  // by user
	keys   map[string]caller // API keys: tokens without a colon
}

type login struct {
	password string
	admin    bool // whatever the roles of the user
}

// caller is the user behind a request.
type caller struct {
	name  string
	admin bool
}

const (
	rootUser   = "root"
	adminRole  = "admin"
	publicRole = "public"
)

func (a *access) init() {
	a.logins = map[string]login{}
	a.keys = map[string]caller{}
}

// RequireToken turns authorization on and lets a caller with this token do
// everything: "user:password", or an API key without a colon.
func (e *Emulator) RequireToken(token string) {
	a := &e.access
	a.mu.Lock()
	defer a.mu.Unlock()
	if name, password, ok := strings.Cut(token, ":"); ok {
		a.logins[name] = login{password: password, admin: true}
	} else {
		a.keys[token] = caller{name: "apikey user", admin: true}
	}
	a.on.Store(true)
}

// authenticate finds the caller behind an Authorization header: Basic, or a
// token with or without "Bearer " in front. It returns nil when authorization
// is off.
func (a *access) authenticate(header string) (*caller, error) {
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
		if l := a.logins[name]; password != "" && l.password == password {
			return &caller{name, l.admin || name == rootUser}, nil
		}
	} else if c, ok := a.keys[token]; ok {
		return &c, nil
	}
	return nil, &Failure{http.StatusUnauthorized, codeNotAuthenticated, "user hasn't authenticated"}
}

// setPassword lets a user log in, or no longer with "".
func (a *access) setPassword(name, password string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if l := a.logins[name]; !l.admin {
		a.logins[name] = login{password: password}
	}
}

// permitted is what the route of the exchange asks of its caller.
func (x *exchange) permitted() error {
	return x.e.view(func(c *catalog) error { return x.allowed(c, x.route.privilege) })
}

// allowed reports whether the caller has a privilege on what the request names, and
// names the privilege when not. The message also names the database, which is
// "*" for privileges on the whole cluster from 3.0 on.
func (x *exchange) allowed(c *catalog, privilege string) error {
	if x.caller == nil || x.caller.admin || privilege == "" || x.asksOfItself(c) {
		return nil
	}
	database := x.names.DbName
	if c.profile.ClusterPrivileges && (clusterPrivileges[privilege] || x.names.NewDbName != "" && x.names.NewDbName != database) {
		database = anyName
	}
	object := x.names.CollectionName
	if db := c.databases[database]; db != nil && c.profile.ResolvesGrants {
		object = db.originalName(object)
	}
	if c.may(x.caller.name, grant{database, typeOf(privilege), object, privilege}) {
		return nil
	}
	f := fail(codeUnexpected, "rpc error: code = PermissionDenied desc = Privilege%s: permission deny to %s in the `%s` database",
		privilege, x.caller.name, database)
	f.Status = http.StatusForbidden
	return f
}

// asksOfItself reports whether the caller asks for its own roles, or, before 2.6,
// for the grants of one of them: it needs no privilege to.
func (x *exchange) asksOfItself(c *catalog) bool {
	switch x.route.name {
	case "users/describe":
		return x.names.UserName == x.caller.name
	case "roles/describe":
		return !c.profile.MovesGrants && c.users[x.caller.name][x.names.RoleName]
	}
	return false
}

// sees reports whether the caller finds a collection in a list: Milvus leaves out
// those on which the caller has no privilege.
func (x *exchange) sees(c *catalog, collection string) bool {
	return x.caller == nil || x.caller.admin || c.reaches(x.caller.name, x.names.DbName, collection)
}

// What a privilege is on, as grants name it.
const (
	onCollection = "Collection"
	onGlobal     = "Global"
	onUser       = "User"
)

// anyName stands for every database, every collection or, as a privilege, for
// every privilege.
const anyName = "*"

// allPrivileges is the privilege that has all others in its database.
const allPrivileges = "All"

// The privileges on collections and on users; every other one is Global.
var (
	collectionPrivileges = set(
		"Compaction", "CreateIndex", "CreatePartition", "Delete", "DropIndex", "DropPartition",
		"Flush", "GetFlushState", "GetLoadState", "GetLoadingProgress", "GetStatistics", "HasPartition",
		"Import", "IndexDetail", "Insert", "Load", "LoadBalance", "Query", "Release", "Search",
		"ShowPartitions", "Upsert", "AddCollectionField", "GetImportProgress", "ListImport",
		"TruncateCollection", "AlterCollectionSchema", "RefreshExternalCollection",
		"CreateSnapshot", "DropSnapshot", "DescribeSnapshot", "ListSnapshots", "RestoreSnapshot")
	userPrivileges = set("UpdateUser", "SelectUser")
)

func typeOf(privilege string) string {
	switch {
	case collectionPrivileges[privilege]:
		return onCollection
	case userPrivileges[privilege]:
		return onUser
	}
	return onGlobal
}

func set(names ...string) map[string]bool {
	all := map[string]bool{}
	for _, name := range names {
		all[name] = true
	}
	return all
}

// A privilegeGroup is built in. Each level has three, of which a later one holds
// what the one before it does (recorded: lines 11 of the transcripts of grants).
type privilegeGroup struct {
	name       string
	level      level
	privileges []string
}

// level is what a built-in group is granted on.
type level int

const (
	clusterLevel level = iota
	databaseLevel
	collectionLevel
)

// groupParts are the built-in groups by what each adds to the one before it.
var groupParts = []privilegeGroup{
	{"ClusterReadOnly", clusterLevel, []string{"ListDatabases", "SelectOwnership", "SelectUser", "DescribeResourceGroup",
		"ListResourceGroups", "ListPrivilegeGroups", "GetReplicateConfiguration", "ListFileResources"}},
	{"ClusterReadWrite", clusterLevel, []string{"FlushAll", "TransferNode", "TransferReplica", "UpdateResourceGroups",
		"AddFileResource", "RemoveFileResource", "PinSnapshotData", "UnpinSnapshotData"}},
	{"ClusterAdmin", clusterLevel, []string{"BackupRBAC", "RestoreRBAC", "CreateDatabase", "DropDatabase", "CreateOwnership",
		"DropOwnership", "ManageOwnership", "CreateResourceGroup", "DropResourceGroup", "UpdateUser", "RenameCollection",
		"CreatePrivilegeGroup", "DropPrivilegeGroup", "OperatePrivilegeGroup", "UpdateReplicateConfiguration",
		"Expr", "RestoreExternalSnapshot", "ExportSnapshot"}},
	{"DatabaseReadOnly", databaseLevel, []string{"ShowCollections", "DescribeDatabase"}},
	{"DatabaseReadWrite", databaseLevel, []string{"AlterDatabase"}},
	{"DatabaseAdmin", databaseLevel, []string{"CreateCollection", "DropCollection", "RenameCollection"}},
	{"CollectionReadOnly", collectionLevel, []string{"Query", "Search", "IndexDetail", "GetFlushState", "GetLoadState",
		"GetLoadingProgress", "HasPartition", "ShowPartitions", "DescribeCollection", "DescribeAlias", "GetStatistics",
		"ListAliases", "GetImportProgress", "ListImport", "DescribeSnapshot", "ListSnapshots"}},
	{"CollectionReadWrite", collectionLevel, []string{"Load", "Release", "Insert", "Delete", "Upsert", "Import", "Flush",
		"Compaction", "LoadBalance", "CreateIndex", "DropIndex", "CreatePartition", "DropPartition", "AddCollectionField",
		"AlterCollectionSchema", "RefreshExternalCollection", "CreateSnapshot", "DropSnapshot"}},
	{"CollectionAdmin", collectionLevel, []string{"CreateAlias", "DropAlias", "RestoreSnapshot"}},
}

// The privileges that came with 2.6 and with 3.0.
var (
	privilegesOf26 = set("GetReplicateConfiguration", "UpdateReplicateConfiguration", "AddCollectionField",
		"GetImportProgress", "ListImport")
	privilegesOf30 = set("ListFileResources", "AddFileResource", "RemoveFileResource", "PinSnapshotData",
		"UnpinSnapshotData", "Expr", "RestoreExternalSnapshot", "ExportSnapshot", "DescribeSnapshot", "ListSnapshots",
		"AlterCollectionSchema", "RefreshExternalCollection", "CreateSnapshot", "DropSnapshot", "RestoreSnapshot")
	// clusterPrivileges are those that 3.0 looks for in every database at once
	// (Profile.ClusterPrivileges).
	clusterPrivileges = func() map[string]bool {
		all := map[string]bool{}
		for _, part := range groupParts {
			for _, privilege := range part.privileges {
				if part.level == clusterLevel && privilege != "RenameCollection" {
					all[privilege] = true
				}
			}
		}
		return all
	}()
)

// privilegeGroups are the built-in groups of a version, in the order in which it
// lists them.
func (p *Profile) privilegeGroups() []privilegeGroup {
	groups := make([]privilegeGroup, len(groupParts))
	for i, part := range groupParts {
		group := privilegeGroup{name: part.name, level: part.level}
		if i > 0 && groups[i-1].level == part.level {
			group.privileges = slices.Clone(groups[i-1].privileges)
		}
		for _, privilege := range part.privileges {
			if p.has(privilege, part.level) {
				group.privileges = append(group.privileges, privilege)
			}
		}
		groups[i] = group
	}
	return groups
}

// has reports whether servers of the profile have a privilege on a level: renaming
// is one of clusters before 3.0, and of databases from then on.
func (p *Profile) has(privilege string, on level) bool {
	switch {
	case privilege == "RenameCollection":
		return (on == databaseLevel) == p.ClusterPrivileges
	case privilegesOf30[privilege]:
		return p.ClusterPrivileges
	}
	return p.MovesGrants || !privilegesOf26[privilege]
}

// builtInGroup finds a built-in group, nil when there is none of the name.
func (c *catalog) builtInGroup(name string) *privilegeGroup {
	for i := range c.builtIn {
		if c.builtIn[i].name == name {
			return &c.builtIn[i]
		}
	}
	return nil
}
