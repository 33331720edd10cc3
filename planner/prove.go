package planner

import (
	"fmt"
	"slices"

	"aliasctl/internal/quantity"
)

// Proof is the result of replaying a plan step by step on a model of the
// cluster: what holds at every place where a run can be cut.
type Proof struct {
	OK       bool `json:"ok"`
	Prefixes int  `json:"prefixes"` // places looked at: one more than there are steps, and one for each gap
	// Gaps names (DATABASE/ALIAS) the aliases that exist before and after and
	// resolve to nothing in between; only a switch by drop and create makes one.
	Gaps []string `json:"gaps"`
	// Problems reports what does not hold, and after which step.
	Problems []string `json:"problems,omitempty"`
}

// Prove replays a plan step by step on a model of the cluster and reports what
// holds at every prefix, which is every place where a run can be cut:
//
//   - an alias that exists before and after is never unbound (a switch by drop
//     and create is the exception, and is named in Gaps);
//   - no alias ever points at a dropped collection, or at one that was released;
//   - what has to be in memory is loaded before an alias is bound to it;
//   - nothing unmanaged is touched;
//   - planning again from the prefix, with the announcements that the state
//     then holds, reaches the same end.
//
// Linear, and still about every prefix and every interleaving. Steps of
// different aliases share nothing: the verdict on an alias reads its own three
// values only, and a collection drop comes after every alias step (checked).
// So a prefix of the plan is, for each alias, a prefix of its own writes, and to
// look at each of those once is to look at all of them.
func Prove(p Plan, live *Live) Proof {
	m := newModel(p, live)
	m.proof.Prefixes = len(p.Steps) + 1
	for i, s := range p.Steps {
		m.step = i + 1
		m.order(s)
		switch s.Op {
		case CreateAlias, AlterAlias, RecreateAlias, Displace, DropAlias, VerifyAlias:
			m.rebind(s)
		case LoadCollection:
			m.load(s)
		case GrantPrivilege: // moves no alias
		case DropCollection, ReleaseCollection:
			m.retire(s)
		}
	}
	m.step = 0
	m.end()
	m.proof.OK = len(m.proof.Problems) == 0
	return m.proof
}

// model is the cluster as far as the plan can reach it. Only aliases that have
// a step can move, so only they are tracked one by one; what stays is counted.
type model struct {
	proof Proof
	step  int // that is being looked at, from 1; 0 for the end
	plan  Plan

	tracks    map[Key]*track
	pointing  map[Key]int // aliases per collection, of those that matter
	ids       map[Key]string
	gone      map[Key]Op     // collections, by what took them from their readers
	loads     map[Key]bool   // aliases whose target has to be loaded first
	loaded    map[Key]bool   // collections
	named     map[Key]string // the ids of collections that displacements are about
	lastPhase int
}

// track is one alias with steps.
type track struct {
	managed bool
	bound   string // where it is now, "" for absent
	final   string // where it ends by the plan
	steps   int    // so far
}

func newModel(p Plan, live *Live) *model {
	m := &model{
		plan: p, proof: Proof{Gaps: []string{}},
		tracks: make(map[Key]*track, len(p.Steps)), pointing: make(map[Key]int),
		ids: make(map[Key]string), gone: make(map[Key]Op),
		loads: make(map[Key]bool), loaded: make(map[Key]bool), named: make(map[Key]string),
	}
	for _, s := range p.Steps {
		switch s.Op {
		case DropCollection, ReleaseCollection:
			m.pointing[s.key()] = 0
		case CreateAlias, AlterAlias, RecreateAlias, Displace, DropAlias, VerifyAlias:
			if k := s.key(); m.tracks[k] == nil {
				m.tracks[k] = &track{}
			}
		}
	}
	for _, a := range p.Asks {
		if a.Cutover != nil && a.Cutover.Load != nil {
			m.loads[Key{a.Database, a.Alias}] = true
		}
	}
	m.bindings(p)
	if live != nil {
		m.observe(p, live)
	}
	return m
}

