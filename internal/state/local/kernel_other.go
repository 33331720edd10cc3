//go:build !windows

package local

import (
	"io/fs"
	"os"

	"github.com/gofrs/flock"
)

// kernelLock is a lock of the kernel on a file, which ends with its process.
type kernelLock struct{ file *flock.Flock }

// lockFile locks a file, or returns nil when another handle has it.
func lockFile(name string, flag int, mode fs.FileMode, shared bool) (*kernelLock, error) {
	file := flock.New(name, flock.SetFlag(flag), flock.SetPermissions(mode))
	try := file.TryLock
	if shared {
		try = file.TryRLock
	}
	if locked, err := try(); err != nil || !locked {
		return nil, err
	}
	return &kernelLock{file}, nil
}

func (l *kernelLock) stat() (fs.FileInfo, error) { return l.file.Stat() }

func (l *kernelLock) unlock() error { return l.file.Unlock() }

// unlockRemoved ends the lock, and removes its file first: after the unlock it may
// be another's. Where it cannot be removed it stays, and is of no harm.
func (l *kernelLock) unlockRemoved(name string) error {
	_ = os.Remove(name)
	return l.unlock()
}
