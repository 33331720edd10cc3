package atomicfile

import (
	"os"
	"time"
)

// mark does nothing: Windows enforces locks, so that a locked temporary file could
// be neither written nor renamed. Its age separates it from what killed runs left.
func mark(*os.File) (unlock func() error, ok bool) { return func() error { return nil }, true }

// left reports that a temporary file was left by a killed run.
func left(name string) (left bool, unlock func() error) {
	info, err := os.Lstat(name)
	return err == nil && time.Since(info.ModTime()) > time.Hour, func() error { return nil }
}
