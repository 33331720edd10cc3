package planner

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/manifest"
)

// The newest that is ready
//
// A manifest may describe the collection of an alias instead of naming it: the newest
// one that a pattern matches and that meets the checks of the alias. What that is
// depends on the cluster, so it is decided after the first read, and everything that
// follows (checks, plan, digest, state) sees the name alone.
//
// Candidates are looked at from the newest down. The walk ends at the collection that
// the alias has: it serves, whatever its checks would show now. So a `newest` goes
// forward and never back. What is unknown is not passed over either: it is chosen, and
// its unknown check refuses the plan.

// Newest is what the `newest` of one alias came to.
type Newest struct {
	Database string         `json:"database"`
	Alias    string         `json:"alias"`
	Match    string         `json:"newest"` // the pattern
	Order    manifest.Order `json:"order"`
	// Collection is the one that was chosen, "" for none.
	Collection string `json:"collection"`
	// PassedOver are the newer ones, the newest first.
	PassedOver []PassedOver `json:"passed_over"`
}

// PassedOver is a collection that was not chosen although it is newer.
type PassedOver struct {
	Collection string `json:"collection"`
	Why        string `json:"why"`
}

// Chosen are the collections that each `newest` came to, by alias: Options.Chosen of a
// plan that is made again.
func (p Plan) Chosen() map[Key]string {
	chosen := make(map[Key]string, len(p.Newest))
	for _, n := range p.Newest {
		if n.Collection != "" {
			chosen[Key{n.Database, n.Alias}] = n.Collection
		}
	}
	return chosen
}

// Undecided reports that the cluster was not read, and that an alias may have to go to
// a collection that only the cluster shows.
func (p Plan) Undecided() bool { return p.Live == LiveAssumed && len(p.Newest) > 0 }

// newest lists what every `newest` came to, and notes what a reader has to know.
func (b *builder) newest() {
	for _, d := range b.databases {
		for i := range d.aliases {
			e := &d.aliases[i]
			if e.newest == nil {
				continue
			}
			c, name := e.newest, b.flagName(d, e.alias)
			b.plan.Newest = append(b.plan.Newest, c.Newest)
			switch {
			case b.live == nil && e.want.Collection == "":
				b.note("alias %q: without the cluster it is not known which collection is the newest of %q; it is left out", name, c.Match)
				continue
			case b.live == nil:
				b.note("alias %q: without the cluster it is not known which collection is the newest of %q; taken for %q, which the state has", name, c.Match, e.want.Collection)
				continue
			case c.conflict == nil && c.Collection != "" && b.live.Databases[d.name].Bindings[e.alias] != c.Collection:
				also := ""
				if len(c.strays) > 0 {
					also = fmt.Sprintf("; %s have no version in their names", named(c.strays))
					if len(c.strays) == 1 {
						also = fmt.Sprintf("; %s has no version in its name", named(c.strays))
					}
				}
				b.note("alias %q: the newest of %q that is ready is %q%s", name, c.Match, c.Collection, also)
			}
			for _, p := range c.PassedOver {
				if c.conflict == nil {
					b.note("alias %q: the newer %q is passed over: %s", name, p.Collection, p.Why)
				}
			}
			if c.held {
				b.plan.Remarks = append(b.plan.Remarks, WayOut{Kind: liftForward, Target: name, After: " lets it go forward",
					Before: fmt.Sprintf("alias %q stays until there is something newer than %q, which it was rolled back from: ", name, e.rolledBackFrom())})
			}
		}
	}
}

// named lists the first few names.
func named(names []string) string {
	const most = 3
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", quantity.Quoted(names[:most]), len(names)-most)
	}
	return quantity.Quoted(names)
}

// orOf quotes names that " or " joins.
func orOf(names string) string { return `"` + strings.ReplaceAll(names, " or ", `" or "`) + `"` }

// candidates are the collections that one pattern matches.
type candidates struct {
	newest *manifest.Newest
	// names are the ones that can be chosen, the newest first; strays match, and have
	// no place in the order; unordered may have one that is not known.
	names, strays, unordered []string
	ids                      map[string]string // of names, in the order of creation
	version                  *regexp.Regexp    // of the natural order
}

