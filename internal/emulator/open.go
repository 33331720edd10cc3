package emulator

import (
	"errors"
	"fmt"
	"path/filepath"
)

// Open returns the cluster of a seed file (the format stands in seed.go). The
// first Open fills it from the seed; what changes is kept in a copy beside the
// seed (CopyPath), and later Opens go on from there. Ids are never reused.
// Processes that have the same seed open share the cluster.
//
// An empty seedPath starts empty and keeps its copy in the working directory.
// A seed with mistakes is a *SeedError; one that was edited after its copy was
// made is a *SeedChangedError, because either of the two could be meant.
func Open(seedPath string, profile Profile) (*Emulator, error) {
	start, err := readSeed(seedPath)
	if err != nil {
		return nil, err
	}
	e := New(profile)
	if e.keeper, err = openKeeper(CopyPath(seedPath), start.digest()); err != nil {
		return nil, err
	}
	e.keeper.reread = e.expireAll
	if err := e.keeper.begin(e.catalog, start); err != nil {
		e.keeper.close()
		var changed *SeedChangedError
		if errors.As(err, &changed) {
			changed.Seed = seedPath
		}
		return nil, err
	}
	return e, nil
}

// CopyPath is the file in which Open keeps the cluster of a seed. Without it,
// the next Open starts from the seed again.
func CopyPath(seedPath string) string {
	if seedPath == "" {
		return filepath.Join(".aliasctl", "embedded.json")
	}
	return filepath.Join(filepath.Dir(seedPath), ".aliasctl", filepath.Base(seedPath)+".json")
}

// SeedChangedError says that a seed is no longer what its copy started from.
type SeedChangedError struct{ Seed, Copy string }

func (e *SeedChangedError) Error() string {
	return fmt.Sprintf("seed %q was changed after its copy %q was made: delete the copy to start over from the seed", e.Seed, e.Copy)
}

// CopyError is a copy that cannot be read or written.
type CopyError struct {
	Path string
	Err  error
}

func (e *CopyError) Error() string {
	return fmt.Sprintf("copy %q of the embedded cluster: %v", e.Path, e.Err)
}

func (e *CopyError) Unwrap() error { return e.Err }
