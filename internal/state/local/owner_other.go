//go:build !unix

package local

import "io/fs"

// Like is TempFile's. There are no owners and groups to keep.
func (osFile) Like(fs.FileInfo) bool { return true }
