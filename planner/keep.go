package planner

import (
	"path"
	"slices"
	"strings"
)

// kept computes the collections that `keep` retires in one database: those
// that match the pattern of an alias and are older than the collection that
// the alias is to be bound to, but for the N newest of them, which are the way
// back. What is newer is being built and is never touched, nor is any that an
// alias reaches after the plan.
//
// Older and newer go by the names in natural order (v9 before v10), because a
// name is what the manifest promises; a rebuilt v41 is still older than v42.
func kept(d *database, live *LiveDatabase) []string {
	var names []string
	for _, e := range d.aliases {
		if e.want == nil || e.want.Cutover == nil || e.want.Cutover.Keep == nil {
			continue
		}
		keep, bound := e.want.Cutover.Keep, e.want.Collection
		var older []string
		for _, name := range live.Names {
			if matches, err := path.Match(keep.Match, name); err == nil && matches && naturalLess(name, bound) {
				older = append(older, name)
			}
		}
		slices.SortFunc(older, compareNatural)
		if len(older) > keep.N {
			names = append(names, older[:len(older)-keep.N]...)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	// Named under retire: that entry decides. Bound by the manifest: never.
	// What an alias leaves now, or left last: that is the way back, however
	// many rebuilds lie between that never served.
	return slices.DeleteFunc(names, func(name string) bool {
		for _, e := range d.aliases {
			if e.want != nil && (live.Bindings[e.alias] == name || live.Bindings[e.alias] == e.want.Collection && d.cameFrom[e.alias] == name) {
				return true
			}
		}
		if d.desired != nil {
			for _, r := range d.desired.Retire {
				if r.Collection == name {
					return true
				}
			}
		}
		return slices.ContainsFunc(d.aliases, func(e managed) bool { return e.want != nil && e.want.Collection == name })
	})
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
