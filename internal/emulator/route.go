package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
)

// route is one call of the API.
type route struct {
	method, path string
	name         string   // the path without its beginning: "aliases/list", "v1/collections/drop"
	request      string   // the type that Milvus decodes the body into
	required     []string // its required fields, in its order
	privilege    string   // what a caller needs, "" for nothing
	writes       bool
	handle       func(*exchange) reply

	v1            bool
	namesDatabase bool // dbName is the object of the call, not its place

	success  int
	doneBody []byte
}

var (
	needsAlias      = []string{"AliasName"}
	needsBinding    = []string{"CollectionName", "AliasName"}
	needsCollection = []string{"CollectionName"}
	needsData       = []string{"CollectionName", "Data"}
	needsUser       = []string{"UserName"}
	needsRole       = []string{"RoleName"}
	needsMember     = []string{"UserName", "RoleName"}
	needsGrant      = []string{"RoleName", "ObjectType", "ObjectName", "Privilege"}
	needsRight      = []string{"RoleName", "Privilege"}
	needsGroup      = []string{"PrivilegeGroupName"}
)

// table is every call that is served. Its order is that of milvus-rest section 1.
func table() []route {
	return []route{
		{path: "aliases/list", request: "OptionalCollectionNameReq", privilege: "ListAliases", handle: listAliases},
		{path: "aliases/describe", request: "AliasReq", required: needsAlias, privilege: "DescribeAlias", handle: describeAlias},
		{path: "aliases/create", request: "AliasCollectionReq", required: needsBinding, privilege: "CreateAlias", writes: true, handle: createAlias},
		{path: "aliases/alter", request: "AliasCollectionReq", required: needsBinding, privilege: "CreateAlias", writes: true, handle: alterAlias},
		{path: "aliases/drop", request: "AliasReq", required: needsAlias, privilege: "DropAlias", writes: true, handle: dropAlias},

		{path: "collections/list", request: "DatabaseReq", handle: listCollections},
		{path: "collections/has", request: "CollectionNameReq", required: needsCollection, handle: hasCollection},
		{path: "collections/describe", request: "CollectionNameReq", required: needsCollection, privilege: "DescribeCollection", handle: describeCollection},
		{path: "collections/create", request: "CollectionReq", required: needsCollection, privilege: "CreateCollection", writes: true, handle: createCollection},
		{path: "collections/drop", request: "CollectionNameReq", required: needsCollection, privilege: "DropCollection", writes: true, handle: dropCollection},
		{path: "collections/rename", request: "RenameCollectionReq", required: []string{"CollectionName", "NewCollectionName"}, privilege: "RenameCollection", writes: true, handle: renameCollection},
		{path: "collections/get_stats", request: "CollectionNameReq", required: needsCollection, privilege: "GetStatistics", handle: collectionStats},
		{path: "collections/get_load_state", request: "CollectionNameReq", required: needsCollection, privilege: "GetLoadState", handle: loadState},
		{path: "collections/load", request: "CollectionNameReq", required: needsCollection, privilege: "Load", writes: true, handle: loadCollection},
		{path: "collections/release", request: "CollectionNameReq", required: needsCollection, privilege: "Release", writes: true, handle: releaseCollection},

		{path: "collections/refresh_load", request: "CollectionNameReq", required: needsCollection, privilege: "Load", writes: true, handle: refreshLoad},
		{path: "collections/flush", request: "FlushReq", required: needsCollection, privilege: "Flush", writes: true, handle: flushCollection},
		{path: "collections/compact", request: "CompactReq", required: needsCollection, privilege: "Compaction", writes: true, handle: compactCollection},
		{path: "collections/get_compaction_state", request: "GetCompactionStateReq", required: []string{"JobID"}, handle: compactionState},
		{path: "collections/alter_properties", request: "CollectionReqWithProperties", required: needsCollection, privilege: "CreateCollection", writes: true, handle: alterProperties},
		{path: "collections/truncate", request: "TruncateCollectionReq", required: needsCollection, privilege: "TruncateCollection", writes: true, handle: truncateCollection},

		{path: "databases/list", request: "EmptyReq", handle: listDatabases},
		{path: "databases/describe", request: "DatabaseReqRequiredName", required: []string{"DbName"}, namesDatabase: true, privilege: "DescribeDatabase", handle: describeDatabase},
		{path: "databases/create", request: "DatabaseReqWithProperties", required: []string{"DbName"}, namesDatabase: true, privilege: "CreateDatabase", writes: true, handle: createDatabase},
		{path: "databases/drop", request: "DatabaseReqRequiredName", required: []string{"DbName"}, namesDatabase: true, privilege: "DropDatabase", writes: true, handle: dropDatabase},

		{path: "indexes/list", request: "CollectionNameReq", required: needsCollection, privilege: "IndexDetail", handle: listIndexes},
		{path: "indexes/describe", request: "IndexReq", required: []string{"CollectionName", "IndexName"}, privilege: "IndexDetail", handle: describeIndex},
		{path: "indexes/create", request: "IndexParamReq", required: needsCollection, privilege: "CreateIndex", writes: true, handle: createIndex},
		{path: "indexes/drop", request: "IndexReq", required: []string{"CollectionName", "IndexName"}, privilege: "DropIndex", writes: true, handle: dropIndex},
		{path: "partitions/list", request: "CollectionNameReq", required: needsCollection, privilege: "ShowPartitions", handle: listPartitions},
		{path: "resource_groups/list", request: "EmptyReq", privilege: "ListResourceGroups", handle: listResourceGroups},
		{path: "entities/insert", request: "CollectionDataReq", required: needsData, privilege: "Insert", writes: true, handle: insertEntities},
		{path: "entities/upsert", request: "CollectionDataReq", required: needsData, privilege: "Upsert", writes: true, handle: upsertEntities},
		{path: "entities/delete", request: "CollectionFilterReq", required: []string{"CollectionName", "Filter"}, privilege: "Delete", writes: true, handle: deleteEntities},
		{path: "entities/query", request: "QueryReqV2", required: needsCollection, privilege: "Query", handle: queryEntities},
		{path: "entities/get", request: "CollectionIDReq", required: []string{"CollectionName", "ID"}, privilege: "Query", handle: getEntities},
		{path: "entities/hybrid_search", request: "HybridSearchReq", required: needsCollection, privilege: "Search", handle: hybridSearch},
		{path: "entities/search", request: "SearchReqV2", required: needsData, privilege: "Search", handle: searchEntities},

		{path: "users/list", request: "DatabaseReq", privilege: "SelectOwnership", handle: listUsers},
		{path: "users/describe", request: "UserReq", required: needsUser, privilege: "SelectUser", handle: describeUser},
		{path: "users/create", request: "PasswordReq", required: []string{"UserName", "Password"}, privilege: "CreateOwnership", writes: true, handle: createUser},
		{path: "users/drop", request: "UserReq", required: needsUser, privilege: "DropOwnership", writes: true, handle: dropUser},
		{path: "users/grant_role", request: "UserRoleReq", required: needsMember, privilege: "ManageOwnership", writes: true, handle: grantRole},
		{path: "users/revoke_role", request: "UserRoleReq", required: needsMember, privilege: "ManageOwnership", writes: true, handle: revokeRole},
		{path: "roles/list", request: "DatabaseReq", privilege: "SelectOwnership", handle: listRoles},
		{path: "roles/describe", request: "RoleReq", required: needsRole, privilege: "SelectOwnership", handle: describeRole},
		{path: "roles/create", request: "RoleReq", required: needsRole, privilege: "CreateOwnership", writes: true, handle: createRole},
		{path: "roles/drop", request: "RoleReq", required: needsRole, privilege: "DropOwnership", writes: true, handle: dropRole},
		{path: "roles/grant_privilege", request: "GrantReq", required: needsGrant, privilege: "ManageOwnership", writes: true, handle: grantPrivilege},
		{path: "roles/revoke_privilege", request: "GrantReq", required: needsGrant, privilege: "ManageOwnership", writes: true, handle: revokePrivilege},
		{path: "roles/grant_privilege_v2", request: "GrantV2Req", required: needsRight, privilege: "ManageOwnership", writes: true, handle: grantPrivilegeV2},
		{path: "roles/revoke_privilege_v2", request: "GrantV2Req", required: needsRight, privilege: "ManageOwnership", writes: true, handle: revokePrivilegeV2},
		{path: "privilege_groups/list", request: "DatabaseReq", privilege: "ListPrivilegeGroups", handle: listPrivilegeGroups},
		{path: "privilege_groups/create", request: "PrivilegeGroupReq", required: needsGroup, privilege: "CreatePrivilegeGroup", writes: true, handle: createPrivilegeGroup},
		{path: "privilege_groups/drop", request: "PrivilegeGroupReq", required: needsGroup, privilege: "DropPrivilegeGroup", writes: true, handle: dropPrivilegeGroup},
		{path: "privilege_groups/add_privileges_to_group", request: "PrivilegeGroupReq", required: needsGroup, privilege: "OperatePrivilegeGroup", writes: true, handle: addToPrivilegeGroup},
		{path: "privilege_groups/remove_privileges_from_group", request: "PrivilegeGroupReq", required: needsGroup, privilege: "OperatePrivilegeGroup", writes: true, handle: removeFromPrivilegeGroup},

		{v1: true, method: http.MethodGet, path: "collections", handle: listCollections},
		{v1: true, method: http.MethodGet, path: "collections/describe", required: needsCollection, privilege: "DescribeCollection", handle: describeCollectionV1},
		{v1: true, path: "collections/create", request: "CreateCollectionReq", required: needsCollection, privilege: "CreateCollection", writes: true, handle: createCollection},
		{v1: true, path: "collections/drop", request: "DropCollectionReq", required: needsCollection, privilege: "DropCollection", writes: true, handle: dropCollectionV1},
	}
}

