package planner

import (
	"time"

	"aliasctl/manifest"
)

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

// Ops are all operations.
func Ops() []Op {
	return []Op{CreateAlias, AlterAlias, RecreateAlias, Displace, DropAlias, LoadCollection, GrantPrivilege, DropCollection, ReleaseCollection, VerifyAlias, Adopt, Forget}
}

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
	// RolledBackFrom is the mark of a rollback that the binding has after the step,
	// where it is not From that a rollback leaves.
	RolledBackFrom string `json:"rolled_back_from,omitempty"`
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

// Past is what becomes of a collection by an operation that retires it.
func (o Op) Past() string {
	if o == ReleaseCollection {
		return "released"
	}
	return "dropped"
}

// Key names the alias or the collection of a step.
func (s Step) Key() Key {
	if s.Op.OnCollection() {
		return Key{s.Database, s.Collection}
	}
	return Key{s.Database, s.Alias}
}

// Phase is the place of a step in the order of safety.
func (s Step) Phase() int {
	switch {
	case s.Op == LoadCollection:
		return 0
	case s.Op == GrantPrivilege:
		return 1
	case s.Op == CreateAlias, s.Op == AlterAlias, s.Op == RecreateAlias, s.Op == Displace, s.Op == VerifyAlias:
		return 2
	case s.Op == DropAlias:
		return 3
	case s.Op.Retires():
		return 4
	default:
		return 5
	}
}

// Carried is what a step carries, for the executor, of what the manifest asks for
// around a switch; nil when the step stands for itself.
func (s Step) Carried(c *manifest.Cutover) *Cutover {
	if c == nil || c.Group == "" && c.Confirmations == 0 && c.Canary == nil {
		return nil
	}
	return &Cutover{
		Group: c.Group,
		// An alias that takes the name of its own collection has nothing else to go
		// back to.
		SwitchBack:    c.OnFailure != manifest.KeepGoing && !(s.Op == Displace && s.To == s.RenameTo),
		Confirmations: c.Confirmations,
		Canary:        c.Canary,
	}
}
