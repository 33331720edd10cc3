//go:build !windows

package atomicfile

import (
	"errors"
	"io/fs"
	"os"

	"github.com/gofrs/flock"
)

// mark locks a temporary file as long as its process lives, so that left can tell it
// from one that a killed run has left. ok is false when a sweep was faster.
func mark(file *os.File) (unlock func() error, ok bool) {
	lock := flock.New(file.Name(), flock.SetFlag(os.O_WRONLY))
	locked, err := lock.TryLock()
	if errors.Is(err, fs.ErrNotExist) || err == nil && !(locked && named(file, file.Name())) {
		_ = lock.Close()
		return nil, false
	}
	return lock.Close, true // without locks in this file system, nothing sweeps there either
}

// named reports that the name still leads to the file.
func named(file *os.File, name string) bool {
	open, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(name)
	return err == nil && os.SameFile(open, there)
}

// left reports that a temporary file was left by a killed run. It is locked until
// unlock, so that it becomes no other's.
func left(name string) (left bool, unlock func() error) {
	lock := flock.New(name, flock.SetFlag(os.O_WRONLY))
	free, err := lock.TryLock()
	return err == nil && free, lock.Close
}
