package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// exchange is one request on its way to a reply.
type exchange struct {
	e      *Emulator
	proxy  *Proxy // that it came through, nil for none
	http   *http.Request
	route  *route // nil for an unknown path
	body   []byte
	names  names
	badly  error   // why the body could not be understood
	caller *caller // nil when authorization is off
}

// names are the fields that name something, of all calls together: no call
// gives a field another meaning than the others, so that one type serves all.
type names struct {
	DbName             string `json:"dbName"`
	CollectionName     string `json:"collectionName"`
	AliasName          string `json:"aliasName"`
	NewDbName          string `json:"newDbName"`
	NewCollectionName  string `json:"newCollectionName"`
	IndexName          string `json:"indexName"`
	UserName           string `json:"userName"`
	Password           string `json:"password"`
	RoleName           string `json:"roleName"`
	PrivilegeGroupName string `json:"privilegeGroupName"`
	ObjectType         string `json:"objectType"`
	ObjectName         string `json:"objectName"`
	Privilege          string `json:"privilege"`
	Filter             string `json:"filter"`
	Data               given  `json:"data"`
	ID                 given  `json:"id"`
	JobID              given  `json:"jobID"`
}

// given is a field of any kind: "" when it is absent or null.
type given string

// UnmarshalJSON notes that there is a value.
func (g *given) UnmarshalJSON(text []byte) error {
	if *g = given(text); *g == "null" {
		*g = ""
	}
	return nil
}

// get returns the field with the name that it has in Go, which is the one that
// Milvus' messages use.
func (n *names) get(field string) string {
	return reflect.ValueOf(n).Elem().FieldByName(field).String()
}

// read understands the request as far as its route allows. What is wrong with
// it is kept for later: a Milvus proxy asks first who is calling. A body may
// have any size, as on real servers.
func (x *exchange) read() {
	body, err := io.ReadAll(x.http.Body)
	if err != nil {
		x.badly = fail(codeBadJSON, "can only accept json format request, error: %v", err)
		return
	}
	x.body = body
	x.understand()
}

// understand finds what the request names.
func (x *exchange) understand() {
	if x.route == nil {
		return
	}
	if x.http.Method == http.MethodGet {
		query := x.http.URL.Query()
		x.names.DbName, x.names.CollectionName = query.Get("dbName"), query.Get("collectionName")
	} else if x.badly = x.decode(&x.names); x.badly != nil {
		return
	}
	x.badly = x.route.missing(&x.names)
	if x.names.DbName == "" && !x.route.v1 {
		x.names.DbName = x.http.Header.Get("DB-Name")
	}
	if x.names.DbName == "" && !x.route.namesDatabase {
		x.names.DbName = DefaultDatabase
	}
}

// decode reads the body into a value. Milvus decodes the first JSON value of
// the body and ignores what follows; its errors name its own Go types.
func (x *exchange) decode(into any) error {
	if json.Unmarshal(x.body, into) == nil {
		return nil
	}
	err := json.NewDecoder(bytes.NewReader(x.body)).Decode(into)
	if err == nil {
		return nil
	}
	text := err.Error()
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return fail(codeBadJSON, "can only accept json format request, the request body should be nil, however {} is valid")
	case errors.As(err, &mistyped) && mistyped.Field != "":
		text = fmt.Sprintf("json: cannot unmarshal %s into Go struct field %s.%s of type %s",
			mistyped.Value, x.route.request, mistyped.Field, mistyped.Type)
	case errors.As(err, &mistyped):
		text = fmt.Sprintf("json: cannot unmarshal %s into Go value of type httpserver.%s",
			mistyped.Value, x.route.request)
	}
	return fail(codeBadJSON, "can only accept json format request, error: %s", text)
}

// missing names the required fields that are absent or empty.
func (r *route) missing(n *names) error {
	var lines []string
	for _, field := range r.required {
		if n.get(field) != "" {
			continue
		}
		if r.v1 {
			return fail(codeMissingParameter, "missing required parameters, required parameters: [%s]",
				strings.ToLower(field[:1])+field[1:])
		}
		lines = append(lines, fmt.Sprintf("Key: '%s.%s' Error:Field validation for '%s' failed on the 'required' tag",
			r.request, field, field))
	}
	if lines == nil {
		return nil
	}
	return fail(codeMissingParameter, "missing required parameters, error: %s", strings.Join(lines, "\n"))
}

// Call is what a server makes of a request: which call it is, and what it
// names. The zero Call is a path without a call.
type Call struct {
	Route      string `json:"route,omitempty"` // "aliases/alter", "v1/collections/drop"
	Database   string `json:"database,omitempty"`
	Alias      string `json:"alias,omitempty"`
	Collection string `json:"collection,omitempty"`
	Writes     bool   `json:"writes,omitempty"` // it is one that changes something
}

// Understand reads a request without answering it. The body is given apart and
// r.Body is left alone; without one, a Call names nothing.
func (e *Emulator) Understand(r *http.Request, body []byte) Call {
	x := exchange{e: e, http: r, route: e.route(r.Method, r.URL.Path), body: body}
	if x.route == nil {
		return Call{}
	}
	if body != nil {
		x.understand()
	}
	return Call{x.route.name, x.names.DbName, x.names.AliasName, x.names.CollectionName, x.route.writes}
}