// bindings takes in the plan's before and after. Both lists are
// sorted; an alias without a step must be the same in both.
func (m *model) bindings(p Plan) {
	before, after := p.Before, p.After
	for len(before)+len(after) > 0 {
		k, was, is := Key{}, "", ""
		switch c := compareHeads(before, after); {
		case c <= 0:
			k, was = Key{before[0].Database, before[0].Alias}, before[0].Collection
			before = before[1:]
			if c == 0 {
				is, after = after[0].Collection, after[1:]
			}
		default:
			k, is, after = Key{after[0].Database, after[0].Alias}, after[0].Collection, after[1:]
		}
		if n, counts := m.pointing[Key{k.Database, was}]; counts {
			m.pointing[Key{k.Database, was}] = n + 1
		}
		switch t := m.tracks[k]; {
		case t != nil:
			t.managed, t.bound, t.final = true, was, is
		case was != is:
			m.problem("alias %s is at %q and the plan says %q", k, was, is)
		}
	}
}

func compareHeads(a, b []Binding) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	default:
		return Key{a[0].Database, a[0].Alias}.Compare(Key{b[0].Database, b[0].Alias})
	}
}

// observe takes in what was read: the values that steps expect, the ids, and
// the aliases at collections to drop that are not ours.
func (m *model) observe(p Plan, live *Live) {
	for k, t := range m.tracks {
		if d := live.Databases[k.Database]; d != nil {
			t.bound = d.Bindings[k.Name]
		}
	}
	for _, s := range p.Steps {
		if d := live.Databases[s.Database]; d != nil && s.Op == Displace {
			for _, name := range []string{s.Alias, s.RenameTo} {
				if c, exists := d.Collections[name]; exists {
					m.named[Key{s.Database, name}] = c.ID
				}
			}
		}
	}
	for k := range m.pointing {
		d := live.Databases[k.Database]
		if d == nil {
			continue
		}
		c := d.Collections[k.Name]
		m.ids[k] = c.ID
		for _, alias := range c.Aliases {
			if !m.listed(p.Before, Key{k.Database, alias}) {
				m.pointing[k]++
			}
		}
	}
}

// listed reports whether an alias is in a sorted list of bindings.
func (m *model) listed(bindings []Binding, k Key) bool {
	_, found := slices.BinarySearchFunc(bindings, k, func(b Binding, k Key) int {
		return Key{b.Database, b.Alias}.Compare(k)
	})
	return found
}

func (m *model) problem(format string, args ...any) {
	place := "at the end: "
	if m.step > 0 {
		place = fmt.Sprintf("after step %d: ", m.step)
	}
	m.proof.Problems = append(m.proof.Problems, place+fmt.Sprintf(format, args...))
}

// order checks that the phases stand in the order of safety.
func (m *model) order(s Step) {
	phase := s.phase()
	if phase < m.lastPhase {
		m.problem("%s of %s stands after a later phase", s.Op, s.key())
	}
	m.lastPhase = max(m.lastPhase, phase)
}

// rebind plays one alias step and looks at the place behind it.
func (m *model) rebind(s Step) {
	k := s.key()
	t := m.tracks[k]
	if !t.managed {
		m.problem("alias %s is not managed and would be touched", k)
	}
	if t.bound != s.From {
		m.problem("%s of %s expects %q and would find %q", s.Op, k, s.From, t.bound)
	}
	if t.steps++; t.steps > 1 {
		m.problem("alias %s has two steps that are not one switch", k)
	}
	if s.Op == Displace && s.To == s.RenameTo { // it is loaded by the name that it has before
		m.loaded[Key{s.Database, s.To}] = m.loaded[k]
	}
	if target := (Key{s.Database, s.To}); s.To != "" && s.Op != VerifyAlias && m.loads[k] && !m.loaded[target] {
		m.problem("alias %s would be bound to %s, which is not loaded", k, target)
	}
	m.replan(k, t, s, s.From)
	if s.Op == Displace { // by the name of the alias its collection was read until now
		m.proof.Gaps = append(m.proof.Gaps, k.String())
		m.proof.Prefixes++
		m.renamed(s)
	}
	if s.Op == RecreateAlias {
		m.set(k, t, "")
		m.proof.Gaps = append(m.proof.Gaps, k.String())
		m.proof.Prefixes++
		m.replan(k, t, s, "")
	}
	m.set(k, t, s.To)
	if s.To == "" && t.final != "" {
		m.problem("alias %s exists before and after and would be unbound", k)
	}
	m.replan(k, t, s, s.To)
}

