// Package planner is the pure core: Build compares a manifest, a state and a
// live cluster and returns a Plan; Prove replays a plan on a model of the
// cluster; Check holds it against the limits. Values in, values out: no file,
// no socket, no clock, no error. A problem is data in the plan.
//
// internal/sync calls it; the executor carries out what it returns.
package planner

import (
	"time"

	"aliasctl/manifest"
)

// PlanVersion is the version of the JSON form of a plan.
const PlanVersion = 1

// Op is what a step does.
type Op string

// The operations. Adopt and Forget change only the state.
const (
	CreateAlias Op = "create-alias"
	AlterAlias  Op = "alter-alias"
	// RecreateAlias switches by drop and create: it needs only the calls of the
	// oldest servers and leaves the alias unbound for a moment.
	RecreateAlias Op = "recreate-alias"
	// Displace renames the collection that has the name of the alias, and creates the
	// alias at once. Readers of the name find nothing in between.
	Displace  Op = "displace-collection"
	DropAlias Op = "drop-alias"
	// LoadCollection brings a collection into memory before an alias is bound to it.
	LoadCollection Op = "load-collection"
	// GrantPrivilege grants a role on a collection what it has on another one, before
	// an alias is bound to it.
	GrantPrivilege Op = "grant-privilege"
	DropCollection Op = "drop-collection"
	// ReleaseCollection takes a collection out of memory and keeps its data.
	ReleaseCollection Op = "release-collection"
	// VerifyAlias makes up the verification of an earlier switch. It writes only
	// when that fails, to go back.
	VerifyAlias Op = "verify-alias"
	Adopt       Op = "adopt"
	Forget      Op = "forget"
)

// Anew reports that the step adopts a collection that was made anew under its name.
func (s Step) Anew() bool { return s.ToID != "" }

// OnCollection reports whether the operation is about a collection and not an alias.
func (o Op) OnCollection() bool { return o.Prepares() || o.Retires() }

// Retires reports whether the operation takes a collection from whoever still reads it.
func (o Op) Retires() bool { return o == DropCollection || o == ReleaseCollection }

// Prepares reports whether the operation is the part of a switch that comes before
// it and that a state knows nothing of.
func (o Op) Prepares() bool { return o == LoadCollection || o == GrantPrivilege }

// Writes reports whether the operation changes the cluster.
func (o Op) Writes() bool { return o != Adopt && o != Forget }

// Halves are the writes of a step, each as a step: the drop and the create of a
// recreate-alias, and for any other operation the step itself.
func (s Step) Halves() []Step {
	if s.Op != RecreateAlias {
		return []Step{s}
	}
	drop, create := s, s
	drop.Op, drop.To = DropAlias, ""
	create.Op, create.From = CreateAlias, ""
	return []Step{drop, create}
}

// Blue is the collection that an alias goes back to when its verification fails,
// "" for absent.
func (s Step) Blue() string {
	if s.Op == VerifyAlias || s.Back != "" {
		return s.Back
	}
	return s.From
}

// Undo is the step that takes an alias back to Blue.
func (s Step) Undo() Step {
	undo := s
	undo.From, undo.To, undo.Back, undo.RecreateBack = s.To, s.Blue(), "", false
	undo.ID, undo.RenameTo = "", ""
	switch {
	case undo.To == "":
		undo.Op = DropAlias
	case s.Op == RecreateAlias || s.RecreateBack:
		undo.Op = RecreateAlias
	default:
		undo.Op = AlterAlias
	}
	return undo
}

