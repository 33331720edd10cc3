package planner

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aliasctl/manifest"
)

// retire plans the collections that the manifest retires in one database.
//
// A record in the state is a fence: the name has been retired, and while it
// stays under `retire` a new collection of that name is fresh work
// and is not dropped without being asked. Only the collection id separates the two
// apart; names are reused, ids never.
func (b *builder) retire(d *database, live *LiveDatabase) {
	if !b.options.Only.Empty() || b.options.RollingBack {
		b.leaveOut(d)
		return
	}
	var retirees []manifest.Retiree
	if d.desired != nil {
		retirees = slices.SortedFunc(slices.Values(d.desired.Retire), func(a, c manifest.Retiree) int {
			return strings.Compare(a.Collection, c.Collection)
		})
	}
	names := make([]string, len(retirees))
	for i, r := range retirees {
		names[i] = r.Collection
	}
	b.unfence(d, names)
	keeping := keepings(d, live)
	b.keepNotes(d, keeping)
	for _, s := range keeping.surplus {
		names = append(names, s.name)
	}
	names = append(names, keeping.idle...)
	slices.Sort(names)
	b.unidle(d, names)
	if len(names) == 0 {
		return
	}
	reach := b.reach(d, live, names)
	first := len(b.drops)
	for _, r := range retirees {
		b.retiree(d, live, r, reach[r.Collection])
	}
	for _, s := range keeping.surplus {
		b.surplus(d, live, s, reach[s.name])
	}
	for _, name := range keeping.idle {
		b.wait(d, name, live.Collections[name], reach[name])
	}
	b.order(d, live, b.drops[first:])
	b.newcomers(d, live, b.drops[first:])
}

// keepNotes names what `keep` does not retire although its pattern matches.
func (b *builder) keepNotes(d *database, k keeping) {
	for _, s := range k.newer {
		b.note("collection %q stays: it was made after %q, which alias %q is bound to", b.flagName(d, s.name), s.bound, s.alias)
	}
	for _, u := range k.unordered {
		b.note("`keep` of alias %q retires nothing: %d other collections match %q, and none differs from %q in its digits alone, so their names have no order; `keep: {count: N, order: created}` goes by when they were made",
			b.flagName(d, u.alias), u.others, u.match, u.bound)
	}
	for _, s := range k.unknown {
		b.stays(d, s)
	}
}

// surplus plans a collection that a pattern retires. One that an alias reaches
// stays without a conflict: the pattern only permits a drop. So does one of
// which it is unknown whether it is older than the collection that takes its
// place; one that is to be built yet (a dry run) is newer than all.
func (b *builder) surplus(d *database, live *LiveDatabase, s surplus, reachedBy []string) {
	name := s.name
	now, read := live.Collections[name]
	bound, built := live.Collections[s.bound]
	_, ordered := compareIDs(now.ID, bound.ID)
	switch {
	case !read || now.ID == "":
		return
	case built && !ordered:
		b.stays(d, s)
	case len(reachedBy) > 0:
		b.note("collection %q is older than what `keep` keeps and stays: it is reached by %s", b.flagName(d, name), listed(reachedBy))
		b.endWait(d, name)
	case !b.due(d, manifest.Retiree{Collection: name, After: s.after}, now):
	default:
		b.drop(d, manifest.Retiree{Collection: name}, now)
		b.drops[len(b.drops)-1].Surplus = true
		b.note("collection %q is retired by `keep` of alias %q", b.flagName(d, name), s.alias)
	}
}

// stays notes a collection of which it is unknown whether `keep` retires it.
func (b *builder) stays(d *database, s surplus) {
	b.note("collection %q stays: the ids do not show whether it is older than %q, which alias %q is bound to", b.flagName(d, s.name), s.bound, s.alias)
}

// wait lets the wait of a collection that `keep` keeps go on, so that it is over when a
// newer one takes its place.
func (b *builder) wait(d *database, name string, now LiveCollection, reachedBy []string) {
	idle, waiting := d.idle[name]
	switch {
	case now.ID == "":
	case len(reachedBy) > 0:
		b.endWait(d, name)
	case !waiting || idle.CollectionID != now.ID:
		b.plan.Housekeeping.WaitStarted = append(b.plan.Housekeeping.WaitStarted,
			Idle{Database: d.name, Collection: name, CollectionID: now.ID, Since: b.options.Now})
	}
}

// drop adds the step that drops a collection, with what is known of it.
func (b *builder) drop(d *database, r manifest.Retiree, now LiveCollection) {
	step := Step{Op: DropCollection, Database: d.name, Collection: r.Collection, ID: now.ID, ReleaseFirst: r.ReleaseFirst}
	if now.Facts != nil && now.Facts.Rows != nil && now.Facts.Rows.Why == "" {
		step.Rows = &now.Facts.Rows.Count
	}
	b.plan.Summary.Retire++
	b.drops = append(b.drops, step)
}

