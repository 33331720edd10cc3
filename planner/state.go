package planner

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner/truth"
)

// StateVersion is the newest version of the state format: 2 has `unverified`. A
// state is stored with the oldest version that can hold it, so that an older
// aliasctl goes on reading what it understands, and refuses the rest.
const StateVersion = 2

// State is what aliasctl last applied: the third version between the manifest
// and the cluster. Without it an alias that left the manifest could not be
// distinguished from one that was never ours.
type State struct {
	Version int    `json:"version"`
	Lineage string `json:"lineage"` // a UUID, made once with the first state
	Serial  uint64 `json:"serial"`  // +1 per apply that changes something

	Cluster   Cluster   `json:"cluster"`
	UpdatedAt time.Time `json:"updated_at"`
	// Manifests are the files that the last apply was made from, by their base
	// names, sorted; "-" is one without a name. Empty when not known.
	Manifests []string `json:"manifests,omitempty"`

	Bindings []Binding      `json:"bindings"` // sorted by database, alias
	Retired  []Retired      `json:"retired"`  // sorted by database, collection
	Pending  []Announcement `json:"pending"`  // in the order announced

	// Idle remembers since when a retiree with `after` has been without any
	// alias; sorted by database, collection.
	Idle []Idle `json:"idle,omitempty"`
	// Unverified are the switches whose verification is still owed; sorted by
	// database, alias, target.
	Unverified []Unverified `json:"unverified,omitempty"`
	// History is what the last applies changed, the newest last; bounded.
	History []Entry `json:"history,omitempty"`
}

// Cluster reports which cluster a state or a plan belongs to.
type Cluster struct {
	URI   string `json:"uri"`             // with its path (CleanPath), never with credentials
	Label string `json:"label,omitempty"` // `cluster` of the manifest
	// AnyPath marks a state of a version that recorded no path: the URI stands
	// for every path of its host.
	AnyPath bool `json:"-"`
}

// Same reports that two records name one cluster in the same words.
func (c Cluster) Same(other Cluster) bool { return c.URI == other.URI && c.Label == other.Label }

// Binding is one alias with the collection it was last bound to by an apply.
type Binding struct {
	Database     string    `json:"database"`
	Alias        string    `json:"alias"`
	Collection   string    `json:"collection"`
	CollectionID string    `json:"collection_id,omitempty"` // a decimal int64 as Milvus gives it
	Since        time.Time `json:"since"`
	Protect      bool      `json:"protect,omitempty"`
	// Group is the cutover that bound the alias together with others: they go
	// back together too.
	Group string `json:"group,omitempty"`
	// RenamedFrom is the old name of the alias, RenamedAt when the new one was made:
	// since then both serve.
	RenamedFrom string    `json:"renamed_from,omitempty"`
	RenamedAt   time.Time `json:"renamed_at,omitzero"`
	// Displaced is the new name of the collection whose name the alias has taken.
	Displaced string `json:"displaced,omitempty"`
	// RolledBackFrom is the collection that a rollback left. A sync whose
	// manifest still names it is a conflict: the next unrelated deploy must not
	// bring a bad index back.
	RolledBackFrom string `json:"rolled_back_from,omitempty"`
}

// Retired remembers a collection that an apply dropped, or found already
// gone. While the name stays under `retire` it is a fence: a new collection of
// that name is not dropped again without being asked.
type Retired struct {
	Database     string    `json:"database"`
	Collection   string    `json:"collection"`
	CollectionID string    `json:"collection_id,omitempty"` // "" when it was gone at first sight
	DroppedAt    time.Time `json:"dropped_at"`
}

// LateWindow is for how long after its announcement a request of a killed run
// is expected to land: twice the server's own limit of 30 s.
const LateWindow = time.Minute

// Announcement is a step that a run wrote down before it changed anything.
// It stays until a run has settled its alias or collection, so that what a
// killed run did is known to be ours.
type Announcement struct {
	Op         Op     `json:"op"`
	Database   string `json:"database"`
	Alias      string `json:"alias,omitempty"`
	Collection string `json:"collection,omitempty"`
	From       string `json:"from,omitempty"`
	To         string `json:"to,omitempty"`
	// RenameTo is what the collection that the alias takes its name from is called
	// then, and CollectionID the id of that.
	RenameTo     string `json:"rename_to,omitempty"`
	CollectionID string `json:"collection_id,omitempty"`
	// At is when it was announced. A request can land long after the run that
	// sent it died (milvus-rest section 13.1), but not for ever.
	At time.Time `json:"at,omitzero"`
	// Rollback reports that a rollback announced it.
	Rollback bool `json:"rollback,omitempty"`
}

// Idle is a collection that waits for its drop.
type Idle struct {
	Database     string    `json:"database"`
	Collection   string    `json:"collection"`
	CollectionID string    `json:"collection_id"`
	Since        time.Time `json:"since"` // when an apply first saw it without any alias
}

// Entry is one apply in the history: who changed what.
type Entry struct {
	Serial  uint64    `json:"serial"` // of the state that the apply wrote
	At      time.Time `json:"at"`
	User    string    `json:"user,omitempty"`
	Host    string    `json:"host,omitempty"`
	Commit  string    `json:"commit,omitempty"`
	Retired int       `json:"retired,omitempty"` // collections dropped
	// Rollback reports that it was one: the next rollback goes behind it.
	Rollback bool `json:"rollback,omitempty"`
	// ManifestsBefore are the files of the state before, when the apply was made
	// from others.
	ManifestsBefore []string `json:"manifests_before,omitempty"`
	Changes         []Change `json:"changes"` // sorted by database, alias
}

