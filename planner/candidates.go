package planner

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"aliasctl/manifest"
)

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
		has = e.ours.all()
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
		has = e.ours.all()
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
