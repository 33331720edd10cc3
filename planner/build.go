package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// Plan is what leads from what the cluster has to what the manifest wants,
// given what the state remembers. A nil live means that the cluster was not
// read: Plan then assumes that it equals the state, and that every collection
// exists.
//
// It is total: whatever it cannot decide is a Conflict in the plan.
func (c *Comparison) Plan(live *Live) Plan {
	c, _ = c.choose(live)
	b := builder{state: c.state, live: live, options: c.options, databases: c.databases, binds: []Step{}}
	b.plan = Plan{
		Version: PlanVersion, Cluster: c.options.Cluster, Serial: c.state.Serial, Live: LiveRead, Rollback: c.options.RollingBack,
		Choices:   c.options.Choices,
		Conflicts: []Conflict{}, Notes: []string{}, Checks: []Check{},
	}
	b.plan.originOf(c.state, c.options.Manifests, !c.options.Only.Empty())
	b.splitGroups(c.manifest, c.state)
	b.plan.Housekeeping.Reidentify = c.options.Reidentify && live != nil && len(c.state.Bindings) > 0
	if live == nil {
		b.plan.Live = LiveAssumed
	}
	for _, d := range b.databases {
		b.database(d)
	}
	b.newest()
	b.lookLikeRenames()
	if len(b.settled) > 0 {
		b.note("%s had announced %s: already where %s wants them", b.announcer(), listed(b.settled), b.wanter())
	}
	b.unansweredNotes()
	if len(b.uncopied) > 0 {
		b.note("the cluster was not read: which grants are copied for %s is not known", listed(b.uncopied))
	}
	if len(b.faded) > 0 {
		b.note("%s had announced %s: never created", b.announcer(), listed(b.faded))
	}
	b.plan.Steps = b.binds
	if first := append(b.loads, b.grants...); len(first) > 0 {
		b.plan.Steps = append(first, b.binds...)
	}
	for _, phase := range [][]Step{b.unbinds, b.drops, b.records} {
		b.plan.Steps = append(b.plan.Steps, phase...)
	}
	b.plan.Asks = append(b.plan.Asks, b.recordAsks...)
	b.plan.Summary.Conflicts = len(b.plan.Conflicts)
	return b.plan
}

// builder collects the steps of each phase. The order of the phases is the
// order of safety: what readers are sent to is in memory first, whoever stops
// half-way leaves too many aliases, never too few, and a collection goes only when
// every alias has left it.
type builder struct {
	state     State
	live      *Live
	options   Options
	databases []*database
	plan      Plan

	loads   []Step // load-collection
	grants  []Step // grant-privilege
	binds   []Step // create-alias, alter-alias, recreate-alias, verify-alias
	unbinds []Step // drop-alias
	drops   []Step // drop-collection, release-collection
	records []Step // adopt, forget

	loading map[string]*loading // by collection, of the database at hand

	recordAsks []Ask // of the adopts of what was made anew

	settled []string // aliases that an unfinished run brought where they should be
	faded   []string // aliases that an unfinished run announced and never created

	granted  map[Step]bool // the grants, without whose they copy
	uncopied []string      // aliases whose grants are copied, where nothing is known of them

	unanswered []Check // implied checks that the server did not answer
}

func (b *builder) database(d *database) {
	if !b.options.Only.Empty() && len(d.aliases) == 0 {
		b.leaveOut(d)
		return // nothing of it is asked for
	}
	live := b.liveDatabase(d)
	if live.Missing && d.desired != nil {
		b.conflict(Conflict{
			Kind: DatabaseMissing, Database: d.name,
			Reason: fmt.Sprintf("the cluster has no database %q", d.name),
			WaysOut: ByHand("create the database first, or correct `database` in the manifest",
				"if it was dropped on purpose, remove its document: its aliases are then forgotten"),
		})
		b.keep(d, live)
		return
	}
	b.loading = d.loading(live, b.options, b.live != nil)
	b.plan.Before = slices.Grow(b.plan.Before, len(d.aliases))
	b.plan.After = slices.Grow(b.plan.After, len(d.aliases))
	count := ManagedCount{Database: d.name}
	for _, other := range d.leftOut {
		if _, exists := live.Aliases[other.Alias]; exists || b.live == nil {
			count.LeftOut++
		}
	}
	moving := b.moving(d, live)
	b.binds, b.plan.Asks = slices.Grow(b.binds, moving), slices.Grow(b.plan.Asks, moving)
	for i := range d.aliases {
		b.alias(d, &d.aliases[i], live, &count)
	}
	b.releases(d, live)
	if count.InState > 0 {
		b.plan.Managed = append(b.plan.Managed, count)
	}
	b.retire(d, live)
}

