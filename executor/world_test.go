package executor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// world is a cluster in memory, its clock, the stored state and a manifest:
// all that an apply touches. It starts empty, and its one faulty thing is what
// a test asks for.
type world struct {
	mu          sync.Mutex
	now         time.Time
	events      []event // what lands later, in the order of arrival
	collections map[planner.Key]string
	aliases     map[planner.Key]row
	lastID      int

	calls  []call
	faults map[int]fault // by the number of the call, from 1
	faulty func(call) (fault, bool)
	before func(w *world, n int, c call) // runs unlocked, just before the call takes effect

	stored  planner.State
	saves   []planner.State
	saveErr map[int]error // by the number of the save, from 1

	want want
}

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

// lands says whether the request takes effect all the same.
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
}

func (e *fakeError) Error() string           { return e.text }
func (e *fakeError) Class() Class            { return e.class }
func (e *fakeError) TakenBy() (string, bool) { return e.by, e.taken }

var (
	errLost      = &fakeError{class: Unknown, text: "connection reset"}
	errTransient = &fakeError{class: Transient, text: "rate limit exceeded (code 8)"}
	errRefused   = &fakeError{class: Refused, text: "permission denied (HTTP 403)"}
	errFatal     = &fakeError{class: Fatal, text: "user hasn't authenticated (HTTP 401)"}
	errDisk      = errors.New("no space left on device")
)

var start = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// newWorld is a world with these collections, written DATABASE/NAME; the
// database "default" may be left out.
func newWorld(collections ...string) *world {
	w := &world{
		now: start, collections: map[planner.Key]string{}, aliases: map[planner.Key]row{},
		faults: map[int]fault{}, saveErr: map[int]error{},
		stored: planner.State{Version: planner.StateVersion, Lineage: "lineage", Serial: 7, Cluster: fakeURI, UpdatedAt: start.Add(-time.Hour)},
		want:   want{aliases: map[string]string{}},
	}
	for _, name := range collections {
		w.addCollection(key(name))
	}
	return w
}

var fakeURI = planner.Cluster{URI: "http://127.0.0.1:19530"}

func key(name string) planner.Key {
	if db, name, found := strings.Cut(name, "/"); found {
		return planner.Key{Database: db, Name: name}
	}
	return planner.Key{Database: manifest.DefaultDatabase, Name: name}
}

func (w *world) addCollection(k planner.Key) {
	w.lastID++
	w.collections[k] = strconv.Itoa(100 + w.lastID)
}

// bind makes an alias that is not ours.
func (w *world) bind(alias, collection string) {
	k := key(alias)
	w.aliases[k] = row{collection, w.collections[planner.Key{Database: k.Database, Name: collection}]}
}

// own makes an alias that an earlier apply bound.
func (w *world) own(alias, collection string) {
	w.bind(alias, collection)
	k := key(alias)
	w.stored.Bindings = append(w.stored.Bindings, planner.Binding{
		Database: k.Database, Alias: k.Name, Collection: collection, CollectionID: w.aliases[k].id, Since: start.Add(-time.Hour),
	})
	slices.SortFunc(w.stored.Bindings, func(a, b planner.Binding) int { return compareKeys(bindingKey(a), bindingKey(b)) })
}

// want is the manifest: aliases with their collections, and retirees.
type want struct {
	aliases map[string]string
	retire  []string
	options planner.Options
}

func (w *world) manifest() *manifest.Manifest {
	databases := map[string]*manifest.Database{}
	get := func(name string) *manifest.Database {
		if databases[name] == nil {
			databases[name] = &manifest.Database{Name: name, Named: true}
		}
		return databases[name]
	}
	for alias, collection := range w.want.aliases {
		k := key(alias)
		d := get(k.Database)
		d.Aliases = append(d.Aliases, manifest.Alias{Name: k.Name, Collection: collection})
	}
	for _, name := range w.want.retire {
		k := key(name)
		d := get(k.Database)
		d.Retire = append(d.Retire, manifest.Retiree{Collection: k.Name})
	}
	var m manifest.Manifest
	for _, d := range databases {
		slices.SortFunc(d.Aliases, func(a, b manifest.Alias) int { return cmp.Compare(a.Name, b.Name) })
		m.Databases = append(m.Databases, *d)
	}
	slices.SortFunc(m.Databases, func(a, b manifest.Database) int { return cmp.Compare(a.Name, b.Name) })
	return &m
}

