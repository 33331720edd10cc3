package cli

import (
	"context"

	statefile "aliasctl/internal/state"
)

// heldBy names the run that holds a state, "" when it is free or that cannot be
// found out: who only reads needs no lock, and may not be allowed to look at it.
// A lease that has run out is of a run that is gone.
func heldBy(ctx context.Context, file statefile.Location) string {
	status, err := file.LockStatus(ctx)
	if err != nil || !status.Held || status.Expired {
		return ""
	}
	return "another run holds the state: " + status.Holder.String()
}

// readBeside reads a state without its lock, and names the run that holds it.
// The lock is looked at first, and again where the state has announcements: the
// run whose they are may have begun, or ended, in between.
func readBeside(ctx context.Context, file statefile.Location) (storedState, error) {
	holder := heldBy(ctx, file)
	state, err := file.Read(ctx)
	if err != nil {
		return storedState{holder: holder}, err
	}
	if holder == "" && len(state.Pending) > 0 {
		holder = heldBy(ctx, file)
	}
	return storedState{state: state, found: true, holder: holder}, nil
}
