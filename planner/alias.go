package planner

import (
	"cmp"
	"fmt"
	"strings"

	"aliasctl/planner/truth"
)

// alias turns the verdict on one alias into steps or a conflict.
func (b *builder) alias(d *database, e *managed, live *LiveDatabase, count *ManagedCount) {
	now := b.bound(e, live)
	if !e.ours.Empty() {
		count.InState++
		if now != "" {
			count.Live++
			if e.released {
				count.Released++
			}
		}
	}
	if e.released {
		if !e.ours.Empty() {
			b.record(d, e, Forget, "")
		}
		return
	}
	if now != "" {
		b.before(d, e, now)
	}
	if name := e.tookTheNameOf(); name != "" && b.options.RollingBack && e.wanted() == name {
		b.note("the collection whose name alias %q has taken stays named %q; the alias leads there", b.flagName(d, e.alias), name)
	}

	if b.renamed(d, e, live, now) || b.nameless(d, e, live, now) {
		return
	}
	if e.newest != nil && (e.newest.conflict != nil || e.want.Collection == "") {
		if c := e.newest.conflict; c != nil && !(c.Kind == NewestMissing && b.options.AllowMissingTargets) {
			b.conflict(*c)
		} else if c != nil {
			b.note("%s (alias %q)", c.Reason, b.flagName(d, e.alias))
		}
		b.remains(d, e, now)
		return
	}

	step := Step{Database: d.name, Alias: e.alias, RenamedFrom: e.renamedFrom(), From: now, To: e.wanted(), Protect: e.want != nil && e.want.Protect}
	switch truth.Decide(step.To, e.ours, now) {
	case truth.Unmanaged:
		return
	case truth.Unchanged:
		if !b.makeUp(d, e) {
			b.unchanged(d, e, live)
		}
	case truth.Adopt:
		b.record(d, e, Adopt, step.To)
	case truth.Forget:
		b.forget(d, e)
	case truth.Create:
		step.Drift = !e.ours.Empty() && !e.ours.Absent
		b.bind(d, e, live, step)
	case truth.Alter:
		b.bind(d, e, live, step)
	case truth.Drop:
		if r := e.renamedTo; r != nil {
			step.RenamedTo = r.want.Name
		}
		b.unbind(d, e, count, step)
	case truth.Drifted:
		step.Drift = true
		switch {
		case !b.options.OverwriteDrift.Has(d.name, e.alias):
			b.drifted(d, e, step)
		case step.To == "":
			b.unbind(d, e, count, step)
		default:
			b.bind(d, e, live, step)
		}
	case truth.Foreign:
		if b.options.TakeOver.Has(d.name, e.alias) {
			b.bind(d, e, live, step)
		} else {
			b.foreign(d, e, step)
		}
	}
}

// unchanged keeps a binding that is as the manifest wants it. What only the
// state has to learn is an adopt step (a changed mark) or housekeeping (an
// unfinished run that got this far).
func (b *builder) unchanged(d *database, e *managed, live *LiveDatabase) {
	to := e.want.Collection
	if was, is, anew := e.last.MadeAnew(live); anew && !b.options.RollingBack {
		b.adoptAnew(d, e, live, was, is)
		return
	}
	if e.last != nil && e.last.Protect != e.want.Protect {
		b.record(d, e, Adopt, to)
		return
	}
	b.plan.Summary.Unchanged++
	b.after(d, e, to)
	announced := e.last == nil || e.last.Collection != to || e.ours.Several() || e.ours.Absent
	if announced {
		b.settled = append(b.settled, b.flagName(d, e.alias))
	}
	// The mark of a rollback falls as soon as the manifest names another target.
	// A `newest` that it holds back keeps it.
	held := e.heldBack()
	marked := e.last != nil && e.last.RolledBackFrom != held && !b.options.RollingBack
	renamed := ""
	if e.last != nil {
		renamed = e.last.RenamedFrom
	}
	if announced || marked || renamed != e.renamedFrom() && !b.options.RollingBack {
		settled := Binding{Database: d.name, RenamedFrom: e.renamedFrom(), Alias: e.alias, Collection: to, Protect: e.want.Protect}
		if c := e.want.Cutover; c != nil {
			settled.Group = c.Group
		}
		settled.RolledBackFrom = held
		if b.options.RollingBack && e.last != nil && e.last.Collection != to {
			settled.RolledBackFrom = e.last.Collection // of a rollback that did not finish
		}
		b.plan.Housekeeping.Confirmed = append(b.plan.Housekeeping.Confirmed, settled)
	}
}

// forget lets go of an alias that neither the manifest nor the cluster has. One
// that was only ever announced is no step: there is no binding to forget. While
// its announcement is young, it is kept: the create of a killed run may still
// land, and no manifest would own the alias then.
func (b *builder) forget(d *database, e *managed) {
	switch {
	case e.last != nil:
		b.record(d, e, Forget, "")
	case e.mayLand(b.options.Now):
		b.note("alias %q: %s announced it less than %v ago; it does not exist, and the announcement stays in case that request lands late", b.flagName(d, e.alias), b.announcer(), LateWindow)
	default:
		b.plan.Housekeeping.Abandoned = append(b.plan.Housekeeping.Abandoned, Key{d.name, e.alias})
		b.faded = append(b.faded, b.flagName(d, e.alias))
	}
}

