package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// stage is one run: the cluster as the executor sees it, its store and its
// clock, with the acts of the other client between the calls.
type stage struct {
	*emulator.Emulator
	executor.Cluster // nil: the calls that no story makes
	scene.Story
	acts    []act
	store   planner.State
	now     time.Time
	first   int64 // the id of the first collection
	on      bool  // the run is going on
	calls   int
	refused bool
	log     []string
	report  executor.Report
	states  map[string]bool
	wrong   []string

	seen   map[string]string // what our last read of each alias showed
	ids    map[string]string // and of each collection
	listed map[string][]string
	stale  map[string]bool // aliases that the other client changed after that
	taken  map[string]bool // aliases that a create of ours was refused for, with 1602
	wrote  map[string]int  // our writes that had an effect, by name
}

var (
	_ executor.Cluster = (*stage)(nil)
	_ executor.Store   = (*stage)(nil)
	_ executor.Clock   = (*stage)(nil)
)

func (s *stage) String() string {
	var results []string
	for _, r := range s.report.Results {
		results = append(results, fmt.Sprintf("%s %s/%s%s: %s %v", r.Op, r.Database, r.Alias, r.Collection, r.Outcome, r.Err))
	}
	return strings.Join(slices.Concat(s.wrong, s.log, results, []string{fmt.Sprint("live ", s.bindings()), fmt.Sprint("state ", s.store.Bindings, s.store.Pending)}), "\n")
}