// Change is one binding before and after an apply, "" for absent. With the
// ids, an earlier binding is known to be the same collection and not another
// one of its name.
type Change struct {
	Database string `json:"database"`
	Alias    string `json:"alias"`
	From     string `json:"from,omitempty"`
	FromID   string `json:"from_id,omitempty"`
	To       string `json:"to,omitempty"`
	ToID     string `json:"to_id,omitempty"`
	// Adopted reports that the binding was found in the cluster and only learnt:
	// to undo that is to forget it, never to drop it.
	Adopted bool `json:"adopted,omitempty"`
}

// CleanPath is the one form in which the path of a cluster's address is sent,
// shown and compared: without dot segments, doubled slashes and a slash at its
// end, each segment escaped in one way; "" for the root. An ingress serves
// several clusters behind one host by their paths, so the path is part of the
// address. Its case stays: paths differ by it. escaped is url.URL.EscapedPath.
func CleanPath(escaped string) string {
	var segments []string
	for segment := range strings.SplitSeq(escaped, "/") {
		text, err := url.PathUnescape(segment)
		switch {
		case err != nil:
			segments = append(segments, segment)
		case text == "" || text == ".":
		case text == "..":
			segments = slices.Delete(segments, max(0, len(segments)-1), len(segments))
		case strings.ContainsAny(text, ";,"): // escaped or not, these may mean different things
			segments = append(segments, segment)
		default:
			segments = append(segments, url.PathEscape(text))
		}
	}
	if len(segments) == 0 {
		return ""
	}
	return "/" + strings.Join(segments, "/")
}

// Unverified is a switch that a run began with a verification to follow, and
// that no run has verified since: it was killed or interrupted in between, or
// the verification failed and the switch stayed. The next apply makes it up, and
// goes back to From when it fails. So is a switch by drop and create that left
// its alias unbound: whichever run binds it again goes back to From.
type Unverified struct {
	Database string    `json:"database"`
	Alias    string    `json:"alias"`
	From     string    `json:"from,omitempty"` // what the switch left, "" for absent
	To       string    `json:"to"`
	At       time.Time `json:"at"` // when the switch was announced
	// Failed reports that a verification was made and failed.
	Failed bool `json:"failed,omitempty"`

	// What was promised. A member of a group without a verification of its own
	// is in the list too: it shares the fate of the others.
	Group         string `json:"group,omitempty"`
	SwitchBack    bool   `json:"switch_back,omitempty"`
	Confirmations int    `json:"confirmations,omitempty"`
	Canary        *Probe `json:"canary,omitempty"`
}

// Probe is a canary as the state keeps it.
type Probe struct {
	Filter       string        `json:"filter,omitempty"`
	Vector       []float64     `json:"vector,omitempty"` // of a search; a query has none
	Field        string        `json:"field,omitempty"`
	Limit        int           `json:"limit"`
	OutputFields []string      `json:"output_fields,omitempty"`
	MaxLatency   time.Duration `json:"max_latency,omitempty"` // in nanoseconds
}

// ProbeOf is the form of a canary in a state, nil for nil.
func ProbeOf(c *manifest.Canary) *Probe {
	switch {
	case c == nil:
		return nil
	case c.Search != nil:
		s := c.Search
		return &Probe{Filter: s.Filter, Vector: s.Vector, Field: s.Field, Limit: s.Limit, OutputFields: s.OutputFields, MaxLatency: c.MaxLatency}
	case c.Query != nil:
		q := c.Query
		return &Probe{Filter: q.Filter, Limit: q.Limit, OutputFields: q.OutputFields, MaxLatency: c.MaxLatency}
	}
	return &Probe{MaxLatency: c.MaxLatency}
}

func (p *Probe) canary() *manifest.Canary {
	switch {
	case p == nil:
		return nil
	case len(p.Vector) > 0:
		return &manifest.Canary{MaxLatency: p.MaxLatency, Search: &manifest.Search{
			Vector: p.Vector, Field: p.Field, Filter: p.Filter, Limit: p.Limit, OutputFields: p.OutputFields,
		}}
	}
	return &manifest.Canary{MaxLatency: p.MaxLatency, Query: &manifest.Query{Filter: p.Filter, Limit: p.Limit, OutputFields: p.OutputFields}}
}

// Announced is what unfinished runs have announced for each alias: its part of S of the
// truth table.
func (s State) Announced() map[Key]truth.Ours {
	announced := make(map[Key]truth.Ours)
	for _, a := range s.Pending {
		if a.Alias != "" {
			k := Key{a.Database, a.Alias}
			ours := announced[k]
			ours.Add(a.From)
			ours.Add(a.To)
			announced[k] = ours
		}
	}
	return announced
}

// Bound are the bindings of a state, as a plan shows bindings.
func (s State) Bound() []Bound {
	all := make([]Bound, len(s.Bindings))
	for i, b := range s.Bindings {
		all[i] = Bound{Database: b.Database, Alias: b.Alias, Collection: b.Collection, Protect: b.Protect}
	}
	return all
}

// RecordedIDs lists the collections that a state binds with their ids, each once.
func RecordedIDs(s State) map[Key]string {
	ids := make(map[Key]string)
	for _, b := range s.Bindings {
		if b.CollectionID != "" {
			ids[Key{b.Database, b.Collection}] = b.CollectionID
		}
	}
	return ids
}
