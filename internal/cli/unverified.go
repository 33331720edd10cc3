package cli

import (
	"fmt"
	"time"

	"aliasctl/planner"
)

// owes says on standard error what the next apply has to make up.
func (r *run) owes(state planner.State) {
	for _, line := range unverifiedLines(state) {
		r.say("aliasctl: %s; the next `aliasctl sync --apply` verifies it", line)
	}
}

// unverifiedLines says which switches no run has verified.
func unverifiedLines(state planner.State) []string {
	var lines []string
	for _, u := range state.Unverified {
		why := "was not verified"
		if u.Failed {
			why = "failed its verification and stays"
		}
		from := ""
		if u.From != "" {
			from = fmt.Sprintf(" from %q", u.From)
		}
		lines = append(lines, fmt.Sprintf("the switch of alias %q of database %q%s to %q (%s) %s", u.Alias, u.Database, from, u.To, u.At.Format(time.RFC3339), why))
	}
	return lines
}