func (s *stage) differ(format string, args ...any) {
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

func (s *stage) Now() time.Time { return s.now }

func (s *stage) Sleep(_ context.Context, d time.Duration) error {
	s.now = s.now.Add(d)
	return nil
}

func (s *stage) Save(_ context.Context, state planner.State) error {
	s.store = state
	return nil
}

// before is the moment before a call of ours: the other client acts.
func (s *stage) before(format string, args ...any) {
	if !s.on {
		return
	}
	s.calls++
	s.reached(s.calls)
	s.log = append(s.log, fmt.Sprintf("  %d: %s", s.calls, fmt.Sprintf(format, args...)))
}

func (s *stage) reached(call int) {
	for len(s.acts) > 0 && s.acts[0].call < call {
		a := s.acts[0]
		s.acts = s.acts[1:]
		was, collections := s.bindings(), s.collectionsNow()
		if err := a.do(s.Emulator); err != nil || maps.Equal(was, s.bindings()) && slices.Equal(collections, s.collectionsNow()) {
			s.refused = true
			continue
		}
		s.log = append(s.log, "  ---- the other client "+a.name)
		now := s.bindings()
		for alias := range now {
			if now[alias] != was[alias] {
				s.moved(alias)
			}
		}
		for alias := range was {
			if now[alias] == "" {
				s.moved(alias)
			}
		}
	}
	s.states[fmt.Sprint(s.bindings(), s.collectionsNow())] = true
}

func (s *stage) moved(alias string) {
	if s.stale == nil {
		s.stale = map[string]bool{}
	}
	s.stale[alias] = true
}

func (s *stage) bindings() map[string]string {
	all := map[string]string{}
	for _, db := range s.Databases() {
		for alias, to := range s.Bindings(db) {
			all[db+"/"+alias] = to
		}
	}
	return all
}

func (s *stage) collectionsNow() []string {
	var all []string
	for _, db := range s.Databases() {
		for name, id := range s.Collections(db) {
			all = append(all, fmt.Sprint(db, "/", name, "=", id-s.first))
		}
	}
	slices.Sort(all)
	return all
}

func (s *stage) AliasTarget(_ context.Context, db, alias string) (string, bool, error) {
	s.before("reads alias %s/%s", db, alias)
	to, found := s.Bindings(db)[alias]
	if s.seen == nil {
		s.seen = map[string]string{}
	}
	s.seen[db+"/"+alias] = to
	delete(s.stale, db+"/"+alias)
	return to, found, nil
}

func (s *stage) RenameCollection(ctx context.Context, db, collection, name string) error {
	return s.Cluster.RenameCollection(ctx, db, collection, name) // no story makes it
}

func (s *stage) CollectionID(_ context.Context, db, collection string) (string, bool, error) {
	s.before("reads collection %s/%s", db, collection)
	behind := collection
	if to, alias := s.Bindings(db)[collection]; alias {
		behind = to // Milvus describes the collection behind an alias
	}
	id, found := s.Collections(db)[behind]
	if s.ids == nil {
		s.ids = map[string]string{}
	}
	text := strconv.FormatInt(id, 10)
	s.ids[db+"/"+collection] = text
	return text, found, nil
}

func (s *stage) AliasesOf(_ context.Context, db, collection string) ([]string, error) {
	s.before("lists the aliases of %s/%s", db, collection)
	list := s.pointing(db, collection)
	if s.listed == nil {
		s.listed = map[string][]string{}
	}
	s.listed[db+"/"+collection] = list
	return list, nil
}

func (s *stage) pointing(db, collection string) []string {
	list := []string{}
	for alias, to := range s.Bindings(db) {
		if to == collection {
			list = append(list, alias)
		}
	}
	slices.Sort(list)
	return list
}

func (s *stage) HasCollection(_ context.Context, db, collection string) (bool, error) {
	s.before("has %s/%s", db, collection)
	_, found := s.Collections(db)[collection]
	_, alias := s.Bindings(db)[collection]
	return found || alias, nil
}

func (s *stage) CreateAlias(_ context.Context, db, alias, to string) error {
	s.before("creates alias %s/%s at %s", db, alias, to)
	return s.written(db+"/"+alias, "", func() error { return s.Emulator.CreateAlias(db, alias, to) })
}

func (s *stage) AlterAlias(_ context.Context, db, alias, to string) error {
	s.before("alters alias %s/%s to %s", db, alias, to)
	from := s.from(db + "/" + alias)
	return s.written(db+"/"+alias, from, func() error { return s.Emulator.AlterAlias(db, alias, to) })
}

func (s *stage) DropAlias(_ context.Context, db, alias string) error {
	s.before("drops alias %s/%s", db, alias)
	return s.written(db+"/"+alias, s.from(db+"/"+alias), func() error { return s.Emulator.DropAlias(db, alias) })
}

// from is what our step expects to find: what the last apply bound.
func (s *stage) from(alias string) string { return s.Ours[alias] }

// written carries a write of ours out. A write may go out only after a read
// that showed the value which the plan was made for. Between that read and the
// write lies the one window that Milvus leaves open: whatever the other client
// does there is overwritten, and only that.
func (s *stage) written(alias, expected string, write func() error) error {
	seen, read := s.seen[alias]
	switch {
	case !s.on: // the run after may be allowed to overwrite
	case !read:
		s.differ("alias %s is written and was not read before", alias)
	case seen != expected && !(seen == "" && s.taken[alias]):
		s.differ("alias %s is written although it was seen at %q instead of %q", alias, seen, expected)
	case !s.stale[alias] && s.bindings()[alias] != seen:
		s.differ("the model is wrong: alias %s was seen at %q and is at %q", alias, seen, s.bindings()[alias])
	}
	return s.effect(alias, write)
}

func (s *stage) effect(name string, write func() error) error {
	untouched := s.Unmanaged()
	for alias := range untouched {
		untouched[alias] = s.bindings()[alias]
	}
	if err := write(); err != nil {
		if _, taken := (&stageError{err}).TakenBy(); taken {
			if s.taken == nil {
				s.taken = map[string]bool{}
			}
			s.taken[name] = true
		}
		s.log = append(s.log, "     refused: "+err.Error())
		return &stageError{err}
	}
	for alias, to := range untouched {
		if now := s.bindings()[alias]; now != to {
			s.differ("unmanaged alias %s is at %q, was at %q", alias, now, to)
		}
	}
	if s.wrote == nil {
		s.wrote = map[string]int{}
	}
	s.wrote[name]++
	return nil
}

func (s *stage) DropCollection(_ context.Context, db, collection string) error {
	s.before("drops collection %s/%s", db, collection)
	name := db + "/" + collection
	if !s.on {
		return s.effect(name, func() error { return s.Emulator.DropCollection(db, collection) })
	}
	if list, read := s.listed[name]; !read || len(list) > 0 {
		s.differ("collection %s is dropped, and its aliases were %v (read: %v)", name, list, read)
	}
	planned := ""
	for _, a := range s.store.Pending {
		if a.Op == planner.DropCollection && a.Database == db && a.Collection == collection {
			planned = a.From
		}
	}
	if s.ids[name] != planned {
		s.differ("collection %s is dropped with id %s, planned was %s", name, s.ids[name], planned)
	}
	if to, read := s.seen[name]; !read || to != "" {
		s.differ("%s is dropped without a look whether it is an alias (%q)", name, to)
	}
	if !s.profile().Guard && len(s.pointing(db, collection)) > 0 && !s.inWindow() {
		s.differ("collection %s is dropped under the aliases %v, and they were there when it was read", name, s.pointing(db, collection))
	}
	return s.effect(name, func() error { return s.Emulator.DropCollection(db, collection) })
}

// inWindow reports that the other client was the last one to do something: it acted
// in the window between our read and our write.
func (s *stage) inWindow() bool {
	for i := len(s.log) - 1; i >= 0 && !strings.Contains(s.log[i], "lists the aliases"); i-- {
		if strings.Contains(s.log[i], "----") {
			return true
		}
	}
	return false
}

func (s *stage) profile() emulator.Profile { return s.Emulator.Profile() }

// stageError is a refusal as the client of the program classes it.
type stageError struct{ err error }

func (e *stageError) Error() string         { return e.err.Error() }
func (e *stageError) Unwrap() error         { return e.err }
func (e *stageError) Class() executor.Class { return executor.Refused }

var takenByOther = regexp.MustCompile(`is alias to another collection: (\w+):`)

func (e *stageError) TakenBy() (string, bool) {
	var f *emulator.Failure
	if !errors.As(e.err, &f) || f.Code != 1602 {
		return "", false
	}
	if m := takenByOther.FindStringSubmatch(f.Message); m != nil {
		return m[1], true
	}
	return "", true
}

// plan reads the cluster and plans.
func (s *stage) plan(o planner.Options) (planner.Plan, *planner.Live) {
	var m manifest.Manifest
	live := &planner.Live{Databases: map[string]*planner.LiveDatabase{}}
	for _, db := range s.Databases() {
		d := manifest.Database{Name: db, Named: true}
		l := &planner.LiveDatabase{Bindings: s.Bindings(db), Aliases: map[string]struct{}{}, Collections: map[string]planner.LiveCollection{}}
		for alias := range l.Bindings {
			l.Aliases[alias] = struct{}{}
		}
		for name, id := range s.Collections(db) {
			l.Collections[name] = planner.LiveCollection{ID: strconv.FormatInt(id, 10), Aliases: s.pointing(db, name)}
		}
		live.Databases[db] = l
		for _, alias := range slices.Sorted(maps.Keys(s.Want)) {
			if in, name := program.Place(alias); in == db {
				d.Aliases = append(d.Aliases, manifest.Alias{Name: name, Collection: s.Want[alias]})
			}
		}
		for _, r := range s.Retire {
			if in, name := program.Place(r); in == db {
				d.Retire = append(d.Retire, manifest.Retiree{Collection: name})
			}
		}
		m.Databases = append(m.Databases, d)
	}
	o.Cluster, o.Now = s.store.Cluster, s.now
	return planner.Compare(&m, s.store, o).Plan(live), live
}
