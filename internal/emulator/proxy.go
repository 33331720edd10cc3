package emulator

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy is one of several proxies in front of a cluster, as an http.Handler.
//
// A Milvus proxy keeps its own cache of what names mean, and answers from it
// every call that works on a collection: queries and searches, rows, load
// states, indexes, collections/has, and from 2.5.18 on collections/describe.
// The calls on aliases go to the coordinator and are never stale. A change is
// sent to all proxies, in one of two orders (milvus-rest section 3):
//
//   - Write, then expire (2.6.6 and later): until a proxy has heard, it goes on
//     with the old collection, also when that has been dropped meanwhile. Then
//     the answer is code 100.
//   - Expire, then write (before): a reader in between puts the old collection
//     into the cache again, and nothing takes it out until the next change of
//     that alias or collection.
//
// The lag of a proxy is how long after the write it hears of the change, or
// how long after the others heard of it the write happens. A real coordinator
// waits for its proxies in both orders; here a change is answered at once in
// the first, so that a lag also plays the proxy that the coordinator has lost.
// The proxy that a change was sent through has heard of it when it answers:
// real ones were never seen to be stale themselves (milvus-rest section 13.1,
// point 5).
//
// The Emulator itself, as a handler, is a proxy without a cache.
type Proxy struct {
	e   *Emulator
	lag atomic.Int64

	mu    sync.Mutex // taken after Emulator.mu
	known map[place]int64
	late  []expiry
}

var _ http.Handler = (*Proxy)(nil)

// place is a name in a database.
type place struct{ database, name string }

// expiry takes a name and a collection out of a cache; the zero place all.
type expiry struct {
	at   time.Time
	what place
	id   int64
}

// AddProxy puts a further proxy in front of the cluster.
func (e *Emulator) AddProxy(lag time.Duration) *Proxy {
	p := &Proxy{e: e, known: map[place]int64{}}
	p.SetLag(lag)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.proxies = append(e.proxies, p)
	return p
}

// SetLag changes the lag for the changes to come.
func (p *Proxy) SetLag(lag time.Duration) { p.lag.Store(int64(lag)) }

// ServeHTTP answers one call of the REST API.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.e.serve(w, r, p) }

// change runs a write after which a name means another collection, or none,
// and expires it at the proxies. by is the proxy that was asked, nil for none of them.
func (e *Emulator) change(by *Proxy, database, name string, write func(*catalog) error) error {
	if e.profile.ExpiresFirst {
		var wait time.Duration
		err := e.view(func(c *catalog) error {
			for _, p := range e.proxies {
				p.expire(expiry{what: place{database, name}, id: c.id(database, name)})
				wait = max(wait, time.Duration(p.lag.Load()))
			}
			return nil
		})
		if err != nil {
			return err
		}
		time.Sleep(wait)
		return e.update(write)
	}
	return e.update(func(c *catalog) error {
		id := c.id(database, name)
		if err := write(c); err != nil {
			return err
		}
		for _, p := range e.proxies {
			gone := expiry{what: place{database, name}, id: id}
			if p != by {
				gone.at = time.Now().Add(time.Duration(p.lag.Load()))
			}
			p.expire(gone)
		}
		return nil
	})
}

// expireAll expires what another process changed at the proxies, which may be anything.
// The caller holds Emulator.mu.
func (e *Emulator) expireAll() {
	for _, p := range e.proxies {
		p.expire(expiry{at: time.Now().Add(time.Duration(p.lag.Load()))})
	}
}

// expire takes something out of the cache now or later.
func (p *Proxy) expire(gone expiry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late = append(p.late, gone)
	p.hear()
}

// hear does what is due. The caller holds p.mu.
func (p *Proxy) hear() {
	if len(p.late) == 0 {
		return
	}
	now := time.Now()
	waiting := p.late[:0]
	for _, gone := range p.late {
		if gone.at.After(now) {
			waiting = append(waiting, gone)
			continue
		}
		for known, id := range p.known {
			if gone.what == (place{}) || gone.what == known || gone.id == id {
				delete(p.known, known)
			}
		}
	}
	p.late = waiting
}

// id is the collection that a name means, 0 for none.
func (c *catalog) id(database, name string) int64 {
	if db := c.databases[database]; db != nil {
		if of := db.resolve(name); of != nil {
			return of.id
		}
	}
	return 0
}

// find resolves a collection by name or alias as the proxy of the request
// does; missing makes the error of one that is not there.
func (x *exchange) find(c *catalog, missing func(database, name string) *Failure) (*collection, error) {
	database, name := x.names.DbName, x.names.CollectionName
	if x.proxy == nil {
		return c.find(database, name, missing)
	}
	return x.proxy.find(c, database, name, missing)
}

// change answers a call that changes the collection it names, or that an alias
// names.
func (x *exchange) change(do func(c *catalog, of *collection) error) reply {
	return x.done(x.e.update(func(c *catalog) error {
		of, err := x.find(c, collectionNotFoundIn)
		if err != nil {
			return err
		}
		return do(c, of)
	}))
}

// find looks into the cache first. It runs within Emulator.view or update, so
// that what it keeps cannot be older than a change whose expiry came before.
func (p *Proxy) find(c *catalog, database, name string, missing func(database, name string) *Failure) (*collection, error) {
	db, err := c.database(database)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hear()
	if id, ok := p.known[place{database, name}]; ok {
		if of := db.byID[id]; of != nil {
			return of, nil
		}
		return nil, collectionNotFound(fmt.Sprint(id))
	}
	of := db.resolve(name)
	if of == nil {
		return nil, missing(database, name)
	}
	p.known[place{database, name}] = of.id
	return of, nil
}

// knows reports whether a name is in the cache. No proxy knows nothing.
func (p *Proxy) knows(database, name string) bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hear()
	_, ok := p.known[place{database, name}]
	return ok
}
