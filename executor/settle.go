package executor

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"time"

	"aliasctl/planner"
)

// Occasion is what a settlement cannot know from a plan and its results.
type Occasion struct {
	Now    time.Time // of the apply
	Author Author
	// HistoryLimit is how many entries of history stay; 0 means
	// DefaultHistoryLimit.
	HistoryLimit int
	// Witnessed reports that there were proxies to confirm a switch.
	Witnessed bool
}

// settlement is a state in the making: the one after what really happened.
// results are those of the plan's steps, before is the state from before the
// run, without the run's own announcements.
//
// An announcement means: such a request may be on its way. It goes only when
// its alias or collection was settled, that is, when this run has seen it
// where the manifest wants it, or where this run put it.
//
//   - A step that is done, or was done and then overtaken, writes its new
//     value and clears the announcements of its alias, also older ones. Only
//     those stay that are young and could still bind the alias to something
//     else: should such a request arrive late, the next plan must know it for
//     ours and not call it another client's drift. They are cleared by the first run
//     that finds them old, and until then nothing else is written.
//   - An unknown step changes no binding, and its announcement joins the
//     older ones.
//   - One that was switched back leaves its binding as it was, settled.
//   - A failed step and one that was not reached sent nothing that can still
//     take effect. They change nothing: older announcements stay.
//
// The serial grows by one and the history by one entry when the content
// changed; otherwise the result equals before.
type settlement struct {
	Occasion
	before   planner.State
	plan     planner.Plan
	results  []Result
	bindings *table[planner.Binding]
	retired  *table[planner.Retired]
	idle     *table[planner.Idle]
	settled  map[subject]settled
	unknown  map[subject]bool // every announcement about it stays
	fresh    []planner.Key    // aliases whose binding has no id yet
}

func newSettlement(state planner.State, plan planner.Plan, results []Result, on Occasion) *settlement {
	s := &settlement{
		Occasion: on,
		before:   state,
		plan:     plan,
		results:  results,
		bindings: newTable(state.Bindings, bindingKey),
		retired:  newTable(state.Retired, retiredKey),
		idle:     newTable(state.Idle, idleKey),
		settled:  make(map[subject]settled),
		unknown:  make(map[subject]bool),
	}
	s.housekeeping(plan.Housekeeping)
	for _, r := range results {
		s.result(r)
	}
	if plan.Housekeeping.Reidentify {
		for _, b := range state.Bindings {
			s.fresh = append(s.fresh, bindingKey(b))
		}
	}
	return s
}

// targets lists the collections that aliases were newly bound to, sorted.
func (s *settlement) targets() []planner.Key {
	targets := make(map[planner.Key]struct{})
	for _, alias := range s.fresh {
		if b, bound := s.bindings.get(alias); bound {
			targets[planner.Key{Database: b.Database, Name: b.Collection}] = struct{}{}
		}
	}
	return slices.SortedFunc(maps.Keys(targets), planner.Key.Compare)
}

// identify records the ids of targets, as far as they are known.
func (s *settlement) identify(ids map[planner.Key]string) {
	for _, alias := range s.fresh {
		if b, bound := s.bindings.get(alias); bound {
			b.CollectionID = ids[planner.Key{Database: b.Database, Name: b.Collection}]
			s.bindings.set(alias, b)
		}
	}
}

// state is what is stored.
func (s *settlement) state() planner.State {
	if len(s.results) == 0 && s.plan.Housekeeping.Empty() && s.before.Cluster == s.plan.Cluster {
		return s.before
	}
	after := s.before
	after.Cluster = s.plan.Cluster
	after.Bindings = s.bindings.rows()
	after.Retired = s.retired.rows()
	after.Idle = s.idle.rows()
	after.Pending = s.pending()
	if files := s.plan.Housekeeping.Manifests; len(files) > 0 && s.applied() {
		after.Manifests = files
	}
	after.Unverified = s.unverified()
	if sameContent(after, s.before) {
		return s.before
	}
	after.Version = planner.StateVersion
	after.Serial++
	after.UpdatedAt = s.Now
	var before []string
	if !slices.Equal(after.Manifests, s.before.Manifests) {
		before = s.before.Manifests
	}
	after.History = remembered(s.before.History, planner.Entry{
		ManifestsBefore: before,
		Serial:          after.Serial, At: s.Now, User: s.Author.User, Host: s.Author.Host, Commit: s.Author.Commit,
		Retired: dropped(s.results), Rollback: s.plan.Rollback, Changes: completed(changesOf(s.bindings.sorted, after.Bindings), s.results),
	}, s.HistoryLimit, len(after.Bindings))
	return after
}