// list finds the candidates of a pattern, once for all aliases that have it.
func (ch *chooser) list(d *database, in *LiveDatabase, n *manifest.Newest) *candidates {
	k := listKey{d.name, n.Match, n.Order}
	if ch.lists[k] != nil {
		return ch.lists[k]
	}
	list := &candidates{newest: n, version: versionOf(n.Match), ids: make(map[string]string)}
	ch.lists[k] = list
	for _, name := range matching(in.Names, n.Match, "") {
		if _, isAlias := in.Aliases[name]; !isAlias {
			list.add(name, in)
		}
	}
	list.sort()
	return list
}

func (l *candidates) add(name string, in *LiveDatabase) {
	if ok, err := path.Match(l.newest.Match, name); err != nil || !ok {
		return
	}
	id := in.Collections[name].ID
	_, known := compareIDs(id, id)
	switch {
	case l.newest.Order == manifest.Created && known:
		l.names, l.ids[name] = append(l.names, name), id
	case l.newest.Order == manifest.Created:
		l.unordered = append(l.unordered, name)
	case l.isVersion(name):
		l.names = append(l.names, name)
	default:
		l.strays = append(l.strays, name)
	}
}

// with adds what an alias has: it exists, also where the list of the server does not
// show it.
func (l *candidates) with(bound string, in *LiveDatabase) *candidates {
	if bound == "" || slices.Contains(l.names, bound) || slices.Contains(l.unordered, bound) {
		return l
	}
	more := *l
	more.names, more.unordered, more.strays = slices.Clone(l.names), slices.Clone(l.unordered), slices.Clone(l.strays)
	more.add(bound, in)
	more.sort()
	return &more
}

// without leaves a name out: that of the alias itself, which a collection may still
// have that it displaces.
func (l *candidates) without(alias string) *candidates {
	if !slices.Contains(l.names, alias) && !slices.Contains(l.unordered, alias) {
		return l
	}
	less := *l
	own := func(name string) bool { return name == alias }
	less.names = slices.DeleteFunc(slices.Clone(l.names), own)
	less.unordered = slices.DeleteFunc(slices.Clone(l.unordered), own)
	return &less
}

func (l *candidates) sort() {
	slices.SortStableFunc(l.names, func(a, b string) int {
		if l.newest.Order == manifest.Created {
			order, _ := compareIDs(l.ids[b], l.ids[a])
			return order
		}
		return compareNatural(b, a)
	})
}

// versionOf is what a name has to be like to have a version: what * stands for is
// digits and _ alone. A products_v43_backup beside products_v43 is no newer version.
func versionOf(pattern string) *regexp.Regexp {
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, "([0-9_]*)") + "$")
}

func (l *candidates) isVersion(name string) bool {
	found := l.version.FindStringSubmatch(name)
	return found != nil && strings.ContainsAny(strings.Join(found[1:], ""), "0123456789")
}

// floor is what an alias has, or when it is unbound had last, of the candidates.
func (l *candidates) floor(e *managed, now string) string {
	has := []string{now}
	if now == "" {
		has = e.ours.All()
	}
	for _, name := range l.names {
		if slices.Contains(has, name) {
			return name
		}
	}
	return ""
}

// newer reports whether a candidate is known to be newer than what an alias was
// rolled back from. What is no candidate at all holds nothing back.
func (l *candidates) newer(name, mark string, s State) bool {
	if l.newest.Order == manifest.Natural {
		return !l.isVersion(mark) || compareNatural(name, mark) > 0
	}
	id := l.ids[mark]
	for _, entry := range slices.Backward(s.History) {
		for _, c := range entry.Changes {
			if id == "" && c.From == mark {
				id = c.FromID
			}
			if id == "" && c.To == mark {
				id = c.ToID
			}
		}
	}
	order, known := compareIDs(l.ids[name], id)
	return known && order > 0
}

// older reports that what was chosen is known to be older than what the alias has, or
// when it is unbound than everything that it had.
func (l *candidates) older(e *managed, in *LiveDatabase, now string) bool {
	has := []string{now}
	if now == "" {
		has = e.ours.All()
	}
	for _, other := range has {
		if l.newest.Order == manifest.Natural && l.isVersion(other) {
			if compareNatural(e.want.Collection, other) >= 0 {
				return false
			}
			continue
		}
		id := in.Collections[other].ID
		if e.last != nil && e.last.Collection == other {
			id = cmp.Or(id, e.last.CollectionID)
		}
		if order, known := compareIDs(in.Collections[e.want.Collection].ID, id); !known || order >= 0 {
			return false
		}
	}
	return len(has) > 0
}
