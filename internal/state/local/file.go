// Package local keeps a state in a file that is always whole: it is replaced by
// rename, never written to, and locked by the kernel. Its lock needs no lease
// and its rename no revision, so it is a Location of its own rather than a
// Store.
package local

import (
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"path/filepath"

	"aliasctl/internal/atomicfile"
	"aliasctl/internal/state"
	"aliasctl/planner"
)

// File is a state in a local file. Reading needs no lock. From before the
// read to after the last write of an apply the caller holds Lock. It remembers
// what one run has seen: a Save replaces that and nothing else.
type File struct {
	path string
	fsys FS
	seen seen
}

var _ state.Location = (*File)(nil)

// Open names the path of a state; nothing is read and nothing is created.
func Open(path string) (*File, error) { return OpenFS(path, OS) }

// OpenBounded is Open for a state of at most so many bytes.
func OpenBounded(path string, most int64) (*File, error) { return OpenFS(path, osFS{most}) }

// OpenFS is Open for a local file on a file system of the caller's: tests make
// its operations fail.
func OpenFS(path string, fsys FS) (*File, error) {
	if path == "" {
		return nil, &state.UnsupportedError{Why: "it is empty"}
	}
	return &File{path: filepath.Clean(path), fsys: fsys}, nil
}

// Path is the path that the file was opened with.
func (f *File) Path() string { return f.path }

// Read is Location's; it does not look at the context.
func (f *File) Read(context.Context) (planner.State, error) {
	data, err := f.readRegular()
	if errors.Is(err, fs.ErrNotExist) {
		f.seen.nothing()
		return planner.State{}, &state.AbsentError{Path: f.path}
	}
	if err != nil {
		return planner.State{}, &state.AccessError{Path: f.path, Doing: "read", Err: cause(err)}
	}
	f.seen.is(maphash.Bytes(digestSeed, data))
	s, err := state.Decode(f.path, data)
	f.seen.damaged = err != nil
	return s, err
}

// readRegular refuses what is not a regular file before opening it: a named
// pipe would block the run, a device would never end.
func (f *File) readRegular() ([]byte, error) {
	info, err := f.fsys.Stat(f.path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(info.Mode())
	}
	return f.fsys.ReadFile(f.path)
}

// Save replaces the stored state as executor.Store promises; how stands at
// replace. The replaced one stays as PATH.backup. One that is neither what Read
// has returned nor what was saved last stays, with a *RaceError; a File that was
// never read replaces any. A state that Read would refuse is not written: its
// *InvalidError comes back before the disk is touched; other errors are a *SaveError. A
// save does not stop half-way, so the context is not looked at: a run that
// was interrupted must still be able to save what it did.
func (f *File) Save(_ context.Context, s planner.State) error {
	s, err := state.Valid(f.path, s)
	if err != nil {
		return err
	}
	path, err := resolve(f.fsys, f.path)
	if err != nil {
		return &state.SaveError{Path: f.path, Doing: "follow the symbolic link", Err: cause(err)}
	}
	return replace(f.fsys, path, s, &f.seen)
}

// Writable tries whether files can be made beside the state, as each apply
// does for its lock and its saves. Nothing is left of it: and should it be
// killed half-way, the name is one that the next apply sweeps away.
func (f *File) Writable() error {
	path, err := resolve(f.fsys, f.path)
	if err == nil {
		var temp TempFile
		if temp, err = f.fsys.CreateTemp(filepath.Dir(path), atomicfile.TempPrefix(path)+"*"); err == nil {
			err = errors.Join(temp.Close(), f.fsys.Remove(temp.Name()))
		}
	}
	if err != nil {
		return &state.AccessError{Path: f.path, Doing: "make a file beside", Err: cause(err)}
	}
	return nil
}

// resolve finds the file that a state is kept in: one that is a link is written
// through to its target. A link out of its directory is an *atomicfile.LinkError: in a
// checkout a stranger may have put it there.
func resolve(fsys FS, path string) (string, error) {
	target, err := atomicfile.Resolve(fsys.Readlink, path)
	if err == nil && target != path && !atomicfile.Contains(filepath.Dir(path), filepath.Dir(target)) {
		return "", &atomicfile.LinkError{Path: path, Target: target}
	}
	return target, err
}

// notRegular reports what stands in place of a regular file.
func notRegular(mode fs.FileMode) error {
	if mode.IsDir() {
		return errors.New("it is a directory")
	}
	return errors.New("it is not a regular file")
}
