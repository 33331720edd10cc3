package sync

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"aliasctl/internal/milvus"
	statefile "aliasctl/internal/state"
	"aliasctl/planner"
)

// identity is what a cluster shows of the collections and aliases that a state
// knows: whether it is the cluster of that state.
//
// # When it is another one
//
// One collection that still has its recorded id proves that it is the same: ids
// are never reused, and no two clusters share one. That is asked first, of up to
// three collections, and is one request in the usual case. Only when none of the
// three fits are all others asked.
//
// When no id fits at all, what hands can have done to this cluster is drift, and
// not another cluster: every alias of the state is still there by its name, bound
// to a collection that was made after all that the state has recorded. Otherwise
// it is another cluster: port-forwards make them look alike.
type identity struct {
	// read holds the ids that were read of recorded collections, "" for one that
	// does not exist.
	read map[planner.Key]string
	why  string // why it is another cluster, "" when nothing shows that
}

// identify asks a cluster for the identity of a state; place is "here" or "there".
func identify(ctx context.Context, client *milvus.Client, state planner.State, place string) (identity, error) {
	found := identity{read: make(map[planner.Key]string)}
	probes := statefile.Probes(state)
	for _, b := range probes {
		k := planner.Key{Database: b.Database, Name: b.Collection}
		id, err := collectionID(ctx, client, k)
		if err != nil {
			return found, err
		}
		found.read[k] = id
		if id == b.CollectionID {
			return found, nil
		}
	}
	if len(probes) == 0 {
		return found, nil
	}
	recorded := planner.RecordedIDs(state)
	if err := found.readAll(ctx, client, recorded); err != nil {
		return found, err
	}
	for k, id := range recorded {
		if found.read[k] == id {
			return found, nil
		}
	}
	stands, err := namesStand(ctx, client, state)
	if err != nil || stands && found.later(recorded) {
		return found, err
	}
	var names []string
	for _, b := range probes {
		names = append(names, fmt.Sprintf("%s/%s (id %s)", b.Database, b.Collection, b.CollectionID))
	}
	found.why = fmt.Sprintf("none of these collections has its recorded id %s: %s", place, strings.Join(names, ", "))
	return found, nil
}

// collectionID is the id of a collection, "" for one that does not exist.
func collectionID(ctx context.Context, client *milvus.Client, k planner.Key) (string, error) {
	id, found, err := client.CollectionID(ctx, k.Database, k.Name)
	if milvus.IsDatabaseMissing(err) || err == nil && !found {
		return "", nil
	}
	return id, err
}

// readAll reads the ids of the collections that were not read yet.
func (i *identity) readAll(ctx context.Context, client *milvus.Client, recorded map[planner.Key]string) error {
	var open []planner.Key
	for k := range recorded {
		if _, known := i.read[k]; !known {
			open = append(open, k)
		}
	}
	slices.SortFunc(open, planner.Key.Compare)
	ids := make([]string, len(open))
	err := client.Throttle().Each(ctx, len(open), func(ctx context.Context, n int) (err error) {
		ids[n], err = collectionID(ctx, client, open[n])
		return err
	})
	if err != nil {
		return err
	}
	for n, k := range open {
		i.read[k] = ids[n]
	}
	return nil
}

// namesStand reports whether every alias of a state exists by its name.
func namesStand(ctx context.Context, client *milvus.Client, state planner.State) (bool, error) {
	exists := make(map[planner.Key]bool)
	asked := make(map[string]bool)
	for _, b := range state.Bindings {
		if !asked[b.Database] {
			asked[b.Database] = true
			list, err := client.ListAliases(ctx, b.Database)
			if err != nil && !milvus.IsDatabaseMissing(err) {
				return false, err
			}
			for _, alias := range list {
				exists[planner.Key{Database: b.Database, Name: alias}] = true
			}
		}
		if !exists[planner.Key{Database: b.Database, Name: b.Alias}] {
			return false, nil
		}
	}
	return true, nil
}

// later reports whether every collection that is there was made after the one that
// the state recorded under its name, as what was made anew in one cluster is. In
// another cluster an id may as well be a smaller one.
func (i *identity) later(recorded map[planner.Key]string) bool {
	for k, id := range i.read {
		if newer, known := planner.NewerID(id, recorded[k]); id != "" && known && !newer {
			return false
		}
	}
	return true
}

// refreshed is a state with the ids that were read, for a question to a proxy of
// the same cluster.
func (i *identity) refreshed(state planner.State) planner.State {
	state.Bindings = slices.Clone(state.Bindings)
	for n := range state.Bindings {
		b := &state.Bindings[n]
		if id := i.read[planner.Key{Database: b.Database, Name: b.Collection}]; id != "" {
			b.CollectionID = id
		}
	}
	return state
}
