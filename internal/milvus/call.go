package milvus

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// request is the body of every call. An empty collectionName means the whole
// database to aliases/list (Milvus issue 50018); absent and empty are the same.
type request struct {
	DBName            string `json:"dbName,omitempty"`
	AliasName         string `json:"aliasName,omitempty"`
	CollectionName    string `json:"collectionName,omitempty"`
	NewCollectionName string `json:"newCollectionName,omitempty"`
	IndexName         string `json:"indexName,omitempty"`
	RoleName          string `json:"roleName,omitempty"`
	ObjectType        string `json:"objectType,omitempty"`
	ObjectName        string `json:"objectName,omitempty"`
	Privilege         string `json:"privilege,omitempty"`
	rowRequest
}

// call is one call with the names that its errors mention.
type call struct {
	route      string
	write      bool
	server     bool // about no database
	names      bool // the answer is a list of names
	database   string
	alias      string
	collection string
	newName    string // of a collection
	index      string
	role       string
	grant      planner.Grant // of role; its database is that of the call
	rows       rowRequest
	header     http.Header // nil for that of the Client
}

// newError returns an Error about the call.
func (k call) newError() *Error {
	e := &Error{
		Call:       strings.TrimPrefix(strings.TrimPrefix(k.route, prefixV2), "/"),
		Database:   k.database,
		Alias:      k.alias,
		Collection: k.collection,
	}
	if e.Database == "" && !k.server {
		e.Database = manifest.DefaultDatabase
	}
	return e
}

// path is that of a route in a message.
func (c *Client) path(route string) string {
	_, rest, _ := strings.Cut(c.base, "://")
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:] + route
	}
	return route
}

// header returns the headers that every request has.
func header(cfg Config) http.Header {
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("Accept", "application/json")
	h.Set("User-Agent", cfg.UserAgent)
	if cfg.Token != "" {
		h.Set("Authorization", "Bearer "+cfg.Token)
	}
	if cfg.RequestTimeout > 0 {
		h.Set("Request-Timeout", strconv.FormatInt(int64(cfg.RequestTimeout/time.Second), 10))
	}
	return h
}
