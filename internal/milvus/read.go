package milvus

import (
	"context"
	"maps"
	"slices"
	"sync"

	"aliasctl/planner"
)

// Read asks the cluster for all that a plan over scope has to know. Whatever
// the order of the answers, the same cluster gives the same Live.
//
// # How few requests prove everything
//
// `aliases/describe` resolves one alias; `aliases/list` with `collectionName`
// proves every binding of one collection at once, from the coordinator and
// not from a proxy's cache. So Read asks, per database:
//
//  1. for all aliases (which exist, and which names are aliases),
//  2. for the aliases of each collection where a managed alias is expected,
//  3. by describe, for those alone that are not where they belong,
//  4. for the collections, when a name is left whose existence no answer has
//     proved yet.
//
// With N aliases on M collections, that is 2 + M requests and one for each
// surprise; an alias that is in no list costs none.
//
// # What proves that a collection exists
//
// A list of its aliases, or an alias that is bound to it. `collections/list`
// proves it too, but not the opposite: it leaves out, and answers success, what
// the user may not see. `collections/has` is the judge then. It is true for
// an alias as well, so it is asked only about names that are none.
//
// LiveDatabase.Names is that list as it is. A user without privileges gets a
// part of it or none, and what retires by pattern then retires less.
//
// # When another client changes things meanwhile
//
// The answers are not of one instant. Where two of them contradict each other,
// describe decides. What is missed all the same is caught by the executor,
// which reads again directly before each write.
func Read(ctx context.Context, c *Client, scope planner.Scope) (*planner.Live, error) {
	readers := make([]*reader, len(scope.Databases))
	live := &planner.Live{Databases: make(map[string]*planner.LiveDatabase, len(scope.Databases))}
	for i, s := range scope.Databases {
		readers[i] = newReader(c, s)
		live.Databases[s.Name] = readers[i].live
	}
	for _, phase := range []func(*reader) []question{
		(*reader).askAliases,
		(*reader).askBindings,
		(*reader).askSurprises,
		(*reader).askCollections,
		(*reader).askExistence,
		(*reader).askHidden,
		(*reader).askLate,
	} {
		if err := c.ask(ctx, readers, phase); err != nil {
			return nil, err
		}
	}
	for _, r := range readers {
		r.settle()
	}
	return live, nil
}

// question is one request, and what to do with its answer.
type question func(ctx context.Context) error

// ask asks the questions of one phase about all databases. Databases take turns:
// none waits until a large one is done.
func (c *Client) ask(ctx context.Context, readers []*reader, phase func(*reader) []question) error {
	var each [][]question
	for _, r := range readers {
		if !r.live.Missing {
			each = append(each, phase(r))
		}
	}
	return c.askAll(ctx, inTurns(each))
}

// askAll asks questions side by side, as many at once as the server takes.
func (c *Client) askAll(ctx context.Context, all []question) error {
	return c.throttle.Each(ctx, len(all), func(ctx context.Context, i int) error { return all[i](ctx) })
}

// inTurns joins lists: the first of each, the second of each, and so on.
func inTurns[T any](lists [][]T) []T {
	if len(lists) == 1 {
		return lists[0]
	}
	var all []T
	for i, more := 0, true; more; i++ {
		more = false
		for _, list := range lists {
			if i < len(list) {
				all, more = append(all, list[i]), true
			}
		}
	}
	return all
}

// reader gathers the answers about one database. A phase makes its questions
// before any of them is asked; mu guards what their answers write.
type reader struct {
	c     *Client
	scope planner.DatabaseScope
	live  *planner.LiveDatabase

	mu sync.Mutex
	// proved counts the managed aliases that are in the list of all and in that
	// of a collection; twice holds those in the lists of two.
	proved int
	twice  map[string]struct{}
	// unbound holds the managed aliases that do not exist.
	unbound []string
	// exists is what is known of each name as a collection.
	exists map[string]bool
	// listed is the answer of collections/list, nil when it was not asked.
	listed map[string]struct{}
}

func newReader(c *Client, scope planner.DatabaseScope) *reader {
	return &reader{
		c:     c,
		scope: scope,
		live: &planner.LiveDatabase{
			Bindings:    make(map[string]string, len(scope.Aliases)),
			Aliases:     map[string]struct{}{},
			Collections: map[string]planner.LiveCollection{},
		},
		twice:  map[string]struct{}{},
		exists: map[string]bool{},
	}
}

func (r *reader) isAlias(name string) bool {
	_, ok := r.live.Aliases[name]
	return ok
}

// askAliases asks for every alias of the database.
func (r *reader) askAliases() []question {
	return []question{func(ctx context.Context) error {
		list, err := r.c.ListAliases(ctx, r.scope.Name)
		if IsDatabaseMissing(err) {
			r.live.Missing = true
			return nil
		}
		r.live.Aliases = make(map[string]struct{}, len(list))
		for _, alias := range list {
			r.live.Aliases[alias] = struct{}{}
		}
		return err
	}}
}

