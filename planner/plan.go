// Package planner is the pure core: Build compares a manifest, a state and a
// live cluster and returns a Plan; Prove replays a plan on a model of the
// cluster; Check holds it against the limits. Values in, values out: no file,
// no socket, no clock, no error. A problem is data in the plan.
//
// internal/cli calls it; the executor carries out what it returns.
package planner

import "time"

// PlanVersion is the version of the JSON form of a plan.
const PlanVersion = 1

// Op is what a step does.
type Op string

// The operations. Adopt and Forget change only the state.
const (
	CreateAlias    Op = "create-alias"
	AlterAlias     Op = "alter-alias"
	DropAlias      Op = "drop-alias"
	DropCollection Op = "drop-collection"
	Adopt          Op = "adopt"
	Forget         Op = "forget"
)

// Writes says whether the operation changes the cluster.
func (o Op) Writes() bool { return o != Adopt && o != Forget }

// Step is one change, with the value that it expects to find.
type Step struct {
	Op         Op     `json:"op"`
	Database   string `json:"database"`
	Alias      string `json:"alias"`      // of all but drop-collection
	Collection string `json:"collection"` // of drop-collection: what is dropped
	// From is what the step expects to find just before it writes: the
	// collection that the alias is bound to ("" for absent); for
	// drop-collection the collection id.
	From string `json:"from"`
	// To is the collection that the alias is bound to afterwards, "" for absent.
	To string `json:"to"`
	// Drift says that the step undoes, follows or accepts a change that was
	// made outside aliasctl.
	Drift bool `json:"drift"`
	// Protect is the mark that the state has after the step.
	Protect bool `json:"protect,omitempty"`
	// Recreate marks the two halves of a switch by drop and create.
	Recreate bool `json:"recreate,omitempty"`
}

// Plan is the ordered steps from live to manifest, as a value. Text, JSON, dry
// run and apply all consume the same Plan; Steps stand in execution order.
type Plan struct {
	Version int     `json:"version"`
	Cluster Cluster `json:"cluster"`
	Serial  uint64  `json:"serial"` // of the state that the plan was made from
	// Live is "read" or "assumed" (offline).
	Live      string     `json:"live"`
	Summary   Summary    `json:"summary"`
	Steps     []Step     `json:"steps"`
	Conflicts []Conflict `json:"conflicts"`
	Notes     []string   `json:"notes"`

	// Before and After are the managed bindings in the cluster before and after
	// the plan, sorted by database and alias; what a diff shows. An alias that
	// the manifest releases is in neither.
	Before []Binding `json:"-"`
	After  []Binding `json:"-"`

	Housekeeping Housekeeping `json:"-"`
	// Managed counts, per database, what the limits of Check refer to.
	Managed []ManagedCount `json:"-"`
}

// Housekeeping is what an apply writes into the state without a step: nothing
// of it changes a binding that the cluster has.
type Housekeeping struct {
	// Settles are bindings that an unfinished run had announced and that the
	// cluster now has as the manifest wants them.
	Settles []Binding
	// Fences are retirees found already gone.
	Fences []Retired
	// Unfences are records and announcements of collections that the manifest
	// no longer retires.
	Unfences []Key
}

// Empty says that there is nothing to write.
func (h Housekeeping) Empty() bool {
	return len(h.Settles) == 0 && len(h.Fences) == 0 && len(h.Unfences) == 0
}

// ManagedCount counts the aliases of one database that the state knows.
type ManagedCount struct {
	Database string
	InState  int // aliases that the state says are ours
	Wanted   int // aliases that the manifest wants
	Dropped  int // of InState: dropped by the plan
	Gone     int // of InState: not in the cluster any more, forgotten
	// Protected names the aliases that the plan would drop although the state
	// marks them as protected.
	Protected []string
}

// Values of Plan.Live.
const (
	LiveRead    = "read"
	LiveAssumed = "assumed"
)

// Summary counts what the plan does. A switch by drop and create counts once,
// under Switch.
type Summary struct {
	Create    int `json:"create"`
	Switch    int `json:"switch"`
	Drop      int `json:"drop"`
	Retire    int `json:"retire"`
	Adopt     int `json:"adopt"`
	Forget    int `json:"forget"`
	Unchanged int `json:"unchanged"`
	Conflicts int `json:"conflicts"`
}

// Pending is the number of changes that an apply would make, state-only ones
// included.
func (s Summary) Pending() int {
	return s.Create + s.Switch + s.Drop + s.Retire + s.Adopt + s.Forget
}

// Conflict is something that the planner refuses to decide alone.
type Conflict struct {
	Kind       ConflictKind `json:"kind"`
	Database   string       `json:"database"`
	Alias      string       `json:"alias"`
	Collection string       `json:"collection"`
	Reason     string       `json:"reason"` // one sentence for people
	Want       string       `json:"want"`   // what the manifest says
	Last       string       `json:"last"`   // what was last applied
	Live       string       `json:"live"`   // what the cluster says
	WaysOut    []string     `json:"ways_out"`
}

// ConflictKind is the stable word for a kind of conflict.
type ConflictKind string

// The kinds of conflict.
const (
	Drifted           ConflictKind = "drift"
	NotOurs           ConflictKind = "not-ours"
	TargetMissing     ConflictKind = "target-missing"
	TargetIsAlias     ConflictKind = "target-is-alias"
	AliasIsCollection ConflictKind = "alias-is-collection"
	DatabaseMissing   ConflictKind = "database-missing"
	StillAliased      ConflictKind = "still-aliased"
	RetireeIsAlias    ConflictKind = "retiree-is-alias"
	RetireeCameBack   ConflictKind = "retiree-came-back"
)

// SwitchMode is how an alias moves to another collection.
type SwitchMode string

// The two ways to switch. ByAlter has no gap; ByRecreate needs only the calls
// of the oldest documents and leaves the alias unbound for a moment.
const (
	ByAlter    SwitchMode = "alter"
	ByRecreate SwitchMode = "recreate"
)

// Options are the choices of a run that change what Build decides.
type Options struct {
	Cluster Cluster
	Now     time.Time
	Switch  SwitchMode // "" means ByAlter

	OverwriteDrift Selection
	TakeOver       Selection
	RetireAgain    Selection
	// Only plans these aliases alone; empty means all.
	Only Selection
	// AllowMissingTargets plans a binding whose target does not exist yet and
	// notes it. For dry runs only.
	AllowMissingTargets bool
}
