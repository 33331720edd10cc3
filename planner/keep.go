package planner

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"aliasctl/manifest"
)

// surplus is a collection that the `keep` of an alias retires.
type surplus struct {
	name         string
	alias, bound string // of the one that asks for it
	after        time.Duration
}

// keeping is what the `keep` of all aliases of one database comes to.
type keeping struct {
	surplus []surplus // to retire, sorted by name
	kept    []string  // older ones that stay because they are among the newest N
	idle    []string  // of these, the ones whose wait for a drop goes on meanwhile
	newer   []surplus // named like older ones, but made after the bound one
	unknown []surplus // of which it is not known whether they are older
	// unordered holds the rules whose pattern matches more than they keep, none
	// of it comparable with the bound name.
	unordered []unordered
}

// unordered is a `keep` that retires nothing because names have no order.
type unordered struct {
	alias, bound, match string
	others              int
}

// keepings computes what `keep` retires in one database: of the collections
// that match its pattern, are named like the bound one and are older, all but
// the newest N. Newer ones are being built and are never in it; neither is one
// that the manifest binds or names under retire, or that the `keep` of any
// other alias spares. One that any alias reaches is left to the plan, which
// does not drop it.
//
// In the natural order the candidates are ordered by name (v9 before v10), because
// a name is what the manifest promises. In the order of creation they are all that the
// pattern matches, by their ids. Named alike means that only digits
// differ: next to products_v42, the pattern products_v* means products_v40 and
// not a products_v40_backup. A candidate must also be older by its id:
// a v1 that was made after v42 is new work. Ids are known only where Needs
// asked for them; a smaller set of candidates never retires more.
func keepings(d *database, live *LiveDatabase) keeping {
	var k keeping
	if len(live.Names) == 0 {
		return k // they are read where an alias has `keep`
	}
	type rule struct {
		match, bound string
		stay         int
		order        manifest.Order
		after        time.Duration
	}
	done := make(map[rule]bool) // many aliases may ask for the same
	spared := make(map[string]bool)
	named := make(map[string]bool) // under retire: that entry decides
	if d.desired != nil {
		for _, r := range d.desired.Retire {
			named[r.Collection] = true
		}
	}
	for i := range d.aliases {
		e := &d.aliases[i]
		if e.want == nil {
			continue
		}
		// What an alias leaves now, or left last, is the way back, however many
		// rebuilds lie between that never served.
		bound, now := e.want.Collection, live.Bindings[e.alias]
		spared[bound], spared[now] = true, true
		if now == bound {
			spared[d.cameFrom[e.alias]] = true
		}
		if e.want.Cutover == nil || e.want.Cutover.Keep == nil || e.undecided() {
			continue
		}
		keep := e.want.Cutover.Keep
		if r := (rule{keep.Match, bound, keep.N, keep.Order, keep.After}); !done[r] {
			done[r] = true
			found := k.olderOf(e, keep, live, named)
			most := max(0, len(found)-keep.N)
			for _, name := range found[:most] {
				k.surplus = append(k.surplus, surplus{name, e.alias, bound, keep.After})
			}
			for _, name := range found[most:] {
				spared[name] = true
				if most > 0 || keep.After > 0 {
					k.kept = append(k.kept, name)
				}
				if keep.After > 0 {
					k.idle = append(k.idle, name)
				}
			}
		}
	}
	k.surplus = slices.DeleteFunc(k.surplus, func(s surplus) bool { return spared[s.name] })
	k.surplus, k.newer = byName(k.surplus), byName(k.newer)
	slices.Sort(k.idle)
	k.idle = slices.Compact(k.idle)
	return k
}

