package local

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"aliasctl/internal/atomicfile"
	"aliasctl/internal/state"
	"aliasctl/planner"
)

// mode of a new state file: it names the inside of a production system. One
// that is replaced keeps its own, with its owner and group as far as that is
// allowed: a team that shares a state has opened it.
const mode = 0o600

// replace puts a state in place of what the run has seen at path, which stays
// as its backup. Something else that is there is a *RaceError, and stays too.
// Without seen whatever is there is replaced, and nothing of it is kept.
//
// A state file that is half written, or gone, is worse than an old one: with
// the old one the next run still knows which aliases are ours. So the file is
// never opened for writing and never removed. The new state is written to a
// temporary file first, and one rename puts it in place, which is atomic as
// long as both names are in one directory (hence one file system).
//
// The order of the two syncs is what makes it survive a power cut. Without
// the sync of the file before the rename, a file system may keep the rename
// and lose the content: an empty state. Without the sync of the directory
// after it, the old state may come back after Save has promised the new one,
// and an announcement that was not durable is none.
//
// A failed sync is final: the kernel may have dropped the pages that it could
// not write, so syncing the same file again could succeed without them. The
// temporary file is thrown away and the caller may save anew.
func replace(fsys FS, path string, s planner.State, seen *seen) error {
	failed := func(doing string, err error) error {
		return &state.SaveError{Path: path, Doing: doing, Err: cause(err)}
	}
	// As root a rename onto a device or a pipe would succeed, and destroy it.
	info, err := fsys.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return failed("replace it", notRegular(info.Mode()))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("look at it", err)
	}
	if err != nil {
		info = nil
	}
	keep := seen != nil && info != nil
	dir := filepath.Dir(path)
	temp, err := fsys.CreateTemp(dir, atomicfile.TempPrefix(path)+"*")
	if err != nil {
		return failed("create a temporary file beside it", err)
	}
	written := newDigest()
	content := func(w io.Writer) error { return state.EncodeUnchecked(io.MultiWriter(w, written), s) }
	if doing, err := atomicfile.Fill(temp, info, mode, content); err != nil {
		temp.Close() // after a failed Close again: harmless
		_ = fsys.Remove(temp.Name())
		return failed(doing+" the temporary file beside it", err)
	}
	if keep {
		// As late as can be: the lock is what keeps others away, and this what is
		// left when the lock file was removed.
		if err := seen.still(fsys, path); err != nil {
			_ = fsys.Remove(temp.Name())
			return err
		}
		if !seen.damaged || !wholeBackup(fsys, path) {
			backUp(fsys, path, info)
		}
	}
	if err := fsys.Rename(temp.Name(), path); err != nil {
		_ = fsys.Remove(temp.Name())
		return failed("rename the temporary file to it", err)
	}
	if seen != nil {
		seen.is(written.Sum64())
	}
	if err := fsys.SyncDir(dir); err != nil {
		return &state.SaveError{Path: path, Doing: "sync its directory", Err: cause(err), Replaced: true}
	}
	return nil
}

// sweep removes the temporary files that killed runs have left beside a
// state. It is safe only under the lock: then no other run is saving. What it
// cannot remove is harmless and stays.
func sweep(fsys FS, path string) {
	dir := filepath.Dir(path)
	names, err := fsys.List(dir)
	if err != nil {
		return
	}
	for _, name := range names {
		if strings.HasPrefix(name, atomicfile.TempPrefix(path)) {
			_ = fsys.Remove(filepath.Join(dir, name))
		}
	}
}
