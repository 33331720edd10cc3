package planner

import (
	"fmt"
	"slices"
	"strings"
)

// retire plans the collections that the manifest retires in one database.
//
// A record in the state is a fence: the name has been retired, and while it
// stays under `retire` a new collection of that name is somebody's fresh work
// and is not dropped without being asked. Only the collection id tells the two
// apart; names are reused, ids never.
func (b *builder) retire(d *database, live *LiveDatabase) {
	if !b.options.Only.Empty() {
		if d.desired != nil && len(d.desired.Retire) > 0 {
			names := make([]string, 0, len(d.desired.Retire))
			for _, r := range d.desired.Retire {
				names = append(names, r.Collection)
			}
			slices.Sort(names)
			b.note("`--only` leaves retirements out: %s", strings.Join(names, ", "))
		}
		return
	}
	var retirees []string
	if d.desired != nil {
		for _, r := range d.desired.Retire {
			retirees = append(retirees, r.Collection)
		}
		slices.Sort(retirees)
	}
	b.unfence(d, retirees)
	if len(retirees) == 0 {
		return
	}
	reach := b.reach(d, live, retirees)
	for _, name := range retirees {
		b.retiree(d, live, name, reach[name])
	}
}

// retiree plans one collection under `retire`.
func (b *builder) retiree(d *database, live *LiveDatabase, name string, reachedBy []string) {
	record, fenced := d.retired[name]
	now, exists := live.Collections[name]
	_, isAlias := live.Aliases[name]
	c := Conflict{Database: d.name, Collection: name, Last: record.CollectionID, Live: now.ID}
	switch {
	case isAlias:
		c.Kind = RetireeIsAlias
		c.Reason = fmt.Sprintf("%q is an alias, not a collection", name)
		c.WaysOut = []string{"name the collection behind it, or remove the entry from `retire`"}
	case !exists:
		b.gone(d, name, fenced)
		return
	case b.live != nil && b.cameBack(d, name, now.ID) && !b.options.RetireAgain.Has(d.name, name):
		c.Kind = RetireeCameBack
		c.Reason = fmt.Sprintf("collection %q was retired before, and a new one of that name exists (id %s)", name, orUnknown(now.ID))
		c.WaysOut = []string{
			fmt.Sprintf("remove %q from `retire` to keep it", name),
			fmt.Sprintf("`--retire-again %s` to drop the new one too", b.flagName(d, name)),
		}
	case len(reachedBy) > 0:
		// Servers before 2.4.23 and 2.5.5 would drop it and leave the aliases
		// dangling (milvus-rest section 2), so this guard is ours.
		c.Kind = StillAliased
		c.Reason = fmt.Sprintf("collection %q would still be reached by %s", name, listed(reachedBy))
		c.WaysOut = []string{"bind those aliases elsewhere first: in the manifest, or whoever owns them",
			"remove the collection from `retire` until they have left"}
	default:
		b.plan.Summary.Retire++
		b.drops = append(b.drops, Step{Op: DropCollection, Database: d.name, Collection: name, From: now.ID})
		return
	}
	b.conflict(c)
}

// cameBack says whether the live collection is another one than the one that
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
func (b *builder) gone(d *database, name string, fenced bool) {
	ids := d.announced[name]
	if fenced && len(ids) == 0 {
		return
	}
	fence := d.retired[name]
	if len(ids) > 0 {
		// A run that did not finish dropped it.
		fence = Retired{CollectionID: ids[len(ids)-1]}
		b.note("collection %q is gone: an unfinished run had announced its drop", b.flagName(d, name))
	} else {
		b.note("collection %q is already gone", b.flagName(d, name))
	}
	fence.Database, fence.Collection = d.name, name
	if fence.DroppedAt.IsZero() {
		fence.DroppedAt = b.options.Now
	}
	b.plan.Housekeeping.Fences = append(b.plan.Housekeeping.Fences, fence)
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
			b.plan.Housekeeping.Unfences = append(b.plan.Housekeeping.Unfences, Key{d.name, name})
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

func orUnknown(id string) string {
	if id == "" {
		return "unknown"
	}
	return id
}
