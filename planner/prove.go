package planner

import "fmt"

// Prove replays a plan step by step on a model of the cluster and reports what
// holds at every prefix, which is every place where a run can be cut:
//
//   - an alias that exists before and after is never unbound (a switch by drop
//     and create is the exception, and is named in Gaps);
//   - no alias ever points at a dropped collection;
//   - nothing unmanaged is touched;
//   - planning again from the prefix, with the announcements that the state
//     then holds, reaches the same end.
//
// Linear, and still about every prefix and every interleaving. Steps of
// different aliases share nothing: the verdict on an alias reads its own three
// values only, and a collection drop comes after every alias step (checked).
// So a prefix of the plan is, for each alias, a prefix of its own one or two
// steps, and to look at each of those once is to look at all of them.
func Prove(p Plan, live *Live) Proof {
	m := newModel(p, live)
	for i, s := range p.Steps {
		m.place = fmt.Sprintf("after step %d", i+1)
		m.order(s)
		switch s.Op {
		case CreateAlias, AlterAlias, DropAlias:
			m.rebind(i, s)
		case DropCollection:
			m.dropCollection(s)
		}
	}
	m.place = "at the end"
	m.end(p)
	m.proof.Prefixes = len(p.Steps) + 1
	m.proof.OK = len(m.proof.Problems) == 0
	return m.proof
}

// model is the cluster as far as the plan can reach it.
type model struct {
	proof Proof
	place string
	plan  Plan

	bound     map[Key]string // every alias that may be touched or pointed at a retiree
	managed   map[Key]bool
	final     map[Key]string // where the plan leaves each managed alias
	pointing  map[Key]int    // aliases per collection
	ids       map[Key]string
	dropped   map[Key]bool
	seen      map[Key]int // steps so far, per alias
	lastPhase int
}

func newModel(p Plan, live *Live) *model {
	m := &model{
		plan:  p,
		proof: Proof{Gaps: []string{}},
		bound: make(map[Key]string, len(p.Before)), managed: make(map[Key]bool, len(p.Before)),
		final: make(map[Key]string, len(p.After)), pointing: make(map[Key]int), ids: make(map[Key]string),
		dropped: make(map[Key]bool), seen: make(map[Key]int, len(p.Steps)),
	}
	for _, b := range p.Before {
		k := Key{b.Database, b.Alias}
		m.managed[k] = true
		m.bound[k] = b.Collection
	}
	for _, b := range p.After {
		k := Key{b.Database, b.Alias}
		m.managed[k] = true
		m.final[k] = b.Collection
	}
	if live != nil {
		for name, d := range live.Databases {
			for alias, collection := range d.Bindings {
				m.bound[Key{name, alias}] = collection
			}
			for collection, c := range d.Collections {
				m.ids[Key{name, collection}] = c.ID
				for _, alias := range c.Aliases {
					if k := (Key{name, alias}); m.bound[k] == "" {
						m.bound[k] = collection
					}
				}
			}
		}
	}
	for k, collection := range m.bound {
		m.pointing[Key{k.Database, collection}]++
	}
	return m
}

func (m *model) problem(format string, args ...any) {
	m.proof.Problems = append(m.proof.Problems, m.place+": "+fmt.Sprintf(format, args...))
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
func (m *model) rebind(i int, s Step) {
	k := s.key()
	if !m.managed[k] {
		m.problem("alias %s is not managed and would be touched", k)
	}
	if now := m.bound[k]; now != s.From {
		m.problem("%s of %s expects %q and would find %q", s.Op, k, s.From, now)
	}
	halves := m.seen[k]
	if m.seen[k]++; halves > 0 && !m.secondHalf(i) {
		m.problem("alias %s has two steps that are not one switch", k)
	}
	m.replan(k, s, s.From)
	m.set(k, s.To)
	if s.To == "" && m.final[k] != "" {
		if s.Recreate {
			m.proof.Gaps = append(m.proof.Gaps, k.String())
		} else {
			m.problem("alias %s exists before and after and would be unbound", k)
		}
	}
	m.replan(k, s, s.To)
}

// secondHalf says whether step i is the create of a switch by drop and create
// whose drop stands directly before it.
func (m *model) secondHalf(i int) bool {
	if i == 0 {
		return false
	}
	first, second := m.plan.Steps[i-1], m.plan.Steps[i]
	return first.Recreate && second.Recreate && first.Op == DropAlias && second.Op == CreateAlias && first.key() == second.key()
}

// replan checks that a run which starts where this one was cut, with the
// step's announcement in the state, steers the alias to the same end.
func (m *model) replan(k Key, s Step, now string) {
	want := m.final[k]
	var announced ours
	announced.add(s.From)
	announced.add(s.To)
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

func (m *model) set(k Key, to string) {
	if from := m.bound[k]; from != "" {
		m.pointing[Key{k.Database, from}]--
	}
	delete(m.bound, k)
	if to == "" {
		return
	}
	target := Key{k.Database, to}
	if m.dropped[target] {
		m.problem("alias %s would point at %s, which is dropped", k, target)
	}
	m.bound[k] = to
	m.pointing[target]++
}

func (m *model) dropCollection(s Step) {
	k := Key{s.Database, s.Collection}
	if n := m.pointing[k]; n > 0 {
		m.problem("collection %s would be dropped while %d aliases point at it", k, n)
	}
	if id, known := m.ids[k]; known && id != s.From {
		m.problem("collection %s has id %q and the step expects %q", k, id, s.From)
	}
	if m.dropped[k] {
		m.problem("collection %s would be dropped twice", k)
	}
	m.dropped[k] = true
}

// end checks that the replay arrived where the plan says it does.
func (m *model) end(p Plan) {
	for _, bindings := range [][]Binding{p.Before, p.After} {
		for _, b := range bindings {
			if k := (Key{b.Database, b.Alias}); m.bound[k] != m.final[k] {
				m.problem("alias %s is at %q and the plan says %q", k, m.bound[k], m.final[k])
			}
		}
	}
}

// key names the alias or the collection of a step.
func (s Step) key() Key {
	if s.Op == DropCollection {
		return Key{s.Database, s.Collection}
	}
	return Key{s.Database, s.Alias}
}

// phase is the place of a step in the order of safety. The drop half of a
// switch belongs to the first phase, beside its create.
func (s Step) phase() int {
	switch {
	case s.Op == CreateAlias, s.Op == AlterAlias, s.Recreate:
		return 1
	case s.Op == DropAlias:
		return 2
	case s.Op == DropCollection:
		return 3
	default:
		return 4
	}
}
