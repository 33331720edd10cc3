package planner

import (
	"path"
	"slices"
	"strings"

	"aliasctl/manifest"
)

// kept computes the collections that `keep` retires in one database: of those
// that match its pattern, are made like the bound one and are older, all but
// the newest N. Newer ones are being built and are never in it; neither is one
// that the manifest binds or names under retire, one that any alias reaches is
// left to the plan, which does not drop it.
//
// Older and newer go by the names in natural order (v9 before v10), because a
// name is what the manifest promises; a rebuilt v41 is still older than v42.
// Made alike means that only digits differ: next to products_v42, the pattern
// products_v* means products_v40 and not somebody's products_v40_backup.
func kept(d *database, live *LiveDatabase) []string {
	type rule struct {
		match, bound string
		stay         int
	}
	done := make(map[rule]bool) // many aliases may ask for the same
	spared := make(map[string]bool)
	var names []string
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
			names = append(names, older(live.Names, keep, bound)...)
		}
	}
	if len(names) == 0 {
		return nil
	}
	for _, r := range d.desired.Retire { // that entry decides
		spared[r.Collection] = true
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return slices.DeleteFunc(names, func(name string) bool { return spared[name] })
}

// older lists what keep matches and is older than bound, but for the newest of
// them. The names are sorted: only those that begin like the pattern are looked
// at.
func older(names []string, keep *manifest.Keep, bound string) []string {
	beginning, _, _ := strings.Cut(keep.Match, "*")
	first, _ := slices.BinarySearch(names, beginning)
	var out []string
	for _, name := range names[first:] {
		if !strings.HasPrefix(name, beginning) {
			break
		}
		if matches, err := path.Match(keep.Match, name); err == nil && matches && alike(name, bound) && naturalLess(name, bound) {
			out = append(out, name)
		}
	}
	slices.SortFunc(out, compareNatural)
	return out[:max(0, len(out)-keep.N)]
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
