package state

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"aliasctl/internal/input"
	"aliasctl/manifest"
)

// The names of default states. No two manifests share one: `.state.json` is for
// `.yaml` alone, `.aliasctl-state.json` follows the whole name of any other
// file, and the name in a folder is neither.
const (
	besideYAML  = ".state.json"
	besideOther = ".aliasctl-state.json"
	inFolder    = "aliasctl-state.json"
	// oldInFolder is where earlier versions kept the state of a folder, and
	// where that of `aliases.yaml` in it is.
	oldInFolder = "aliases.state.json"
)

// DefaultPath is where the state of a run is kept when no place is given: beside
// the manifest, or in the folder of manifests. It is "" when there is no such
// place: for several manifests, for "-" (stdin) and for a pipe. Without any
// manifest it is that of `aliases.yaml`.
//
// Earlier versions gave some manifests the same state. Where nothing is at the
// place of today, a state at the place of then is used; if it may be that of
// another manifest, the error is a *DisputedError. A run never begins anew while
// its state is next to it.
func DefaultPath(manifests []string) (path string, err error) {
	switch {
	case len(manifests) == 0:
		manifests = []string{manifest.DefaultPath}
	case len(manifests) > 1 || manifest.Nameless(manifests[0]):
		return "", nil
	}
	name := manifests[0]
	now, before := placesOf(name)
	if exists(now) {
		return now, nil
	}
	if target, ok := linked(name); ok {
		if theirs, _ := placesOf(target); theirs != now && exists(theirs) {
			return "", &DisputedError{Manifest: name, Path: now, Found: theirs, Owner: target}
		}
	}
	if before == now || !exists(before) {
		return now, nil
	}
	return settle(name, now, before)
}

// placesOf is where the state of a manifest is, and where earlier versions kept
// it.
func placesOf(name string) (now, before string) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return filepath.Join(name, inFolder), filepath.Join(name, oldInFolder)
	}
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	if filepath.Ext(name) == ".yaml" {
		return stem + besideYAML, stem + besideYAML
	}
	return name + besideOther, stem + besideYAML
}

// settle decides whether the state at the place of earlier versions is that of
// a manifest: by what it was last applied from, if it records that, else by
// who else can have written it.
func settle(name, now, before string) (string, error) {
	var recorded []string
	if text, err := input.Read(context.Background(), before, input.MaxState); err == nil {
		if state, err := Decode(before, text); err == nil {
			recorded = state.Manifests
		}
	}
	rivals := rivalsOf(name, before)
	switch {
	case len(rivals) == 0, len(recorded) > 0 && slices.Equal(recorded, manifest.Names([]string{name})):
		return before, nil
	case len(recorded) == 1 && slices.ContainsFunc(rivals, func(r string) bool { return filepath.Base(r) == recorded[0] }):
		return now, nil
	}
	return "", &DisputedError{Manifest: name, Path: now, Found: before, Owner: rivals[0]}
}

// rivalsOf are the other manifests whose state is, or once was, at that path.
func rivalsOf(name, state string) []string {
	stem := strings.TrimSuffix(state, besideYAML)
	var rivals []string
	for _, extension := range []string{".yaml", ".yml", ".json", ""} {
		info, err := os.Stat(stem + extension)
		if err == nil && info.Mode().IsRegular() && filepath.Clean(stem+extension) != filepath.Clean(name) {
			rivals = append(rivals, stem+extension)
		}
	}
	return rivals
}

// linked is the target of a manifest that is a symbolic link.
func linked(name string) (string, bool) {
	if info, err := os.Lstat(name); err != nil || info.Mode()&os.ModeSymlink == 0 {
		return "", false
	}
	target, err := filepath.EvalSymlinks(name)
	return target, err == nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// DisputedError reports that a manifest has no state at its default place, and that
// a state beside it may be its own or that of another manifest.
type DisputedError struct {
	Manifest string
	Path     string // where its state is by default
	Found    string // the state that is there
	Owner    string // the other manifest
}

func (e *DisputedError) Error() string {
	return fmt.Sprintf("whose state is %q: %q has none at %q, and %q may own this one", e.Found, e.Manifest, e.Path, e.Owner)
}

// Hint has the two commands that decide it.
func (e *DisputedError) Hint() string {
	return fmt.Sprintf("if it is that of %s: `mv %s %s`, or add `--state %s`; if not, `--state %s` begins a new one",
		cmp.Or(e.Manifest, manifest.DefaultPath), Quote(e.Found), Quote(e.Path), Quote(e.Found), Quote(e.Path))
}
