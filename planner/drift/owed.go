package drift

import "aliasctl/planner"

// Progress is how far an unverified switch is known to have got.
type Progress string

// The degrees of progress.
const (
	Switched  Progress = "switched"  // the alias is at To
	Announced Progress = "announced" // a run that did not finish may have made it
	Unmade    Progress = "unmade"    // the alias is not at To
)

// Owed is an unverified switch with its progress.
type Owed struct {
	planner.Unverified
	Progress Progress
}

// OwedBy lists the unverified switches of a state in their order. live is nil
// where the cluster was not read: then the state alone tells.
func OwedBy(s planner.State, live *planner.Live) []Owed {
	if len(s.Unverified) == 0 {
		return nil
	}
	at, announced := make(map[planner.Key]string, len(s.Bindings)), make(map[planner.Key]map[string]bool)
	for _, b := range s.Bindings {
		at[planner.Key{Database: b.Database, Name: b.Alias}] = b.Collection
	}
	if live == nil {
		for _, a := range s.Pending {
			k := planner.Key{Database: a.Database, Name: a.Alias}
			if announced[k] == nil {
				announced[k] = make(map[string]bool)
			}
			announced[k][a.To] = true
		}
	}
	owed := make([]Owed, len(s.Unverified))
	for i, u := range s.Unverified {
		k := planner.Key{Database: u.Database, Name: u.Alias}
		now, progress := at[k], Unmade
		if live != nil {
			now = live.At(k)
		}
		switch {
		case now == u.To:
			progress = Switched
		case announced[k][u.To]:
			progress = Announced
		}
		owed[i] = Owed{u, progress}
	}
	return owed
}