// release adds the step that takes a collection out of memory. One that is not loaded
// needs none; unknown reports that its load state cannot be read, and why.
func (b *builder) release(d *database, r manifest.Retiree, now LiveCollection) (why string, unknown bool) {
	if b.live == nil {
		b.note("collection %q: only the cluster shows whether it is in memory", b.flagName(d, r.Collection))
		return "", false
	}
	if now.Facts == nil || now.Facts.Load == nil {
		return "", false // not asked, so it is not worth knowing
	}
	load := now.Facts.Load
	if load.Why != "" {
		return load.Why, true
	}
	if load.State != Loaded && load.State != Loading {
		return "", false
	}
	step := Step{Op: ReleaseCollection, Database: d.name, Collection: r.Collection, ID: now.ID}
	if rows := now.Facts.Rows; rows != nil && rows.Why == "" {
		step.Rows = &rows.Count
	}
	b.plan.Summary.Release++
	b.drops = append(b.drops, step)
	return "", false
}

// due reports whether a retiree has been without any alias for long enough. The
// waiting begins with the first apply that sees it so.
func (b *builder) due(d *database, r manifest.Retiree, now LiveCollection) bool {
	if r.After == 0 || b.live == nil && !r.KeepData {
		return true
	}
	idle, waiting := d.idle[r.Collection]
	if !waiting || b.live != nil && idle.CollectionID != now.ID || len(now.Aliases) > 0 {
		idle = Idle{Database: d.name, Collection: r.Collection, CollectionID: now.ID, Since: b.options.Now}
		b.plan.Housekeeping.WaitStarted = append(b.plan.Housekeeping.WaitStarted, idle)
	}
	at := b.options.Now
	if due := b.options.Due; !due.IsZero() && due.Before(at) {
		at = due
	}
	left := idle.Since.Add(r.After).Sub(at)
	if left <= 0 {
		return true
	}
	if now := idle.Since.Add(r.After).Sub(b.options.Now); now > 0 {
		b.note("collection %q: due in %s", b.flagName(d, r.Collection), shortDuration(now))
	} else {
		b.note("collection %q: due since the plan was made; the next sync drops it", b.flagName(d, r.Collection))
	}
	return false
}

// unidle ends the waiting of collections that are no longer under `retire`.
func (b *builder) unidle(d *database, retirees []string) {
	for _, name := range slices.Sorted(maps.Keys(d.idle)) {
		if !contains(retirees, name) {
			b.plan.Housekeeping.WaitEnded = append(b.plan.Housekeeping.WaitEnded, Key{d.name, name})
		}
	}
}

// shortDuration is 29d3h12m: whole minutes, and seconds only below one.
func shortDuration(d time.Duration) string {
	if d < time.Minute {
		return manifest.FormatDuration(d.Round(time.Second))
	}
	return manifest.FormatDuration(d.Round(time.Minute))
}

// leaveOut lists what `--only` leaves out of a database.
func (b *builder) leaveOut(d *database) {
	if d.desired == nil || len(d.desired.Retire) == 0 {
		return
	}
	names := make([]string, 0, len(d.desired.Retire))
	for _, r := range d.desired.Retire {
		names = append(names, r.Collection)
	}
	slices.Sort(names)
	b.plan.Remarks = append(b.plan.Remarks, lift(liftOnly, "", "leaves retirements out: %s", strings.Join(names, ", ")))
}

// retiree plans one collection under `retire`.
func (b *builder) retiree(d *database, live *LiveDatabase, r manifest.Retiree, reachedBy []string) {
	name := r.Collection
	record, fenced := d.retired[name]
	now, exists := live.Collections[name]
	c := Conflict{Database: d.name, Collection: name, Last: record.CollectionID, Live: now.ID}
	switch {
	case b.isAlias(d, live, name):
		c.Kind = RetireeIsAlias
		c.Reason = fmt.Sprintf("%q is an alias, not a collection", name)
		c.WaysOut = ByHand("name the collection behind it, or remove the entry from `retire`")
	case !exists:
		b.gone(d, live, name, fenced)
		b.endWait(d, name)
		return
	case b.live != nil && b.cameBack(d, name, now.ID) && !b.options.RetireAgain.Has(d.name, name):
		c.Kind = RetireeCameBack
		c.Reason = fmt.Sprintf("collection %q was retired before, and a new one of that name exists (id %s)", name, cmp.Or(now.ID, "unknown"))
		if len(d.announced[name]) == 0 && record.CollectionID == "" {
			c.Reason = fmt.Sprintf("collection %q did not exist when an apply was to retire it, and exists now (id %s)", name, cmp.Or(now.ID, "unknown"))
		}
		c.WaysOut = []WayOut{
			{Before: fmt.Sprintf("remove %q from `retire` to keep it", name)},
			lift(liftRetireAgain, b.flagName(d, name), "to drop the new one too"),
		}
	case len(reachedBy) > 0 && r.After > 0:
		b.note("collection %q: its wait of %s begins when it is left by %s", b.flagName(d, name), shortDuration(r.After), listed(reachedBy))
		b.endWait(d, name)
		return
	case len(reachedBy) > 0:
		// Servers before 2.4.23 and 2.5.5 would drop it and leave the aliases
		// dangling (milvus-rest section 2), so this guard is ours.
		c.Kind = StillAliased
		c.Reason = fmt.Sprintf("collection %q would still be reached by %s", name, listed(reachedBy))
		c.WaysOut = ByHand("bind those aliases elsewhere first: in the manifest, or whoever owns them",
			"remove the collection from `retire` until they have left")
	case r.KeepData && (r.After == 0 || !b.due(d, r, now)):
		why, unknown := b.release(d, r, now)
		if !unknown {
			return
		}
		c.Kind = LoadStateUnknown
		c.Reason = fmt.Sprintf("whether collection %q is in memory cannot be read: %s", name, why)
		c.WaysOut = ByHand("let the token read load states (GetLoadState)", "remove the entry from `retire`, or its `keep_data` to have the collection dropped")
	default:
		if r.KeepData || b.due(d, r, now) {
			b.drop(d, r, now)
		}
		return
	}
	b.conflict(c)
}