// replan checks that a run which starts where this one was cut, with the
// step's announcement in the state, steers the alias to the same end.
func (m *model) replan(k Key, t *track, s Step, now string) {
	want := t.final
	var announced ours
	announced.add(s.From)
	announced.add(s.To)
	if s.Op == RecreateAlias {
		announced.add("")
	}
	end := now
	switch decide(want, announced, now) {
	case create, alter:
		end = want
	case drop:
		end = ""
	case drifted, foreign, unmanaged:
		m.problem("planning again would not know alias %s at %q as ours", k, now)
		return
	}
	if end != want {
		m.problem("planning again would leave alias %s at %q, not at %q", k, end, want)
	}
}

func (m *model) set(k Key, t *track, to string) {
	if n, counts := m.pointing[Key{k.Database, t.bound}]; counts {
		m.pointing[Key{k.Database, t.bound}] = n - 1
	}
	t.bound = to
	if to == "" {
		return
	}
	target := Key{k.Database, to}
	if how := m.gone[target]; how != "" {
		m.problem("alias %s would point at %s, which is %s", k, target, how.past())
	}
	if n, counts := m.pointing[target]; counts {
		m.pointing[target] = n + 1
	}
}

// renamed plays the first half of a displacement: it takes nothing from anyone but
// the readers of the name.
func (m *model) renamed(s Step) {
	k := s.key()
	if id, known := m.named[k]; known && id != s.ID {
		m.problem("collection %s has id %q and the step expects %q", k, id, s.ID)
	}
	if _, taken := m.named[Key{s.Database, s.RenameTo}]; taken {
		m.problem("collection %s would be renamed to %q, which there is", k, s.RenameTo)
	}
	if s.Back != "" && s.Back != s.RenameTo || s.Back == "" && s.To != s.RenameTo {
		m.problem("alias %s would go back to %q, and the collection is %q then", k, s.Back, s.RenameTo)
	}
}

func (m *model) load(s Step) {
	k := s.key()
	if m.loaded[k] {
		m.problem("collection %s would be loaded twice", k)
	}
	m.loaded[k] = true
}

func (m *model) retire(s Step) {
	k := s.key()
	if n := m.pointing[k]; n > 0 {
		m.problem("collection %s would be %s while %s at it", k, s.Op.past(), quantity.Phrase(n, "alias points", "aliases point"))
	}
	if id, known := m.ids[k]; known && id != s.ID {
		m.problem("collection %s has id %q and the step expects %q", k, id, s.ID)
	}
	if m.gone[k] != "" {
		m.problem("collection %s would be %s twice", k, s.Op.past())
	}
	m.gone[k] = s.Op
}

// past is what becomes of a collection by an operation that retires it.
func (o Op) past() string {
	if o == ReleaseCollection {
		return "released"
	}
	return "dropped"
}

// end checks that the replay arrived where the plan ends.
func (m *model) end() {
	var astray []Key
	for k, t := range m.tracks {
		if t.bound != t.final {
			astray = append(astray, k)
		}
	}
	slices.SortFunc(astray, Key.Compare)
	for _, k := range astray {
		m.problem("alias %s is at %q and the plan says %q", k, m.tracks[k].bound, m.tracks[k].final)
	}
}

// key names the alias or the collection of a step.
func (s Step) key() Key {
	if s.Op.OnCollection() {
		return Key{s.Database, s.Collection}
	}
	return Key{s.Database, s.Alias}
}

// phase is the place of a step in the order of safety.
func (s Step) phase() int {
	switch {
	case s.Op == LoadCollection:
		return 0
	case s.Op == GrantPrivilege:
		return 1
	case s.Op == CreateAlias, s.Op == AlterAlias, s.Op == RecreateAlias, s.Op == Displace, s.Op == VerifyAlias:
		return 2
	case s.Op == DropAlias:
		return 3
	case s.Op.Retires():
		return 4
	default:
		return 5
	}
}
