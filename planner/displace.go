package planner

import (
	"fmt"
	"path"
	"strings"

	"aliasctl/manifest"
)

// An alias that takes the name of a collection
//
// Applications that name a collection today have to begin somewhere: the collection
// gets another name, and an alias its old one. Milvus has no call for both. Between
// the two answers lie some milliseconds (on four versions 1.8 to 4.7 in the median,
// 7.8 at most) in which readers of the name get code 100; the plan says so, the proof
// lists the gap and the run measures it. The load state and the aliases of the
// collection survive its renaming.
//
// What was granted on the old name does not follow in whole: up to 2.5 all of it stays
// at the name, from 2.6 on single privileges move with the collection and privilege
// groups stay. So whoever may read by the old name has to be allowed to read both
// collections by their new names before.
//
// Afterwards the renamed collection is what the alias left: a failed verification and
// a rollback go back there by alter, without a gap.

// displaces reports that a collection has the name of an alias that is to be created,
// and that the manifest says what becomes of it. Offline the manifest is believed
// where the state does not know the alias.
func (e *managed) displaces(in *LiveDatabase, read bool) bool {
	switch {
	case e.want == nil || e.want.Displaces == nil:
		return false
	case !read:
		return e.last == nil
	}
	_, taken := in.Collections[e.alias]
	_, bound := in.Bindings[e.alias]
	return taken && !bound
}

// leaves is the collection whose readers an alias takes over, "" for none.
func (e *managed) leaves(in *LiveDatabase, read bool) string {
	if e.displaces(in, read) {
		return e.alias
	}
	return e.readBy(in)
}

// green is the name that the collection which an alias goes to has before the plan.
func (e *managed) green(in *LiveDatabase, read bool) string {
	if e.displaces(in, read) && e.want.Collection == e.want.Displaces.RenameTo {
		return e.alias
	}
	return e.wanted()
}

// displaced reports what keeps an alias from taking the name of a collection.
func (b *builder) displaced(d *database, e *managed, live *LiveDatabase, step Step) (Conflict, bool) {
	if !e.displaces(live, b.live != nil) {
		return Conflict{}, false
	}
	to := e.want.Displaces.RenameTo
	c := Conflict{Kind: RenameTaken, Database: d.name, Alias: e.alias, Collection: e.alias, Want: step.To}
	if _, exists := live.Collections[to]; b.live != nil && exists {
		c.Reason = fmt.Sprintf("collection %q cannot be renamed to %q: a collection has that name", e.alias, to)
		c.WaysOut = ByHand("give `rename_to` another name")
		return c, true
	}
	if b.isAlias(d, live, to) {
		c.Reason = fmt.Sprintf("collection %q cannot be renamed to %q: an alias has that name", e.alias, to)
		c.WaysOut = ByHand("give `rename_to` another name")
		return c, true
	}
	if n := e.want.Newest; n != nil && e.newestOnceRenamed(n, live) {
		c.Reason = fmt.Sprintf("collection %q would be the newest of %q by the name %q, and the next run would go back to it", e.alias, n.Match, to)
		way := fmt.Sprintf("give `rename_to` a name that %q does not match", n.Match)
		if n.Order == manifest.Natural {
			way += fmt.Sprintf(", or one before %q", step.To)
		}
		c.WaysOut = ByHand(way)
		return c, true
	}
	var followers []string
	for i := range d.aliases {
		if other := &d.aliases[i]; live.Bindings[other.alias] == e.alias {
			followers = append(followers, other.alias)
		}
	}
	if len(followers) > 0 {
		c.Kind = AliasIsCollection
		c.Reason = fmt.Sprintf("%s would follow collection %q to its new name", listed(followers), e.alias)
		c.WaysOut = ByHand("bind them to another collection first, in an apply of its own")
		return c, true
	}
	return b.lockedOut(d, e, live, c)
}

// newestOnceRenamed reports that a displaced collection would be chosen by its new name.
func (e *managed) newestOnceRenamed(n *manifest.Newest, live *LiveDatabase) bool {
	to := e.want.Displaces.RenameTo
	if ok, err := path.Match(n.Match, to); err != nil || !ok || to == e.want.Collection {
		return false
	}
	if n.Order == manifest.Created {
		order, known := compareIDs(live.Collections[e.alias].ID, live.Collections[e.want.Collection].ID)
		return known && order > 0
	}
	l := candidates{newest: n, version: versionOf(n.Match)}
	return l.isVersion(to) && compareNatural(to, e.want.Collection) > 0
}

