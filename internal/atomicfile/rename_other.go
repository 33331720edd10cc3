//go:build !windows

package atomicfile

import "os"

// inUse reports that a rename failed because another handle has the file open.
func inUse(error) bool { return false }

// OpenShared opens a file for reading so that it can be replaced and removed
// meanwhile.
func OpenShared(path string) (*os.File, error) { return os.Open(path) }
