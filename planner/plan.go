// Package planner is the pure core: Compare takes a manifest and a state, and its
// Comparison makes a Plan of a live cluster; Check holds that against the limits.
// Values in, values out: no file, no socket, no clock, no error. A problem is data
// in the plan.
//
// Its rooms are as pure: truth has the truth table of one alias, proof replays a
// plan on a model of the cluster, saved compares a reviewed plan with the same plan
// made again, drift compares a state with the cluster, and rollback makes the
// manifest of an earlier apply.
//
// internal/sync calls it; the executor carries out what it returns.
package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"aliasctl/manifest"
)

// PlanVersion is the version of the JSON form of a plan.
const PlanVersion = 1

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
	Before []Bound `json:"-"`
	After  []Bound `json:"-"`

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

// Bound is a managed binding as a plan shows it: what the cluster has, without
// what the state alone remembers of it.
type Bound struct {
	Database   string
	Alias      string
	Collection string
	Protect    bool
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

// Choice is a flag of the run that shapes what a plan may do or lifts a
// refusal, with its values. It is reviewed with the plan: every report shows
// it, and the digest covers it.
type Choice struct {
	Flag   string   `json:"flag"` // without its dashes
	Values []string `json:"values"`
}

// DrainFlag is the choice that matters to drops and releases of collections alone.
const DrainFlag = "drain"

// Ask is what the manifest asks of one binding that a plan makes, beyond the
// binding itself.
type Ask struct {
	Database, Alias string
	// Target is the id of the collection that the alias is bound to, "" when it
	// was not read.
	Target string
	// Golden is the SHA-256 of the file of golden queries, "" for none.
	Golden  string
	Cutover *manifest.Cutover // nil for nothing
}

// Digest is the fingerprint of what is reviewed: the cluster, the steps with
// what they expect, the collections they lead to, what the manifest asks of
// each binding they make (`load`, `grants`, `require`, `from`, golden with the content of its
// file, canary, verify, group, on_failure, keep), and the flags that shape the
// plan or lift a refusal. Nothing that changes by itself is in it (row counts,
// notes, measurements), and nothing that the plan leaves alone. The same
// manifest, state, cluster and flags give the same digest on every machine.
func (p Plan) Digest() string {
	sum := sha256.New()
	out := json.NewEncoder(sum) // plain values, to a hash: no error
	fmt.Fprintf(sum, "2\n%s\n%s\n", p.Cluster.URI, p.Cluster.Label)
	drops := slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Op.Retires() })
	for _, c := range p.Choices {
		if c.Flag != DrainFlag || drops {
			_ = out.Encode(c)
		}
	}
	var s Step
	for _, s = range p.Steps {
		s.Rows, s.Order, s.Drift, s.Cutover, s.Loaded = nil, nil, false, nil, false
		if s.Op == LoadCollection { // its id is that of the target of an ask
			s.ID = ""
		}
		if s.Op == DropCollection { // its form in a digest stays what it always was
			s.From, s.ID = s.ID, ""
		}
		_ = out.Encode(&s)
	}
	var a Ask
	for _, a = range p.Asks {
		a.Cutover = unplaced(a.Cutover)
		_ = out.Encode(&a)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// unplaced is a cutover without the places in the manifest where it is written.
func unplaced(c *manifest.Cutover) *manifest.Cutover {
	if c == nil {
		return nil
	}
	bare := *c
	bare.Require = slices.Clone(c.Require)
	for i := range bare.Require {
		bare.Require[i].Pos = manifest.Position{}
	}
	if c.Canary != nil {
		canary := *c.Canary
		canary.Pos, bare.Canary = manifest.Position{}, &canary
	}
	if c.Golden != nil {
		golden := *c.Golden
		golden.Pos, bare.Golden = manifest.Position{}, &golden
	}
	if c.Load != nil {
		load := *c.Load
		load.Pos, bare.Load = manifest.Position{}, &load
	}
	if c.Keep != nil {
		keep := *c.Keep
		keep.Pos, bare.Keep = manifest.Position{}, &keep
	}
	return &bare
}
