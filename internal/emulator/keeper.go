package emulator

import (
	"aliasctl/internal/atomicfile"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"aliasctl/internal/input"
)

// keeper keeps a catalogue in a file, so that the next command goes on where
// this one ended, and shares it with other processes that have the same file
// open at the same time: all of them together are one cluster.
//
// Every write of the catalogue takes a file lock, reads what another process
// may have written meanwhile, changes it, and replaces the file in one piece
// (temporary file, fsync, rename) before it is answered: a kill at any moment
// loses nothing that somebody was told. Every read looks first whether the
// file is still the one that it knows.
//
// To tell a replaced file from the old one, the keeper holds the old one open:
// as long as it does, the system cannot give its inode to another file, so the
// same inode means the same content. Times and sizes would not do: two writes
// may fall into one tick of the clock.
type keeper struct {
	path   string
	lock   *flock.Flock
	known  *os.File // the version that the catalogue was read from, nil for none
	info   os.FileInfo
	digest string // of the seed
	// reread is called after the catalogue was read from another file.
	reread func()
	// replace is atomicfile.Replace, but for tests.
	replace func(path string, content []byte, options atomicfile.Options) error
}

func openKeeper(path, digest string) (*keeper, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, &CopyError{path, err}
	}
	// The folder is nobody's to commit, in whichever repository the seed lies.
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Lstat(ignore); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o644); err != nil {
			return nil, &CopyError{path, err}
		}
	}
	for _, name := range []string{path, path + ".lock"} {
		if err := input.CheckKind(name); err != nil {
			return nil, &CopyError{name, err}
		}
	}
	return &keeper{path: path, lock: flock.New(path + ".lock"), digest: digest, reread: func() {}, replace: atomicfile.Replace}, nil
}

// begin reads the copy, or fills the catalogue from the seed and makes it.
func (k *keeper) begin(c *catalog, start *seed) error {
	return k.locked(func() error {
		// With the lock held, temporary files are those of killed processes.
		left, _ := filepath.Glob(filepath.Join(filepath.Dir(k.path), atomicfile.TempPrefix(k.path)+"*"))
		for _, temp := range left {
			os.Remove(temp)
		}
		err := k.refresh(c)
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		start.fill(c)
		return k.save(c)
	})
}

func (k *keeper) locked(do func() error) error {
	if err := k.lock.Lock(); err != nil {
		return &CopyError{k.path, err}
	}
	defer k.lock.Unlock()
	return do()
}

// update runs a write and saves what it changed. When it cannot be saved, the
// catalogue goes back to what is on disk.
func (k *keeper) update(c *catalog, write func(*catalog) error) error {
	return k.locked(func() error {
		if err := k.refresh(c); err != nil {
			return err
		}
		before := c.version
		if err := write(c); c.version == before {
			return err
		} else if saveErr := k.save(c); saveErr != nil {
			k.forget()
			k.refresh(c)
			return saveErr
		} else {
			return err
		}
	})
}

// stale says whether the file is another one than the catalogue was read from.
func (k *keeper) stale() bool {
	if k.known == nil {
		return true
	}
	now, err := os.Stat(k.path)
	return err != nil || !os.SameFile(k.info, now)
}

// refresh reads the file again when it is another one.
func (k *keeper) refresh(c *catalog) error {
	if !k.stale() {
		return nil
	}
	file, err := os.Open(k.path)
	if err != nil {
		return &CopyError{k.path, err}
	}
	content, err := io.ReadAll(file)
	if err != nil {
		file.Close()
		return &CopyError{k.path, err}
	}
	digest, err := c.decode(content)
	if err != nil {
		file.Close()
		return &CopyError{k.path, fmt.Errorf("cannot be understood: %w; delete it to start over from the seed", err)}
	}
	if digest != k.digest {
		file.Close()
		return &SeedChangedError{Copy: k.path}
	}
	k.reread()
	return k.know(file)
}

// know holds on to the file that the catalogue equals now.
func (k *keeper) know(file *os.File) error {
	k.forget()
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return &CopyError{k.path, err}
	}
	k.known, k.info = file, info
	return nil
}

func (k *keeper) forget() {
	if k.known != nil {
		k.known.Close()
		k.known = nil
	}
}

// save replaces the file durably and in one piece.
func (k *keeper) save(c *catalog) error {
	if err := k.replace(k.path, c.encode(k.digest), atomicfile.Options{Mode: 0o600}); err != nil {
		return &CopyError{k.path, err}
	}
	file, err := os.Open(k.path) // with the lock held it is the one just written
	if err != nil {
		return &CopyError{k.path, err}
	}
	return k.know(file)
}

func (k *keeper) close() error {
	k.forget()
	return k.lock.Close()
}
