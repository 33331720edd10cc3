package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"aliasctl/manifest"
)

// choice is a Newest with what only the planner has to know.
type choice struct {
	Newest
	pos   manifest.Position
	flag  string // how a flag names the alias
	floor string // where the walk ends: what the alias has, or had last
	// open reports that more has to be read before it can be decided.
	open bool
	// unready reports that one of those that were passed over may become ready.
	unready bool
	// held reports that the mark of a rollback keeps the alias from going forward.
	held     bool
	strays   []string // match, and have no place in the order
	pinned   bool
	conflict *Conflict
}

// choose is the comparison with a name in the place of every `newest`, and what has
// to be read before each of them can be decided. Without live none is decided.
func (c *Comparison) choose(live *Live) (*Comparison, Needs) {
	if !c.describes || c.chosen {
		return c, Needs{}
	}
	ch := chooser{Comparison: c, live: live, facts: make(map[Key]*Inspection), lists: make(map[listKey]*candidates)}
	out := *c
	out.chosen = true
	out.databases = slices.Clone(c.databases)
	for i, d := range c.databases {
		if !slices.ContainsFunc(d.aliases, managed.isNewest) {
			continue
		}
		fresh := *d
		fresh.aliases = slices.Clone(d.aliases)
		out.databases[i] = &fresh
		for j := range fresh.aliases {
			if e := &fresh.aliases[j]; e.isNewest() {
				want := *e.want
				e.want = &want
				ch.alias(&fresh, e)
			}
		}
		ch.groups(&fresh)
	}
	return &out, ch.needs()
}

// Candidates is the part of Needs that decides every `newest`.
func (c *Comparison) Candidates(live *Live) Needs {
	_, open := c.choose(live)
	return open
}

func (m managed) isNewest() bool { return m.want != nil && m.want.Newest != nil }

// undecided reports that the collection of an alias is not known.
func (m managed) undecided() bool {
	return m.newest != nil && (m.newest.open || m.newest.conflict != nil || m.want.Collection == "")
}

// chooser decides what `newest` means.
type chooser struct {
	*Comparison
	live  *Live
	facts map[Key]*Inspection
	open  Needs
	lists map[listKey]*candidates
}

type listKey struct {
	database, match string
	order           manifest.Order
}

// inspect asks for facts of a collection.
func (ch *chooser) inspect(database, collection string) *Inspection {
	k := Key{database, collection}
	if ch.facts[k] == nil {
		ch.facts[k] = &Inspection{Database: database, Collection: collection}
	}
	return ch.facts[k]
}

func (ch *chooser) needs() Needs {
	for _, i := range ch.facts {
		ch.open.Facts = append(ch.open.Facts, *i)
	}
	slices.SortFunc(ch.open.Facts, func(a, b Inspection) int {
		return Key{a.Database, a.Collection}.Compare(Key{b.Database, b.Collection})
	})
	return ch.open
}

// alias decides one.
func (ch *chooser) alias(d *database, e *managed) {
	n := e.want.Newest
	c := &choice{pos: n.Pos, Newest: Newest{Database: d.name, Alias: e.alias, Match: n.Match, Order: n.Order, PassedOver: []PassedOver{}}}
	e.newest, c.flag = c, e.alias
	if len(ch.databases) > 1 {
		c.flag = Key{d.name, e.alias}.String()
	}
	if ch.live == nil {
		if e.last != nil {
			e.want.Collection = e.last.Collection
		}
		return
	}
	in := ch.live.Databases[d.name]
	if in == nil || in.Missing {
		return
	}
	now := in.Bindings[e.alias]
	has := e.readBy(in)
	list := ch.list(d, in, n).with(has, in).without(e.alias)
	if len(list.unordered) > 0 {
		for _, name := range list.unordered {
			ch.inspect(d.name, name)
		}
		c.open = true
		c.refuse(e, now, NewestUnknown, fmt.Sprintf("the ids of %s are not known, and `order: created` goes by them", named(list.unordered)),
			"let the token describe these collections", "use `order: natural`, which goes by names")
		return
	}
	c.floor, c.strays = list.floor(e, has), list.strays
	ch.walk(d, e, in, list)
	c.Collection = e.want.Collection
	if e.want.Collection == "" {
		c.nothing(e, now, list)
	} else if e.want.Collection != has && list.older(e, in, has) {
		back := e.want.Collection
		c.refuse(e, now, NewestGoesBack, fmt.Sprintf("%q is the newest of %q that is ready, and older than %s, which the alias had", back, n.Match, orOf(cmp.Or(has, lastApplied(e)))),
			fmt.Sprintf("put `%s: %s` into the manifest to go back on purpose", e.alias, back), "build a newer one: `newest` never goes back by itself")
	}
}

