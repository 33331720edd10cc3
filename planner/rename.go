package planner

import (
	"fmt"
	"slices"
	"time"

	"aliasctl/manifest"
)

// A renamed alias
//
// Milvus has no call that renames an alias, and readers learn a new name one by one. So
// the new name is created beside the old one, and both are bound alike until `keep_old`
// is over: the old one then leaves the manifest, and is dropped like any other that
// does. Since when there are two names is in the state, at the binding of the new one.

// renaming is what becomes of the old name of an alias.
type renaming struct {
	want *manifest.Alias // of the new name
	ours bool            // the old name is in the state
	last *Binding        // of the old name, nil for none
	left time.Duration   // until the old name is dropped, 0 for now
}

// renames gives each old name of one database the binding of its new name, until it is
// due.
func (d *database) renames(o Options) {
	if d.desired == nil {
		return
	}
	for i := range d.desired.Aliases {
		want := &d.desired.Aliases[i]
		if want.RenamedFrom == "" {
			continue
		}
		r := &renaming{want: want, left: want.KeepOld}
		if at, found := d.find(want.Name); found {
			fresh := &d.aliases[at]
			if last := fresh.last; last != nil && last.RenamedFrom == want.RenamedFrom {
				r.left = max(0, last.RenamedAt.Add(want.KeepOld).Sub(o.due()))
			}
			fresh.renaming = r
		}
		at, found := d.find(want.RenamedFrom)
		if i := slices.IndexFunc(d.leftOut, func(b *Binding) bool { return b.Alias == want.RenamedFrom }); i >= 0 {
			r.ours, r.last = true, d.leftOut[i]
		}
		if !found || d.aliases[at].ours.Empty() {
			continue
		}
		old := &d.aliases[at]
		r.ours, r.last, old.renamedTo = true, old.last, r
		if r.left > 0 && old.want == nil && !old.released {
			both := *want
			both.Name, both.RenamedFrom, both.KeepOld, both.Protect, both.Displaces = old.alias, "", 0, false, nil
			old.want = &both
		}
	}
}

// due is the time at which waits are judged.
func (o Options) due() time.Time {
	if !o.Due.IsZero() && o.Due.Before(o.Now) {
		return o.Due
	}
	return o.Now
}

// renamedFrom is the old name that the state has to remember with a binding.
func (e *managed) renamedFrom() string {
	if r := e.renaming; r != nil && (r.ours || e.last != nil && e.last.RenamedFrom == r.want.RenamedFrom) {
		return r.want.RenamedFrom
	}
	return ""
}

// readBy is the collection that readers of an alias meet, by its name or, before that
// is bound, by its old one; "" for none.
func (e *managed) readBy(in *LiveDatabase) string {
	if now := in.Bindings[e.alias]; now != "" || e.renaming == nil || !e.renaming.ours {
		return now
	}
	return in.Bindings[e.renaming.want.RenamedFrom]
}

// rolledBackFrom is the collection that the last rollback of an alias left, "" for none.
// A new name has that of its old one.
func (e *managed) rolledBackFrom() string {
	switch {
	case e.last != nil:
		return e.last.RolledBackFrom
	case e.renaming != nil && e.renaming.last != nil:
		return e.renaming.last.RolledBackFrom
	}
	return ""
}

// heldBack is the mark of a rollback that goes on to hold back the `newest` of an
// alias: it falls as soon as the manifest names another target.
func (e *managed) heldBack() string {
	if e.newest == nil || !e.newest.held {
		return ""
	}
	return e.rolledBackFrom()
}

// leftBefore is the collection that the new name of an alias has when a rollback gives
// the alias back to its readers, "" for none or for the one that they get.
func (d *database) leftBefore(back Step) string {
	for _, fresh := range d.renamed[back.Alias] {
		if fresh.Collection != back.To {
			return fresh.Collection
		}
	}
	return ""
}

// renamed refuses a rename of what was never ours, and notes how long both names serve.
// now is where the new name is.
func (b *builder) renamed(d *database, e *managed, live *LiveDatabase, now string) (refused bool) {
	r := e.renaming
	if r == nil || b.options.RollingBack {
		return false
	}
	name, old := b.flagName(d, e.alias), r.want.RenamedFrom
	_, there := live.Aliases[old]
	selected := b.options.Only.Empty() || b.options.Only.Has(d.name, old)
	switch {
	case r.ours && r.left > 0:
		b.note("alias %q is named %q now: both serve, and the old name is dropped in %s", b.flagName(d, old), name, shortDuration(r.left))
	case r.ours || !selected || e.renamedFrom() != "":
	case e.ours.Empty() && now == "":
		b.conflict(Conflict{
			Kind: RenamedNotOurs, Database: d.name, Alias: e.alias, Collection: e.wanted(), Want: e.wanted(),
			Reason: fmt.Sprintf("`renamed_from` at %s: alias %q was never ours", r.want.RenamedPos, old),
			WaysOut: ByHand("correct the old name; what is ours is in the state",
				"remove `renamed_from` to create the alias by itself"),
		})
		return true
	case there && b.live != nil:
		b.note("alias %q, the old name of %q, is not ours: it is not dropped", b.flagName(d, old), name)
	}
	return false
}

// lookLikeRenames notes an alias that is created where one is dropped.
func (b *builder) lookLikeRenames() {
	if len(b.unbinds) == 0 {
		return
	}
	created, dropped := make(map[Key][]string), make(map[Key]int)
	for _, s := range b.binds {
		if s.Op == CreateAlias && s.RenamedFrom == "" {
			k := Key{s.Database, s.To}
			created[k] = append(created[k], s.Alias)
		}
	}
	for _, s := range b.unbinds {
		dropped[Key{s.Database, s.From}]++
	}
	for _, s := range b.unbinds {
		if k := (Key{s.Database, s.From}); len(created[k]) == 1 && dropped[k] == 1 {
			b.note("alias %q is dropped and %q created on the same collection, which looks like a rename: `%s: {collection: %s, renamed_from: %s, keep_old: 24h}` lets both serve for a time",
				b.qualified(s.Database, s.Alias), created[k][0], created[k][0], s.From, s.Alias)
		}
	}
}
