package planner

import (
	"fmt"
	"maps"
	"slices"

	"aliasctl/manifest"
)

// cutoverOf is what the step of a binding carries for the executor; nil when
// the step stands for itself.
func cutoverOf(c *manifest.Cutover) *Cutover {
	if c == nil || c.Group == "" && c.Confirmations == 0 && c.Canary == nil {
		return nil
	}
	return &Cutover{
		Group:         c.Group,
		SwitchBack:    c.OnFailure != manifest.KeepGoing,
		Confirmations: c.Confirmations,
		Canary:        c.Canary,
	}
}

// from is compare-and-set for people: two changes that both think they move
// blue to green cannot both win. It is read only when a switch is needed, so
// that the same manifest applies twice.
func (b *builder) from(d *database, e *managed, _ *LiveDatabase, step Step) (Conflict, bool) {
	c := e.want.Cutover
	if c == nil || c.From == "" || c.From == step.From || b.live == nil {
		return Conflict{}, false
	}
	at := fmt.Sprintf("is at %q", step.From)
	if step.From == "" {
		at = "does not exist"
	}
	return Conflict{
		Kind: FromMismatch, Database: d.name, Alias: e.alias, Collection: step.To,
		Want: step.To, Last: lastApplied(e), Live: step.From,
		Reason: fmt.Sprintf("`from` says that alias %q leaves %q, and it %s", e.alias, c.From, at),
		WaysOut: ByHand("look at what was switched meanwhile, and correct `from`",
			"remove `from` if the switch does not depend on where the alias is"),
	}, true
}

// rolledBack refuses to go again to what was rolled back from: the next
// unrelated deploy must not bring a bad index back.
func (b *builder) rolledBack(d *database, e *managed, _ *LiveDatabase, step Step) (Conflict, bool) {
	if b.options.RollingBack || e.last == nil || e.last.RolledBackFrom != step.To || b.options.Forward.Has(d.name, e.alias) {
		return Conflict{}, false
	}
	return Conflict{
		Kind: RolledBackFrom, Database: d.name, Alias: e.alias, Collection: step.To,
		Want: step.To, Last: lastApplied(e), Live: step.From,
		Reason: fmt.Sprintf("alias %q was rolled back from %q, and the manifest still names it", e.alias, step.To),
		WaysOut: []WayOut{
			{Before: fmt.Sprintf("put `%s: %s` into the manifest, as it is now", e.alias, step.From)},
			lift(liftForward, b.flagName(d, e.alias), "to switch it to %q again", step.To),
		},
	}, true
}

// recreated reports that a target is not the collection that it was: names are
// reused, ids never. It matters for a rollback, which goes to what it knows.
func (b *builder) recreated(d *database, live *LiveDatabase, step Step) (want, got string, differs bool) {
	want = b.options.TargetIDs[Key{d.name, step.To}]
	got = live.Collections[step.To].ID
	return want, got, b.live != nil && want != "" && want != got
}

// splitGroups finds groups of which `--only` takes a part: they are one
// cutover, and half of one is what a group exists to prevent. A sync goes by the
// groups of its manifest alone: what leaves it is dropped by itself.
func (b *builder) splitGroups(m *manifest.Manifest, s State) {
	if b.options.Only.Empty() {
		return
	}
	if !b.options.RollingBack {
		s = State{}
	}
	groups := groupsOf(m, s)
	for _, g := range slices.SortedFunc(maps.Keys(groups), Key.Compare) {
		var missing []string
		for _, k := range groups[g] {
			if !b.options.Only.Has(k.Database, k.Name) {
				missing = append(missing, k.Name)
			}
		}
		if len(missing) > 0 && len(missing) < len(groups[g]) {
			b.plan.SplitGroups = append(b.plan.SplitGroups, SplitGroup{Database: g.Database, Group: g.Name, Missing: missing})
		}
	}
}

// SplitGroup is a group of which `--only` leaves members out.
type SplitGroup struct {
	Database, Group string
	Missing         []string // the members that are left out
}
