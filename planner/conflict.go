package planner

// Conflict is something that the planner refuses to decide alone.
type Conflict struct {
	Kind       ConflictKind `json:"kind"`
	Database   string       `json:"database"`
	Alias      string       `json:"alias"`
	Collection string       `json:"collection"`
	Reason     string       `json:"reason"` // one sentence for people
	Want       string       `json:"want"`   // by the manifest
	Last       string       `json:"last"`   // what was last applied
	Live       string       `json:"live"`   // on the cluster
	WaysOut    []WayOut     `json:"ways_out"`
}

// ConflictKind is the stable word for a kind of conflict.
type ConflictKind string

// The kinds of conflict; ConflictKinds has what each means.
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
	FromMismatch      ConflictKind = "from-mismatch"
	RolledBackFrom    ConflictKind = "rolled-back"
	TargetRecreated   ConflictKind = "target-recreated"
	LoadStateUnknown  ConflictKind = "load-state-unknown"
	RenamedNotOurs    ConflictKind = "renamed-not-ours"
	NewestMissing     ConflictKind = "newest-missing"
	NewestNotReady    ConflictKind = "newest-not-ready"
	NewestGoesBack    ConflictKind = "newest-goes-back"
	NewestUnknown     ConflictKind = "newest-unknown"
	RenameTaken       ConflictKind = "rename-taken"
	ReadersLockedOut  ConflictKind = "readers-locked-out"
)

// ConflictKinds are all kinds, with what each means in one line for people.
func ConflictKinds() []struct {
	Kind  ConflictKind
	About string
} {
	return []struct {
		Kind  ConflictKind
		About string
	}{
		{Drifted, "an alias that is managed is not where the last apply left it"},
		{NotOurs, "an alias of the manifest exists already, and no apply has ever bound it"},
		{TargetMissing, "the collection to bind to does not exist, or is not ready"},
		{TargetIsAlias, "the name to bind to is that of an alias"},
		{AliasIsCollection, "a collection has the name of the alias"},
		{DatabaseMissing, "the cluster does not have the database"},
		{StillAliased, "an alias would still reach what is to be retired"},
		{RetireeIsAlias, "the name to retire is that of an alias"},
		{RetireeCameBack, "a collection of that name was retired once, and this is another one"},
		{FromMismatch, "the alias is not on the collection that `from` names"},
		{RolledBackFrom, "a rollback left the collection that the manifest binds again"},
		{TargetRecreated, "a collection was dropped and made anew under its name since it was bound"},
		{LoadStateUnknown, "the load state of what `keep_data` releases cannot be read"},
		{RenamedNotOurs, "the alias that `renamed_from` names is not one that an apply has bound"},
		{NewestMissing, "no collection matches the pattern of `newest`"},
		{NewestNotReady, "no collection that matches `newest` passes the checks"},
		{NewestGoesBack, "the newest that is ready is older than what the alias has or had"},
		{NewestUnknown, "the order of the collections that match `newest` is not known"},
		{RenameTaken, "the name that `displaces` gives to the collection is taken"},
		{ReadersLockedOut, "who may read under the old name could not read under the new one, or it cannot be known"},
	}
}
