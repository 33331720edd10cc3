package manifest

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"aliasctl/internal/input"
)

// DefaultPath is the manifest of a run that names none.
const DefaultPath = "aliases.yaml"

// StdinPath stands for the standard input among the paths of Load; messages
// call it StdinName.
const (
	StdinPath = "-"
	StdinName = "<stdin>"
)

// maxBytes is the size above which a manifest is refused unread.
const maxBytes = 128 << 20

var (
	errTwice   = errors.New("the file is given twice")
	errNoFile  = errors.New("the directory has no *.yaml or *.yml file")
	errNoStdin = errors.New("there is no standard input")
	errNoPath  = errors.New("the path is empty")
)

// source is one file to read, or a path that leads to none.
type source struct {
	path string
	err  error // why it leads to none
}

// name is the source in positions.
func (s source) name() string {
	switch s.path {
	case StdinPath:
		return StdinName
	case "":
		return `""`
	}
	return s.path
}

// read reads the file, of at most maxBytes.
func (s source) read(ctx context.Context, stdin io.Reader) ([]byte, error) {
	switch {
	case s.err != nil:
		return nil, s.err
	case s.path == StdinPath && stdin == nil:
		return nil, errNoStdin
	case s.path == StdinPath:
		return input.ReadStream(ctx, stdin, StdinName, maxBytes)
	}
	return input.Read(ctx, s.path, maxBytes)
}

// sourcesOf turns the paths of Load into what to read: a directory stands for
// its manifests. A file found on two ways is refused, because each of its
// aliases would be reported as a duplicate of itself.
func sourcesOf(paths []string) []source {
	if len(paths) == 0 {
		paths = []string{DefaultPath}
	}
	var sources []source
	seen := make(map[string]bool)
	for _, p := range paths {
		found, err := filesAt(p)
		if err != nil {
			sources = append(sources, source{p, err})
		}
		for _, f := range found {
			s := source{path: f}
			if clean := filepath.Clean(f); seen[clean] {
				s.err = errTwice
			} else {
				seen[clean] = true
			}
			sources = append(sources, s)
		}
	}
	return sources
}

// Names are the base names of the files that Load reads for these paths, sorted
// and each once. What has no name of its own, as the standard input and a pipe of
// a shell's `<(...)`, is "-".
func Names(paths []string) []string {
	var names []string
	for _, s := range sourcesOf(paths) {
		names = append(names, baseName(s.path))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// baseName is the name of a file as a state records it.
func baseName(path string) string {
	if Nameless(path) {
		return StdinPath
	}
	return strings.Map(plainRune, strings.ToValidUTF8(filepath.Base(path), "?"))
}

// plainRune keeps a name fit for a state, whatever a file may be called.
func plainRune(r rune) rune {
	if unicode.IsControl(r) || r == utf8.RuneError {
		return '?'
	}
	return r
}

// Nameless reports that a path of Load is that of a stream: the standard input, a
// pipe, or an open file of the process, whose number is no name.
func Nameless(path string) bool {
	if path == StdinPath {
		return true
	}
	clean := filepath.Clean(path)
	if clean == "/dev/stdin" || strings.HasPrefix(clean, "/dev/fd/") || strings.HasPrefix(clean, "/proc/self/fd/") {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && !info.Mode().IsRegular()
}

// filesAt are the files that one path stands for.
func filesAt(path string) ([]string, error) {
	switch path {
	case StdinPath:
		return []string{path}, nil
	case "":
		return nil, errNoPath
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return directoryFiles(path)
	}
	return []string{path}, nil
}

// directoryFiles are the manifests of one directory in the order of their
// names. Hidden files are left out as a shell's `*.yaml` leaves them out: they
// belong to other tools.
func directoryFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		name := e.Name()
		if ext := filepath.Ext(name); strings.HasPrefix(name, ".") || ext != ".yaml" && ext != ".yml" {
			continue
		}
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			continue
		}
		files = append(files, path)
	}
	if len(files) == 0 {
		return nil, errNoFile
	}
	return files, nil
}

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
