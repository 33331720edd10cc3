package cli

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"
)

// replaceFile puts content in the place of a file: whoever reads it, also after
// a kill or on a full disk, finds the old file or the new one, whole. What is
// no regular file, as a pipe, has no place to put anything in: it is written to.
func replaceFile(path string, content []byte) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			return os.WriteFile(path, content, mode)
		}
		mode = info.Mode().Perm()
	}
	path = real(path) // a rename onto a symbolic link would cut it
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp-"+uuid.NewString())
	err := writeNew(temp, content, mode)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		_ = os.Remove(temp)
	}
	return err
}

// writeNew makes a file. It is synced, because a power cut may keep a rename
// and lose the content.
func writeNew(path string, content []byte, mode fs.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Write(content); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return file.Close()
}