// lockedOut holds what is granted on the name of a collection against what is granted
// on the names that its readers meet afterwards.
func (b *builder) lockedOut(d *database, e *managed, live *LiveDatabase, c Conflict) (Conflict, bool) {
	if b.live == nil || e.ignoresGrants() {
		return c, false
	}
	c.Kind = ReadersLockedOut
	ignore := WayOut{Before: "`grants: ignore` on the alias, where it does not matter"}
	if why, unknown := live.Grants.unknown(); unknown {
		if why == "" {
			why = "the server was not asked"
		}
		c.Reason = fmt.Sprintf("alias %q takes the name of a collection, and who may read that is not known: %s", e.alias, why)
		c.WaysOut = append(ByHand("let the token read roles (SelectOwnership, ListPrivilegeGroups)"), ignore)
		return c, true
	}
	var lost []string
	moves := false // single privileges, away from the name of the alias
	grants := live.Grants
	if c := e.want.Cutover; c != nil && c.Grants == manifest.GrantsCopy {
		for _, name := range e.newNames() {
			grants = grants.with(live.Grants.Copies(d.name, e.alias, name))
		}
	}
	for _, name := range e.newNames() {
		p := passage{database: d.name, alias: e.alias, before: []string{e.alias}, after: []string{name}}
		switch follows := name == e.want.Collection && live.Grants.follows(e.want.Cutover); {
		case follows && live.Grants.Older: // what is granted on the alias counts
			p.after = append(p.after, e.alias)
		case follows: // and nothing else
			p.after, p.renamed = []string{e.alias}, e.alias
		}
		losses, _ := grants.losses(reading, p)
		for _, l := range losses {
			lost = append(lost, fmt.Sprintf("%s on %q", l, p.after[0]))
		}
		moves = moves || p.renamed != "" && len(losses) > 0
	}
	if len(lost) == 0 {
		return c, false
	}
	c.Reason = fmt.Sprintf("alias %q takes the name of a collection, and readers would be locked out: %s", e.alias, strings.Join(lost, "; "))
	if moves {
		c.WaysOut = append(ByHand(fmt.Sprintf("grant a privilege group on %q before: a group stays with the name, single privileges go with the collection", e.alias)), ignore)
		return c, true
	}
	c.WaysOut = append(ByHand("`grants: copy` on the alias, or grant it by hand before"), ignore)
	return c, true
}

// tookTheNameOf is the present name of the collection whose name an alias has, "" for
// none.
func (e *managed) tookTheNameOf() string {
	if e.last == nil {
		return ""
	}
	return e.last.Displaced
}

func (e *managed) ignoresGrants() bool {
	return e.want.Cutover != nil && e.want.Cutover.Grants == manifest.GrantsIgnore
}

// newNames are the names that the readers of a displaced collection meet afterwards:
// that of what the alias is bound to, and that of the collection itself.
func (e *managed) newNames() []string {
	if e.want.Collection == e.want.Displaces.RenameTo {
		return []string{e.want.Collection}
	}
	return []string{e.want.Collection, e.want.Displaces.RenameTo}
}

// copyDisplaced adds the steps that copy the grants on the name of a displaced
// collection, before it is renamed: both names then work at once.
func (b *builder) copyDisplaced(e *managed, live *LiveDatabase, step Step) {
	for _, name := range e.newNames() {
		copied := step
		copied.From, copied.To = e.alias, name
		b.copyGrants(e, live, copied)
		if b.live == nil {
			return // which is noted once
		}
	}
}

// displace makes a step one that takes the name of a collection.
func (b *builder) displace(d *database, e *managed, live *LiveDatabase, step Step) Step {
	step.Op, step.RenameTo, step.ID = Displace, e.want.Displaces.RenameTo, live.Collections[e.alias].ID
	if step.To != step.RenameTo {
		step.Back, step.RecreateBack = step.RenameTo, b.options.Switch == ByRecreate
	}
	step.Cutover = step.Carried(e.want.Cutover)
	b.plan.Summary.Displace++
	b.note("collection %q is renamed to %q and alias %q created at once: in between, for some milliseconds, readers of that name get code 100", b.flagName(d, e.alias), step.RenameTo, e.alias)
	return step
}

// renamedBefore is the collection that an alias took its name from in a run that was
// cut, "" for none: it is there by its new name, and nothing has the old one.
func (e *managed) renamedBefore(live *LiveDatabase) string {
	if e.want == nil || e.want.Displaces == nil {
		return ""
	}
	if _, exists := live.Collections[e.want.Displaces.RenameTo]; !exists {
		return ""
	}
	return e.want.Displaces.RenameTo
}

// leftNameless is the announcement of a run that may have been cut between the two calls
// by which an alias takes the name of a collection. Where the manifest still has the
// alias, it is created.
func (e *managed) leftNameless() Announcement {
	if e.want == nil && !e.released {
		for _, a := range e.pending {
			if a.RenameTo != "" {
				return a
			}
		}
	}
	return Announcement{}
}

// nameless refuses to leave it there: readers of the name find nothing, and nothing in
// the manifest gives it back to them.
func (b *builder) nameless(d *database, e *managed, live *LiveDatabase, now string) (refused bool) {
	a := e.leftNameless()
	if a.RenameTo == "" || now != "" || b.live == nil {
		return false
	}
	if _, exists := live.Collections[e.alias]; exists {
		return false
	}
	at, exists := live.Collections[a.RenameTo]
	if !exists || at.ID != "" && at.ID != a.CollectionID {
		return false
	}
	b.conflict(Conflict{
		Kind: RenameUnfinished, Database: d.name, Alias: e.alias, Collection: a.RenameTo,
		Reason: fmt.Sprintf("an unfinished run has renamed collection %q to %q and created no alias %q: readers of that name find nothing", e.alias, a.RenameTo, e.alias),
		WaysOut: ByHand(fmt.Sprintf("put `%s: {collection: %s, displaces: {rename_to: %s}}` into the manifest, which creates it", e.alias, a.To, a.RenameTo),
			fmt.Sprintf("rename collection %q to %q again", a.RenameTo, e.alias),
			"add it to `release`, where nothing reads by that name"),
	})
	return true
}
