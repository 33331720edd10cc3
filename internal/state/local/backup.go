package local

import (
	"context"
	"io"
	"io/fs"
	"path/filepath"

	"aliasctl/internal/atomicfile"
)

// backUp keeps the state at path as PATH.backup, in place of an older backup.
//
// A second name for the same file costs nothing and is never half there; and
// since a state file is never written to again, the second name keeps what the
// first one is about to lose. Where a file cannot have two names (FAT, some
// network shares) it is copied.
//
// After an apply the backup is the state with the announcements of that apply.
// That is what one wants back: it knows both the old and the new target of
// every alias as ours, where a state without them would take each change of
// the apply for another run's.
//
// A backup is a comfort. Where it cannot be made, the save goes on without it:
// to lose the new state for want of a copy of the old one would be absurd.
func backUp(fsys FS, path string, info fs.FileInfo) {
	name := filepath.Join(filepath.Dir(path), atomicfile.TempPrefix(path)+"backup")
	_ = fsys.Remove(name) // of a killed run
	if err := fsys.Link(path, name); err != nil {
		if name, err = duplicateFile(fsys, path, info); err != nil {
			return
		}
	}
	_ = fsys.Rename(name, path+".backup")
	// A rename that failed leaves the name, and so does one onto another name
	// of the same file, which POSIX makes do nothing.
	_ = fsys.Remove(name)
}

// Backup looks for the backup of the state at path, and reads which serial it
// has. One that is no whole state is none.
func Backup(path string) (backup string, serial uint64, ok bool) {
	target, err := resolve(OS, path)
	if err != nil {
		return "", 0, false
	}
	return backupOf(OS, target)
}

func backupOf(fsys FS, path string) (backup string, serial uint64, ok bool) {
	f := &File{path: path + ".backup", fsys: fsys}
	s, err := f.Read(context.Background())
	return f.path, s.Serial, err == nil
}

// wholeBackup reports that the backup of the state at path is a whole state: it
// must not make room for a damaged one, which is what it is there for.
func wholeBackup(fsys FS, path string) bool {
	_, _, ok := backupOf(fsys, path)
	return ok
}

// duplicateFile copies a file to a temporary one beside it.
func duplicateFile(fsys FS, path string, info fs.FileInfo) (name string, err error) {
	data, err := fsys.ReadFile(path)
	if err != nil {
		return "", err
	}
	temp, err := fsys.CreateTemp(filepath.Dir(path), atomicfile.TempPrefix(path)+"*")
	if err != nil {
		return "", err
	}
	write := func(w io.Writer) error { _, err := w.Write(data); return err }
	if _, err := atomicfile.Fill(temp, info, mode, write); err != nil {
		temp.Close()
		_ = fsys.Remove(temp.Name())
		return "", err
	}
	return temp.Name(), nil
}
