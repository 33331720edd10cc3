package planner

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"aliasctl/manifest"
)

// from is compare-and-set for people: two changes that both think they move
// blue to green cannot both win. It is read only when a switch is needed, so
// that the same manifest applies twice.
func (b *builder) from(d *database, e *managed, in *LiveDatabase, step Step) (Conflict, bool) {
	c, live := e.want.Cutover, cmp.Or(step.From, e.readBy(in))
	if c == nil || c.From == "" || c.From == live || b.live == nil {
		return Conflict{}, false
	}
	at := fmt.Sprintf("is at %q", live)
	if live == "" {
		at = "does not exist"
	}
	return Conflict{
		Kind: FromMismatch, Database: d.name, Alias: e.alias, Collection: step.To,
		Want: step.To, Last: lastApplied(e), Live: live,
		Reason: fmt.Sprintf("`from` says that alias %q leaves %q, and it %s", e.alias, c.From, at),
		WaysOut: ByHand("look at what was switched meanwhile, and correct `from`",
			"remove `from` if the switch does not depend on where the alias is"),
	}, true
}

// rolledBack refuses to go again to what was rolled back from: the next
// unrelated deploy must not bring a bad index back.
func (b *builder) rolledBack(d *database, e *managed, in *LiveDatabase, step Step) (Conflict, bool) {
	if b.options.RollingBack || e.rolledBackFrom() != step.To || b.options.Forward.Has(d.name, e.alias) {
		return Conflict{}, false
	}
	live := cmp.Or(step.From, e.readBy(in))
	return Conflict{
		Kind: RolledBackFrom, Database: d.name, Alias: e.alias, Collection: step.To,
		Want: step.To, Last: lastApplied(e), Live: step.From,
		Reason: fmt.Sprintf("alias %q was rolled back from %q, and the manifest still names it", e.alias, step.To),
		WaysOut: []WayOut{
			{Before: fmt.Sprintf("put `%s: %s` into the manifest, as it is now", e.alias, live)},
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

// owed is the verification that is to be made up: what the manifest asks for
// now, where it asks for one, or else what was promised. A canary that was
// mended counts; one that was lost does not set the switch free.
func (u Unverified) owed(want *manifest.Cutover) *Cutover {
	c := &Cutover{Group: u.Group, SwitchBack: u.SwitchBack, Confirmations: u.Confirmations, Canary: u.Canary.canary()}
	if want == nil {
		return c
	}
	c.Group, c.SwitchBack = want.Group, want.OnFailure != manifest.KeepGoing
	if want.Confirmations > 0 || want.Canary != nil {
		c.Confirmations, c.Canary = want.Confirmations, want.Canary
	}
	return c
}

// makeUp adds the step that verifies a binding which is where the manifest
// wants it and was never verified; false where nothing is owed.
func (b *builder) makeUp(d *database, e *managed) bool {
	to := e.want.Collection
	var u *Unverified
	for i := range e.unverified {
		if e.unverified[i].To == to {
			u = &e.unverified[i]
		}
	}
	if u == nil || b.options.RollingBack {
		return false
	}
	owed := u.owed(e.want.Cutover)
	if owed.Confirmations > 0 && owed.Canary == nil && !b.options.Witnessed {
		b.plan.Remarks = append(b.plan.Remarks, WayOut{Kind: liftVerifyURI, After: " asks its proxies",
			Before: fmt.Sprintf("alias %q was switched to %q and never confirmed: ", b.flagName(d, e.alias), to)})
		return false
	}
	if u.From == "" && e.want.Displaces != nil { // see Carried
		owed.SwitchBack = false
	}
	step := Step{
		Op: VerifyAlias, Database: d.name, Alias: e.alias, From: to, To: to, Back: u.From,
		Protect: e.want.Protect, Cutover: owed, RenamedFrom: e.renamedFrom(), RolledBackFrom: e.heldBack(), RecreateBack: u.From != "" && b.options.Switch == ByRecreate,
	}
	b.binds = append(b.binds, step)
	b.plan.Asks = append(b.plan.Asks, Ask{Database: d.name, Alias: e.alias, Cutover: e.want.Cutover})
	b.plan.Summary.Verify++
	b.after(d, e, to)
	return true
}

// leftBy is the collection that a switch by drop and create left before it was
// cut in between, "" where the alias is created for the first time. A create that
// goes back goes there, not to an alias without a binding.
func (e *managed) leftBy(create Step) string {
	if create.Cutover == nil || !create.Cutover.SwitchBack {
		return ""
	}
	for _, u := range e.unverified {
		if u.From != "" && u.From != create.To {
			return u.From
		}
	}
	for _, a := range e.pending { // of a switch without a verification
		if a.Op == DropAlias && a.From != create.To {
			return a.From
		}
	}
	return ""
}

// promised reports whether a cutover has anything to verify.
func (c *Cutover) promised() bool { return c != nil && (c.Confirmations > 0 || c.Canary != nil) }

// Promises are the verifications that follow the steps of a plan, as a state
// keeps them until they are made. witnessed: there are proxies to
// confirm a switch.
func Promises(steps []Step, witnessed bool, now time.Time) []Unverified {
	promised := make(map[Key]bool) // by group; an alias alone is its own
	unit := func(s Step) Key {
		if s.Cutover.Group != "" {
			return Key{s.Database, "group " + s.Cutover.Group}
		}
		return Key{s.Database, s.Alias}
	}
	owed := func(s Step) Cutover {
		c := *s.Cutover
		if !witnessed {
			c.Confirmations = 0
		}
		return c
	}
	for _, s := range steps {
		if s.Cutover != nil {
			c := owed(s)
			promised[unit(s)] = promised[unit(s)] || c.promised()
		}
	}
	var list []Unverified
	for _, s := range steps {
		if s.Cutover == nil || !promised[unit(s)] {
			continue
		}
		c := owed(s)
		u := Unverified{
			Database: s.Database, Alias: s.Alias, From: s.From, To: s.To, At: now,
			Group: c.Group, SwitchBack: c.SwitchBack, Confirmations: c.Confirmations, Canary: ProbeOf(c.Canary),
		}
		u.From = s.Blue()
		list = append(list, u)
	}
	return list
}
