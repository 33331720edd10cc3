// Package report turns what one computation produced into values that every
// printer understands: a Head with the verdict, and Sections of headings,
// lists and table rows whose cells have a meaning. The packages below it print
// these as text, a unified diff, Markdown and HTML, and decide nothing; JSON
// is written from the Report itself. Package formats has them all.
//
// A printer writes straight to an io.Writer, in time linear in the report, and
// rows are made as they are read. Names and messages come from a server and
// may hold anything: no format shows a control character raw, and none lets a
// name become part of its own language.
package report

import (
	"iter"
	"strconv"

	"aliasctl/executor"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// Report is everything that one computation produced.
type Report struct {
	Plan     planner.Plan
	Digest   string // of the plan, before anything in it was redacted
	Proof    proof.Proof
	Refusals []planner.Refusal
	// Applied reports that an apply was asked for and reached the cluster; then
	// Results has what became of each step, in the order of the plan.
	Applied bool
	Results []executor.Result
	// Rechecked reports that the checks of the plan are those that the apply made
	// when its collections were loaded.
	Rechecked bool
	// Cutovers is how the cutovers of that apply went, in the order of the plan.
	Cutovers []executor.Cutover
	// StatePath is where the state is kept, "" when it is not worth saying.
	StatePath string
	// Saved is the serial of the state after an apply, 0 where it was not saved.
	Saved uint64
	// Origin is what is known of the run.
	Origin Origin
	// NoState reports that there was none: a first run, or a lost state.
	NoState bool
}

// Document is what has a form in every format: a Report, a DriftReport,
// or the Failure that stands in the place of one.
type Document interface {
	// Page is the document ready to be printed.
	Page() *Page
}

var (
	_ Document = Report{}
	_ Document = DriftReport{}
	_ Document = Failure{}
)

// Page is a document ready to be printed.
type Page struct {
	Head Head
	// Lines are what text shows instead of sections, nil for a document that has
	// sections for it.
	Lines iter.Seq[Line]
	// Preamble stands above a diff of the bindings Before and After.
	Preamble      iter.Seq[Line]
	Before, After Side

	section func(Kind) []Section
}

// Sections are those of some kinds, in this order; what has nothing to say is
// left out.
func (p *Page) Sections(kinds ...Kind) iter.Seq[Section] {
	return func(yield func(Section) bool) {
		for _, kind := range kinds {
			for _, s := range p.section(kind) {
				s.Kind = kind
				if !yield(s) {
					return
				}
			}
		}
	}
}

// Line is a line of its own, for those who search.
type Line struct {
	Head string // what a Wrapped text stands behind
	Text string
	Tone Tone
	Form Form
}

// Form is how a line is broken.
type Form int

// The forms of a line.
const (
	Whole   Form = iota // never
	Record              // where the reader's width is known
	Wrapped             // between words
)

// Side is one side of a diff: what is bound, and the collections that are
// worth a line because the plan drops them. Both are sorted by database and
// name.
type Side struct {
	Name        string
	Aliases     []planner.Bound
	Collections []planner.Key
}

// Page is the plan, or after an apply the plan with its results.
func (r Report) Page() *Page {
	p := plan{Report: r, names: newNames(r.Plan)}
	before, after := p.sides()
	return &Page{Head: p.head(), Preamble: p.preamble, Before: before, After: after, section: p.section}
}

// plan is one Report being turned into a Page.
type plan struct {
	Report
	names
}

func (p plan) section(kind Kind) []Section {
	switch kind {
	case Problems:
		return p.problems()
	case Conflicts:
		return p.conflicts()
	case Refusals:
		return p.refusals()
	case Failures:
		return p.failures()
	case Losses:
		return p.losses()
	case Drifted:
		return p.drifted()
	case Checks:
		return p.checks()
	case Golden:
		return p.golden()
	case Graph:
		return p.graph()
	case Groups:
		return p.groupsOf()
	case Steps:
		return p.steps()
	case Results:
		return p.results()
	case Failed, Switched:
		return p.cutovers(kind == Failed)
	case Notes:
		return p.notes()
	case Proof:
		return p.proof()
	}
	return nil
}

// one is a section alone.
func one(s Section) []Section { return []Section{s} }

// state reports which state the plan was made from, and the word that leads on to
// its place.
func (r Report) state() (which, at string) {
	switch {
	case !r.NoState:
		return serial(r.Plan.Serial) + r.after(), "in"
	case r.Applied:
		return "no state before this run" + r.after(), "at"
	}
	return "no state yet", "at"
}

func serial(n uint64) string { return "state serial " + strconv.FormatUint(n, 10) }
