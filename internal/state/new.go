package state

import (
	"github.com/google/uuid"

	"aliasctl/planner"
)

// New is the first state of a cluster: no bindings, serial 0 and a lineage of
// its own, which every later state of the same file keeps.
func New(cluster planner.Cluster) planner.State {
	return planner.State{
		Version:  planner.StateVersion,
		Lineage:  uuid.NewString(),
		Cluster:  cluster,
		Bindings: []planner.Binding{},
		Retired:  []planner.Retired{},
		Pending:  []planner.Announcement{},
	}
}
