package state_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aliasctl/internal/state/local"
)

// disk is a file system in memory that knows what a power cut may leave: a
// name that was not synced may be the old or the new one, and content that
// was not synced may be there, gone, or there in half.
type disk struct {
	names, durable map[string]*inode
	made           int
	after          func(op string) // called after every operation
}

type inode struct{ content, durable []byte }

func newDisk() *disk {
	return &disk{names: map[string]*inode{}, durable: map[string]*inode{}, after: func(string) {}}
}

// leaves lists what a power cut at this moment may leave at path; nil stands
// for no file.
func (d *disk) leaves(path string) [][]byte {
	var all [][]byte
	for _, node := range []*inode{d.durable[path], d.names[path]} {
		if node == nil {
			all = append(all, nil)
			continue
		}
		half := node.content[:(len(node.durable)+len(node.content))/2]
		all = append(all, slices.Concat([]byte{}, node.durable), half, node.content)
	}
	return all
}

func (d *disk) Stat(name string) (fs.FileInfo, error) {
	if d.names[name] == nil {
		return nil, fs.ErrNotExist
	}
	return regular{}, nil
}

func (d *disk) Readlink(string) (string, error) { return "", fs.ErrInvalid }

func (d *disk) ReadFile(name string) ([]byte, error) {
	if d.names[name] == nil {
		return nil, fs.ErrNotExist
	}
	return d.names[name].content, nil
}

func (d *disk) List(string) ([]string, error) { return nil, nil }

func (d *disk) CreateTemp(dir, pattern string) (local.TempFile, error) {
	d.made++
	name := filepath.Join(dir, strings.Replace(pattern, "*", fmt.Sprint(d.made), 1))
	d.names[name] = &inode{}
	d.after("create")
	return &diskFile{d, name, d.names[name]}, nil
}

func (d *disk) MkdirTemp(string, string) (string, error) { return "", fs.ErrPermission }

func (d *disk) Link(name, second string) error {
	if d.names[second] != nil {
		return fs.ErrExist
	}
	d.names[second] = d.names[name]
	d.after("link")
	return nil
}

func (d *disk) Rename(from, to string) error {
	d.names[to] = d.names[from]
	delete(d.names, from)
	d.after("rename")
	return nil
}

func (d *disk) Remove(name string) error {
	delete(d.names, name)
	d.after("remove")
	return nil
}

func (d *disk) SyncDir(dir string) error {
	for name := range d.durable {
		if d.names[name] == nil {
			delete(d.durable, name)
		}
	}
	for name, node := range d.names {
		d.durable[name] = node
	}
	d.after("sync-dir")
	return nil
}

type diskFile struct {
	disk *disk
	name string
	node *inode
}

func (f *diskFile) Name() string            { return f.name }
func (f *diskFile) Chmod(fs.FileMode) error { return nil }
func (f *diskFile) Like(fs.FileInfo) bool   { return true }
func (f *diskFile) Close() error            { return nil }
func (f *diskFile) Sync() error {
	f.node.durable = slices.Clone(f.node.content)
	f.disk.after("sync")
	return nil
}

func (f *diskFile) Write(p []byte) (int, error) {
	f.node.content = append(f.node.content, p...)
	f.disk.after("write")
	return len(p), nil
}

type regular struct{}

func (regular) Name() string       { return "" }
func (regular) Size() int64        { return 0 }
func (regular) Mode() fs.FileMode  { return 0o600 }
func (regular) ModTime() time.Time { return noon }
func (regular) IsDir() bool        { return false }
func (regular) Sys() any           { return nil }

// noSync and noSyncDir are what a careless save would be.
type noSync struct{ *disk }

func (n noSync) CreateTemp(dir, pattern string) (local.TempFile, error) {
	t, err := n.disk.CreateTemp(dir, pattern)
	return unsynced{t}, err
}

type unsynced struct{ local.TempFile }

func (unsynced) Sync() error { return nil }

type noSyncDir struct{ *disk }

func (noSyncDir) SyncDir(string) error { return nil }

// lost saves three times, cuts the power after each operation in every way, and
// says what is lost: a state that is neither the old nor the new one, one that
// Save had promised, or a backup that is no replaced state.
func lost(t *testing.T, onDisk func(*disk) local.FS) (losses []string, cuts int) {
	t.Helper()
	const path = "dir/s.json"
	d := newDisk()
	f, err := local.OpenFS(path, onDisk(d))
	if err != nil {
		t.Fatal(err)
	}
	var old []byte // nil: no file
	var replaced [][]byte
	among := func(left []byte, allowed [][]byte) bool {
		return slices.ContainsFunc(allowed, func(a []byte) bool { return bytes.Equal(a, left) && (a == nil) == (left == nil) })
	}
	for _, n := range []int{1000, 900, 800} {
		state := many(n)
		state.Serial = uint64(n)
		now := []byte(encoded(t, state))
		look := func(op string, allowed ...[]byte) {
			for _, left := range d.leaves(path) {
				cuts++
				if !among(left, allowed) {
					losses = append(losses, fmt.Sprintf("after %s: %d bytes", op, len(left)))
				}
			}
			for _, left := range d.leaves(path + ".backup") {
				cuts++
				if !among(left, replaced) {
					losses = append(losses, fmt.Sprintf("after %s: a backup of %d bytes", op, len(left)))
				}
			}
		}
		replaced = append(replaced, old)
		d.after = func(op string) { look(op, old, now) }
		if err := f.Save(t.Context(), state); err != nil {
			t.Fatal(err)
		}
		look("save", now)
		old = now
	}
	return losses, cuts
}

func TestPowerCut(t *testing.T) {
	losses, cuts := lost(t, func(d *disk) local.FS { return d })
	if len(losses) > 0 {
		t.Errorf("lost: %q", losses)
	}
	t.Logf("%d outcomes of power cuts", cuts)

	// The model must see what each of the two syncs is for.
	if losses, _ := lost(t, func(d *disk) local.FS { return noSync{d} }); !slices.Contains(losses, "after rename: 0 bytes") {
		t.Errorf("without a sync of the file, lost: %q", losses)
	}
	if losses, _ := lost(t, func(d *disk) local.FS { return noSyncDir{d} }); !slices.Contains(losses, "after save: 0 bytes") {
		t.Errorf("without a sync of the directory, lost: %q", losses)
	}
}