// olderOf lists what the `keep` of one alias matches and is older than what that is
// bound to, the oldest first, and notes what its pattern matches besides. What is named
// under retire is left to that entry.
func (k *keeping) olderOf(e *managed, keep *manifest.Keep, live *LiveDatabase, named map[string]bool) []string {
	bound := e.want.Collection
	boundID := live.Collections[bound].ID
	newer := func(name string) bool {
		order, known := compareIDs(live.Collections[name].ID, boundID)
		if known && order > 0 && !named[name] {
			k.newer = append(k.newer, surplus{name: name, alias: e.alias, bound: bound})
		}
		return known && order > 0
	}
	if keep.Order == manifest.Created {
		var found []string
		for _, name := range matching(live.Names, keep.Match, bound) {
			_, known := compareIDs(live.Collections[name].ID, boundID)
			switch {
			case named[name]:
			case !known:
				k.unknown = append(k.unknown, surplus{name: name, alias: e.alias, bound: bound})
			case !newer(name):
				found = append(found, name)
			}
		}
		slices.SortFunc(found, func(a, b string) int {
			order, _ := compareIDs(live.Collections[a].ID, live.Collections[b].ID)
			return order
		})
		return found
	}
	found, alike, others := older(live.Names, keep.Match, bound)
	if alike == 0 && others > keep.N {
		k.unordered = append(k.unordered, unordered{e.alias, bound, keep.Match, others})
	}
	return slices.DeleteFunc(found, func(name string) bool { return newer(name) || named[name] })
}

// byName sorts, and leaves each collection in once: with the longest wait.
func byName(all []surplus) []surplus {
	slices.SortStableFunc(all, func(a, b surplus) int {
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(b.after, a.after))
	})
	return slices.CompactFunc(all, func(a, b surplus) bool { return a.name == b.name })
}

// matching lists what a pattern matches besides one name. The names are sorted: only
// those that begin like the pattern are looked at.
func matching(names []string, pattern, but string) []string {
	var found []string
	beginning, _, _ := strings.Cut(pattern, "*")
	first, _ := slices.BinarySearch(names, beginning)
	for _, name := range names[first:] {
		if !strings.HasPrefix(name, beginning) {
			break
		}
		if matches, err := path.Match(pattern, name); err == nil && matches && name != but {
			found = append(found, name)
		}
	}
	return found
}

// older lists what a pattern matches and is older than bound by its name, the
// oldest first. It also counts what the pattern matches besides bound, and how
// many of these are named alike.
func older(names []string, pattern, bound string) (found []string, alikes, others int) {
	for _, name := range matching(names, pattern, bound) {
		others++
		if !alike(name, bound) {
			continue
		}
		alikes++
		if naturalLess(name, bound) {
			found = append(found, name)
		}
	}
	slices.SortFunc(found, compareNatural)
	return found, alikes, others
}

// alike reports that two names differ in their numbers alone.
func alike(a, b string) bool {
	for a != "" && b != "" {
		aRun, bRun := run(a), run(b)
		if aRun != bRun && !(isDigit(aRun) && isDigit(bRun)) {
			return false
		}
		a, b = a[len(aRun):], b[len(bRun):]
	}
	return a == b
}

func naturalLess(a, b string) bool { return compareNatural(a, b) < 0 }

// compareNatural compares names as people number them: runs of digits by their
// value, everything else by its bytes.
func compareNatural(a, b string) int {
	whole := strings.Compare(a, b)
	for a != "" && b != "" {
		aRun, bRun := run(a), run(b)
		a, b = a[len(aRun):], b[len(bRun):]
		if isDigit(aRun) && isDigit(bRun) {
			x, y := strings.TrimLeft(aRun, "0"), strings.TrimLeft(bRun, "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			continue
		}
		if c := strings.Compare(aRun, bRun); c != 0 {
			return c
		}
	}
	if a == "" && b == "" {
		return whole // v1 and v01: any order, but a fixed one
	}
	return len(a) - len(b)
}

// run is the longest prefix that is all digits, or all others.
func run(s string) string {
	digits := isDigit(s)
	n := 1
	for n < len(s) && isDigit(s[n:]) == digits {
		n++
	}
	return s[:n]
}

func isDigit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }
