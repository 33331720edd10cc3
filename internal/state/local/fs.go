package local

import (
	"context"
	"io/fs"
	"os"

	"aliasctl/internal/atomicfile"
	"aliasctl/internal/input"
)

// FS is the handful of file operations that a state file needs. It is a seam:
// tests make each operation fail, and model a power cut after each.
type FS interface {
	Stat(name string) (fs.FileInfo, error) // follows symbolic links
	Readlink(name string) (string, error)
	ReadFile(name string) ([]byte, error)
	List(dir string) (names []string, err error)
	// CreateTemp makes a new file in dir, with a random text for the last "*"
	// of the pattern.
	CreateTemp(dir, pattern string) (TempFile, error)
	MkdirTemp(dir, pattern string) (name string, err error)
	// Link gives a file a second name, which must be free.
	Link(name, second string) error
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes the names in dir durable.
	SyncDir(dir string) error
}

// TempFile is a file that is being written.
type TempFile interface {
	atomicfile.File
	Name() string
}

// OS is the file system of the operating system.
var OS FS = osFS{input.MaxState}

type osFS struct{ most int64 }

func (osFS) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }
func (osFS) Readlink(name string) (string, error)  { return os.Readlink(name) }

// ReadFile refuses what is no file before it opens it, and what is too large before
// it reads it.
func (o osFS) ReadFile(name string) ([]byte, error) {
	return input.Read(context.Background(), name, o.most)
}

func (osFS) Link(name, second string) error { return os.Link(name, second) }
func (osFS) Remove(name string) error       { return os.Remove(name) }

func (osFS) Rename(from, to string) error {
	return atomicfile.Rename(func() error { return os.Rename(from, to) })
}

func (osFS) CreateTemp(dir, pattern string) (TempFile, error) {
	// Not `return os.CreateTemp(...)`: a nil *os.File would be a non-nil TempFile.
	f, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	return atomicfile.OSFile{File: f}, nil
}

func (osFS) MkdirTemp(dir, pattern string) (string, error) { return os.MkdirTemp(dir, pattern) }

func (osFS) List(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

func (osFS) SyncDir(dir string) error { return atomicfile.SyncDir(dir) }