// plan is what the planner makes of manifest, stored state and cluster.
func (w *world) plan() planner.Plan {
	live := &planner.Live{Databases: map[string]*planner.LiveDatabase{}}
	get := func(name string) *planner.LiveDatabase {
		if live.Databases[name] == nil {
			live.Databases[name] = &planner.LiveDatabase{
				Bindings: map[string]string{}, Aliases: map[string]struct{}{}, Collections: map[string]planner.LiveCollection{},
			}
		}
		return live.Databases[name]
	}
	for k, id := range w.collections {
		get(k.Database).Collections[k.Name] = planner.LiveCollection{ID: id, Aliases: w.pointing(k)}
	}
	for k := range w.aliases {
		if target, ok := w.target(k); ok {
			get(k.Database).Aliases[k.Name] = struct{}{}
			get(k.Database).Bindings[k.Name] = target
		}
	}
	o := w.want.options
	o.Cluster, o.Now = fakeURI, w.now
	return planner.Build(w.manifest(), w.stored, live, o)
}

// apply plans and carries the plan out.
func (w *world) apply(t *testing.T, opts Options) (Report, error) {
	t.Helper()
	plan := w.plan()
	if len(plan.Conflicts) > 0 {
		t.Fatalf("the plan has conflicts: %+v", plan.Conflicts)
	}
	return w.carryOut(plan, opts)
}

// carryOut applies a plan that was made before. Steps run one at a time unless
// the test asks for more, so that calls have numbers.
func (w *world) carryOut(plan planner.Plan, opts Options) (Report, error) {
	if opts.Parallel == 0 {
		opts.Parallel = 1
	}
	opts.Clock = w
	return Apply(context.Background(), plan, w.stored, w, w, opts)
}

// live is where an alias resolves to, "" for nowhere.
func (w *world) live(alias string) string {
	target, _ := w.target(key(alias))
	return target
}

func (w *world) target(k planner.Key) (string, bool) {
	r, ok := w.aliases[k]
	if !ok || w.collections[planner.Key{Database: k.Database, Name: r.collection}] != r.id {
		return "", false
	}
	return r.collection, true
}

func (w *world) pointing(k planner.Key) []string {
	var aliases []string
	for a := range w.aliases {
		if target, ok := w.target(a); ok && a.Database == k.Database && target == k.Name {
			aliases = append(aliases, a.Name)
		}
	}
	slices.Sort(aliases)
	return aliases
}

// writes lists the calls that change something.
func (w *world) writes() []string {
	var writes []string
	for _, c := range w.calls {
		if c.changes {
			writes = append(writes, c.String())
		}
	}
	return writes
}

// settleDown lets everything land that is still on its way.
func (w *world) settleDown() { w.advance(24 * time.Hour) }

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
		case !exists:
			return &fakeError{class: Refused, text: "collection not found (code 100)"}
		case taken && r != row{collection, id}:
			return &fakeError{class: Refused, text: "alias already exist (code 1602)", taken: true, by: r.collection}
		}
		w.aliases[k] = row{collection, id}
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

// result is that of the step about an alias or a collection; the last one when
// a switch by drop and create has two.
func result(t *testing.T, r Report, name string) Result {
	t.Helper()
	k := key(name)
	for _, result := range slices.Backward(r.Results) {
		if result.Database == k.Database && (result.Alias == k.Name || result.Collection == k.Name) {
			return result
		}
	}
	t.Fatalf("no result about %q in %s", name, outcomes(r))
	return Result{}
}

// outcomes is a report in one line a step.
func outcomes(r Report) string {
	var b strings.Builder
	for _, result := range r.Results {
		fmt.Fprintf(&b, "%s %s/%s%s: %s", result.Op, result.Database, result.Alias, result.Collection, result.Outcome)
		if result.Err != nil {
			fmt.Fprintf(&b, " (%v)", result.Err)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