// applied reports that the plan was applied, if only in part: one of which nothing
// came about does not make its manifests those of the state.
func (s *settlement) applied() bool {
	wrote := func(r Result) bool { return r.Op.Writes() && r.Op != planner.LoadCollection }
	came := func(r Result) bool { return wrote(r) && (r.Done() || r.Outcome == Undecided) }
	return !slices.ContainsFunc(s.results, wrote) || slices.ContainsFunc(s.results, came)
}

// settled is where an alias was seen or put; of a collection, only that it is
// settled counts.
type settled struct {
	at   string // collection, "" for absent
	from string // where it was before it became absent
	free bool   // released: whatever happens to it is not ours any more
}

// housekeeping is what the planner decided from what it read.
func (s *settlement) housekeeping(h planner.Housekeeping) {
	for _, b := range h.Confirmed {
		s.bind(b)
	}
	for _, key := range h.Abandoned {
		s.settled[subject{key, false}] = settled{}
	}
	for _, r := range h.Retired {
		s.fence(r)
	}
	for _, key := range h.Unretired {
		s.retired.remove(key)
		s.settled[subject{key, true}] = settled{}
	}
	for _, i := range h.WaitStarted {
		s.idle.set(idleKey(i), i)
	}
	for _, key := range h.WaitEnded {
		s.idle.remove(key)
	}
}

func (s *settlement) result(r Result) {
	key := about(r.Op, r.Database, r.Alias, r.Collection)
	if r.Outcome == Undecided {
		s.unknown[key] = true
	}
	switch {
	case !announced(r.Step) && r.Op.Writes():
	case r.Op == planner.DropCollection:
		// That the id is gone is as good a fence when another client dropped it:
		// what has the name now is not what the manifest asked to retire.
		switch gone := r.Done() || is[*RecreatedError](r.Err); {
		case gone && r.Surplus: // a fence is for names under `retire`
			s.idle.remove(key.Key)
			s.settled[key] = settled{}
		case gone:
			s.fence(planner.Retired{Database: r.Database, Collection: r.Collection, CollectionID: r.ID, DroppedAt: s.Now})
		}
	case r.Outcome == SwitchedBack && r.Op == planner.VerifyAlias && r.Back == "":
		s.bindings.remove(key.Key)
		s.settled[key] = settled{from: r.To}
	case r.Outcome == SwitchedBack && r.Back != "":
		s.bind(planner.Binding{Database: r.Database, Alias: r.Alias, Collection: r.Back, Protect: r.Protect, Group: r.Cutover.Group, RenamedFrom: r.RenamedFrom, Displaced: r.RenameTo})
	case r.Outcome == SwitchedBack && r.Op == planner.CreateAlias:
		s.settled[key] = settled{from: r.To}
	case r.Outcome == SwitchedBack:
		s.settled[key] = settled{at: r.From}
	case r.Unbound:
		s.bindings.remove(key.Key)
		s.settled[key] = settled{from: r.From}
	case !happened(r):
	case r.Released:
		s.bindings.remove(key.Key)
		s.settled[key] = settled{free: true}
	case r.To == "":
		s.bindings.remove(key.Key)
		s.settled[key] = settled{}
		if r.Op == planner.DropAlias { // it was there: its create is over
			s.settled[key] = settled{from: r.From}
		}
	default:
		b := planner.Binding{Database: r.Database, Alias: r.Alias, Collection: r.To, Protect: r.Protect, RenamedFrom: r.RenamedFrom, Displaced: r.RenameTo}
		if r.Cutover != nil {
			b.Group = r.Cutover.Group
		}
		if b.RolledBackFrom = r.RolledBackFrom; r.RolledBack {
			b.RolledBackFrom = cmp.Or(b.RolledBackFrom, r.From)
		}
		if r.Anew() { // by name it is bound as before
			was, _ := s.bindings.get(key.Key)
			b.Group, b.CollectionID, b.Since, b.RenamedAt = was.Group, r.ToID, s.Now, s.renamedAt(b, was)
			b.Displaced = was.Displaced
			s.bindings.set(key.Key, b)
			s.settled[subject{key.Key, false}] = settled{at: b.Collection}
			return
		}
		s.bind(b)
	}
}

