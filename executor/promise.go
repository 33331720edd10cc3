package executor

import (
	"cmp"
	"slices"

	"aliasctl/planner"
)

// The state remembers every verification from before its switch is sent until
// it has succeeded. So a run that is killed, interrupted or asked to keep what
// failed leaves behind what the next one has to make up.

func comparePromises(a, b planner.Unverified) int {
	return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.Alias, b.Alias), cmp.Compare(a.To, b.To))
}

// promise is the switch that a promise is about.
type promise struct{ database, alias, to string }

func promiseOf(u planner.Unverified) promise { return promise{u.Database, u.Alias, u.To} }

// withPromises adds promises to a list. One of the same switch replaces the
// older one, but for the time of the switch.
func withPromises(list, fresh []planner.Unverified) []planner.Unverified {
	if len(fresh) == 0 {
		return list
	}
	list = slices.Clone(list)
	at := make(map[promise]int, len(list))
	for i, u := range list {
		at[promiseOf(u)] = i
	}
	for _, u := range fresh {
		i, known := at[promiseOf(u)]
		switch {
		case !known:
			at[promiseOf(u)] = len(list)
			list = append(list, u)
			continue
		case u.From == list[i].From:
			u.At = list[i].At
		}
		list[i] = u
	}
	slices.SortFunc(list, comparePromises)
	return list
}

// unverified is what is owed after the run. A promise goes when its switch was
// verified, or when its alias was settled somewhere else; it joins the list when
// its switch is done and not verified, or may still happen, and when it left its
// alias unbound: the run that creates the alias again knows from it where to go
// back.
func (s *settlement) unverified() []planner.Unverified {
	promises := planner.Promises(s.steps(), s.Witnessed, s.Now)
	if len(promises)+len(s.before.Unverified) == 0 {
		return nil
	}
	made := make(map[promise]Result, len(s.results))
	for _, r := range s.results {
		if r.To != "" && r.Op != planner.Adopt {
			made[promise{r.Database, r.Alias, r.To}] = r
		}
	}
	kept := slices.DeleteFunc(slices.Clone(s.before.Unverified), func(u planner.Unverified) bool {
		if r, found := made[promiseOf(u)]; found && r.Done() && !r.Unverified {
			return true
		}
		key := subject{planner.Key{Database: u.Database, Name: u.Alias}, false}
		where, known := s.settled[key]
		return known && !s.unknown[key] && (where.free || where.at != u.To)
	})
	var owed []planner.Unverified
	for _, u := range promises {
		if r := made[promiseOf(u)]; r.Outcome == Undecided || r.Unverified || r.Unbound {
			u.Failed = r.Unverified && r.Err != nil
			owed = append(owed, u)
		}
	}
	if kept = withPromises(kept, owed); len(kept) == 0 {
		return nil
	}
	return kept
}

// steps are those of the results.
func (s *settlement) steps() []planner.Step {
	steps := make([]planner.Step, len(s.results))
	for i, r := range s.results {
		steps[i] = r.Step
	}
	return steps
}
