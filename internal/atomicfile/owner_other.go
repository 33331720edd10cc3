//go:build !unix

package atomicfile

import "io/fs"

// Like is File's. There are no owners and groups to keep.
func (OSFile) Like(fs.FileInfo) bool { return true }