// walk looks at the candidates from the newest down.
func (ch *chooser) walk(d *database, e *managed, in *LiveDatabase, list *candidates) {
	c, key := e.newest, Key{d.name, e.alias}
	pinned := ch.options.Chosen[key]
	if !slices.Contains(list.names, pinned) {
		pinned = ""
	}
	mark := ""
	if !ch.options.Forward.Has(d.name, e.alias) {
		mark = e.rolledBackFrom()
	}
	for _, name := range list.names {
		switch {
		case slices.ContainsFunc(d.desired.Retire, func(r manifest.Retiree) bool { return r.Collection == name }):
			c.pass(name, "it is under `retire`")
			if name == c.floor {
				return
			}
		case name == c.floor:
			if in.Bindings[e.alias] == "" {
				ch.judge(d, e, in, name) // whatever its checks show, it is read for them
			}
			e.want.Collection = name
			return
		case mark != "" && !list.newer(name, mark, ch.state):
			if c.held = true; name == mark {
				c.pass(name, "the alias was rolled back from it")
			}
		case pinned != "" && pinned != name:
			c.pass(name, "it is not in the plan that was reviewed")
		default:
			why, unready := ch.judge(d, e, in, name)
			if unready && pinned == "" {
				c.unready = true
				c.pass(name, why)
				continue
			}
			e.want.Collection, c.pinned = name, pinned != ""
			return
		}
	}
}

func (c *choice) pass(name, why string) {
	c.PassedOver = append(c.PassedOver, PassedOver{name, why})
}

// judge reports whether a collection falls short of what its alias asks for. What is
// not read yet is asked for; what stays unknown does not fall short.
func (ch *chooser) judge(d *database, e *managed, in *LiveDatabase, name string) (why string, unready bool) {
	blue := e.leaves(in, true)
	if blue == name {
		blue = ""
	}
	var needs Needs
	wanted := make(map[Key]*Inspection)
	at := func(database, collection string) *Inspection {
		k := Key{database, collection}
		if wanted[k] == nil {
			wanted[k] = &Inspection{Database: database, Collection: collection}
		}
		return wanted[k]
	}
	at(d.name, name)
	// What is to be loaded is checked for that after the load, which refuses then.
	ready, cutover := true, e.want.Cutover
	if ch.options.loadOf(e) != nil {
		at(d.name, name).Load, ready = true, in.loadedAlready(name)
	}
	if cutover != nil {
		needs.checks(d, cutover, blue, name, ready, at)
	}
	grants := slices.Contains(needs.Grants, d.name) && in.Grants == nil
	if grants {
		ch.open.grants(d.name)
	}
	e.newest.open = e.newest.open || grants
	for _, i := range wanted {
		if !i.answered(in) {
			e.newest.open = true
			ch.inspect(i.Database, i.Collection).and(*i)
		}
	}
	if cutover == nil || e.newest.open {
		return "", false
	}
	step := Step{Database: d.name, Alias: e.alias, From: blue, To: name}
	if in.Bindings[e.alias] == "" {
		step.RenamedFrom = e.renamedFrom()
	}
	for _, want := range cutover.Require {
		check, applies := required(d, e, in, step, want)
		if !ready && needsMemory(want.Name) {
			continue
		}
		if applies && check.Verdict == CheckFailed && !ch.options.SkipChecks[want.Name].Has(d.name, e.alias) {
			return check.short(), true
		}
	}
	return "", false
}

