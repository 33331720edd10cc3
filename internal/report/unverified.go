package report

import (
	"fmt"
	"time"

	"aliasctl/internal/safetext"
	"aliasctl/planner/drift"
)

// UnverifiedLine reports how far a switch got that no run has verified.
func UnverifiedLine(o drift.Owed) string {
	how := "was not verified"
	switch {
	case o.Progress == drift.Announced:
		how = "may have happened and was not verified"
	case o.Progress == drift.Unmade:
		how = "dropped the alias and did not bind it again"
	case o.Failed:
		how = "failed its verification and stays"
	}
	from := ""
	if o.From != "" {
		from = fmt.Sprintf(" from %q", o.From)
	}
	return fmt.Sprintf("the switch of alias %q of database %q%s to %q (%s) %s", o.Alias, o.Database, from, o.To, o.At.Format(time.RFC3339), how)
}

// Outlook is what becomes of an unverified switch; it follows its line.
func Outlook(o drift.Owed) string {
	if o.Progress == drift.Switched {
		return "the next `aliasctl sync --apply` verifies it"
	}
	return "the next `aliasctl sync --apply` goes on from there"
}

// unverifiedLines are one line for each switch that the next apply verifies.
func (r DriftReport) unverifiedLines() []string {
	lines := make([]string, len(r.Unverified))
	for i, u := range r.Unverified {
		o := drift.Owed{Unverified: u, Progress: drift.Switched}
		lines[i] = safetext.Line(UnverifiedLine(o) + "; " + Outlook(o))
	}
	return lines
}
