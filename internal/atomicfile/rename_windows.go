package atomicfile

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// inUse reports that a rename failed because another handle has the file open. Windows
// uses "access denied" for that too, where the handle maps or deletes the file.
func inUse(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED) ||
		errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}

// OpenShared opens a file for reading so that it can be replaced and removed
// meanwhile. On Windows os.Open does not allow that; a root does.
func OpenShared(path string) (*os.File, error) {
	return os.OpenInRoot(filepath.Dir(path), filepath.Base(path))
}
