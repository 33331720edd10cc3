package executor

import (
	"cmp"
	"time"

	"aliasctl/planner"
)

// Announce is the state with every step of the plan that writes to the cluster
// added to what unfinished runs announced before. Nothing is replaced: their
// requests may still be on the way. One that is announced again counts as
// announced now.
//
// The verifications that follow are remembered until they are made; witnessed
// is set when there are proxies to confirm a switch.
func Announce(state planner.State, plan planner.Plan, witnessed bool, now time.Time) planner.State {
	after := state
	after.Version = planner.StateVersion
	if after.Cluster == (planner.Cluster{}) {
		after.Cluster = plan.Cluster // a first state: say at once whose it is
	}
	if len(after.Manifests) == 0 {
		after.Manifests = plan.Housekeeping.Manifests // likewise
	}
	after.Unverified = withPromises(state.Unverified, planner.Promises(plan.Steps, witnessed, now))
	list := newAnnouncements(len(state.Pending) + len(plan.Steps))
	for _, a := range state.Pending {
		list.add(a)
	}
	for _, s := range plan.Steps {
		if s.Op == planner.VerifyAlias && !s.Cutover.SwitchBack {
			continue // it sends nothing
		}
		if announced(s) {
			list.announce(s, plan.Rollback, now)
		}
	}
	after.Pending = list.list
	return after
}

// announced reports that a step is written down before it is carried out. A load, a
// grant and a release change nothing that a state knows of.
func announced(s planner.Step) bool {
	return s.Op.Writes() && !s.Op.Prepares() && s.Op != planner.ReleaseCollection
}

// announce adds every write of a step. A state has the id of a collection to
// drop as `from`.
func (l *announcements) announce(s planner.Step, rollback bool, now time.Time) {
	writes := s.Halves()
	switch {
	case s.Op == planner.VerifyAlias: // all that it may send is the way back
		writes = s.Undo().Halves()
	case s.Back != "": // elsewhere the way back is between the same two
		writes = append(writes, s.Undo().Halves()...)
	}
	for _, w := range writes {
		a := planner.Announcement{Op: w.Op, Database: w.Database, Alias: w.Alias, Collection: w.Collection, From: cmp.Or(w.ID, w.From), To: w.To, At: now, Rollback: rollback}
		if w.Op == planner.Displace { // a state knows the alias that it leads to
			a.Op, a.From, a.RenameTo, a.CollectionID = planner.CreateAlias, "", w.RenameTo, w.ID
		}
		l.add(a)
	}
}

// young reports that an announcement is less than so old. One without a time is
// old, and so is one from a clock that is further ahead than that.
func young(a planner.Announcement, now time.Time, age time.Duration) bool {
	return now.Sub(a.At).Abs() < age
}

// announcements is a list in which each stands once, with its latest time.
type announcements struct {
	list  []planner.Announcement
	known map[planner.Announcement]int // without time: its place in the list
}

func newAnnouncements(size int) *announcements {
	return &announcements{list: make([]planner.Announcement, 0, size), known: make(map[planner.Announcement]int, size)}
}

func (l *announcements) add(a planner.Announcement) {
	at := a.At
	a.At = time.Time{}
	i, known := l.known[a]
	if !known {
		i = len(l.list)
		l.known[a] = i
		l.list = append(l.list, a)
	}
	if at.After(l.list[i].At) {
		l.list[i].At = at
	}
}

// subject is what a step or an announcement is about.
type subject struct {
	planner.Key
	collection bool
}

func about(op planner.Op, database, alias, collection string) subject {
	if op.OnCollection() {
		return subject{planner.Key{Database: database, Name: collection}, true}
	}
	return subject{planner.Key{Database: database, Name: alias}, false}
}
