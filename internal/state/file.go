// Package state keeps what aliasctl last applied: it turns a
// planner.State into bytes and back, stores it in a local file that is always
// whole or in an S3 object that is never overwritten unseen, locks it against
// a second run, and says whether a state belongs to the cluster at hand.
//
// internal/cli opens a Location, locks it, reads it and judges its cluster;
// the executor saves through it as its executor.Store.
package state

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

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

// OpenFS is Open for a local file on a file system of the caller's: tests make
// its operations fail.
func OpenFS(path string, fsys FS) (*File, error) {
	if path == "" {
		return nil, &UnsupportedError{Why: "it is empty"}
	}
	if scheme, _, ok := strings.Cut(path, "://"); ok {
		return nil, &UnsupportedError{Scheme: scheme, Why: fmt.Sprintf("no store for scheme %q; use s3:// or the path of a local file", scheme)}
	}
	return &File{path: filepath.Clean(path), fsys: fsys}, nil
}

// Path is the path that the file was opened with.
func (f *File) Path() string { return f.path }

// New is the first state of a cluster: no bindings, serial 0 and a lineage of
// its own, which every later state of the same file keeps.
func New(cluster planner.Cluster) planner.State {
	return planner.State{
		Version:  planner.StateVersion,
		Lineage:  uuid.NewString(),
		Cluster:  cluster,
		Bindings: []planner.Binding{},
		Retired:  []planner.Retired{},
		Pending:  []planner.Announcement{},
	}
}

// Read is Location's; it does not look at the context.
func (f *File) Read(context.Context) (planner.State, error) {
	data, err := f.readRegular()
	if errors.Is(err, fs.ErrNotExist) {
		f.seen.nothing()
		return planner.State{}, &AbsentError{Path: f.path}
	}
	if err != nil {
		return planner.State{}, &AccessError{Path: f.path, Doing: "read", Err: cause(err)}
	}
	f.seen.is(maphash.Bytes(digestSeed, data))
	state, err := Decode(f.path, data)
	f.seen.damaged = err != nil
	return state, err
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

// Save replaces the stored state as executor.Store promises; how is told at
// replace. The replaced one stays as PATH.backup. One that is neither what Read
// has returned nor what was saved last stays, with a *RaceError; a File that was
// never read replaces any. A state that Read would refuse is not written: its
// *InvalidError comes back before the disk is touched; other errors are a *SaveError. A
// save does not stop half-way, so the context is not looked at: a run that
// was interrupted must still be able to save what it did.
func (f *File) Save(_ context.Context, state planner.State) error {
	state = canonical(state)
	if flaw := check(state); flaw != nil {
		return &InvalidError{Path: f.path, Field: flaw.path(), Why: flaw.why}
	}
	path, err := resolve(f.fsys, f.path)
	if err != nil {
		return &SaveError{Path: f.path, Doing: "follow the symbolic link", Err: cause(err)}
	}
	return replace(f.fsys, path, state, &f.seen)
}

// Writable tries whether files can be made beside the state, as each apply
// does for its lock and its saves. Nothing is left of it: and should it be
// killed half-way, the name is one that the next apply sweeps away.
func (f *File) Writable() error {
	path, err := resolve(f.fsys, f.path)
	if err == nil {
		var temp TempFile
		if temp, err = f.fsys.CreateTemp(filepath.Dir(path), tempPrefix(path)+"*"); err == nil {
			err = errors.Join(temp.Close(), f.fsys.Remove(temp.Name()))
		}
	}
	if err != nil {
		return &AccessError{Path: f.path, Doing: "make a file beside", Err: cause(err)}
	}
	return nil
}

// resolve follows symbolic links by hand, because the last target need not
// exist yet. A state that is a link is written through to its target: a
// rename onto the link itself would silently cut it.
func resolve(fsys FS, path string) (string, error) {
	for range 40 {
		target, err := fsys.Readlink(path)
		if err != nil {
			return path, nil // not a link, or nothing there: what follows will tell
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return "", errors.New("too many levels of symbolic links")
}

// notRegular says what stands in place of a regular file.
func notRegular(mode fs.FileMode) error {
	if mode.IsDir() {
		return errors.New("it is a directory")
	}
	return errors.New("it is not a regular file")
}