// Step is one change, with the value that it expects to find.
type Step struct {
	Op         Op     `json:"op"`
	Database   string `json:"database"`
	Alias      string `json:"alias"`      // of all that are not about a collection
	Collection string `json:"collection"` // what is loaded, granted on, released or dropped
	// ID is the id that Collection must have; of a load "" where it was not read.
	ID string `json:"id,omitempty"`
	// From is the collection that the alias must be bound to just before the
	// step writes, "" for absent; of a grant, the name on which the role must have
	// it then.
	From string `json:"from"`
	// To is the collection that the alias is bound to afterwards, "" for absent.
	To string `json:"to"`
	// RenameTo is what the collection that a displace-collection takes the name from
	// is called then, and ID the id that it must have. A create-alias has it where the
	// collection was renamed by a run that was cut.
	RenameTo string `json:"rename_to,omitempty"`
	// Back is where the alias goes when a verify-alias fails, "" for absent; of a
	// create-alias, what a switch by drop and create that was cut had left; of a
	// displace-collection, what it renames.
	Back string `json:"back,omitempty"`
	// RecreateBack reports that a step with Back goes there by drop and create.
	RecreateBack bool `json:"recreate_back,omitempty"`
	// Drift reports that the step undoes, follows or accepts a change that was
	// made outside aliasctl.
	Drift bool `json:"drift"`
	// Protect is the mark that the state has after the step.
	Protect bool `json:"protect,omitempty"`
	// Cutover is how the step is made one with others, verified and undone; nil
	// for a step that stands for itself.
	Cutover *Cutover `json:"cutover,omitempty"`
	// RolledBack marks the steps of a rollback.
	RolledBack bool `json:"rolled_back,omitempty"`
	// RenamedFrom is the old name of an alias that is bound under a new one; RenamedTo,
	// of a drop-alias, the new one.
	RenamedFrom string `json:"renamed_from,omitempty"`
	RenamedTo   string `json:"renamed_to,omitempty"`
	// Released marks a forget that the manifest asks for: the alias may exist.
	Released bool `json:"released,omitempty"`
	// ReleaseFirst releases the collection from memory before it is dropped.
	ReleaseFirst bool `json:"release_first,omitempty"`
	// Timeout is the longest that a load may take.
	Timeout time.Duration `json:"-"`
	// Loaded reports that the collection of a load is in memory already.
	Loaded bool `json:"loaded,omitempty"`
	// Role and Privilege are what a grant is of; the privilege may be a group.
	// ObjectType is that of the grant, as Milvus lists it: Collection, or Global.
	Role       string `json:"role,omitempty"`
	Privilege  string `json:"privilege,omitempty"`
	ObjectType string `json:"object_type,omitempty"`
	// Delayed reports that the server may let a grant count some seconds later.
	Delayed bool `json:"-"`
	// Surplus marks the drop of a collection that `keep` retires: the manifest
	// does not name it.
	Surplus bool `json:"surplus,omitempty"`
	// FromID and ToID are set on an adopt alone whose collection was dropped and
	// made anew under its name: the id that the state has, and the one it learns.
	FromID string `json:"from_id,omitempty"`
	ToID   string `json:"to_id,omitempty"`
	// Rows and Order describe what a drop-collection destroys, and what a
	// release-collection keeps, as far as known.
	Rows  *int64 `json:"rows,omitempty"`
	Order *Order `json:"order,omitempty"`
}

// Cutover is what a switch asks for beyond the switch itself.
type Cutover struct {
	// Group names the switches of the database that are one cutover; "" for a
	// switch alone.
	Group string `json:"group,omitempty"`
	// SwitchBack undoes what was switched when the switch, its verification or
	// another member of the group fails.
	SwitchBack bool `json:"switch_back,omitempty"`
	// Confirmations is how often in a row every witness has to answer with the
	// new collection; 0 for not at all.
	Confirmations int              `json:"confirmations,omitempty"`
	Canary        *manifest.Canary `json:"canary,omitempty"`
}

// Plan is the ordered steps from live to manifest, as a value. Text, JSON, dry
// run and apply all consume the same Plan; Steps stand in execution order.
type Plan struct {
	Version int     `json:"version"`
	Cluster Cluster `json:"cluster"`
	Serial  uint64  `json:"serial"` // of the state that the plan was made from
	// Rollback reports that the plan goes back to the bindings of an earlier apply.
	Rollback bool `json:"rollback,omitempty"`
	// Manifests are the files that the plan was made from, StateManifests those
	// of the last apply: base names, sorted, empty when not known.
	Manifests      []string `json:"manifests,omitempty"`
	StateManifests []string `json:"state_manifests,omitempty"`
	// Live is "read" or "assumed" (offline).
	Live      string     `json:"live"`
	Summary   Summary    `json:"summary"`
	Steps     []Step     `json:"steps"`
	Conflicts []Conflict `json:"conflicts"`
	Notes     []string   `json:"notes"`
	// Remarks are notes that name a choice; Spell makes notes of them.
	Remarks []WayOut `json:"-"`
	// Checks are the preflight checks of what is to be bound, in plan order.
	Checks []Check `json:"checks"`
	// Newest is what each `newest` of the manifest came to, sorted by database and alias.
	Newest []Newest `json:"newest,omitempty"`

	// Before and After are the managed bindings in the cluster before and after
	// the plan, sorted by database and alias; what a diff shows. An alias that
	// the manifest releases is in neither.
	Before []Binding `json:"-"`
	After  []Binding `json:"-"`

	// Choices are the flags that shape the plan or lift a refusal, sorted.
	Choices []Choice `json:"-"`
	// Asks are what the manifest asks of each binding that the steps make, or adopt
	// because its collection was made anew, in their order.
	Asks []Ask `json:"-"`

	Housekeeping Housekeeping `json:"-"`
	// Ungranted are aliases whose grants are to be copied and cannot be read.
	Ungranted []Ungranted `json:"-"`
	// SplitGroups are the cutovers of which `--only` takes a part.
	SplitGroups []SplitGroup `json:"-"`
	// Newcomers are the retirees that look like new work.
	Newcomers []Newcomer `json:"-"`
	// Managed counts, per database, what the limits of Check refer to.
	Managed []ManagedCount `json:"-"`
}

