// Package proof replays a plan on a model of the cluster before anyone runs it. It
// knows the plan and the truth table, and nothing of how the plan was made.
package proof

import (
	"fmt"
	"slices"

	"aliasctl/internal/quantity"
	"aliasctl/planner"
	"aliasctl/planner/truth"
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

// Of replays a plan step by step on a model of the cluster and reports what
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
func Of(p planner.Plan, live *planner.Live) Proof {
	m := newModel(p, live)
	m.proof.Prefixes = len(p.Steps) + 1
	for i, s := range p.Steps {
		m.step = i + 1
		m.order(s)
		switch s.Op {
		case planner.CreateAlias, planner.AlterAlias, planner.RecreateAlias, planner.Displace, planner.DropAlias, planner.VerifyAlias:
			m.rebind(s)
		case planner.LoadCollection:
			m.load(s)
		case planner.GrantPrivilege: // moves no alias
		case planner.DropCollection, planner.ReleaseCollection:
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
	plan  planner.Plan

	tracks    map[planner.Key]*track
	pointing  map[planner.Key]int // aliases per collection, of those that matter
	ids       map[planner.Key]string
	gone      map[planner.Key]planner.Op // collections, by what took them from their readers
	loads     map[planner.Key]bool       // aliases whose target has to be loaded first
	loaded    map[planner.Key]bool       // collections
	named     map[planner.Key]string     // the ids of collections that displacements are about
	lastPhase int
}

// track is one alias with steps.
type track struct {
	managed bool
	bound   string // where it is now, "" for absent
	final   string // where it ends by the plan
	steps   int    // so far
}

func newModel(p planner.Plan, live *planner.Live) *model {
	m := &model{
		plan: p, proof: Proof{Gaps: []string{}},
		tracks: make(map[planner.Key]*track, len(p.Steps)), pointing: make(map[planner.Key]int),
		ids: make(map[planner.Key]string), gone: make(map[planner.Key]planner.Op),
		loads: make(map[planner.Key]bool), loaded: make(map[planner.Key]bool), named: make(map[planner.Key]string),
	}
	for _, s := range p.Steps {
		switch s.Op {
		case planner.DropCollection, planner.ReleaseCollection:
			m.pointing[s.Key()] = 0
		case planner.CreateAlias, planner.AlterAlias, planner.RecreateAlias, planner.Displace, planner.DropAlias, planner.VerifyAlias:
			if k := s.Key(); m.tracks[k] == nil {
				m.tracks[k] = &track{}
			}
		}
	}
	for _, a := range p.Asks {
		if a.Cutover != nil && a.Cutover.Load != nil {
			m.loads[planner.Key{Database: a.Database, Name: a.Alias}] = true
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
func (m *model) bindings(p planner.Plan) {
	before, after := p.Before, p.After
	for len(before)+len(after) > 0 {
		k, was, is := planner.Key{}, "", ""
		switch c := compareHeads(before, after); {
		case c <= 0:
			k, was = planner.Key{Database: before[0].Database, Name: before[0].Alias}, before[0].Collection
			before = before[1:]
			if c == 0 {
				is, after = after[0].Collection, after[1:]
			}
		default:
			k, is, after = planner.Key{Database: after[0].Database, Name: after[0].Alias}, after[0].Collection, after[1:]
		}
		if n, counts := m.pointing[planner.Key{Database: k.Database, Name: was}]; counts {
			m.pointing[planner.Key{Database: k.Database, Name: was}] = n + 1
		}
		switch t := m.tracks[k]; {
		case t != nil:
			t.managed, t.bound, t.final = true, was, is
		case was != is:
			m.problem("alias %s is at %q and the plan says %q", k, was, is)
		}
	}
}

func compareHeads(a, b []planner.Bound) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	default:
		return planner.Key{Database: a[0].Database, Name: a[0].Alias}.Compare(planner.Key{Database: b[0].Database, Name: b[0].Alias})
	}
}

// observe takes in what was read: the values that steps expect, the ids, and
// the aliases at collections to drop that are not ours.
func (m *model) observe(p planner.Plan, live *planner.Live) {
	for k, t := range m.tracks {
		if d := live.Databases[k.Database]; d != nil {
			t.bound = d.Bindings[k.Name]
		}
	}
	for _, s := range p.Steps {
		if d := live.Databases[s.Database]; d != nil && s.Op == planner.Displace {
			for _, name := range []string{s.Alias, s.RenameTo} {
				if c, exists := d.Collections[name]; exists {
					m.named[planner.Key{Database: s.Database, Name: name}] = c.ID
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
			if !m.listed(p.Before, planner.Key{Database: k.Database, Name: alias}) {
				m.pointing[k]++
			}
		}
	}
}

// listed reports whether an alias is in a sorted list of bindings.
func (m *model) listed(bindings []planner.Bound, k planner.Key) bool {
	_, found := slices.BinarySearchFunc(bindings, k, func(b planner.Bound, k planner.Key) int {
		return planner.Key{Database: b.Database, Name: b.Alias}.Compare(k)
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
func (m *model) order(s planner.Step) {
	phase := s.Phase()
	if phase < m.lastPhase {
		m.problem("%s of %s stands after a later phase", s.Op, s.Key())
	}
	m.lastPhase = max(m.lastPhase, phase)
}

// rebind plays one alias step and looks at the place behind it.
func (m *model) rebind(s planner.Step) {
	k := s.Key()
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
	if s.Op == planner.Displace && s.To == s.RenameTo { // it is loaded by the name that it has before
		m.loaded[planner.Key{Database: s.Database, Name: s.To}] = m.loaded[k]
	}
	if target := (planner.Key{Database: s.Database, Name: s.To}); s.To != "" && s.Op != planner.VerifyAlias && m.loads[k] && !m.loaded[target] {
		m.problem("alias %s would be bound to %s, which is not loaded", k, target)
	}
	m.replan(k, t, s, s.From)
	if s.Op == planner.Displace { // by the name of the alias its collection was read until now
		m.proof.Gaps = append(m.proof.Gaps, k.String())
		m.proof.Prefixes++
		m.renamed(s)
	}
	if s.Op == planner.RecreateAlias {
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
func (m *model) replan(k planner.Key, t *track, s planner.Step, now string) {
	want := t.final
	var announced truth.Ours
	announced.Add(s.From)
	announced.Add(s.To)
	if s.Op == planner.RecreateAlias {
		announced.Add("")
	}
	end := now
	switch truth.Decide(want, announced, now) {
	case truth.Create, truth.Alter:
		end = want
	case truth.Drop:
		end = ""
	case truth.Drifted, truth.Foreign, truth.Unmanaged:
		m.problem("planning again would not know alias %s at %q as ours", k, now)
		return
	}
	if end != want {
		m.problem("planning again would leave alias %s at %q, not at %q", k, end, want)
	}
}

func (m *model) set(k planner.Key, t *track, to string) {
	if n, counts := m.pointing[planner.Key{Database: k.Database, Name: t.bound}]; counts {
		m.pointing[planner.Key{Database: k.Database, Name: t.bound}] = n - 1
	}
	t.bound = to
	if to == "" {
		return
	}
	target := planner.Key{Database: k.Database, Name: to}
	if how := m.gone[target]; how != "" {
		m.problem("alias %s would point at %s, which is %s", k, target, how.Past())
	}
	if n, counts := m.pointing[target]; counts {
		m.pointing[target] = n + 1
	}
}

// renamed plays the first half of a displacement: it takes nothing from anyone but
// the readers of the name.
func (m *model) renamed(s planner.Step) {
	k := s.Key()
	if id, known := m.named[k]; known && id != s.ID {
		m.problem("collection %s has id %q and the step expects %q", k, id, s.ID)
	}
	if _, taken := m.named[planner.Key{Database: s.Database, Name: s.RenameTo}]; taken {
		m.problem("collection %s would be renamed to %q, which exists already", k, s.RenameTo)
	}
	if s.Back != "" && s.Back != s.RenameTo || s.Back == "" && s.To != s.RenameTo {
		m.problem("alias %s would go back to %q, and the collection is %q then", k, s.Back, s.RenameTo)
	}
}

func (m *model) load(s planner.Step) {
	k := s.Key()
	if m.loaded[k] {
		m.problem("collection %s would be loaded twice", k)
	}
	m.loaded[k] = true
}

func (m *model) retire(s planner.Step) {
	k := s.Key()
	if n := m.pointing[k]; n > 0 {
		m.problem("collection %s would be %s while %s at it", k, s.Op.Past(), quantity.Phrase(n, "alias points", "aliases point"))
	}
	if id, known := m.ids[k]; known && id != s.ID {
		m.problem("collection %s has id %q and the step expects %q", k, id, s.ID)
	}
	if m.gone[k] != "" {
		m.problem("collection %s would be %s twice", k, s.Op.Past())
	}
	m.gone[k] = s.Op
}

// end checks that the replay arrived where the plan ends.
func (m *model) end() {
	var astray []planner.Key
	for k, t := range m.tracks {
		if t.bound != t.final {
			astray = append(astray, k)
		}
	}
	slices.SortFunc(astray, planner.Key.Compare)
	for _, k := range astray {
		m.problem("alias %s is at %q and the plan says %q", k, m.tracks[k].bound, m.tracks[k].final)
	}
}
