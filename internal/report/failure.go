package report

import (
	"strconv"

	"aliasctl/internal/quantity"
	"aliasctl/internal/safetext"
	"aliasctl/planner"
)

// Failure stands in the place of a report that a run was asked for and could not
// make. An older report at that place is of another manifest or another time:
// whoever posts it would show what does not hold.
type Failure struct {
	Command string // "sync"
	What    string // why there is no report
	// Details are what What consists of, as the problems of a manifest; Hint is
	// the advice. Both may be empty.
	Details []string
	Hint    string
	// Mistakes are the problems of a manifest for machines, and More is how many
	// there are beyond those.
	Mistakes []Mistake
	More     int
	Code     int    // the exit code
	Meaning  string // of the exit code
	Cluster  planner.Cluster
	// Origin has the commit that the run is about.
	Origin Origin
	// Drift is a failure of a DriftReport: its comment is another one than that
	// of a plan.
	Drift bool
}

// mostDetails is how many details are shown.
const mostDetails = 50

// Page is the failure ready to be printed, in the form of the report that is
// not there.
func (f Failure) Page() *Page {
	h := Head{
		Origin: f.Origin,
		Marker: planMarker, Program: "aliasctl " + f.Command, Verdict: f.Command + " failed, there is no report", Tone: Bad,
		Cluster: f.Cluster, Cause: f.What, Hint: f.Hint,
		Run: []Fact{{"exit code", Span{Text: strconv.Itoa(f.Code) + ": " + f.Meaning, Role: Prose}}},
	}
	if f.Drift {
		h.Marker = driftMarker
	}
	h.Run = append(h.Run, f.Origin.facts()...)
	lines := func(yield func(Line) bool) { f.lines(h, yield) }
	return &Page{Head: h, Lines: lines, Preamble: lines, section: func(kind Kind) []Section {
		if kind != Causes || len(f.Details) == 0 {
			return nil
		}
		shown := newLines("problem", f.Details[:min(len(f.Details), mostDetails)], Prose)
		shown.N = len(f.Details)
		return one(Section{Title: "Problems", Tone: Bad, Lists: []List{shown}})
	}}
}

func (f Failure) lines(h Head, yield func(Line) bool) {
	open := yield(Line{Text: "aliasctl: " + safetext.Line(h.Verdict), Tone: Bad})
	wrapped := func(head, text string) { open = open && yield(Line{Head: head, Text: text, Form: Wrapped}) }
	wrapped("  ", f.What)
	for i, d := range f.Details {
		if i == mostDetails {
			wrapped("  - ", "and "+quantity.Of(len(f.Details)-i, "problem")+" more, left out here")
			break
		}
		wrapped("  - ", d)
	}
	if f.Hint != "" {
		wrapped("  hint: ", f.Hint)
	}
	for _, fact := range h.Run {
		wrapped("  "+fact.Label+": ", fact.Value.Text)
	}
}
