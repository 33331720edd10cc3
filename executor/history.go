package executor

import (
	"aliasctl/planner"
)

// DefaultHistoryLimit is how many applies the state remembers.
const DefaultHistoryLimit = 20

// Author is who applies, as the history of the state shows it later. Fields
// that are not known are "".
type Author struct{ User, Host, Commit string }

// changesPerBinding bounds the history in proportion to the bindings: twenty
// applies that each moved 100,000 aliases would make a state of 300 MiB, read
// by every run, of one of 15.
const changesPerBinding = 2

// remembered is the history with one more entry, and the oldest ones gone that
// are beyond the limit, or whose changes are. A rollback undoes entries from
// the newest back, so there must be one for every serial; the newest always
// stays.
func remembered(history []planner.Entry, entry planner.Entry, limit, bindings int) []planner.Entry {
	if limit <= 0 {
		limit = DefaultHistoryLimit
	}
	first, room := len(history), changesPerBinding*max(bindings, fewBindings)-len(entry.Changes)
	for first > max(0, len(history)+1-limit) && len(history[first-1].Changes) <= room {
		first--
		room -= len(history[first].Changes)
	}
	history = history[first:]
	return append(history[:len(history):len(history)], entry)
}

// fewBindings is below what proportion matters.
const fewBindings = 1000

// changesOf lists the bindings that are another collection in after than in
// before, and those that only one of them has. Both are sorted.
func changesOf(before, after []planner.Binding) []planner.Change {
	changes := []planner.Change{}
	for len(before) > 0 || len(after) > 0 {
		order := 0
		switch {
		case len(before) == 0:
			order = 1
		case len(after) == 0:
			order = -1
		default:
			order = bindingKey(before[0]).Compare(bindingKey(after[0]))
		}
		var old, fresh planner.Binding
		if order <= 0 {
			old, before = before[0], before[1:]
		}
		if order >= 0 {
			fresh, after = after[0], after[1:]
		}
		if old.Collection == fresh.Collection && old.CollectionID == fresh.CollectionID {
			continue
		}
		change := planner.Change{
			Database: old.Database, Alias: old.Alias,
			From: old.Collection, FromID: old.CollectionID, To: fresh.Collection, ToID: fresh.CollectionID,
		}
		if order > 0 {
			change.Database, change.Alias = fresh.Database, fresh.Alias
		}
		changes = append(changes, change)
	}
	return changes
}

// completed adds to changes what only the steps know: that a binding was found and
// not made, and where an alias was that had never been ours.
func completed(changes []planner.Change, results []Result) []planner.Change {
	steps := make(map[planner.Key]Result, len(results))
	for _, r := range results {
		key := planner.Key{Database: r.Database, Name: r.Alias}
		if r.Op.OnCollection() || !r.Done() {
			continue
		}
		steps[key] = r
	}
	for i := range changes {
		c := &changes[i]
		r, found := steps[planner.Key{Database: c.Database, Name: c.Alias}]
		switch {
		case !found:
		case r.Op == planner.Adopt:
			c.Adopted = true
		case c.From == "" && r.Op == planner.Displace: // the way back, also where it is bound there
			c.From, c.FromID = r.RenameTo, r.ID
		case c.From == "" && r.RenameTo != "":
			c.From = r.RenameTo
		case c.From == "" && r.Op == planner.VerifyAlias:
			c.From = r.Back
		case c.From == "":
			c.From = r.From
		}
	}
	return changes
}

// dropped counts the collections that the run itself dropped.
func dropped(results []Result) int {
	n := 0
	for _, r := range results {
		if r.Op == planner.DropCollection && r.Outcome == Applied {
			n++
		}
	}
	return n
}
