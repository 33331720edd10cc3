package report

import (
	"slices"
	"strings"

	"aliasctl/internal/safetext"
	"aliasctl/planner"
)

// preamble stands above the diff of a plan, a line for each fact: what would
// stop an apply, what holds for the steps, and what they destroy.
func (p plan) preamble(yield func(Line) bool) {
	open := true
	line := func(tone Tone, text ...string) {
		open = open && yield(Line{Text: safetext.Line(strings.Join(text, "")), Tone: tone})
	}
	for _, c := range p.Plan.Conflicts {
		line(Bad, "conflict: ", p.ofConflict(c), ": ", c.Reason)
	}
	for _, r := range p.Refusals {
		line(Bad, "refused: ", r.Guard, ": ", r.Reason, ": ", r.WayOut.String())
	}
	for i := range p.Plan.Checks {
		c := &p.Plan.Checks[i]
		parts := []string{"check: " + p.key(c.Database, c.Alias) + ": " + string(c.Name) + ": " + verdictText(c.Verdict)}
		if c.Blue != "" {
			parts = append(parts, "blue "+c.Blue)
		}
		if c.Green != "" {
			parts = append(parts, "green "+c.Green)
		}
		line(verdictTone(c.Verdict), strings.Join(append(parts, c.Details...), "; "))
	}
	for i := range p.Plan.Steps {
		if s := &p.Plan.Steps[i]; s.Op == planner.LoadCollection {
			line(Neutral, "loaded first: ", p.of(s))
		} else if s.Op == planner.Displace {
			line(Bad, "renamed, with a gap: ", p.of(s), " -> ", s.RenameTo)
		} else if s.Op == planner.ReleaseCollection {
			line(Neutral, "released, its data stays: ", p.of(s))
		} else if s.Op == planner.GrantPrivilege {
			line(Neutral, "granted first: ", p.key(s.Database, s.Collection), ": ", s.Privilege, " to role ", s.Role, ", as on ", s.From)
		}
	}
	for _, g := range p.groups() {
		line(Neutral, "cutover: group ", g.name, ": ", g.size(), "; ", g.fate())
	}
	for i := range p.Plan.Steps {
		s := &p.Plan.Steps[i]
		if s.Op != planner.DropCollection {
			continue
		}
		if facts := destroyed(s); len(facts) > 0 {
			line(Grave, "dropped for good: ", p.of(s), ", ", strings.Join(facts, ", "))
		}
	}
	for _, note := range p.Plan.Notes {
		line(Neutral, "note: ", note)
	}
}

// sides are the bindings before and after the plan.
func (p plan) sides() (before, after Side) {
	before, after = Side{Name: "before", Aliases: p.Plan.Before}, Side{Name: "after", Aliases: p.Plan.After}
	for i := range p.Plan.Steps {
		if s := &p.Plan.Steps[i]; s.Op == planner.DropCollection {
			before.Collections = append(before.Collections, planner.Key{Database: s.Database, Name: s.Collection})
		}
	}
	slices.SortFunc(before.Collections, planner.Key.Compare)
	return before, after
}