// routesOf is the table of a profile, by path.
func routesOf(p *Profile) map[string]*route {
	routes := map[string]*route{}
	for _, r := range table() {
		if !p.serves(&r) {
			continue
		}
		if r.path == "entities/search" && p.shape.idsOrData {
			r.required = needsCollection
		}
		if r.method == "" {
			r.method = http.MethodPost
		}
		if r.v1 {
			r.success, r.name, r.path = http.StatusOK, "v1/"+r.path, "/v1/vector/"+r.path
		} else {
			r.success, r.name, r.path = p.Success, r.path, "/v2/vectordb/"+r.path
		}
		r.doneBody, _ = json.Marshal(successBody{Code: r.success, Data: struct{}{}})
		routes[r.path] = &r
	}
	return routes
}

// serves reports whether servers of the profile have a route.
func (p *Profile) serves(r *route) bool {
	room, _, _ := strings.Cut(r.path, "/")
	switch {
	case r.v1:
		return !p.NoV1
	case room == "privilege_groups" || strings.HasSuffix(r.path, "_v2"):
		return p.shape.privilegeGroups
	case room == "databases":
		return p.shape.databases
	case room == "resource_groups":
		return p.shape.resourceGroups
	}
	switch r.path {
	case "collections/truncate":
		return p.shape.truncate
	case "collections/refresh_load", "collections/flush", "collections/compact",
		"collections/get_compaction_state", "collections/alter_properties":
		return p.shape.maintenance
	}
	return true
}

// route finds the call of a request, nil when there is none.
func (e *Emulator) route(method, path string) *route {
	if r := e.routes[path]; r != nil && r.method == method {
		return r
	}
	return nil
}
