package state

import (
	"os"
	"path/filepath"
	"strings"
)

// baseName is the state beside a folder of manifests, and that of the default
// manifest.
const baseName = "aliases.state.json"

// DefaultPath is where the state of a run is kept when nobody says: beside
// the manifest, with `.state.json` in place of its extension; in a folder of
// manifests, `aliases.state.json`. Without any manifest it is that of
// `aliases.yaml`. ok is false when there is no such place: for several
// manifests and for "-" (stdin).
func DefaultPath(manifests []string) (path string, ok bool) {
	switch {
	case len(manifests) == 0:
		return baseName, true
	case len(manifests) > 1 || manifests[0] == "-":
		return "", false
	}
	name := manifests[0]
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return filepath.Join(name, baseName), true
	}
	return strings.TrimSuffix(name, filepath.Ext(name)) + ".state.json", true
}
