package emulator

import (
	"encoding/json"
	"net/http"
)

// route is one call of the API.
type route struct {
	method, path string
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

		{path: "databases/list", request: "EmptyReq", handle: listDatabases},
		{path: "databases/describe", request: "DatabaseReqRequiredName", required: []string{"DbName"}, namesDatabase: true, privilege: "DescribeDatabase", handle: describeDatabase},
		{path: "databases/create", request: "DatabaseReqWithProperties", required: []string{"DbName"}, namesDatabase: true, privilege: "CreateDatabase", writes: true, handle: createDatabase},
		{path: "databases/drop", request: "DatabaseReqRequiredName", required: []string{"DbName"}, namesDatabase: true, privilege: "DropDatabase", writes: true, handle: dropDatabase},

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
		if r.v1 && p.NoV1 {
			continue
		}
		if r.method == "" {
			r.method = http.MethodPost
		}
		if r.success = p.Success; r.v1 {
			r.success, r.path = http.StatusOK, "/v1/vector/"+r.path
		} else {
			r.path = "/v2/vectordb/" + r.path
		}
		r.doneBody, _ = json.Marshal(successBody{Code: r.success, Data: struct{}{}})
		routes[r.path] = &r
	}
	return routes
}

// route finds the call of a request, nil when there is none.
func (e *Emulator) route(method, path string) *route {
	if r := e.routes[path]; r != nil && r.method == method {
		return r
	}
	return nil
}
