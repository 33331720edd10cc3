// Package emulator is a Milvus cluster in memory: the REST API of four server
// versions with their exact alias semantics, codes and messages, and no search
// engine. It serves `--uri embedded:SEED` and `aliasctl
// dev`, and is what the tests of the other rooms talk to.
//
// internal/sync and internal/cli call Open and Start; tests call New.
package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Emulator is one cluster. It is an http.Handler, and its methods do the same
// as the calls of another client: a test plays the foreign actor with them.
// Everything is safe for concurrent use.
type Emulator struct {
	profile Profile
	routes  map[string]*route // by path

	mu      sync.RWMutex
	catalog *catalog
	keeper  *keeper // nil when nothing is kept on disk
	proxies []*Proxy

	access   access
	timeouts timeouts
	turn     atomic.Uint64
}

var _ http.Handler = (*Emulator)(nil)

// New returns an empty cluster that lives in memory alone.
func New(profile Profile) *Emulator {
	e := &Emulator{profile: profile, routes: routesOf(&profile)}
	e.catalog = newCatalog(&e.profile, firstID(), &e.turn)
	e.access.init()
	return e
}

// Profile is the version that the cluster plays.
func (e *Emulator) Profile() Profile { return e.profile }

// SetLoadTime reports how long a collection that is loaded from now on shows
// LoadStateLoading. At first it is 0: loaded at once.
func (e *Emulator) SetLoadTime(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.catalog.loadTime = d
}

// Close lets go of the copy on disk. It is needed only after Open.
func (e *Emulator) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.keeper == nil {
		return nil
	}
	return e.keeper.close()
}

// view runs a read of the catalogue.
func (e *Emulator) view(read func(*catalog) error) error {
	e.mu.RLock()
	if e.keeper == nil || !e.keeper.stale() {
		defer e.mu.RUnlock()
		return read(e.catalog)
	}
	e.mu.RUnlock()

	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.keeper.refresh(e.catalog); err != nil {
		return err
	}
	return read(e.catalog)
}

// update runs a write of the catalogue. When it returns, what has changed is
// on disk, as far as the cluster is kept there at all.
func (e *Emulator) update(write func(*catalog) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.keeper == nil {
		return write(e.catalog)
	}
	return e.keeper.update(e.catalog, write)
}

// lastFirstID makes sure that two clusters of one process share no id.
var lastFirstID atomic.Int64

// firstID is where the ids of one run of a server start. Milvus sets its id
// allocator by its clock when it starts, and counts from there, so two clusters
// hardly share an id; and ids do not fit into a float64.
func firstID() int64 {
	for {
		last := lastFirstID.Load()
		next := max(timestamp(), last+1<<18)
		if lastFirstID.CompareAndSwap(last, next) {
			return next
		}
	}
}

// timestamp is a Milvus hybrid timestamp: milliseconds, shifted.
func timestamp() int64 { return time.Now().UnixMilli() << 18 }

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

// SeedChangedError reports that a seed is no longer what its copy started from.
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
