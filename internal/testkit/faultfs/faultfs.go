// Package faultfs is a file system for tests whose operations fail on
// command, so that a test can sweep a failure over every operation of a save.
// The tests of the state file use it, and those of the rooms that save.
package faultfs

import (
	"io/fs"
	"sync"

	"aliasctl/internal/state/local"
)

// FS passes every operation on to another file system, unless Before fails it.
type FS struct {
	local.FS
	// Before is asked before each operation, with a word for it ("write",
	// "rename", ...), its path, and its number from 1. An error is returned in
	// place of the operation. A failed write has written half of its bytes.
	Before func(op, path string, n int) error

	mu  sync.Mutex
	ops []string
}

var _ local.FS = (*FS)(nil)

// On is a file system over inner without faults: it records operations.
func On(inner local.FS) *FS { return &FS{FS: inner} }

// FailAt fails the n-th operation with err, counted from 1.
func FailAt(inner local.FS, n int, err error) *FS {
	return &FS{FS: inner, Before: func(_, _ string, i int) error {
		if i == n {
			return err
		}
		return nil
	}}
}

// FailFrom fails the n-th operation and all after it: a disk that went away.
func FailFrom(inner local.FS, n int, err error) *FS {
	return &FS{FS: inner, Before: func(_, _ string, i int) error {
		if i >= n {
			return err
		}
		return nil
	}}
}

// Ops returns the words of the operations so far.
func (f *FS) Ops() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.ops...)
}

func (f *FS) before(op, path string) error {
	f.mu.Lock()
	f.ops = append(f.ops, op)
	n := len(f.ops)
	f.mu.Unlock()
	if f.Before == nil {
		return nil
	}
	if err := f.Before(op, path, n); err != nil {
		return &fs.PathError{Op: op, Path: path, Err: err}
	}
	return nil
}

func (f *FS) Stat(name string) (fs.FileInfo, error) {
	if err := f.before("stat", name); err != nil {
		return nil, err
	}
	return f.FS.Stat(name)
}

func (f *FS) Readlink(name string) (string, error) {
	if err := f.before("readlink", name); err != nil {
		return "", err
	}
	return f.FS.Readlink(name)
}

func (f *FS) ReadFile(name string) ([]byte, error) {
	if err := f.before("read", name); err != nil {
		return nil, err
	}
	return f.FS.ReadFile(name)
}

func (f *FS) List(dir string) ([]string, error) {
	if err := f.before("list", dir); err != nil {
		return nil, err
	}
	return f.FS.List(dir)
}

func (f *FS) CreateTemp(dir, pattern string) (local.TempFile, error) {
	if err := f.before("create", dir); err != nil {
		return nil, err
	}
	t, err := f.FS.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	return &temp{t, f}, nil
}

func (f *FS) MkdirTemp(dir, pattern string) (string, error) {
	if err := f.before("mkdir", dir); err != nil {
		return "", err
	}
	return f.FS.MkdirTemp(dir, pattern)
}

func (f *FS) Link(name, second string) error {
	if err := f.before("link", second); err != nil {
		return err
	}
	return f.FS.Link(name, second)
}

func (f *FS) Rename(from, to string) error {
	if err := f.before("rename", to); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

func (f *FS) Remove(name string) error {
	if err := f.before("remove", name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f *FS) SyncDir(dir string) error {
	if err := f.before("sync-dir", dir); err != nil {
		return err
	}
	return f.FS.SyncDir(dir)
}

type temp struct {
	local.TempFile
	fsys *FS
}

func (t *temp) Write(p []byte) (int, error) {
	if err := t.fsys.before("write", t.Name()); err != nil {
		n, _ := t.TempFile.Write(p[:len(p)/2])
		return n, err
	}
	return t.TempFile.Write(p)
}

func (t *temp) Chmod(mode fs.FileMode) error {
	if err := t.fsys.before("chmod", t.Name()); err != nil {
		return err
	}
	return t.TempFile.Chmod(mode)
}

func (t *temp) Sync() error {
	if err := t.fsys.before("sync", t.Name()); err != nil {
		return err
	}
	return t.TempFile.Sync()
}

// Close closes the file in any case: a failed close leaves no open file.
func (t *temp) Close() error {
	err := t.fsys.before("close", t.Name())
	if inner := t.TempFile.Close(); err == nil {
		err = inner
	}
	return err
}