// record adds a step that changes only the state.
func (b *builder) record(d *database, e *managed, op Op, to string) {
	step := Step{Op: op, Database: d.name, Alias: e.alias, To: to, RenamedFrom: e.renamedFrom(), RolledBackFrom: e.heldBack()}
	if e.last != nil {
		step.From = e.last.Collection
	} else if !e.ours.Empty() {
		step.From = e.ours.First
	}
	if op == Adopt {
		step.Protect = e.want.Protect
		step.Drift = !e.ours.Empty() && !e.ours.Has(to)
		b.plan.Summary.Adopt++
		b.after(d, e, to)
	} else {
		step.Released = e.released
		step.Drift = !e.released && !e.ours.Absent
		b.plan.Summary.Forget++
	}
	b.records = append(b.records, step)
}

// bind adds the step that binds an alias to its target, when the target can
// take it.
func (b *builder) bind(d *database, e *managed, live *LiveDatabase, step Step) {
	for _, check := range []func(*database, *managed, *LiveDatabase, Step) (Conflict, bool){b.target, b.displaced, b.from, b.rolledBack} {
		if c, bad := check(d, e, live, step); bad {
			b.conflict(c)
			b.remains(d, e, step.From)
			return
		}
	}
	displaces := e.displaces(live, b.live != nil)
	seen := step // as it is before the plan
	seen.From, seen.To = cmp.Or(step.From, e.leaves(live, b.live != nil)), e.green(live, b.live != nil)
	if seen.From == seen.To && !displaces { // a new name alone
		seen.From = ""
	}
	if step.From != "" { // it has its new name
		seen.RenamedFrom = ""
	}
	if displaces {
		b.copyDisplaced(e, live, step)
	} else {
		b.copyGrants(e, live, seen)
	}
	b.preflight(d, e, live, seen)
	b.load(d, live, seen.To)
	b.after(d, e, step.To)
	step.Cutover = step.Carried(e.want.Cutover)
	b.plan.Asks = append(b.plan.Asks, b.ask(e, live, step))
	if step.RolledBack, step.RolledBackFrom = b.options.RollingBack, e.heldBack(); step.RolledBack && step.From == "" {
		step.RolledBackFrom = d.leftBefore(step)
	}
	switch {
	case displaces:
		b.binds = append(b.binds, b.displace(d, e, live, step))
	case step.From == "":
		if step.Op, step.Back, step.RenameTo = CreateAlias, e.leftBy(step), e.renamedBefore(live); step.RenameTo != "" && step.RenameTo != step.To {
			step.Back = step.RenameTo
		}
		step.RecreateBack = step.Back != "" && b.options.Switch == ByRecreate
		b.plan.Summary.Create++
		b.binds = append(b.binds, step)
	case b.options.Switch == ByRecreate:
		step.Op = RecreateAlias
		b.plan.Summary.Switch++
		b.binds = append(b.binds, step)
	default:
		step.Op = AlterAlias
		b.plan.Summary.Switch++
		b.binds = append(b.binds, step)
	}
}

func (b *builder) ask(e *managed, live *LiveDatabase, step Step) Ask {
	target := step.To
	if target == e.wanted() {
		target = e.green(live, b.live != nil)
	}
	a := Ask{Database: step.Database, Alias: step.Alias, Target: live.Collections[target].ID, Cutover: e.want.Cutover}
	if a.Cutover != nil && a.Cutover.Golden != nil {
		a.Golden = b.options.Golden[a.Cutover.Golden.Path()]
	}
	return a
}

// unbind adds the step that drops an alias which the manifest no longer has.
func (b *builder) unbind(d *database, e *managed, count *ManagedCount, step Step) {
	step.Op = DropAlias
	b.plan.Summary.Drop++
	if name := e.tookTheNameOf(); name != "" {
		b.note("alias %q has the name of a collection that is called %q now: once the alias is dropped, readers of the name find nothing, until that collection is renamed back by hand", b.flagName(d, e.alias), name)
	}
	b.unbinds = append(b.unbinds, step)
	count.Dropped++
	if e.protected() {
		count.Protected = append(count.Protected, e.alias)
	}
}

// remains lists an alias that a conflict leaves where it is.
func (b *builder) remains(d *database, e *managed, now string) {
	if now != "" {
		b.after(d, e, now)
	}
}

