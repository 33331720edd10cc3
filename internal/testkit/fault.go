package testkit

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// Kind is what goes wrong.
type Kind string

// The kinds of fault. Those that replace the answer do so with or without the
// effect of the call, by Fault.When.
const (
	// The connection.
	Reset     Kind = "reset"     // cut by a RST
	Hang      Kind = "hang"      // no answer until the client gives up
	Delay     Kind = "delay"     // Fault.Delay, then as usual; past the time limit of the call a 408
	Truncated Kind = "truncated" // half of the body, then the end of the connection
	Drip      Kind = "drip"      // a byte of the body every Fault.Delay
	HTTP10    Kind = "http-1.0"  // the right answer from an old proxy

	// The time limit of the server: the outcome is unknown to the client.
	Timeout      Kind = "408"       // as the profile answers it
	PlainTimeout Kind = "408-plain" // the text "timeout", as 2.4
	JSONTimeout  Kind = "408-json"  // code 10001, as 2.5 and later
	// Late is a 408 at once whose effect lands later: after Fault.Delay, or
	// just before request number Fault.LandAt, or at Faults.Land.
	Late Kind = "late"

	// Answers of servers and proxies on the way.
	Code        Kind = "code" // Fault.Code and Fault.Message, with Fault.Status (200)
	TooMany     Kind = "429"
	ServerError Kind = "500"
	BadGateway  Kind = "502" // an HTML page
	Unavailable Kind = "503"
	Redirect    Kind = "redirect" // to Fault.URL, with 307

	// Bodies that are no answer.
	Empty      Kind = "empty"
	HTML       Kind = "html"         // a login page with 200
	WrongType  Kind = "content-type" // the right body as text/html
	NoCode     Kind = "no-code"
	StringCode Kind = "string-code"
	Huge       Kind = "huge"    // a success of Fault.Size bytes (65 MiB)
	Endless    Kind = "endless" // a body without an end
	Echo       Kind = "echo"    // an error that repeats the Authorization header
	Foreign    Kind = "foreign" // Fault.Body with Fault.Status (404), not of Milvus

	// The whole server, from the request on that the fault meets.
	// Frozen is a stopped process: requests wait until Fault.Delay has passed
	// or until Faults.Land, and are then carried out, also those whose client
	// has left.
	Frozen Kind = "frozen"
	// Restarted is a process that ends and is back after Fault.Delay: until
	// then every connection is reset.
	Restarted Kind = "restarted"
	// SlowProxy is a change that waits for a proxy: Fault.Delay passes between
	// the effect of the call and its answer, or before the effect on servers
	// that expire caches first; past the time limit of the call a 408.
	SlowProxy Kind = "slow-proxy"
)

var kinds = []Kind{
	Reset, Hang, Delay, Truncated, Drip, HTTP10, Timeout, PlainTimeout, JSONTimeout, Late, Code, TooMany,
	ServerError, BadGateway, Unavailable, Redirect, Empty, HTML, WrongType, NoCode, StringCode, Huge, Endless, Echo, Foreign,
	Frozen, Restarted, SlowProxy,
}

// Kinds are all kinds of fault, for tests that sweep over them.
func Kinds() []Kind { return slices.Clone(kinds) }

// When is a side of the effect of a call.
type When string

// The two sides. The zero When is Before.
const (
	Before When = "before" // the call has no effect
	After  When = "after"  // the call has its effect, the answer is lost
)

// Match reports which requests a fault or a hook meets. The zero Match is every
// request.
type Match struct {
	Route      string `json:"route,omitempty"` // "aliases/alter", "v1/collections/drop"
	Database   string `json:"database,omitempty"`
	Alias      string `json:"alias,omitempty"`
	Collection string `json:"collection,omitempty"`
	Writes     bool   `json:"writes,omitempty"` // only calls that change something

	// Request is the number of a request overall, from 1.
	Request int64 `json:"request,omitempty"`
	// Nth is the number of a request among those that match everything above,
	// counted from 1 since the fault was added; 0 is all of them.
	Nth int `json:"nth,omitempty"`
	// Times is how many requests are met from the nth on: 0 is one, -1 all.
	Times int `json:"times,omitempty"`
}

// Fault is something that goes wrong with the requests that it matches.
type Fault struct {
	Match
	When    When          `json:"when,omitempty"`
	Kind    Kind          `json:"kind"`
	Delay   time.Duration `json:"-"` // in JSON "delay": "250ms"
	LandAt  int64         `json:"land_at,omitempty"`
	Status  int           `json:"status,omitempty"`
	Code    int           `json:"code,omitempty"`
	Message string        `json:"message,omitempty"`
	URL     string        `json:"url,omitempty"`
	Body    string        `json:"body,omitempty"`
	Size    int64         `json:"size,omitempty"`
}

// Hook is called with the requests that it matches, with no lock held: it may
// change the cluster, play another client, or kill the one that asked.
type Hook struct {
	Match
	When When
	Do   func(Request)
}

// ReadFaults reads a JSON list of faults. Unknown fields and kinds are errors.
func ReadFaults(from io.Reader) ([]Fault, error) {
	var list []struct {
		Fault
		Delay string `json:"delay"`
	}
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		return nil, fmt.Errorf("cannot read the faults: %w", err)
	}
	faults := make([]Fault, len(list))
	for i, item := range list {
		faults[i] = item.Fault
		if item.Delay != "" {
			delay, err := time.ParseDuration(item.Delay)
			if err != nil {
				return nil, fmt.Errorf("fault %d: %w", i+1, err)
			}
			faults[i].Delay = delay
		}
		if !slices.Contains(kinds, item.Kind) {
			return nil, fmt.Errorf("fault %d: no kind %q: choose one of %q", i+1, item.Kind, kinds)
		}
		if item.When != "" && item.When != Before && item.When != After {
			return nil, fmt.Errorf("fault %d: %q is neither %q nor %q", i+1, item.When, Before, After)
		}
	}
	return faults, nil
}
