package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// SourceError says that a path given to Load leads to nothing that can be read.
type SourceError struct {
	Path string
	Err  error // of the operating system where it is one, e.g. fs.ErrNotExist
}

func (e *SourceError) Error() string {
	err := e.Err
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // it repeats the path
	}
	return fmt.Sprintf("cannot read manifest %q: %v", e.Path, err)
}

func (e *SourceError) Unwrap() error { return e.Err }

// AsSourceError returns the path that could not be read, if err is about one.
func AsSourceError(err error) (*SourceError, bool) {
	var e *SourceError
	return e, errors.As(err, &e)
}

var (
	errTwice   = errors.New("it is given twice")
	errNoFile  = errors.New("the directory has no *.yaml or *.yml file")
	errNoStdin = errors.New("there is no standard input")
)

// sourceFiles turns the paths of Load into the files to read: a directory
// stands for its manifests. A file found on two ways is refused, because each
// of its aliases would be reported as a duplicate of itself.
func sourceFiles(paths []string) ([]string, error) {
	if len(paths) == 0 {
		paths = []string{DefaultPath}
	}
	var files []string
	seen := make(map[string]bool)
	for _, p := range paths {
		found := []string{p}
		if p != StdinPath {
			info, err := os.Stat(p)
			if err != nil {
				return nil, &SourceError{p, err}
			}
			if info.IsDir() {
				if found, err = directoryFiles(p); err != nil {
					return nil, &SourceError{p, err}
				}
			}
		}
		for _, f := range found {
			clean := filepath.Clean(f)
			if seen[clean] {
				return nil, &SourceError{f, errTwice}
			}
			seen[clean] = true
			files = append(files, f)
		}
	}
	return files, nil
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

// errTooLarge says that a manifest has more than maxBytes bytes.
var errTooLarge = errors.New("too large")

// readSource reads one file, or errTooLarge as soon as that is known.
func readSource(path string, stdin io.Reader) ([]byte, error) {
	if path == StdinPath {
		if stdin == nil {
			return nil, errNoStdin
		}
		return readLimited(stdin, 0)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxBytes {
		return nil, errTooLarge
	}
	return readLimited(f, info.Size())
}

// readLimited reads r to its end; size is what is expected, 0 when unknown.
func readLimited(r io.Reader, size int64) ([]byte, error) {
	r = io.LimitReader(r, maxBytes+1)
	buf := slices.Grow([]byte(nil), int(min(max(size, 512), maxBytes))+1)
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > maxBytes:
			return nil, errTooLarge
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, err
		case len(buf) == cap(buf):
			buf = slices.Grow(buf, 1)
		}
	}
}
