package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/emulator"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// TestInterleavings explores, without sampling, one apply against one other
// client: every action of it at every point between two calls of ours, one
// action, then every pair of them (and every three with -sweep=full). The laws
// are promises 1 to 3, at every write, in every result, in the state after the
// run, and for the run after that.
func TestInterleavings(t *testing.T) {
	var count tally
	for _, d := range dramas() {
		for _, profile := range []emulator.Profile{emulator.V26, unguarded()} {
			depth := d.depth
			if fullSweep() {
				depth++
			}
			x := exploration{drama: d, profile: profile, count: &count}
			x.explore(nil, 0, depth)
			if len(x.wrong) > 0 {
				t.Errorf("%s, guarded %v: %d of %d interleavings break a law; the first:\n%s",
					d.name, profile.Guard, len(x.wrong), x.runs, strings.Join(x.wrong[:min(3, len(x.wrong))], "\n\n"))
			}
			t.Logf("%s, guarded %v, up to %d actions: %d interleavings, %d states of the cluster", d.name, profile.Guard, depth, x.runs, len(x.states))
		}
	}
	t.Log(count.text())
}

// unguarded is a server before 2.4.23: it drops a collection under its aliases.
func unguarded() emulator.Profile {
	p := emulator.V24
	p.Guard = false
	return p
}

// deed is something that the other client does.
type deed struct {
	name string
	do   func(*emulator.Emulator) error
	on   string // the alias that it changes, "" for none or several
}

func bindTo(alias, to string) deed {
	db, name := place(alias)
	return deed{"binds " + alias + " to " + to, func(e *emulator.Emulator) error {
		if _, there := e.Bindings(db)[name]; there {
			return e.AlterAlias(db, name, to)
		}
		return e.CreateAlias(db, name, to)
	}, alias}
}

func unbind(alias string) deed {
	db, name := place(alias)
	return deed{"drops " + alias, func(e *emulator.Emulator) error { return e.DropAlias(db, name) }, alias}
}

func dropCollection(collection string) deed {
	db, name := place(collection)
	return deed{"drops collection " + collection, func(e *emulator.Emulator) error { return e.DropCollection(db, name) }, ""}
}

func recreateCollection(collection string) deed {
	db, name := place(collection)
	return deed{"drops collection " + collection + " and creates it again", func(e *emulator.Emulator) error {
		if err := e.DropCollection(db, name); err != nil {
			return err
		}
		return e.CreateCollection(db, name)
	}, ""}
}

// drama is a story with the other client's possible deeds in it.
type drama struct {
	name string
	story
	recreate bool
	deeds    []deed
	depth    int // actions in a row
}

func dramas() []drama {
	blue := []string{"default/a", "default/b", "default/c"}
	rival := []deed{
		bindTo("default/x", "a"), bindTo("default/x", "b"), bindTo("default/x", "c"), unbind("default/x"),
		dropCollection("default/a"), dropCollection("default/b"), recreateCollection("default/b"),
	}
	retiree := []deed{
		bindTo("default/y", "a"), unbind("default/y"), bindTo("default/a", "b"), dropCollection("default/a"),
		recreateCollection("default/a"), bindTo("default/x", "a"), bindTo("default/x", "b"), unbind("default/x"),
	}
	switched := story{collections: blue, ours: map[string]string{"default/x": "a"}, want: map[string]string{"default/x": "b"}}
	return []drama{
		{name: "create", depth: 2, deeds: rival, story: story{collections: blue, want: map[string]string{"default/x": "b"}}},
		{name: "switch", depth: 2, deeds: rival, story: switched},
		{name: "switch by drop and create", depth: 2, deeds: rival, story: switched, recreate: true},
		{name: "drop", depth: 2, deeds: rival, story: story{
			collections: blue, ours: map[string]string{"default/x": "a", "default/z": "c"}, want: map[string]string{"default/z": "c"}}},
		{name: "retire", depth: 2, deeds: retiree, story: story{
			collections: blue, ours: map[string]string{"default/x": "b"}, want: map[string]string{"default/x": "b"}, retire: []string{"default/a"}}},
		{name: "switch and retire", depth: 2, deeds: retiree, story: switched.with(nil, "default/a")},
		{name: "everything", depth: 1, story: richStory, deeds: []deed{
			bindTo("default/products", "products_v1"), bindTo("default/products", "products_v2"), bindTo("default/products", "products_v3"), unbind("default/products"),
			bindTo("default/reviews", "products_v1"), unbind("default/reviews"),
			bindTo("default/images", "images_v1"), bindTo("default/images", "foreign_v1"), bindTo("default/old", "old_v1"), bindTo("default/old", "foreign_v1"),
			unbind("default/old"), bindTo("default/legacy", "foreign_v1"), unbind("default/legacy"),
			bindTo("default/new", "products_v1"), bindTo("default/new", "old_v1"), bindTo("search/new", "products_v1"),
			bindTo("search/products", "products_v1"), bindTo("search/gone", "queries_v1"), bindTo("default/old_v1", "foreign_v1"),
			dropCollection("default/products_v1"), dropCollection("default/images_v1"), dropCollection("search/products_v2"), dropCollection("default/old_v1"),
			recreateCollection("default/products_v1"), recreateCollection("default/old_v1"), recreateCollection("default/products_v2"), recreateCollection("search/queries_v1"),
		}},
	}
}

