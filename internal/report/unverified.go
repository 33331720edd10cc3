package report

import (
	"fmt"
	"time"

	"aliasctl/internal/safetext"
	"aliasctl/planner"
)

// UnverifiedLine says that no run has verified a switch, and why.
func UnverifiedLine(u planner.Unverified) string {
	why := "was not verified"
	if u.Failed {
		why = "failed its verification and stays"
	}
	from := ""
	if u.From != "" {
		from = fmt.Sprintf(" from %q", u.From)
	}
	return fmt.Sprintf("the switch of alias %q of database %q%s to %q (%s) %s", u.Alias, u.Database, from, u.To, u.At.Format(time.RFC3339), why)
}

// MadeUp follows the line of an unverified switch.
const MadeUp = "; the next `aliasctl sync --apply` verifies it"

// unverifiedLines are one line for each switch that the next apply verifies.
func (r DriftReport) unverifiedLines() []string {
	lines := make([]string, len(r.Unverified))
	for i, u := range r.Unverified {
		lines[i] = safetext.Line(UnverifiedLine(u) + MadeUp)
	}
	return lines
}
