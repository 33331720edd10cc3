package executor

import (
	"slices"
	"time"

	"aliasctl/planner"
)

// Settle is the state after what really happened: results are those of the
// plan's steps, ids the collection ids of new targets ("" where unknown), now
// the time of the apply. state is the one from before the run, without the
// run's own announcements.
//
// An announcement says: such a request may be on its way. It goes only when
// its alias or collection was settled, that is, when this run has seen it
// where the manifest wants it, or where this run put it.
//
//   - A step that is done, or was done and then overtaken, writes its new
//     value and clears the announcements of its alias, also older ones.
//   - An unknown step changes no binding, and its announcement joins the
//     older ones.
//   - A failed step and one that was not reached sent nothing that can still
//     take effect. They change nothing: older announcements stay.
//
// The serial grows by one when the content changed; otherwise the result
// equals state.
func Settle(state planner.State, plan planner.Plan, results []Result, ids map[planner.Key]string, now time.Time) planner.State {
	if len(results) == 0 && plan.Housekeeping.Empty() && state.Cluster == plan.Cluster {
		return state
	}
	s := settlement{
		now: now, ids: ids,
		bindings: newTable(state.Bindings, bindingKey),
		retired:  newTable(state.Retired, retiredKey),
		idle:     newTable(state.Idle, idleKey),
		settled:  make(map[subject]bool),
		unknown:  make(map[subject]bool),
	}
	s.housekeeping(plan.Housekeeping)
	for _, r := range results {
		s.result(r)
	}

	after := state
	after.Cluster = plan.Cluster
	after.Bindings = s.bindings.rows()
	after.Retired = s.retired.rows()
	after.Idle = s.idle.rows()
	after.Pending = s.pending(state.Pending, results)
	if sameContent(after, state) {
		return state
	}
	after.Version = planner.StateVersion
	after.Serial++
	after.UpdatedAt = now
	return after
}

// settlement is a state in the making.
type settlement struct {
	now      time.Time
	ids      map[planner.Key]string
	bindings *table[planner.Binding]
	retired  *table[planner.Retired]
	idle     *table[planner.Idle]
	settled  map[subject]bool // no older announcement about it stays
	unknown  map[subject]bool // every announcement about it stays
}

// housekeeping is what the planner decided from what it read.
func (s *settlement) housekeeping(h planner.Housekeeping) {
	for _, b := range h.Settles {
		s.bind(b.Database, b.Alias, b.Collection, b.Protect)
	}
	for _, r := range h.Fences {
		s.fence(r)
	}
	for _, key := range h.Unfences {
		s.retired.remove(key)
		s.settled[subject{key, true}] = true
	}
	for _, i := range h.Idles {
		s.idle.set(idleKey(i), i)
	}
	for _, key := range h.Unidles {
		s.idle.remove(key)
	}
}

func (s *settlement) result(r Result) {
	key := about(r.Op, r.Database, r.Alias, r.Collection)
	if r.Outcome == Undecided {
		s.unknown[key] = true
	}
	_, overtaken := r.Err.(*OvertakenError) // not one of a restored binding, deeper in the chain
	switch {
	case r.Op == planner.DropCollection:
		// That the id is gone is as good a fence when somebody else dropped it:
		// what has the name now is not what the manifest asked to retire.
		if r.Done() || is[*RecreatedError](r.Err) {
			s.fence(planner.Retired{Database: r.Database, Collection: r.Collection, CollectionID: r.From, DroppedAt: s.now})
		}
	case r.Op.Writes() && !r.Done() && !overtaken:
	case r.To == "":
		s.bindings.remove(key.Key)
		s.settled[key] = true
	default:
		s.bind(r.Database, r.Alias, r.To, r.Protect)
	}
}

func (s *settlement) bind(database, alias, collection string, protect bool) {
	key := planner.Key{Database: database, Name: alias}
	b, known := s.bindings.get(key)
	if !known || b.Collection != collection {
		b = planner.Binding{
			Database: database, Alias: alias, Collection: collection, Since: s.now,
			CollectionID: s.ids[planner.Key{Database: database, Name: collection}],
		}
	}
	b.Protect = protect
	s.bindings.set(key, b)
	s.settled[subject{key, false}] = true
}

func (s *settlement) fence(r planner.Retired) {
	key := retiredKey(r)
	s.retired.set(key, r)
	s.idle.remove(key) // what is gone waits for nothing
	s.settled[subject{key, true}] = true
}

// pending keeps what is not settled, and adds what this run leaves unknown.
func (s *settlement) pending(before []planner.Announcement, results []Result) []planner.Announcement {
	kept := newAnnouncements(len(before))
	for _, a := range before {
		if key := about(a.Op, a.Database, a.Alias, a.Collection); !s.settled[key] || s.unknown[key] {
			kept.add(a)
		}
	}
	for _, r := range results {
		if r.Op.Writes() && s.unknown[about(r.Op, r.Database, r.Alias, r.Collection)] {
			kept.add(announcement(r.Step))
		}
	}
	return kept.list
}

// newTargets lists the collections that a binding of after has and that of
// before did not, each once. Both are sorted.
func newTargets(before, after []planner.Binding) []planner.Key {
	seen := make(map[planner.Key]bool)
	var targets []planner.Key
	for _, b := range after {
		for len(before) > 0 && compareKeys(bindingKey(before[0]), bindingKey(b)) < 0 {
			before = before[1:]
		}
		if len(before) > 0 && bindingKey(before[0]) == bindingKey(b) && before[0].Collection == b.Collection {
			continue
		}
		if target := (planner.Key{Database: b.Database, Name: b.Collection}); !seen[target] {
			seen[target] = true
			targets = append(targets, target)
		}
	}
	return targets
}

// sameContent compares what an apply may change. The serial and the time of
// the whole state do not count: they follow.
func sameContent(a, b planner.State) bool {
	return a.Cluster == b.Cluster && slices.Equal(a.Bindings, b.Bindings) &&
		slices.Equal(a.Retired, b.Retired) && slices.Equal(a.Idle, b.Idle) && slices.Equal(a.Pending, b.Pending)
}
