package emulator

import "net/http"

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
