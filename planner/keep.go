package planner

import (
	"path"
	"slices"
	"strings"
)

// surplus is a collection that the `keep` of an alias retires.
type surplus struct {
	name         string
	alias, bound string // of the one that asks for it
}

// surpluses computes what `keep` retires in one database, sorted: of the
// collections that match its pattern, are made like the bound one and are
// older, all but the newest N. Newer ones are being built and are never in it;
// neither is one that the manifest binds or names under retire, or that the
// `keep` of any other alias spares. One that any alias reaches is left to the
// plan, which does not drop it.
//
// Older and newer go by the names in natural order (v9 before v10), because a
// name is what the manifest promises; a rebuilt v41 is still older than v42.
// Made alike means that only digits differ: next to products_v42, the pattern
// products_v* means products_v40 and not somebody's products_v40_backup.
func surpluses(d *database, live *LiveDatabase) []surplus {
	if len(live.Names) == 0 {
		return nil // they are read where an alias has `keep`
	}
	type rule struct {
		match, bound string
		stay         int
	}
	done := make(map[rule]bool) // many aliases may ask for the same
	spared := make(map[string]bool)
	named := make(map[string]bool) // under retire: that entry decides
	if d.desired != nil {
		for _, r := range d.desired.Retire {
			named[r.Collection] = true
		}
	}
	var all []surplus
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
		if e.want.Cutover == nil || e.want.Cutover.Keep == nil {
			continue
		}
		keep := e.want.Cutover.Keep
		if r := (rule{keep.Match, bound, keep.N}); !done[r] {
			done[r] = true
			found := slices.DeleteFunc(older(live.Names, keep.Match, bound), func(name string) bool { return named[name] })
			most := max(0, len(found)-keep.N)
			for _, name := range found[:most] {
				all = append(all, surplus{name, e.alias, bound})
			}
			for _, name := range found[most:] {
				spared[name] = true
			}
		}
	}
	all = slices.DeleteFunc(all, func(s surplus) bool { return spared[s.name] })
	slices.SortStableFunc(all, func(a, b surplus) int { return strings.Compare(a.name, b.name) })
	return slices.CompactFunc(all, func(a, b surplus) bool { return a.name == b.name })
}

// older lists what a pattern matches and is older than bound, the oldest first.
// The names are sorted: only those that begin like the pattern are looked at.
func older(names []string, pattern, bound string) []string {
	beginning, _, _ := strings.Cut(pattern, "*")
	first, _ := slices.BinarySearch(names, beginning)
	var out []string
	for _, name := range names[first:] {
		if !strings.HasPrefix(name, beginning) {
			break
		}
		if matches, err := path.Match(pattern, name); err == nil && matches && alike(name, bound) && naturalLess(name, bound) {
			out = append(out, name)
		}
	}
	slices.SortFunc(out, compareNatural)
	return out
}

// alike says that two names differ in their numbers alone.
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