// moving is how many aliases are not bound to what the manifest wants: each is a
// large step.
func (b *builder) moving(d *database, live *LiveDatabase) (n int) {
	for i := range d.aliases {
		if e := &d.aliases[i]; e.want != nil && b.bound(e, live) != e.want.Collection {
			n++
		}
	}
	return n
}

// releases notes the releases of names that no alias has: a misspelt one would
// leave the alias that was meant to be dropped.
func (b *builder) releases(d *database, live *LiveDatabase) {
	if d.desired == nil || b.live == nil {
		return
	}
	for _, r := range d.desired.Releases {
		_, managed := d.find(r.Alias)
		if _, exists := live.Aliases[r.Alias]; !managed && !exists {
			b.note("release of alias %q: neither the state nor the cluster has it", b.flagName(d, r.Alias))
		}
	}
}

// liveDatabase is the database as it was read, or as the state has it when
// the cluster was not read.
func (b *builder) liveDatabase(d *database) *LiveDatabase {
	if b.live == nil {
		return assumed(d)
	}
	if live := b.live.Databases[d.name]; live != nil {
		return live
	}
	return &LiveDatabase{} // not in the scope: it holds nothing of ours
}

// assumed is a database that is exactly as the state has it: retired
// collections gone, every other collection there. Its bindings are those of
// the state (see bound): a copy of them would be the largest thing of a plan.
func assumed(d *database) *LiveDatabase {
	live := &LiveDatabase{Collections: make(map[string]LiveCollection)}
	for _, e := range d.aliases {
		if e.wanted() != "" {
			if _, known := live.Collections[e.want.Collection]; !known {
				live.Collections[e.want.Collection] = LiveCollection{}
			}
		}
	}
	if d.desired == nil || len(d.desired.Retire) == 0 {
		return live
	}
	for _, r := range d.desired.Retire {
		if _, gone := d.retired[r.Collection]; !gone {
			live.Collections[r.Collection] = LiveCollection{}
		}
	}
	for _, e := range d.aliases {
		if e.last == nil {
			continue
		}
		if c, retiree := live.Collections[e.last.Collection]; retiree {
			c.Aliases = append(c.Aliases, e.alias)
			live.Collections[e.last.Collection] = c
		}
	}
	return live
}

// bound is L of the truth table: where an alias is, "" for absent.
func (b *builder) bound(e *managed, live *LiveDatabase) string {
	switch {
	case b.live != nil:
		return live.Bindings[e.alias]
	case e.last != nil:
		return e.last.Collection
	default:
		return ""
	}
}

// isAlias reports whether a name is that of an existing alias.
func (b *builder) isAlias(d *database, live *LiveDatabase, name string) bool {
	if b.live != nil {
		_, found := live.Aliases[name]
		return found
	}
	i, found := d.find(name)
	return found && d.aliases[i].last != nil
}

// keep lists the bindings of a database that the plan leaves alone.
func (b *builder) keep(d *database, live *LiveDatabase) {
	for i := range d.aliases {
		e := &d.aliases[i]
		if now := b.bound(e, live); now != "" && !e.released {
			b.before(d, e, now)
			b.after(d, e, now)
		}
	}
}

func (b *builder) before(d *database, e *managed, collection string) {
	b.plan.Before = append(b.plan.Before, Bound{Database: d.name, Alias: e.alias, Collection: collection, Protect: e.protected()})
}

