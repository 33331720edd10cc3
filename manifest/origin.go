package manifest

import (
	"maps"
	"slices"

	"aliasctl/internal/input"
)

// Origin is what a manifest was read from: enough to read the same manifest
// again in another place, without its files and its environment. Files that a
// manifest names (golden queries) are not in it.
type Origin struct {
	// Files are the manifest files in the order in which they were read.
	Files []File
	// Vars are the values of the command line and of the environment that the
	// files use. What a document defines in `vars` is in its text.
	Vars map[string]string
}

// File is one manifest file.
type File struct {
	Name string // as positions have it
	Text []byte
}

// Load reads the manifest again. The error is that of the function Load.
func (o Origin) Load() (*Manifest, error) {
	l := newLoader(Options{Vars: o.Vars})
	for _, f := range o.Files {
		if len(f.Text) > maxBytes {
			l.refuse(f.Name, &input.TooLargeError{Path: f.Name, Most: maxBytes})
		} else {
			l.add(f.Name, f.Text)
		}
	}
	return l.finish()
}

// Names are those of the function Names, for the files that were read.
func (o Origin) Names() []string {
	var names []string
	for _, f := range o.Files {
		if f.Name == StdinName {
			names = append(names, StdinPath)
		} else {
			names = append(names, baseName(f.Name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// keep takes in one file.
func (o *Origin) keep(name string, text []byte) {
	if o != nil {
		o.Files = append(o.Files, File{name, text})
	}
}

// origin are the values from outside the documents that were used.
func (v *variables) origin() map[string]string {
	used := maps.Clone(v.given)
	maps.DeleteFunc(used, func(name, _ string) bool { return !v.used[name] })
	for name, value := range v.env {
		if _, given := used[name]; value != "" && !given {
			if used == nil {
				used = make(map[string]string)
			}
			used[name] = value
		}
	}
	return used
}
