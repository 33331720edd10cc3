package cli

import (
	"aliasctl/internal/report"
	"aliasctl/planner"
)

// owes says on standard error what the next apply has to make up.
func (r *run) owes(state planner.State) {
	for _, u := range state.Unverified {
		r.say("aliasctl: %s%s", report.UnverifiedLine(u), report.MadeUp)
	}
}