// act is a deed before the call with a number.
type act struct {
	call int
	deed
}

// exploration is the tree of all runs of one drama.
type exploration struct {
	drama
	profile emulator.Profile
	count   *tally

	runs   int
	wrong  []string
	states map[string]bool
}

// explore plays the drama with these acts, and then with each possible further
// one, at every call from the last act on.
func (x *exploration) explore(acts []act, from, depth int) {
	s := x.play(acts)
	if s == nil {
		return // an act that the cluster refused changes nothing
	}
	x.runs++
	x.count.count("interleavings")
	if len(s.wrong) > 0 {
		x.wrong = append(x.wrong, s.String())
	}
	if x.states == nil {
		x.states = map[string]bool{}
	}
	maps.Copy(x.states, s.states)
	if depth == 0 {
		return
	}
	for call := from; call <= s.calls; call++ {
		for _, d := range x.deeds {
			x.explore(append(slices.Clip(acts), act{call, d}), call, depth-1)
		}
	}
}

// play runs the drama once; nil when the other client could not act.
func (x *exploration) play(acts []act) *stage {
	s := &stage{Emulator: x.build(x.profile), story: x.story, acts: acts, states: map[string]bool{}}
	db, name := place(x.collections[0])
	s.first = s.Collections(db)[name]
	s.store = s.state(s.Emulator, "http://127.0.0.1:19530")
	plan, live := s.plan(planner.Options{Switch: x.mode()})
	if len(plan.Conflicts) > 0 {
		s.differ("the plan has conflicts: %v", plan.Conflicts)
		return s
	}
	if proof := planner.Prove(plan, live); !proof.OK {
		s.differ("the plan fails its proof: %v", proof)
		return s
	}
	s.on = true
	report, err := executor.Apply(context.Background(), plan, s.store, s, s, executor.Options{Parallel: 1, Clock: s, Settle: 2 * time.Second})
	s.reached(s.calls + 1)
	s.on = false
	if s.refused {
		return nil
	}
	s.report = report
	if err != nil {
		s.differ("apply: %v", err)
	}
	s.judge(x.mode())
	return s
}

func (x *exploration) mode() planner.SwitchMode {
	if x.recreate {
		return planner.ByRecreate
	}
	return planner.ByAlter
}

// stage is one run: the cluster as the executor sees it, its store and its
// clock, with the acts of the other client between the calls.
type stage struct {
	*emulator.Emulator
	executor.Cluster // nil: the calls that no story makes
	story
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
	for _, db := range s.databases() {
		for alias, to := range s.Bindings(db) {
			all[db+"/"+alias] = to
		}
	}
	return all
}

