package planner

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"aliasctl/manifest"
)

// The newest that is ready
//
// A manifest may describe the collection of an alias instead of naming it: the newest
// one that a pattern matches and that meets the checks of the alias. What that is
// depends on the cluster, so it is decided after the first read, and everything that
// follows (checks, plan, digest, state) sees the name alone.
//
// Candidates are looked at from the newest down. The walk ends at the collection that
// the alias has: it serves, whatever its checks would show now. So a `newest` goes
// forward and never back. What is unknown is not passed over either: it is chosen, and
// its unknown check refuses the plan.

// Newest is what the `newest` of one alias came to.
type Newest struct {
	Database string         `json:"database"`
	Alias    string         `json:"alias"`
	Match    string         `json:"newest"` // the pattern
	Order    manifest.Order `json:"order"`
	// Collection is the one that was chosen, "" for none.
	Collection string `json:"collection"`
	// PassedOver are the newer ones, the newest first.
	PassedOver []PassedOver `json:"passed_over"`
}

// PassedOver is a collection that was not chosen although it is newer.
type PassedOver struct {
	Collection string `json:"collection"`
	Why        string `json:"why"`
}

// Chosen are the collections that each `newest` came to, by alias: Options.Chosen of a
// plan that is made again.
func (p Plan) Chosen() map[Key]string {
	chosen := make(map[Key]string, len(p.Newest))
	for _, n := range p.Newest {
		if n.Collection != "" {
			chosen[Key{n.Database, n.Alias}] = n.Collection
		}
	}
	return chosen
}

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
	list := ch.list(d, in, n).with(now, in)
	if len(list.unordered) > 0 {
		for _, name := range list.unordered {
			ch.inspect(d.name, name)
		}
		c.open = true
		c.refuse(e, now, NewestUnknown, fmt.Sprintf("the ids of %s are not known, and `order: created` goes by them", named(list.unordered)),
			"let the token describe these collections", "use `order: natural`, which goes by names")
		return
	}
	c.floor, c.strays = list.floor(e, now), list.strays
	ch.walk(d, e, in, list)
	c.Collection = e.want.Collection
	if e.want.Collection == "" {
		c.nothing(e, now, list)
	} else if e.want.Collection != now && list.older(e, in, now) {
		back := e.want.Collection
		c.refuse(e, now, NewestGoesBack, fmt.Sprintf("%q is the newest of %q that is ready, and older than %s, which the alias had", back, n.Match, orOf(cmp.Or(now, lastApplied(e)))),
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
	if e.last != nil && !ch.options.Forward.Has(d.name, e.alias) {
		mark = e.last.RolledBackFrom
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
	blue := in.Bindings[e.alias]
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
// them is not ready, none goes forward.
func (ch *chooser) groups(d *database) {
	waits := make(map[string]string) // the member that a group waits for
	for _, e := range d.aliases {
		if g := e.group(); e.newest != nil && e.newest.unready && g != "" && waits[g] == "" {
			waits[g] = e.alias
		}
	}
	for i := range d.aliases {
		e := &d.aliases[i]
		c, member := e.newest, waits[e.group()]
		if c == nil || member == "" || member == e.alias || c.conflict != nil || c.open || c.pinned || c.floor == "" || c.floor == e.want.Collection ||
			ch.live.Databases[d.name].Bindings[e.alias] != c.floor {
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
		c.refuse(e, now, NewestNotReady, fmt.Sprintf("the alias was rolled back from %q, and there is nothing newer", e.last.RolledBackFrom),
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
		c.refuse(e, now, NewestNotReady, fmt.Sprintf("none of what %q matches is ready: %s", c.Match, strings.Join(why, ", ")),
			"when one is ready, the same command again takes it", "name another collection in the manifest")
	default:
		reason := fmt.Sprintf("no collection matches %q", c.Match)
		if len(list.strays) > 0 {
			reason = fmt.Sprintf("%q matches %s alone: what * stands for there is no version, which has digits and _ alone", c.Match, named(list.strays))
		}
		c.refuse(e, now, NewestMissing, reason,
			"build a collection first, or correct the pattern", "let the token see it: what it may not see is not found")
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

// candidates are the collections that one pattern matches.
type candidates struct {
	newest *manifest.Newest
	// names are the ones that can be chosen, the newest first; strays match, and have
	// no place in the order; unordered may have one that is not known.
	names, strays, unordered []string
	ids                      map[string]string // of names, in the order of creation
	version                  *regexp.Regexp    // of the natural order
}

// list finds the candidates of a pattern, once for all aliases that have it.
func (ch *chooser) list(d *database, in *LiveDatabase, n *manifest.Newest) *candidates {
	k := listKey{d.name, n.Match, n.Order}
	if ch.lists[k] != nil {
		return ch.lists[k]
	}
	list := &candidates{newest: n, version: versionOf(n.Match), ids: make(map[string]string)}
	ch.lists[k] = list
	for _, name := range matching(in.Names, n.Match, "") {
		if _, isAlias := in.Aliases[name]; !isAlias {
			list.add(name, in)
		}
	}
	list.sort()
	return list
}

func (l *candidates) add(name string, in *LiveDatabase) {
	if ok, err := path.Match(l.newest.Match, name); err != nil || !ok {
		return
	}
	id := in.Collections[name].ID
	_, known := compareIDs(id, id)
	switch {
	case l.newest.Order == manifest.Created && known:
		l.names, l.ids[name] = append(l.names, name), id
	case l.newest.Order == manifest.Created:
		l.unordered = append(l.unordered, name)
	case l.isVersion(name):
		l.names = append(l.names, name)
	default:
		l.strays = append(l.strays, name)
	}
}

// with adds what an alias has: it exists, also where the list of the server does not
// show it.
func (l *candidates) with(bound string, in *LiveDatabase) *candidates {
	if bound == "" || slices.Contains(l.names, bound) || slices.Contains(l.unordered, bound) {
		return l
	}
	more := *l
	more.names, more.unordered, more.strays = slices.Clone(l.names), slices.Clone(l.unordered), slices.Clone(l.strays)
	more.add(bound, in)
	more.sort()
	return &more
}

func (l *candidates) sort() {
	slices.SortStableFunc(l.names, func(a, b string) int {
		if l.newest.Order == manifest.Created {
			order, _ := compareIDs(l.ids[b], l.ids[a])
			return order
		}
		return compareNatural(b, a)
	})
}

// versionOf is what a name has to be like to have a version: what * stands for is
// digits and _ alone. A products_v43_backup beside products_v43 is no newer version.
func versionOf(pattern string) *regexp.Regexp {
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, "([0-9_]*)") + "$")
}

func (l *candidates) isVersion(name string) bool {
	found := l.version.FindStringSubmatch(name)
	return found != nil && strings.ContainsAny(strings.Join(found[1:], ""), "0123456789")
}

// floor is what an alias has, or when it is unbound had last, of the candidates.
func (l *candidates) floor(e *managed, now string) string {
	has := []string{now}
	if now == "" {
		has = e.ours.all()
	}
	for _, name := range l.names {
		if slices.Contains(has, name) {
			return name
		}
	}
	return ""
}

// newer reports whether a candidate is known to be newer than what an alias was
// rolled back from. What is no candidate at all holds nothing back.
func (l *candidates) newer(name, mark string, s State) bool {
	if l.newest.Order == manifest.Natural {
		return !l.isVersion(mark) || compareNatural(name, mark) > 0
	}
	id := l.ids[mark]
	for _, entry := range slices.Backward(s.History) {
		for _, c := range entry.Changes {
			if id == "" && c.From == mark {
				id = c.FromID
			}
			if id == "" && c.To == mark {
				id = c.ToID
			}
		}
	}
	order, known := compareIDs(l.ids[name], id)
	return known && order > 0
}

// older reports that what was chosen is known to be older than what the alias has, or
// when it is unbound than everything that it had.
func (l *candidates) older(e *managed, in *LiveDatabase, now string) bool {
	has := []string{now}
	if now == "" {
		has = e.ours.all()
	}
	for _, other := range has {
		if l.newest.Order == manifest.Natural && l.isVersion(other) {
			if compareNatural(e.want.Collection, other) >= 0 {
				return false
			}
			continue
		}
		id := in.Collections[other].ID
		if e.last != nil && e.last.Collection == other {
			id = cmp.Or(id, e.last.CollectionID)
		}
		if order, known := compareIDs(in.Collections[e.want.Collection].ID, id); !known || order >= 0 {
			return false
		}
	}
	return len(has) > 0
}

// newest lists what every `newest` came to, and notes what a reader has to know.
func (b *builder) newest() {
	for _, d := range b.databases {
		for i := range d.aliases {
			e := &d.aliases[i]
			if e.newest == nil {
				continue
			}
			c, name := e.newest, b.flagName(d, e.alias)
			b.plan.Newest = append(b.plan.Newest, c.Newest)
			switch {
			case b.live == nil && e.want.Collection == "":
				b.note("alias %q: without the cluster it is not known which collection is the newest of %q; it is left out", name, c.Match)
				continue
			case b.live == nil:
				b.note("alias %q: without the cluster it is not known which collection is the newest of %q; taken for %q, which the state has", name, c.Match, e.want.Collection)
				continue
			case c.conflict == nil && c.Collection != "" && b.live.Databases[d.name].Bindings[e.alias] != c.Collection:
				also := ""
				if len(c.strays) > 0 {
					also = fmt.Sprintf("; %s have no version in their names", named(c.strays))
					if len(c.strays) == 1 {
						also = fmt.Sprintf("; %s has no version in its name", named(c.strays))
					}
				}
				b.note("alias %q: the newest of %q that is ready is %q%s", name, c.Match, c.Collection, also)
			}
			for _, p := range c.PassedOver {
				if c.conflict == nil {
					b.note("alias %q: the newer %q is passed over: %s", name, p.Collection, p.Why)
				}
			}
			if c.held {
				b.plan.Remarks = append(b.plan.Remarks, WayOut{Kind: liftForward, Target: name, After: " lets it go forward",
					Before: fmt.Sprintf("alias %q stays until there is something newer than %q, which it was rolled back from: ", name, e.last.RolledBackFrom)})
			}
		}
	}
}

// named lists the first few names.
func named(names []string) string {
	const most = 3
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", words(names[:most]), len(names)-most)
	}
	return words(names)
}

// orOf quotes names that " or " joins.
func orOf(names string) string { return `"` + strings.ReplaceAll(names, " or ", `" or "`) + `"` }