// endWait forgets since when a collection has been without any alias.
func (b *builder) endWait(d *database, name string) {
	if _, waiting := d.idle[name]; waiting {
		b.plan.Housekeeping.WaitEnded = append(b.plan.Housekeeping.WaitEnded, Key{d.name, name})
	}
}

// cameBack reports whether the live collection is another one than the one that
// was retired, or that an unfinished run had announced to drop.
func (b *builder) cameBack(d *database, name, id string) bool {
	ids := d.announced[name]
	if record, fenced := d.retired[name]; fenced {
		ids = append(slices.Clone(ids), record.CollectionID)
	}
	return len(ids) > 0 && !slices.Contains(ids, id)
}

// gone notes a retiree that does not exist. The first apply that sees it so
// puts up the fence.
func (b *builder) gone(d *database, live *LiveDatabase, name string, fenced bool) {
	ids := d.announced[name]
	if fenced && len(ids) == 0 {
		return
	}
	fence := d.retired[name]
	if len(ids) > 0 {
		// A run that did not finish dropped it.
		fence = Retired{CollectionID: ids[len(ids)-1]}
		b.note("collection %q is gone: %s had announced its drop", b.flagName(d, name), b.announcer())
	} else {
		suggestion := ""
		if near := nearest(name, live); near != "" {
			suggestion = fmt.Sprintf(": did you mean %q?", near)
		}
		b.note("collection %q is not there: already gone, or misspelt%s", b.flagName(d, name), suggestion)
	}
	fence.Database, fence.Collection = d.name, name
	if fence.DroppedAt.IsZero() {
		fence.DroppedAt = b.options.Now
	}
	b.plan.Housekeeping.Retired = append(b.plan.Housekeeping.Retired, fence)
}

// unfence removes the records and announcements of collections that are no
// longer under `retire`.
func (b *builder) unfence(d *database, retirees []string) {
	var names []string
	for name := range d.retired {
		names = append(names, name)
	}
	for name := range d.announced {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if _, found := slices.BinarySearch(retirees, name); !found {
			b.plan.Housekeeping.Unretired = append(b.plan.Housekeeping.Unretired, Key{d.name, name})
		}
	}
}

// reach lists, per retiree, the aliases that would still point at it after the
// plan: managed ones as the plan leaves them, and every other one as it is.
func (b *builder) reach(d *database, live *LiveDatabase, retirees []string) map[string][]string {
	reach := make(map[string][]string)
	for i := len(b.plan.After) - 1; i >= 0 && b.plan.After[i].Database == d.name; i-- {
		if after := b.plan.After[i]; contains(retirees, after.Collection) {
			reach[after.Collection] = append(reach[after.Collection], after.Alias)
		}
	}
	for _, name := range retirees {
		for _, alias := range live.Collections[name].Aliases {
			if i, found := d.find(alias); !found || d.aliases[i].released {
				reach[name] = append(reach[name], alias)
			}
		}
		slices.Sort(reach[name])
	}
	return reach
}

func contains(sorted []string, s string) bool {
	_, found := slices.BinarySearch(sorted, s)
	return found
}

// listed is names for a sentence: all of them up to ten.
func listed(names []string) string {
	const most = 10
	noun := "alias "
	if len(names) > 1 {
		noun = "aliases "
	}
	if len(names) > most {
		return fmt.Sprintf("%s%s and %d more", noun, strings.Join(names[:most], ", "), len(names)-most)
	}
	return noun + strings.Join(names, ", ")
}