// happened reports that the cluster took the change of a step, whatever somebody
// did to it afterwards. A restored binding that was overtaken is deeper in the
// chain and does not count.
func happened(r Result) bool {
	switch e := r.Err.(type) {
	case *OvertakenError:
		return true
	case *SwitchBackError:
		_, moved := e.Err.(*MovedError)
		return r.Done() || r.Outcome == Failed && moved
	default:
		return r.Done()
	}
}

// bind records a binding. That it has been so before keeps its id and time,
// and only a rollback leaves a mark.
func (s *settlement) bind(b planner.Binding) {
	key := bindingKey(b)
	was, known := s.bindings.get(key)
	b.RenamedAt = s.renamedAt(b, was)
	b.Displaced = cmp.Or(b.Displaced, was.Displaced, s.displaced(key))
	if known && was.Collection == b.Collection {
		b.CollectionID, b.Since = was.CollectionID, was.Since
	} else {
		b.Since = s.Now
		s.fresh = append(s.fresh, key)
	}
	s.bindings.set(key, b)
	s.settled[subject{key, false}] = settled{at: b.Collection}
}

// displaced is the new name of the collection whose name an alias took in a run that was
// cut.
func (s *settlement) displaced(key planner.Key) string {
	for _, a := range s.before.Pending {
		if a.RenameTo != "" && (planner.Key{Database: a.Database, Name: a.Alias}) == key {
			return a.RenameTo
		}
	}
	return ""
}

// renamedAt is since when a binding has a new name.
func (s *settlement) renamedAt(b, was planner.Binding) time.Time {
	switch b.RenamedFrom {
	case "":
		return time.Time{}
	case was.RenamedFrom:
		return was.RenamedAt
	}
	return s.Now
}

func (s *settlement) fence(r planner.Retired) {
	key := retiredKey(r)
	s.retired.set(key, r)
	s.idle.remove(key) // what is gone waits for nothing
	s.settled[subject{key, true}] = settled{}
}

// pending keeps what is not settled, and adds what this run leaves unknown.
func (s *settlement) pending() []planner.Announcement {
	kept := newAnnouncements(len(s.before.Pending))
	for _, a := range s.before.Pending {
		key := about(a.Op, a.Database, a.Alias, a.Collection)
		where, known := s.settled[key]
		if !known || s.unknown[key] || s.late(a, where) {
			kept.add(a)
		}
	}
	for _, r := range s.results {
		if announced(r.Step) && s.unknown[about(r.Op, r.Database, r.Alias, r.Collection)] {
			kept.announce(r.Step, s.plan.Rollback, s.Now) // its last request may be as young as that
		}
	}
	return kept.list
}

// late reports that the request of an announcement may still arrive and bind its
// alias to something else than where it was settled. On an alias that is gone
// only a create does that; one that was seen to have happened is over.
func (s *settlement) late(a planner.Announcement, where settled) bool {
	switch {
	case where.free || a.Op == planner.DropCollection || a.To == "" || a.To == where.at || !young(a, s.Now, planner.LateWindow):
		return false
	case where.at == "":
		return a.Op == planner.CreateAlias && a.To != where.from
	default:
		return true
	}
}

// sameContent compares what an apply may change. The serial and the time of
// the whole state do not count: they follow.
func sameContent(a, b planner.State) bool {
	return a.Cluster == b.Cluster && slices.Equal(a.Manifests, b.Manifests) && slices.Equal(a.Bindings, b.Bindings) &&
		slices.Equal(a.Retired, b.Retired) && slices.Equal(a.Idle, b.Idle) && slices.Equal(a.Pending, b.Pending) &&
		slices.EqualFunc(a.Unverified, b.Unverified, func(a, b planner.Unverified) bool { return reflect.DeepEqual(a, b) })
}
