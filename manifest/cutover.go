package manifest

import "time"

// Cutover is what a binding asks for beyond the binding itself: what has to
// hold before readers are sent to the new collection, how the switch is
// verified, and what becomes of the old collections. Most aliases have none,
// and those that only follow `defaults` or a profile share one; it is never changed.
//
// The `defaults` and `profiles` of a document hold for its aliases, like its `vars`
// for it alone. What an alias says itself goes before its profile, that before the
// profile it builds on, and all before the defaults; in `require` check by check.
// false takes a check, or a whole field, away.
type Cutover struct {
	// From is the only collection that a switch may leave: compare-and-set for
	// two people who both think that they switch. "" when it is not asked for.
	From string
	// Group makes all aliases of a database with the same group one cutover, ""
	// for none. They agree on OnFailure; one member alone is allowed.
	Group string
	// OnFailure reports what happens to what has been switched already.
	OnFailure OnFailure
	// Load brings green into memory before it is checked; nil for no load.
	Load *Loading `json:",omitempty"`
	// Grants is what becomes of the grants of the collection that a switch leaves.
	Grants Grants `json:",omitempty"`
	// Require is checked before a switch is written, in this order.
	Require []Check
	// Waived are the checks that are made of every switch unless `require` sets
	// them to false: Loaded and MinRows.
	Waived []CheckName `json:",omitempty"`
	// Confirmations is how often in a row each --verify-uri has to answer with
	// the new collection after the switch: `verify: 5`, or true for 3; 0 when it
	// is not asked for.
	Confirmations int
	Canary        *Canary // nil for none
	Golden        *Golden // nil for none
	Keep          *Keep   // nil for none
}

// Loading asks for a collection to be in memory before readers are sent to it.
type Loading struct {
	Timeout time.Duration // the longest that it may take
	Pos     Position
}

// DefaultLoadTimeout is what `load: true` allows.
const DefaultLoadTimeout = 30 * time.Minute

// Grants is what becomes of the grants of blue before a switch: "" leaves those of
// green as they are.
type Grants string

// The values. GrantsCopy grants on green what is granted on blue; GrantsIgnore lets a
// collection be displaced although its readers may be locked out.
const (
	GrantsCopy   Grants = "copy"
	GrantsIgnore Grants = "ignore"
)

// OnFailure is what happens when a switch, its verification, or another member
// of its group fails.
type OnFailure string

// The two ways. SwitchBack is the default.
const (
	SwitchBack OnFailure = "switch-back"
	KeepGoing  OnFailure = "keep"
)

// CheckName is the name of a preflight check, as manifests and flags write it.
type CheckName string

// The checks of `require`, in the order in which they are made and shown.
const (
	Exists     CheckName = "exists"
	Loaded     CheckName = "loaded"
	Indexed    CheckName = "indexed"
	Rows       CheckName = "rows"
	MinRows    CheckName = "min_rows"
	RowsWithin CheckName = "rows_within"
	Dimension  CheckName = "dimension"
	Metric     CheckName = "metric"
	IndexType  CheckName = "index_type"
	Fields     CheckName = "fields"
	SameSchema CheckName = "same_schema"
	SameGrants CheckName = "same_grants"
)

// GoldenCheck is the check that `golden` makes; it is listed behind those of
// `require` and can be skipped like them.
const GoldenCheck CheckName = "golden"

// CheckNames are all checks, in the order in which they are made.
func CheckNames() []CheckName {
	return []CheckName{Exists, Loaded, Indexed, Rows, MinRows, RowsWithin, Dimension, Metric, IndexType, Fields, SameSchema, SameGrants, GoldenCheck}
}

// Check is one requirement. Its long form is a mapping, such as
// `min_rows: {rows: 1000, unknown: allow}` or `loaded: {unknown: allow}`.
type Check struct {
	Name    CheckName
	Rows    int64   // of MinRows and Rows
	Percent float64 // of RowsWithin; 5 is written 5%
	// Dimension, and Word of Metric and IndexType in capitals, hold for Field, or
	// for every vector field that has one when Field is "".
	Dimension int64    `json:",omitempty"`
	Word      string   `json:",omitempty"`
	Field     string   `json:",omitempty"`
	Fields    []string `json:",omitempty"` // of Fields: all names, as they are written
	// AliasGrants, of SameGrants, is what becomes of a grant on the name of the alias
	// at a switch; "" goes by the version of the server.
	AliasGrants AliasGrants `json:",omitempty"`
	// AllowUnknown lets the check pass when the server cannot answer it.
	AllowUnknown bool
	Pos          Position
}

// AliasGrants is what a grant on the name of an alias is worth after a switch: the
// setting proxy.resolveAliasForPrivilege of the server, which it does not show.
type AliasGrants string

// The two kinds. GrantsFollow holds up to 2.6.8 and with the setting off: the grant
// counts for whatever the alias is bound to. GrantsStay holds from 2.6.9 on: it
// belongs to the collection that the alias had when it was made.
const (
	GrantsFollow AliasGrants = "follow"
	GrantsStay   AliasGrants = "stay"
)

// Canary is a read that is sent through the alias and to the new collection by
// name after the switch. Exactly one of Query and Search is set.
type Canary struct {
	Query      *Query
	Search     *Search
	MaxLatency time.Duration // 0 for no limit
	Pos        Position
}

// Query is an `entities/query` with a filter.
type Query struct {
	Filter       string
	Limit        int // 10 by default
	OutputFields []string
}

// Search is an `entities/search` with a stored vector.
type Search struct {
	Vector       []float64
	Field        string // "" lets the server choose the only vector field
	Filter       string // "" for none
	Limit        int    // 10 by default
	OutputFields []string
}

// Golden is a file of query vectors that the old and the new collection are
// compared by before a switch.
type Golden struct {
	File  string // of JSON Lines, as it is written; Path is where it is
	Field string // "" lets the server choose the only vector field
	Limit int    // k: how many results of each query are compared; 10 when not said
	// MinOverlap is the least share (0 to 1) of the k results that both give;
	// 0.8 by default.
	MinOverlap float64
	// MaxLatencyRatio bounds the median time of the new collection as a
	// multiple of that of the old one; 0 for no limit.
	MaxLatencyRatio float64
	Pos             Position
}

// Keep retires the collections of an alias by a pattern instead of by name.
type Keep struct {
	N     int    // how many collections older than the bound one stay
	Match string // a pattern with *, of collection names; the bound one fits it
	// Order is what makes one collection older than another; "" means Natural.
	Order Order `json:",omitempty"`
	// After is how long a collection has to be without any alias before it is
	// dropped; 0 for no wait.
	After time.Duration `json:",omitempty"`
	Pos   Position
}
