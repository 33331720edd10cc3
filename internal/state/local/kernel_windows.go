package local

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// kernelLock is a lock of the kernel on a file, which ends with its process.
//
// Windows enforces a lock: no other handle reads or writes what is locked, not
// even one of the same process. So what is locked is one byte far behind the name
// of the holder, which others have to read. (flock locks the first byte.)
type kernelLock struct{ file *os.File }

// lockedByte is where it is, as no text reaches it.
var lockedByte = windows.Overlapped{OffsetHigh: 1 << 30}

// lockFile locks a file, or returns nil when another handle has it.
func lockFile(name string, flag int, mode fs.FileMode, shared bool) (*kernelLock, error) {
	file, err := os.OpenFile(name, flag, mode)
	if err != nil {
		return nil, err
	}
	how := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if !shared {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	at := lockedByte
	err = windows.LockFileEx(windows.Handle(file.Fd()), how, 0, 1, 0, &at)
	if err == nil {
		return &kernelLock{file}, nil
	}
	_ = file.Close()
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return nil, nil
	}
	return nil, &fs.PathError{Op: "lock", Path: name, Err: err}
}

func (l *kernelLock) stat() (fs.FileInfo, error) { return l.file.Stat() }

func (l *kernelLock) unlock() error {
	at := lockedByte
	return errors.Join(windows.UnlockFileEx(windows.Handle(l.file.Fd()), 0, 1, 0, &at), l.file.Close())
}

// unlockRemoved ends the lock, and removes its file. A file that any handle has
// open cannot be removed, so the order is the other way round than elsewhere: one
// that the next run has opened already stays.
func (l *kernelLock) unlockRemoved(name string) error {
	err := l.unlock()
	_ = os.Remove(name)
	return err
}