// answered reports that everything an inspection asks was read.
func (i Inspection) answered(in *LiveDatabase) bool {
	c, exists := in.Collections[i.Collection]
	f := c.Facts
	if f == nil {
		f = &Facts{}
	}
	return exists && (!i.Load || f.Load != nil) && (!i.Rows || f.Rows != nil) && (!i.Indexes || f.Indexes != nil) && (!i.Schema || f.Schema != nil)
}

// and adds what another inspection of the same collection asks.
func (i *Inspection) and(other Inspection) {
	i.Load, i.Rows = i.Load || other.Load, i.Rows || other.Rows
	i.Indexes, i.Schema = i.Indexes || other.Indexes, i.Schema || other.Schema
}

// short is why a check fails, in a few words.
func (c *Check) short() string {
	if c.Name == manifest.Loaded || len(c.Details) == 0 {
		return fmt.Sprintf("%s: %s", c.Name, cmp.Or(c.Green, "fails"))
	}
	return fmt.Sprintf("%s: %s", c.Name, c.Details[0])
}

// groups holds the members of a cutover together: while a newer collection of one of
// them is not ready, none goes forward, nor that one to another that is.
func (ch *chooser) groups(d *database) {
	waits := make(map[string]string) // the member that a group waits for
	members := make(map[string]int)
	for _, e := range d.aliases {
		g := e.group()
		if e.newest == nil || g == "" {
			continue
		}
		if members[g]++; e.newest.unready && waits[g] == "" {
			waits[g] = e.alias
		}
	}
	for i := range d.aliases {
		e := &d.aliases[i]
		c, member := e.newest, waits[e.group()]
		if c == nil || member == "" || members[e.group()] == 1 || c.conflict != nil || c.open || c.pinned || c.floor == "" || c.floor == e.want.Collection ||
			e.readBy(ch.live.Databases[d.name]) != c.floor {
			continue
		}
		c.pass(e.want.Collection, fmt.Sprintf("its group %q waits for a newer one of alias %q", e.group(), member))
		e.want.Collection, c.Collection = c.floor, c.floor
	}
}

func (m managed) group() string {
	if m.want == nil || m.want.Cutover == nil {
		return ""
	}
	return m.want.Cutover.Group
}

// nothing is the conflict of an alias for which there is no collection.
func (c *choice) nothing(e *managed, now string, list *candidates) {
	switch {
	case len(list.names) > 0 && c.held && len(c.PassedOver) <= 1:
		c.refuse(e, now, NewestNotReady, fmt.Sprintf("the alias was rolled back from %q, and there is nothing newer", e.rolledBackFrom()),
			"build a newer one, or name the collection in the manifest")
		c.conflict.WaysOut = append(c.conflict.WaysOut, lift(liftForward, c.flag, "to go there again"))
	case len(list.names) > 0:
		const most = 3
		var why []string
		for i, p := range c.PassedOver {
			if i == most {
				why = append(why, fmt.Sprintf("%d more", len(c.PassedOver)-most))
				break
			}
			why = append(why, fmt.Sprintf("%q (%s)", p.Collection, p.Why))
		}
		c.refuse(e, now, NewestNotReady, fmt.Sprintf("no collection that %q matches is ready: %s", c.Match, strings.Join(why, ", ")),
			"when one is ready, the same command again takes it", "name another collection in the manifest")
	default:
		reason := fmt.Sprintf("no collection matches %q", c.Match)
		if len(list.strays) > 0 {
			reason = fmt.Sprintf("%q matches only %s, and what * stands for there is not a version (digits and _)", c.Match, named(list.strays))
		}
		c.refuse(e, now, NewestMissing, reason,
			"build a collection first, or correct the pattern", "let the token see it: a collection that the token may not see is not found")
		if len(list.strays) > 0 {
			c.conflict.WaysOut = append(ByHand("write `order: created` to go by when they were made"), c.conflict.WaysOut...)
		}
	}
}

func (c *choice) refuse(e *managed, now string, kind ConflictKind, reason string, ways ...string) {
	c.conflict = &Conflict{
		Kind: kind, Database: c.Database, Alias: c.Alias, Want: c.Match, Last: lastApplied(e), Live: now,
		Reason: fmt.Sprintf("`newest` at %s: %s", c.pos, reason), WaysOut: ByHand(ways...),
	}
}
