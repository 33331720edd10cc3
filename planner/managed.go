package planner

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner/truth"
)

// managed is one alias of the key set: in the manifest, in the state, or
// announced by an unfinished run. Nothing else is ever looked at, so nothing
// else can be touched.
type managed struct {
	alias    string
	want     *manifest.Alias // nil when the manifest does not have it
	renaming *renaming       // of a new name, nil for none
	// renamedTo is set on an old name.
	renamedTo *renaming
	newest    *choice  // what its `newest` came to, nil for a name
	released  bool     // the manifest asks to forget it
	last      *Binding // nil when no apply has bound it
	ours      truth.Ours
	pending   []Announcement // of unfinished runs
	// unverified are earlier switches whose verification is owed.
	unverified []Unverified
}

// wanted is W of the truth table.
func (m managed) wanted() string {
	if m.want == nil {
		return ""
	}
	return m.want.Collection
}

// protected is the mark that the state has now.
func (m managed) protected() bool { return m.last != nil && m.last.Protect }

// database gathers the three versions of one database.
type database struct {
	name    string
	desired *manifest.Database // nil when the manifest does not name it
	aliases []managed          // sorted by name
	// lasts, wants and pends are what aliases is made of, by their places in the
	// state, in desired and in the announcements.
	lasts, wants, pends []place

	retired map[string]Retired
	// announced holds the ids of the drops that unfinished runs announced.
	announced map[string][]string
	leftOut   []*Binding // aliases of the state that `--only` leaves out
	// renamed holds what the state has of the new names of an alias, by its old one.
	renamed map[string][]*Binding
	// cameFrom holds the collections that the aliases left last: the way back.
	cameFrom map[string]string // by alias
	// idle holds the retirees that wait for their drop.
	idle map[string]Idle
}

// gather sorts manifest and state into databases, by name. An alias that
// `only` leaves out is not in the result.
func gather(m *manifest.Manifest, s State, only Selection) []*database {
	byName := make(map[string]*database)
	get := func(name string) *database {
		d := byName[name]
		if d == nil {
			d = &database{name: name, retired: make(map[string]Retired), announced: make(map[string][]string), idle: make(map[string]Idle), cameFrom: make(map[string]string), renamed: make(map[string][]*Binding)}
			byName[name] = d
		}
		return d
	}
	selected := func(database, alias string) bool { return only.Empty() || only.Has(database, alias) }

	for i := range m.Databases {
		desired := &m.Databases[i]
		d := get(desired.Name)
		d.desired = desired
		d.wants = slices.Grow(d.wants, len(desired.Aliases))
		for j := range desired.Aliases {
			if a := &desired.Aliases[j]; selected(d.name, a.Name) {
				d.wants = append(d.wants, place{a.Name, j})
			}
		}
	}
	var d *database
	for i := range s.Bindings {
		b := &s.Bindings[i]
		if d == nil || d.name != b.Database {
			d = get(b.Database)
			same := slices.IndexFunc(s.Bindings[i:], func(next Binding) bool { return next.Database != b.Database })
			if same < 0 {
				same = len(s.Bindings) - i
			}
			d.lasts = slices.Grow(d.lasts, same)
		}
		if !selected(b.Database, b.Alias) {
			d.leftOut = append(d.leftOut, b)
			continue
		}
		d.lasts = append(d.lasts, place{b.Alias, i})
		if b.RenamedFrom != "" {
			d.renamed[b.RenamedFrom] = append(d.renamed[b.RenamedFrom], b)
		}
	}
	for i, p := range s.Pending {
		d := get(p.Database)
		switch {
		case p.Op == DropCollection:
			d.announced[p.Collection] = append(d.announced[p.Collection], p.From)
		case selected(p.Database, p.Alias):
			d.pends = append(d.pends, place{p.Alias, i})
		}
	}
	for _, r := range s.Retired {
		get(r.Database).retired[r.Collection] = r
	}
	for _, e := range s.History {
		for _, c := range e.Changes {
			if c.From != "" && c.To != "" && byName[c.Database] != nil {
				byName[c.Database].cameFrom[c.Alias] = c.From
			}
		}
	}
	for _, i := range s.Idle {
		get(i.Database).idle[i.Collection] = i
	}

	databases := make([]*database, 0, len(byName))
	for _, d := range byName {
		d.merge(s)
		for _, u := range s.Unverified {
			if i, found := d.find(u.Alias); found && u.Database == d.name {
				d.aliases[i].unverified = append(d.aliases[i].unverified, u)
			}
		}
		databases = append(databases, d)
	}
	slices.SortFunc(databases, func(a, b *database) int { return strings.Compare(a.name, b.name) })
	return databases
}