// Housekeeping is what an apply writes into the state without a step: nothing
// of it changes a binding that the cluster has.
type Housekeeping struct {
	// Confirmed are bindings that an unfinished run had announced and that the
	// cluster now has as the manifest wants them.
	Confirmed []Binding
	// Abandoned are aliases that unfinished runs had announced and that never came
	// to be.
	Abandoned []Key
	// Retired are retirees found already gone.
	Retired []Retired
	// Unretired are records and announcements of collections that the manifest
	// no longer retires.
	Unretired []Key
	// WaitStarted are retirees with `after` that were first seen without any alias.
	WaitStarted []Idle
	// WaitEnded are collections whose waiting has ended: an alias reaches them
	// again, they are gone, or nothing retires them any more.
	WaitEnded []Key
	// Reidentify has the ids of all bound collections read and recorded anew.
	Reidentify bool
	// Manifests are the files that the state is applied from now; nil for no
	// change.
	Manifests []string `json:",omitempty"`
}

// Empty reports that there is nothing to write.
func (h Housekeeping) Empty() bool {
	return !h.Reidentify && len(h.Manifests)+len(h.Confirmed)+len(h.Abandoned)+len(h.Retired)+len(h.Unretired)+len(h.WaitStarted)+len(h.WaitEnded) == 0
}

// ManagedCount counts the aliases of one database that the state knows. The
// limits refer to those that the cluster has: what a state lists beyond them
// must not make a plan look smaller than it is.
type ManagedCount struct {
	Database string
	InState  int // aliases that are ours by the state
	Live     int // of InState: the cluster has them
	Released int // of Live: the manifest releases them
	Dropped  int // of Live: dropped by the plan
	LeftOut  int // aliases that the state says are ours, that the cluster has and that the run leaves out
	// Protected names the aliases that the plan would drop although the state
	// marks them as protected.
	Protected []string
}

// Values of Plan.Live.
const (
	LiveRead    = "read"
	LiveAssumed = "assumed"
)

// Summary counts what the plan does.
type Summary struct {
	Create    int `json:"create"`
	Switch    int `json:"switch"`
	Drop      int `json:"drop"`
	Retire    int `json:"retire"`
	Adopt     int `json:"adopt"`
	Forget    int `json:"forget"`
	Verify    int `json:"verify,omitempty"`   // earlier switches
	Displace  int `json:"displace,omitempty"` // collections, by aliases of their names
	Load      int `json:"load,omitempty"`     // collections, before the switches
	Grant     int `json:"grant,omitempty"`    // privileges, likewise
	Release   int `json:"release,omitempty"`  // collections, from memory; their data stays
	Unchanged int `json:"unchanged"`
	Conflicts int `json:"conflicts"`
}

// Pending is the number of changes that an apply would make, state-only ones
// included. A load and a grant are part of the switch that they are for.
func (s Summary) Pending() int {
	return s.Create + s.Switch + s.Drop + s.Retire + s.Adopt + s.Forget + s.Verify + s.Release + s.Displace
}

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
	// Manifests are the files that the manifest was read from: base names,
	// sorted.
	Manifests []string
	// Due is when the waits of retirees are judged, not later than Now; the zero
	// time means Now. The plan of a review stays as it was reviewed although a
	// wait has ended since.
	Due time.Time
	// Choices are the flags that the other options come from.
	Choices []Choice
	// Golden holds the SHA-256 of each file of golden queries, by its path.
	Golden map[string]string
	Switch SwitchMode // "" means ByAlter

	OverwriteDrift Selection
	TakeOver       Selection
	RetireAgain    Selection
	RetireNewer    Selection // drop retirees that look like new work
	Forward        Selection // go again to what was rolled back from
	// Only plans these aliases alone; empty means all.
	Only Selection
	// AllowMissingTargets plans a binding whose target does not exist yet and
	// notes it. For dry runs only.
	AllowMissingTargets bool
	// SkipChecks has the aliases for which the verdict of a preflight check does not
	// count.
	SkipChecks map[manifest.CheckName]Selection
	// TargetIDs holds the collection ids that targets must have, by collection;
	// nil asks for none. A rollback sets it.
	TargetIDs map[Key]string
	// Chosen are the collections that a `newest` came to when the plan was reviewed, by
	// alias: it stays with them although there is a newer one since.
	Chosen map[Key]string
	// Identify asks Needs for the id of every target: a saved plan is about
	// the collections that were reviewed, not about others of their names.
	Identify bool
	// Reidentify lets the state learn the ids of all its collections anew: it
	// a note already shows that those that it has are of collections that are gone.
	Reidentify bool
	// Witnessed reports that there are proxies to confirm a switch (--verify-uri).
	Witnessed bool
	// Load has every collection loaded that an alias is to be bound to; of a
	// rollback, whose manifest cannot ask for it.
	Load bool
	// RollingBack marks every switch as one that leaves a bad collection.
	RollingBack bool
	// Held means that another run holds the state, so the announcements in it are
	// of a run at work. Notes name that run; the plan is the same.
	Held bool
}
