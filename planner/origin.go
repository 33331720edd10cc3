package planner

import (
	"fmt"
	"slices"
	"strings"

	"aliasctl/manifest"
)

// A state has one owner: the manifests that it was last applied from. Another
// team's manifest beside it reads like one from which every alias was removed.
// Only the names of the files tell the two apart, so the state records them,
// and a plan of other files that drops an alias has to be confirmed. Renaming
// or splitting a manifest drops nothing, and needs no word.

// originChanged says that the plan is made from other manifests than the state.
// It is false where one of them is not known, and for a rollback, which is made
// from the state itself.
func (p Plan) originChanged() bool {
	return !p.Rollback && len(p.Manifests) > 0 && len(p.StateManifests) > 0 && !slices.Equal(p.Manifests, p.StateManifests)
}

// originOf sets what the plan is made from beside what the state was applied
// from, and whether an apply records it: one of a few aliases (`--only`) does
// not speak for the whole state.
func (p *Plan) originOf(s State, manifests []string, partly bool) {
	p.Manifests, p.StateManifests = manifests, s.Manifests
	p.Housekeeping.Manifests = nil
	if len(manifests) > 0 && !slices.Equal(manifests, s.Manifests) && !(partly && len(s.Manifests) > 0) {
		p.Housekeeping.Manifests = manifests
	}
}

// ManifestsAt is what the state was applied from when it had that serial, as
// far as its history tells.
func ManifestsAt(s State, serial uint64) []string {
	manifests := s.Manifests
	for _, e := range slices.Backward(s.History) {
		if e.Serial > serial && len(e.ManifestsBefore) > 0 {
			manifests = e.ManifestsBefore
		}
	}
	return manifests
}

// filesNamed lists files for a message, those that the other list lacks first.
func filesNamed(files, other []string) string {
	const most = 8
	lacks := func(name string) bool { return !slices.Contains(other, name) }
	var names []string
	for _, pass := range []bool{true, false} {
		for _, f := range files {
			if lacks(f) != pass {
				continue
			}
			if f == manifest.StdinPath {
				names = append(names, "standard input")
			} else {
				names = append(names, fmt.Sprintf("%q", f))
			}
		}
	}
	if more := len(names) - most; more > 1 {
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