// target reports what keeps an alias from being bound to the wanted collection.
func (b *builder) target(d *database, e *managed, live *LiveDatabase, step Step) (Conflict, bool) {
	c := Conflict{Database: d.name, Alias: e.alias, Collection: step.To, Want: step.To, Last: lastApplied(e), Live: step.From}
	_, exists := live.Collections[e.green(live, b.live != nil)]
	_, taken := live.Collections[e.alias]
	switch {
	case b.isAlias(d, live, step.To):
		// Since 2.6.12 Milvus resolves such a target silently and binds to
		// what it points at now (milvus-rest section 2).
		c.Kind = TargetIsAlias
		c.Reason = fmt.Sprintf("the target %q is itself an alias", step.To)
		c.WaysOut = ByHand("name the collection behind it in the manifest")
	case taken && step.From == "" && e.want.Displaces == nil:
		c.Kind = AliasIsCollection
		c.Reason = fmt.Sprintf("a collection named %q exists, and Milvus keeps aliases and collections in one namespace", e.alias)
		c.WaysOut = ByHand("choose another name for the alias", "`displaces: {rename_to: NAME}` on the alias renames the collection and creates the alias at once", "rename or drop that collection first")
	case !exists && b.options.AllowMissingTargets:
		suggestion := ""
		if near := nearest(step.To, live); near != "" {
			suggestion = fmt.Sprintf(": did you mean %q?", near)
		}
		b.note("collection %q is not there yet (target of alias %q)%s", b.flagName(d, step.To), e.alias, suggestion)
		return Conflict{}, false
	case !exists && b.options.RollingBack:
		c.Kind = TargetMissing
		c.Reason = fmt.Sprintf("the collection %q of that time was dropped", step.To)
		c.WaysOut = append([]WayOut{olderApply}, ByHand("build the index anew, and bind it with a sync")...)
	case !exists:
		c.Kind = TargetMissing
		c.Reason = fmt.Sprintf("the target %q does not exist", step.To)
		if near := nearest(step.To, live); near != "" {
			c.Reason += fmt.Sprintf(": did you mean %q?", near)
		}
		c.WaysOut = append(ByHand("build the collection first, or correct its name in the manifest"),
			lift(liftAllowMissing, "", "for a dry run before it is built"))
	default:
		want, got, differs := b.recreated(d, live, step)
		if !differs {
			return Conflict{}, false
		}
		c.Kind = TargetRecreated
		c.Reason = fmt.Sprintf("the collection %q of that time (id %s) is gone; the one of that name has id %s", step.To, want, cmp.Or(got, "unknown"))
		c.WaysOut = []WayOut{olderApply}
	}
	return c, true
}

func (b *builder) drifted(d *database, e *managed, step Step) {
	name := b.flagName(d, e.alias)
	c := Conflict{
		Kind: Drifted, Database: d.name, Alias: e.alias, Collection: step.From,
		Want: step.To, Last: lastApplied(e), Live: step.From,
		Reason: fmt.Sprintf("alias %q was last bound to %q by us and is at %q now: someone else moved it", e.alias, lastApplied(e), step.From),
	}
	if step.To == "" {
		c.WaysOut = append(ByHand(
			fmt.Sprintf("put `%s: %s` back into the manifest to keep it, which adopts it", e.alias, step.From),
			"add it to `release` to forget it and leave it where it is"),
			lift(liftOverwriteDrift, name, "to drop it all the same"))
	} else {
		c.WaysOut = []WayOut{adopting(e, step), lift(liftOverwriteDrift, name, "to switch it to %q all the same", step.To)}
	}
	c.WaysOut = append(c.WaysOut, theOthers)
	b.conflict(c)
	b.remains(d, e, step.From)
}

func (b *builder) foreign(d *database, e *managed, step Step) {
	b.conflict(Conflict{
		Kind: NotOurs, Database: d.name, Alias: e.alias, Collection: step.From, Want: step.To, Live: step.From,
		Reason:  fmt.Sprintf("alias %q exists, bound to %q, and was never ours", e.alias, step.From),
		WaysOut: []WayOut{adopting(e, step), lift(liftTakeOver, b.flagName(d, e.alias), "to switch it to %q", step.To), theOthers},
	})
	b.remains(d, e, step.From)
}

var (
	theOthers  = lift(liftOnly, "ALIAS", "to apply the others without it")
	olderApply = WayOut{Before: "choose an apply whose collections are still there: ", Kind: liftHistory}
)

func adopting(e *managed, step Step) WayOut {
	return WayOut{Before: fmt.Sprintf("put `%s: %s` into the manifest, which adopts it", e.alias, step.From)}
}

// lastApplied is S for people.
func lastApplied(e *managed) string {
	return strings.Join(e.ours.All(), " or ")
}

// adoptAnew lets the state learn the new id of a binding that stays, after the
// checks of a first binding were made against the new collection.
func (b *builder) adoptAnew(d *database, e *managed, live *LiveDatabase, was, is string) {
	name := e.want.Collection
	b.preflight(d, e, live, Step{To: name})
	b.record(d, e, Adopt, name)
	step := &b.records[len(b.records)-1]
	step.FromID, step.ToID, step.Drift = was, is, true
	ask := b.ask(e, live, Step{Database: d.name, Alias: e.alias})
	b.recordAsks = append(b.recordAsks, ask) // the id is in the step
	b.note("collection %q of alias %q was dropped and made anew outside aliasctl: id %s, now %s", b.flagName(d, name), e.alias, was, is)
}
