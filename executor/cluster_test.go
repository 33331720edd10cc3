package executor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// row binds an alias to a collection id, as Milvus does: when the collection
// goes, the row stays and the alias is a zombie.
type row struct{ collection, id string }

type event struct {
	at time.Time
	do func()
}

type call struct {
	op          string
	db, name    string
	to          string
	changes     bool
	beforeWrite planner.State // the stored state when a write arrived
}

func (c call) String() string {
	s := c.op + " " + c.db + "/" + c.name
	if c.to != "" {
		s += " " + c.to
	}
	return s
}

// fault is an answer that is not the truth.
type fault struct {
	err   error
	lands lands
	after time.Duration // for later
}

// lands reports whether the request takes effect all the same.
type lands int

const (
	never lands = iota
	atOnce
	later
)

type fakeError struct {
	class Class
	text  string
	taken bool
	by    string

	gone, final   bool          // Unreachable, and not Again
	after         time.Duration // RetryAfter
	detour, route bool          // Detour: another route, because Milvus has no such one
}

func (e *fakeError) Error() string           { return e.text }
func (e *fakeError) Class() Class            { return e.class }
func (e *fakeError) TakenBy() (string, bool) { return e.by, e.taken }

func (e *fakeError) Unreachable() bool         { return e.gone }
func (e *fakeError) Again() bool               { return !e.final }
func (e *fakeError) RetryAfter() time.Duration { return e.after }
func (e *fakeError) Detour() (bool, bool)      { return e.route, e.detour }

var (
	errGone      = &fakeError{class: Transient, text: "connection refused", gone: true}
	errCut       = &fakeError{class: Unknown, text: "connection reset", gone: true}
	errTurned    = &fakeError{class: Unknown, text: "a web page (HTTP 404)", gone: true, final: true}
	errNoRoute   = &fakeError{class: Unknown, text: "404 page not found", detour: true, route: true}
	errNoPath    = &fakeError{class: Unknown, text: "a web page (HTTP 404)", gone: true, detour: true}
	errLost      = &fakeError{class: Unknown, text: "connection reset"}
	errTransient = &fakeError{class: Transient, text: "rate limit exceeded (code 8)"}
	errRefused   = &fakeError{class: Refused, text: "permission denied (HTTP 403)"}
	errFatal     = &fakeError{class: Fatal, text: "user hasn't authenticated (HTTP 401)"}
	errDisk      = errors.New("no space left on device")
)

// The clock: nobody sleeps, time is what was slept.

var _ Clock = (*world)(nil)

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.advance(d)
	return ctx.Err()
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
	slices.SortStableFunc(w.events, func(a, b event) int { return a.at.Compare(b.at) })
	for len(w.events) > 0 && !w.events[0].at.After(w.now) {
		do := w.events[0].do
		w.events = w.events[1:]
		do()
	}
}

// The store.

var _ Store = (*world)(nil)

func (w *world) Save(ctx context.Context, s planner.State) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.saves = append(w.saves, s)
	if err := w.saveErr[len(w.saves)]; err != nil {
		return err
	}
	w.stored = s
	return nil
}

// The cluster.

var _ Cluster = (*world)(nil)

// arrive records a call and says which fault it meets.
func (w *world) arrive(ctx context.Context, c call) (fault, error) {
	w.mu.Lock()
	c.beforeWrite = w.stored
	w.calls = append(w.calls, c)
	n := len(w.calls)
	f, found := w.faults[n]
	if !found && w.faulty != nil {
		if g, yes := w.faulty(c); yes {
			f = g
		}
	}
	before := w.before
	w.mu.Unlock()
	if before != nil {
		before(w, n, c)
	}
	if err := ctx.Err(); err != nil {
		return fault{}, err
	}
	return f, nil
}

func (w *world) read(ctx context.Context, op, db, name string, do func()) error {
	f, err := w.arrive(ctx, call{op: op, db: db, name: name})
	if err == nil {
		err = f.err
	}
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	do()
	return nil
}

func (w *world) write(ctx context.Context, c call, do func() error) error {
	c.changes = true
	f, err := w.arrive(ctx, c)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case f.err == nil:
		return do()
	case f.lands == atOnce:
		_ = do()
	case f.lands == later:
		w.events = append(w.events, event{w.now.Add(f.after), func() { _ = do() }})
	}
	return f.err
}

func (w *world) AliasTarget(ctx context.Context, db, alias string) (collection string, found bool, err error) {
	err = w.read(ctx, "describe", db, alias, func() { collection, found = w.target(planner.Key{Database: db, Name: alias}) })
	return collection, found, err
}

func (w *world) CollectionID(ctx context.Context, db, collection string) (id string, found bool, err error) {
	err = w.read(ctx, "id", db, collection, func() {
		k := planner.Key{Database: db, Name: collection}
		if target, ok := w.target(k); ok {
			k.Name = target // Milvus describes the collection behind an alias
		}
		id, found = w.collections[k]
	})
	return id, found, err
}

func (w *world) AliasesOf(ctx context.Context, db, collection string) (aliases []string, err error) {
	err = w.read(ctx, "aliases-of", db, collection, func() { aliases = w.pointing(planner.Key{Database: db, Name: collection}) })
	return aliases, err
}

func (w *world) HasCollection(ctx context.Context, db, collection string) (has bool, err error) {
	err = w.read(ctx, "has", db, collection, func() {
		k := planner.Key{Database: db, Name: collection}
		_, has = w.collections[k]
		if _, isAlias := w.target(k); isAlias {
			has = true
		}
	})
	return has, err
}

