//go:build unix

package atomicfile

import (
	"io/fs"
	"syscall"
)

// Like is File's. Only root gives a file away, but an owner may give it to
// any group that they are in: a team that shares a state shares its group.
func (f OSFile) Like(other fs.FileInfo) bool {
	want, ok := other.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	have, ok := info.Sys().(*syscall.Stat_t)
	if ok && have.Uid == want.Uid && have.Gid == want.Gid {
		return true
	}
	if f.Chown(int(want.Uid), int(want.Gid)) == nil {
		return true
	}
	return ok && have.Gid == want.Gid || f.Chown(-1, int(want.Gid)) == nil
}