func (s *stage) collectionsNow() []string {
	var all []string
	for _, db := range s.databases() {
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

func (s *stage) CollectionID(_ context.Context, db, collection string) (string, bool, error) {
	s.before("reads collection %s/%s", db, collection)
	id, found := s.Collections(db)[collection]
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
func (s *stage) from(alias string) string { return s.ours[alias] }

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
	case seen != expected && (seen != "" || s.stale[alias]):
		s.differ("alias %s is written although it was seen at %q instead of %q", alias, seen, expected)
	case !s.stale[alias] && s.bindings()[alias] != seen:
		s.differ("the model is wrong: alias %s was seen at %q and is at %q", alias, seen, s.bindings()[alias])
	}
	return s.effect(alias, write)
}

func (s *stage) effect(name string, write func() error) error {
	untouched := s.unmanaged()
	for alias := range untouched {
		untouched[alias] = s.bindings()[alias]
	}
	if err := write(); err != nil {
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

// inWindow says that the other client was the last one to do something: it acted
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
	for _, db := range s.databases() {
		d := manifest.Database{Name: db, Named: true}
		l := &planner.LiveDatabase{Bindings: s.Bindings(db), Aliases: map[string]struct{}{}, Collections: map[string]planner.LiveCollection{}}
		for alias := range l.Bindings {
			l.Aliases[alias] = struct{}{}
		}
		for name, id := range s.Collections(db) {
			l.Collections[name] = planner.LiveCollection{ID: strconv.FormatInt(id, 10), Aliases: s.pointing(db, name)}
		}
		live.Databases[db] = l
		for _, alias := range slices.Sorted(maps.Keys(s.want)) {
			if in, name := place(alias); in == db {
				d.Aliases = append(d.Aliases, manifest.Alias{Name: name, Collection: s.want[alias]})
			}
		}
		for _, r := range s.retire {
			if in, name := place(r); in == db {
				d.Retire = append(d.Retire, manifest.Retiree{Collection: name})
			}
		}
		m.Databases = append(m.Databases, d)
	}
	o.Cluster, o.Now = s.store.Cluster, s.now
	return planner.Build(&m, s.store, live, o), live
}

// judge holds results and state against what happened, and lets the next run
// find its way.
func (s *stage) judge(mode planner.SwitchMode) {
	ours := map[string][]string{}
	for _, b := range s.store.Bindings {
		ours[b.Database+"/"+b.Alias] = append(ours[b.Database+"/"+b.Alias], b.Collection)
	}
	for _, p := range s.store.Pending {
		if p.Alias != "" {
			ours[p.Database+"/"+p.Alias] = append(ours[p.Database+"/"+p.Alias], p.From, p.To)
		}
	}
	reported := map[string]bool{}
	for _, r := range s.report.Results {
		if !r.Op.Writes() {
			continue
		}
		name := r.Database + "/" + cmp.Or(r.Alias, r.Collection)
		reported[name] = reported[name] || r.Outcome != executor.Applied && r.Outcome != executor.AlreadyDone
		s.result(name, r)
	}
	for _, alias := range slices.Sorted(maps.Keys(ours)) {
		if now := s.bindings()[alias]; !slices.Contains(ours[alias], now) && !reported[alias] && !s.stale[alias] && s.want[alias] != s.ours[alias] {
			s.differ("alias %s is at %q, the state knows it at %q, and nothing was reported", alias, now, ours[alias])
		}
	}
	if len(s.wrong) == 0 {
		s.next(ours, mode)
	}
}

// result holds one result against the writes that had an effect.
func (s *stage) result(name string, r executor.Result) {
	wrote := s.wrote[name] > 0
	_, overtaken := errors.AsType[*executor.OvertakenError](r.Err)
	_, undone := errors.AsType[*executor.UndoneError](r.Err)
	_, unrestored := errors.AsType[*executor.UnrestoredError](r.Err)
	switch {
	case r.Outcome == executor.Applied && !wrote:
		s.differ("%s %s is said to be applied, and no write of ours had an effect", r.Op, name)
	case r.Outcome == executor.AlreadyDone && wrote && !r.Recreate:
		s.differ("%s %s is said to have been done already, and we did it", r.Op, name)
	case r.Outcome == executor.Failed && wrote && !overtaken && !undone && !unrestored && !r.Recreate:
		s.differ("%s %s is said to have failed (%v), and our write had an effect", r.Op, name, r.Err)
	case r.Outcome == executor.NotReached && wrote && !r.Recreate:
		s.differ("%s %s is said to be not reached, and we did it", r.Op, name)
	case r.Outcome == executor.Undecided && r.Err == nil:
		s.differ("%s %s is unknown without a reason", r.Op, name)
	}
	if r.Done() && r.Op != planner.DropCollection && s.seen[name] != r.To && !r.Recreate {
		s.differ("%s %s is said to be %s, and its last read showed %q", r.Op, name, r.Outcome, s.seen[name])
	}
}

// next is the run after: nothing of the other client is overwritten unless the
// state counts its value as ours; and with leave to overwrite, everything ends
// as the manifest says, as far as the other client has left that possible.
func (s *stage) next(ours map[string][]string, mode planner.SwitchMode) {
	plan, _ := s.plan(planner.Options{Switch: mode})
	for _, step := range plan.Steps {
		alias, now := step.Database+"/"+step.Alias, ""
		if step.Alias != "" {
			now = s.bindings()[alias]
		}
		if step.Op.Writes() && now != "" && !slices.Contains(ours[alias], now) {
			s.differ("the next plan would overwrite alias %s at %q, which is not ours (%q)", alias, now, ours[alias])
		}
	}
	all := planner.Selection{All: true}
	for range 2 {
		plan, live := s.plan(planner.Options{Switch: mode, OverwriteDrift: all, TakeOver: all, RetireAgain: all})
		if len(plan.Conflicts) > 0 {
			for _, c := range plan.Conflicts {
				if c.Kind == planner.Drifted || c.Kind == planner.NotOurs || c.Kind == planner.RetireeCameBack {
					s.differ("leave to overwrite does not lift: %s", c.Reason)
				}
			}
			return // a target that the other client has dropped, or an alias on a retiree
		}
		if proof := planner.Prove(plan, live); !proof.OK {
			s.differ("the next plan fails its proof: %v", proof)
		}
		report, err := executor.Apply(context.Background(), plan, s.store, s, s, executor.Options{Parallel: 1, Clock: s, Settle: time.Second})
		if err != nil || !report.Counts.Complete() {
			s.differ("the next run does not get through: %v %+v", err, report.Results)
			return
		}
	}
	if last, _ := s.plan(planner.Options{Switch: mode}); len(last.Steps) > 0 || len(last.Conflicts) > 0 || len(s.store.Pending) > 0 {
		s.differ("one more run is not empty: %+v %+v %+v", last.Steps, last.Conflicts, s.store.Pending)
	}
	for alias, to := range s.want {
		if now := s.bindings()[alias]; now != to {
			s.differ("alias %s ends at %q, want %q", alias, now, to)
		}
	}
}