func (w *world) CreateAlias(ctx context.Context, db, alias, collection string) error {
	return w.write(ctx, call{op: "create", db: db, name: alias, to: collection}, func() error {
		k := planner.Key{Database: db, Name: alias}
		id, exists := w.collections[planner.Key{Database: db, Name: collection}]
		r, taken := w.aliases[k]
		switch {
		case w.collections[k] != "":
			return &fakeError{class: Refused, text: "alias and collection name conflict (code 1601)"}
		case !exists:
			return &fakeError{class: Refused, text: "collection not found (code 100)"}
		case taken && r != row{collection, id}:
			return &fakeError{class: Refused, text: "alias already exist (code 1602)", taken: true, by: r.collection}
		}
		w.aliases[k] = row{collection, id}
		w.reached(planner.Key{Database: db, Name: collection}, alias)
		return nil
	})
}

func (w *world) AlterAlias(ctx context.Context, db, alias, collection string) error {
	return w.write(ctx, call{op: "alter", db: db, name: alias, to: collection}, func() error {
		k := planner.Key{Database: db, Name: alias}
		id, exists := w.collections[planner.Key{Database: db, Name: collection}]
		if !exists {
			return &fakeError{class: Refused, text: "collection not found (code 100)"}
		}
		if _, known := w.aliases[k]; !known {
			return &fakeError{class: Refused, text: "alias not found (code 1600)"}
		}
		w.aliases[k] = row{collection, id}
		w.reached(planner.Key{Database: db, Name: collection}, alias)
		return nil
	})
}

func (w *world) DropAlias(ctx context.Context, db, alias string) error {
	return w.write(ctx, call{op: "drop", db: db, name: alias}, func() error {
		delete(w.aliases, planner.Key{Database: db, Name: alias})
		return nil
	})
}

// DropCollection is that of the v1 API on a server without the guard against
// aliases: the worst of both.
func (w *world) DropCollection(ctx context.Context, db, collection string) error {
	return w.write(ctx, call{op: "drop-collection", db: db, name: collection}, func() error {
		k := planner.Key{Database: db, Name: collection}
		if _, exists := w.collections[k]; !exists {
			return &fakeError{class: Refused, text: "collection not found (code 100)"}
		}
		delete(w.collections, k)
		return nil
	})
}

func (w *world) ReleaseCollection(ctx context.Context, db, collection string) error {
	return w.write(ctx, call{op: "release", db: db, name: collection}, func() error {
		k := planner.Key{Database: db, Name: collection}
		if _, exists := w.collections[k]; !exists {
			return &fakeError{class: Refused, text: "collection not found (code 100)"}
		}
		if at := w.pointing(k); len(at) > 0 { // no server minds
			w.breaches = append(w.breaches, fmt.Sprintf("%s was released under %v", k, at))
		}
		w.memory[k] = &memory{state: "LoadStateNotLoad"}
		return nil
	})
}

func (w *world) RenameCollection(ctx context.Context, db, collection, name string) error {
	return w.write(ctx, call{op: "rename", db: db, name: collection, to: name}, func() error {
		from, to := planner.Key{Database: db, Name: collection}, planner.Key{Database: db, Name: name}
		_, aliased := w.aliases[from]
		_, shadowed := w.aliases[to]
		id, exists := w.collections[from]
		switch {
		case aliased:
			return &fakeError{class: Refused, text: "unsupported use an alias to rename collection (code 1100)"}
		case !exists:
			return &fakeError{class: Refused, text: "collection not found (code 100)"}
		case shadowed || w.collections[to] != "":
			return &fakeError{class: Refused, text: "the name is taken (code 1601)"}
		}
		delete(w.collections, from)
		w.collections[to] = id
		w.moveGrants(from, to)
		if m := w.memory[from]; m != nil {
			w.memory[to] = m
			delete(w.memory, from)
		}
		for k, r := range w.aliases {
			if k.Database == db && r.collection == collection && r.id == id {
				w.aliases[k] = row{name, id}
			}
		}
		return nil
	})
}

// Ask answers with what the collection is, so that two collections never say
// the same.
func (w *world) Ask(ctx context.Context, db, name string, _ *manifest.Canary) (a Answer, err error) {
	readErr := w.read(ctx, "ask", db, name, func() {
		k := planner.Key{Database: db, Name: name}
		if target, isAlias := w.target(k); isAlias {
			k.Name = target
		}
		id, exists := w.collections[k]
		if !exists {
			err = &fakeError{class: Refused, text: "collection not found (code 100)"}
			return
		}
		a = Answer{Rows: 1, Digest: id, Took: time.Millisecond, Summary: "1 row of " + id}
		if w.answers != nil {
			err = w.answers(name, &a)
		}
	})
	return a, cmp.Or(readErr, err)
}

// proxy is a witness that notices a change some time after it was first asked.
type proxy struct {
	*world
	name    string
	lag     time.Duration
	fails   error
	cached  map[planner.Key]string
	noticed map[planner.Key]time.Time
	asked   int
}

var _ Witness = (*proxy)(nil)

func (w *world) proxy(name string, lag time.Duration) *proxy {
	p := &proxy{world: w, name: name, lag: lag, cached: map[planner.Key]string{}, noticed: map[planner.Key]time.Time{}}
	for k := range w.aliases {
		p.cached[k], _ = w.target(k)
	}
	return p
}

func (p *proxy) Name() string { return p.name }

func (p *proxy) AliasTarget(ctx context.Context, db, alias string) (string, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.fails != nil {
		return "", false, p.fails
	}
	k := planner.Key{Database: db, Name: alias}
	if now, _ := p.target(k); now != p.cached[k] {
		if p.noticed[k].IsZero() {
			p.noticed[k] = p.now
		}
		if p.now.Sub(p.noticed[k]) >= p.lag {
			p.cached[k], p.noticed[k] = now, time.Time{}
		}
	}
	return p.cached[k], p.cached[k] != "", nil
}