// place is where a list has something about an alias.
type place struct {
	alias string
	at    int
}

// merge joins what manifest, state and announcements say into one entry per
// alias, sorted. Manifests are mostly and states always sorted, so this is one
// walk over three lists. They hold places, for an entry is twenty words.
func (d *database) merge(s State) {
	lists := []struct {
		places []place
		join   func(*managed, int)
	}{
		{d.lasts, func(m *managed, at int) { m.remember(&s.Bindings[at]) }},
		{d.wants, func(m *managed, at int) { m.want = &d.desired.Aliases[at] }},
		{d.pends, func(m *managed, at int) { m.announce(s.Pending[at]) }},
	}
	longest := 0
	for _, list := range lists {
		sortPlaces(list.places)
		longest = max(longest, len(list.places))
	}
	d.aliases = make([]managed, 0, longest)
	for {
		next, left := "", false
		for _, list := range lists {
			if len(list.places) > 0 && (!left || list.places[0].alias < next) {
				next, left = list.places[0].alias, true
			}
		}
		if !left {
			break
		}
		d.aliases = append(d.aliases, managed{alias: next})
		e := &d.aliases[len(d.aliases)-1]
		for i := range lists {
			for l := &lists[i]; len(l.places) > 0 && l.places[0].alias == next; l.places = l.places[1:] {
				l.join(e, l.places[0].at)
			}
		}
	}
	d.lasts, d.wants, d.pends = nil, nil, nil
	if d.desired == nil {
		return
	}
	for _, r := range d.desired.Releases {
		if i, ok := d.find(r.Alias); ok {
			d.aliases[i].released = true
		}
	}
}

// sortPlaces sorts by name, equal names in their order.
func sortPlaces(list []place) {
	if slices.IsSortedFunc(list, func(a, b place) int { return strings.Compare(a.alias, b.alias) }) {
		return
	}
	slices.SortFunc(list, func(a, b place) int {
		return cmp.Or(strings.Compare(a.alias, b.alias), cmp.Compare(a.at, b.at))
	})
}

// remember adds what the state binds the alias to.
func (m *managed) remember(b *Binding) {
	m.last = b
	if b.Collection != "" {
		m.ours.Add(b.Collection)
	}
}

// announce adds what an unfinished run announced of the alias.
func (m *managed) announce(a Announcement) {
	m.pending = append(m.pending, a)
	m.ours.Add(a.From)
	m.ours.Add(a.To)
}

// mayLand reports that a request of a killed run may still bind the alias: one
// that is young, and that no later run has seen to have happened.
func (m managed) mayLand(now time.Time) bool {
	return slices.ContainsFunc(m.pending, func(a Announcement) bool {
		seen := slices.ContainsFunc(m.pending, func(later Announcement) bool { return later.From == a.To })
		return a.To != "" && !seen && now.Sub(a.At).Abs() < LateWindow
	})
}

// find returns the index of an alias of the key set.
func (d *database) find(alias string) (int, bool) {
	return slices.BinarySearchFunc(d.aliases, alias, func(m managed, name string) int { return strings.Compare(m.alias, name) })
}
