// Package emulator is a Milvus cluster in memory: the REST API of four server
// versions with their exact alias semantics, codes and messages, and no search
// engine. It serves `--uri embedded:SEED` and `aliasctl
// dev`, and is what the tests of the other rooms talk to.
//
// internal/cli calls Open and Start; tests call New.
package emulator

import (
	"net/http"
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

// SetLoadTime says how long a collection that is loaded from now on shows
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
