package testkit

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// script is what tests have planned for the requests to come. A request that
// nothing is planned for does not touch its lock.
type script struct {
	active atomic.Bool
	mu     sync.Mutex
	faults []*planned[Fault]
	hooks  []*planned[Hook]
	late   []landing
	outage *outage // nil while the server is well
	log    requestLog
}

// planned is a fault or a hook with how often it was matched.
type planned[T any] struct {
	match Match
	when  When
	what  T
	seen  int
}

// landing is a write that was answered with 408 and has not happened yet.
type landing struct {
	at     int64   // the request before which it happens, 0 for no such
	during *outage // at the end of which it happens, nil for no such
	effect func()
}

// AddFault plans a fault. Of several that meet one request on the same side,
// the first one that was added strikes.
func (f *Faults) AddFault(fault Fault) {
	s := &f.script
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &planned[Fault]{match: fault.Match, when: fault.When, what: fault})
	s.active.Store(true)
}

// AddHook plans a hook. All hooks that meet a request are called, in the order
// in which they were added, before a fault strikes.
func (f *Faults) AddHook(h Hook) {
	s := &f.script
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, &planned[Hook]{match: h.Match, when: h.When, what: h})
	s.active.Store(true)
}

// ClearFaults forgets all faults and hooks, and ends a frozen or restarting
// server. Writes that are still to land land: they were sent.
func (f *Faults) ClearFaults() {
	s := &f.script
	s.mu.Lock()
	s.faults, s.hooks = nil, nil
	s.mu.Unlock()
	s.recover(nil)
}

// Land lets every write happen now that was answered with 408, or whose client
// left a frozen server, and is still to come. It returns how many there were.
// A frozen server goes on.
func (f *Faults) Land() int {
	n := f.script.recover(nil)
	return n + f.script.land(func(landing) bool { return true })
}

func (s *script) land(due func(landing) bool) int {
	s.mu.Lock()
	var now []landing
	s.late = slices.DeleteFunc(s.late, func(l landing) bool {
		if due(l) {
			now = append(now, l)
			return true
		}
		return false
	})
	s.mu.Unlock()
	for _, l := range now {
		l.effect()
	}
	return len(now)
}

// later keeps the effect of a Late fault until it is due.
func (s *script) later(f Fault, effect func()) {
	if f.Delay > 0 {
		time.AfterFunc(f.Delay, effect)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = append(s.late, landing{at: f.LandAt, effect: effect})
}

// meeting is what a request meets.
type meeting struct {
	hooks  map[When][]func(Request)
	faults map[When]*Fault
}

// meet counts a request and finds what is planned for it.
func (s *script) meet(r Request) meeting {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := meeting{hooks: map[When][]func(Request){}, faults: map[When]*Fault{}}
	for _, p := range s.hooks {
		if p.hit(r) {
			m.hooks[p.side()] = append(m.hooks[p.side()], p.what.Do)
		}
	}
	for _, p := range s.faults {
		if p.hit(r) && m.faults[p.side()] == nil {
			m.faults[p.side()] = &p.what
		}
	}
	return m
}

func (p *planned[T]) side() When {
	if p.when == After {
		return After
	}
	return Before
}

func (p *planned[T]) hit(r Request) bool {
	m := p.match
	for _, pair := range [][2]string{
		{m.Route, r.Route}, {m.Database, r.Database}, {m.Alias, r.Alias}, {m.Collection, r.Collection},
	} {
		if pair[0] != "" && pair[0] != pair[1] {
			return false
		}
	}
	if m.Writes && !r.Writes || m.Request != 0 && m.Request != r.N {
		return false
	}
	p.seen++
	return m.Nth == 0 || p.seen == m.Nth || p.seen > m.Nth && (m.Times < 0 || p.seen < m.Nth+m.Times)
}
