package state_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"aliasctl/internal/state/local"
)

// A team shares a state by its group: a save by any of them keeps mode, owner
// and group, of the state and of its backup, also where the backup is a copy.
func TestASaveKeepsOwnerAndGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	for name, fsys := range map[string]local.FS{"linked": local.OS, "copied": noLinks{local.OS}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s.json")
			f, err := local.OpenFS(path, fsys)
			if err != nil {
				t.Fatal(err)
			}
			save(t, f, numbered(1))
			own(t, path, 1200, 1234, 0o660)
			for serial := range uint64(3) {
				save(t, f, numbered(2+serial))
				for _, p := range []string{path, path + ".backup"} {
					if uid, gid, mode := ownership(t, p); uid != 1200 || gid != 1234 || mode != 0o660 {
						t.Errorf("save %d: %s has owner %d, group %d, mode %o", serial, filepath.Base(p), uid, gid, mode)
					}
				}
			}
		})
	}
}

// A member of the group cannot give the file back to its owner, but keeps the
// group. Who is not in the group opens the file to no other group.
func TestASaveByAnotherUserOpensNothing(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	dir := t.TempDir()
	for _, p := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(p, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		group int
		mode  fs.FileMode
		want  fs.FileMode
		gid   uint32
	}{
		"in the group":                    {os.Getegid(), 0o660, 0o660, uint32(os.Getegid())},
		"not in the group, open to all":   {4321, 0o664, 0o644, uint32(os.Getegid())},
		"not in the group, all may write": {4321, 0o666, 0o666, uint32(os.Getegid())},
	} {
		path := filepath.Join(dir, name+".json")
		f := open(t, path)
		save(t, f, numbered(1))
		own(t, path, 1200, tt.group, tt.mode)
		asNobody(func() {
			if err := f.Save(t.Context(), numbered(2)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		if uid, gid, mode := ownership(t, path); uid != 65534 || gid != tt.gid || mode != tt.want {
			t.Errorf("%s: owner %d, group %d, mode %o, want group %d, mode %o", name, uid, gid, mode, tt.gid, tt.want)
		}
	}
}

func own(t *testing.T, path string, uid, gid int, mode fs.FileMode) {
	t.Helper()
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func ownership(t *testing.T, path string) (uid, gid uint32, mode fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	return stat.Uid, stat.Gid, info.Mode().Perm()
}