// askBindings asks for the aliases of each collection where a managed one is
// expected, and of each retiree. A name that is an alias is left out: from
// 2.6.12 on the answer would be about the collection behind it.
func (r *reader) askBindings() []question {
	names := make([]string, 0, len(r.scope.Aliases)+len(r.scope.Retirees))
	for alias, home := range r.scope.Aliases {
		if home != "" && r.isAlias(alias) && !r.isAlias(home) {
			names = append(names, home)
		}
	}
	for _, name := range r.scope.Retirees {
		if !r.isAlias(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	qs := make([]question, 0, len(names))
	for _, name := range names {
		qs = append(qs, func(ctx context.Context) error {
			_, retiree := slices.BinarySearch(r.scope.Retirees, name)
			list, err := r.collection(ctx, name, retiree)
			r.bind(name, list)
			return err
		})
	}
	return qs
}

// bind takes the managed aliases of a list for bound to its collection.
func (r *reader) bind(collection string, list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, alias := range list {
		if _, managed := r.scope.Aliases[alias]; !managed {
			continue
		}
		bound := len(r.live.Bindings)
		r.live.Bindings[alias] = collection
		switch {
		case len(r.live.Bindings) == bound: // it was in another list
			r.twice[alias] = struct{}{}
		case r.isAlias(alias):
			r.proved++
		}
	}
}

// collection asks for the aliases of one collection, and for the id of a
// retiree. The id comes first: should the collection be dropped and made anew
// in between, the plan then expects the id of the old one, and the executor
// will not drop the new one.
func (r *reader) collection(ctx context.Context, name string, retiree bool) (list []string, err error) {
	var id string
	found := true
	if retiree {
		id, found, err = r.c.CollectionID(ctx, r.scope.Name, name)
	}
	if err == nil && found {
		list, found, err = r.c.aliasesOf(ctx, r.scope.Name, name)
	}
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exists[name] = found
	if retiree && found {
		slices.Sort(list)
		r.live.Collections[name] = planner.LiveCollection{ID: id, Aliases: list}
	}
	return list, nil
}

// askSurprises describes the managed aliases whose binding is not proved: in
// the list of all and in none of a collection, in two, or only in that of a
// collection.
func (r *reader) askSurprises() []question {
	if r.proved == len(r.scope.Aliases) && len(r.twice) == 0 {
		return nil // the usual answer, seen while other lists were on their way
	}
	var surprises []string
	for alias := range r.scope.Aliases {
		_, bound := r.live.Bindings[alias]
		_, twice := r.twice[alias]
		switch listed := r.isAlias(alias); {
		case !listed && !bound:
			r.unbound = append(r.unbound, alias)
		case listed != bound || twice:
			surprises = append(surprises, alias)
		}
	}
	slices.Sort(surprises)
	var qs []question
	for _, alias := range surprises {
		delete(r.live.Bindings, alias)
		qs = append(qs, func(ctx context.Context) error { return r.describe(ctx, alias) })
	}
	return qs
}

func (r *reader) describe(ctx context.Context, alias string) error {
	target, found, err := r.c.AliasTarget(ctx, r.scope.Name, alias)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !found {
		delete(r.live.Aliases, alias)
		r.unbound = append(r.unbound, alias)
		return nil
	}
	r.live.Aliases[alias] = struct{}{}
	r.live.Bindings[alias] = target
	r.exists[target] = true
	return nil
}

// askLate asks for the id and the aliases of a retiree that showed up only
// after it was missing: a plan must not take it for unused.
func (r *reader) askLate() []question {
	var qs []question
	for _, name := range r.scope.Retirees {
		if _, there := r.live.Collections[name]; r.exists[name] && !there {
			qs = append(qs, func(ctx context.Context) error {
				_, err := r.collection(ctx, name, true)
				return err
			})
		}
	}
	return qs
}

// settle writes the collections that exist into the result, and all names for a
// suggestion where a wanted one does not.
func (r *reader) settle() {
	for _, name := range slices.Concat(r.scope.Targets, r.scope.Retirees) {
		if exists, asked := r.exists[name]; asked && !exists && r.live.Names == nil {
			r.live.Names = slices.Sorted(maps.Keys(r.listed))
		}
	}
	for name, exists := range r.exists {
		if _, there := r.live.Collections[name]; exists && !there {
			r.live.Collections[name] = planner.LiveCollection{}
		}
	}
}

// Reader is a client that cannot write: it has no method that does, and hands
// its client to none. Commands that only look are given one.
type Reader struct{ client *Client }

// NewReader is New for a Reader.
func NewReader(cfg Config) (*Reader, error) {
	client, err := New(cfg)
	if err != nil {
		return nil, err
	}
	return &Reader{client}, nil
}

// Read is the function of that name.
func (r *Reader) Read(ctx context.Context, scope planner.Scope) (*planner.Live, error) {
	return Read(ctx, r.client, scope)
}

// Bindings is the function of that name.
func (r *Reader) Bindings(ctx context.Context, database string) (map[string]string, error) {
	return Bindings(ctx, r.client, database)
}

// ListDatabases is the method of that name of Client.
func (r *Reader) ListDatabases(ctx context.Context) ([]string, error) {
	return r.client.ListDatabases(ctx)
}

// Close ends idle connections.
func (r *Reader) Close() { r.client.Close() }
