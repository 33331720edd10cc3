package planner

import "fmt"

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
