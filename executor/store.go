package executor

import (
	"context"

	"aliasctl/planner"
)

// Store keeps the state. The caller holds its lock from before the read to
// after the last write.
type Store interface {
	// Save replaces the stored state durably and in one piece: when it returns
	// nil, a crash cannot bring the old one back; when it fails, the stored
	// state is wholly the old or wholly the new one.
	Save(ctx context.Context, state planner.State) error
}
