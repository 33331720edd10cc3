package executor

import "aliasctl/planner"

// Announce is the state with every step of the plan that writes to the cluster
// added to what unfinished runs announced before. Nothing is replaced: their
// requests may still be on the way.
func Announce(state planner.State, plan planner.Plan) planner.State {
	after := state
	after.Version = planner.StateVersion
	if after.Cluster == (planner.Cluster{}) {
		after.Cluster = plan.Cluster // a first state: say at once whose it is
	}
	list := newAnnouncements(len(state.Pending) + len(plan.Steps))
	for _, a := range state.Pending {
		list.add(a)
	}
	for _, s := range plan.Steps {
		if s.Op.Writes() {
			list.add(announcement(s))
		}
	}
	after.Pending = list.list
	return after
}

func announcement(s planner.Step) planner.Announcement {
	return planner.Announcement{Op: s.Op, Database: s.Database, Alias: s.Alias, Collection: s.Collection, From: s.From, To: s.To}
}

// announcements is a list in which each stands once.
type announcements struct {
	list  []planner.Announcement
	known map[planner.Announcement]bool
}

func newAnnouncements(size int) *announcements {
	return &announcements{list: make([]planner.Announcement, 0, size), known: make(map[planner.Announcement]bool, size)}
}

func (l *announcements) add(a planner.Announcement) {
	if !l.known[a] {
		l.known[a] = true
		l.list = append(l.list, a)
	}
}

// subject is what a step or an announcement is about.
type subject struct {
	planner.Key
	collection bool
}

func about(op planner.Op, database, alias, collection string) subject {
	if op == planner.DropCollection {
		return subject{planner.Key{Database: database, Name: collection}, true}
	}
	return subject{planner.Key{Database: database, Name: alias}, false}
}
