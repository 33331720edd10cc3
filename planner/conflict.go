package planner

import (
	"fmt"
)

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
	RenameUnfinished  ConflictKind = "rename-unfinished"
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
		{RenameUnfinished, "a run that was cut has renamed a collection, and nothing has its name"},
	}
}

// WayOut is one thing that helps against a conflict or a refusal: something to do
// by hand, a choice of the run that lifts it, or both. How the caller's language
// writes a choice is not the planner's to know: see Speller.
type WayOut struct {
	Kind   string // the name of the choice, as in Choice; "" for none
	Target string // what the choice is given: an alias, a collection, a number; "" for nothing

	Before, After string // the words around the choice, or the whole

	Check []string // choices to look at first
}

// Speller writes a choice as the caller's language has it: `--only ALIAS`.
type Speller func(kind, target string) string

// The choices that ways out name, and what else of a run they point to.
const (
	liftAllowMissing   = "allow-missing-targets"
	liftLoad           = "load"
	liftVerifyURI      = "verify-uri"
	liftAcceptOrigin   = "accept-manifests"
	liftAllowEmpty     = "allow-empty"
	liftAliasDrops     = "max-alias-drops"
	liftDropLimit      = "max-collection-drops"
	liftOnly           = "only"
	liftOverwriteDrift = "overwrite-drift"
	liftRetireAgain    = "retire-again"
	liftRetireNewer    = "retire-newer"
	liftForward        = "forward"
	liftSkipCheck      = "skip-check"
	liftSwitchMode     = "switch"
	liftTakeOver       = "take-over"
	liftManifests      = "file"
	liftState          = "state"
	liftHistory        = "history" // a look at the applies of the state
)

// WaysOut are the kinds that a WayOut may have.
func WaysOut() []string {
	return []string{liftAcceptOrigin, liftAllowEmpty, liftAllowMissing, liftForward, liftLoad, liftAliasDrops, liftDropLimit, liftOnly, liftOverwriteDrift,
		liftRetireAgain, liftRetireNewer, liftSkipCheck, liftSwitchMode, liftTakeOver, liftVerifyURI, liftManifests, liftState, liftHistory}
}

// ByHand are ways out that no choice is part of.
func ByHand(ways ...string) []WayOut {
	all := make([]WayOut, len(ways))
	for i, way := range ways {
		all[i].Before = way
	}
	return all
}

// lift is a choice that lifts it, and what it does then.
func lift(kind, target, format string, args ...any) WayOut {
	return WayOut{Kind: kind, Target: target, After: " " + fmt.Sprintf(format, args...)}
}

// meant is a choice for what is refused because it is rarely meant.
func meant(kind, target string) WayOut { return lift(kind, target, "if this is meant") }

// String is the way out with its choice as Choice has it.
func (w WayOut) String() string { return w.spelled(plainly).Before }

// MarshalText and UnmarshalText make it one text in JSON.
func (w WayOut) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads a way out as it was written.
func (w *WayOut) UnmarshalText(text []byte) error {
	*w = WayOut{Before: string(text)}
	return nil
}

// spelled is the way out in the caller's language.
func (w WayOut) spelled(spell Speller) WayOut {
	if w.Kind == "" {
		return w
	}
	for i, kind := range w.Check {
		w.Before += []string{"check ", " and "}[min(i, 1)] + spell(kind, "")
	}
	if w.Check != nil {
		w.Before += "; "
	}
	return WayOut{Before: w.Before + "`" + spell(w.Kind, w.Target) + "`" + w.After}
}

func plainly(kind, target string) string {
	if target == "" {
		return kind
	}
	return kind + " " + target
}

// Spell writes the choices that a plan names as its caller's language has them: in
// ways out, notes and checks. nil leaves their names.
func (p *Plan) Spell(spell Speller) {
	if spell == nil {
		spell = plainly
	}
	for _, c := range p.Conflicts {
		for i := range c.WaysOut {
			c.WaysOut[i] = c.WaysOut[i].spelled(spell)
		}
	}
	for _, remark := range p.Remarks {
		p.Notes = append(p.Notes, remark.spelled(spell).Before)
	}
	for i := range p.Checks {
		if c := &p.Checks[i]; c.Would != "" {
			c.Details = append([]string{fmt.Sprintf("skipped by %s; it would be: %s", spell(liftSkipCheck, ""), c.Would)}, c.Details...)
			c.Would = ""
		}
	}
	p.Remarks = nil
}

// Spell is a refusal in its caller's language. nil leaves the names of choices.
func (r Refusal) Spell(spell Speller) Refusal {
	if spell == nil {
		spell = plainly
	}
	if r.About != "" {
		r.Reason = "`" + spell(r.About, "") + "` " + r.Reason
	}
	r.About, r.WayOut = "", r.WayOut.spelled(spell)
	return r
}