func (b *builder) after(d *database, e *managed, collection string) {
	protect := e.protected()
	if e.want != nil {
		protect = e.want.Protect
	}
	b.plan.After = append(b.plan.After, Bound{Database: d.name, Alias: e.alias, Collection: collection, Protect: protect})
}

func (b *builder) conflict(c Conflict) { b.plan.Conflicts = append(b.plan.Conflicts, c) }

func (b *builder) note(format string, args ...any) {
	b.plan.Notes = append(b.plan.Notes, fmt.Sprintf(format, args...))
}

// announcer is the run that the announcements in the state are of.
func (b *builder) announcer() string {
	if b.options.Held {
		return "the run that holds the state"
	}
	return "an unfinished run"
}

// wanter is what the plan is made for.
func (b *builder) wanter() string {
	if b.options.RollingBack {
		return "the rollback"
	}
	return "the manifest"
}

// flagName is how a flag names an alias or collection: bare where that is
// clear, DATABASE/NAME where the run spans several databases.
func (b *builder) flagName(d *database, name string) string { return b.qualified(d.name, name) }

func (b *builder) qualified(database, name string) string {
	if len(b.databases) > 1 {
		return database + "/" + name
	}
	return name
}

// What a collection id shows
//
// Milvus hands out collection ids in ascending order, so the greater id is the
// collection that was made later. They hold no time: every id that one run of a
// coordinator hands out carries the millisecond in which the server started, and
// ids of collections that were made a month apart may differ in their last digits
// only (seen on 2.4, 2.5, 2.6 and 3.0). They also exceed 2^53, so they are
// compared as whole numbers, never as floats.

// compareIDs orders two collections by when they were made: it is negative when
// a is the older one. known is false when either is no id that Milvus gives.
func compareIDs(a, b string) (order int, known bool) {
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	return cmp.Compare(x, y), errX == nil && errY == nil
}

// NewerID reports whether a collection was made after another one of the same
// cluster, by their ids; known is false when either is no id that Milvus gives.
func NewerID(id, than string) (newer, known bool) {
	order, known := compareIDs(id, than)
	return known && order > 0, known
}

// Order is the place of a collection among those of its database whose ids are
// known: the ones that a plan drops, and the ones that it leaves bound.
type Order struct {
	Place int `json:"place"` // 1 is the newest
	Of    int `json:"of"`
}

// order gives each collection that is dropped its place among those whose ids
// are known.
func (b *builder) order(d *database, live *LiveDatabase, drops []Step) {
	if len(drops) == 0 || b.live == nil {
		return
	}
	known := make(map[string]uint64)
	learn := func(name, id string) {
		if n, err := strconv.ParseUint(id, 10, 64); err == nil {
			known[name] = n
		}
	}
	for name, id := range b.boundIDs(d, live) {
		learn(name, id)
	}
	for _, s := range drops {
		learn(s.Collection, s.ID)
	}
	if len(known) < 2 {
		return
	}
	ids := make([]uint64, 0, len(known))
	for _, id := range known {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for i := range drops {
		if id, ok := known[drops[i].Collection]; ok {
			at, _ := slices.BinarySearch(ids, id)
			drops[i].Order = &Order{Place: len(ids) - at, Of: len(ids)}
		}
	}
}

// boundIDs holds the collections that the plan leaves bound in a database, with
// their ids: as they were read, else as the state recorded them, else "".
func (b *builder) boundIDs(d *database, live *LiveDatabase) map[string]string {
	bound := make(map[string]string)
	for i := len(b.plan.After) - 1; i >= 0 && b.plan.After[i].Database == d.name; i-- {
		name := b.plan.After[i].Collection
		bound[name] = live.Collections[name].ID
	}
	for i := range d.aliases {
		if last := d.aliases[i].last; last != nil {
			if id, isBound := bound[last.Collection]; isBound && id == "" {
				bound[last.Collection] = last.CollectionID
			}
		}
	}
	return bound
}
