package report

import "iter"

// Kind is which part of a report a section is. A printer asks for the kinds
// that its readers want, in the order in which they want them.
type Kind int

// The kinds of sections.
const (
	Problems  Kind = iota // why the proof failed
	Conflicts             // what the planner does not decide alone
	Refusals              // what a guard refuses
	Failures              // the results that a reader must look at
	Losses                // what nothing brings back, and what readers will miss
	Drifted               // what was changed outside aliasctl, and what becomes of it
	Checks                // the preflight
	Golden                // the golden queries, a section for each alias
	Graph                 // the bindings before and after
	Groups                // the cutovers of more than one switch
	Steps                 // the plan
	Results               // what became of it
	Failed                // the cutovers that failed
	Switched              // the cutovers of a group that did not
	Notes
	Proof   // what was proven, with the gaps
	Changed // of a drift report: where the cluster differs from the state
	Left    // of a drift report: what another run left
	Next    // of a drift report: what to do about it
	Unverified
	Unmanaged
	Causes // of a failure: what it consists of
)

// Section is one part of a report as a value: a heading and what stands below
// it. A section without anything in it is never made.
type Section struct {
	Kind  Kind
	Title string
	Tone  Tone // Loss and Bad are alerts
	// Callout is the title as a sentence, where one stands in the place of a
	// heading.
	Callout string
	Intro   string // a sentence below the heading
	Remark  string // likewise, less important than what follows
	Lists   []List
	Table   *Table
	Bars    *Bars
	Graph   *Drawing
}

// Tone is how something is meant.
type Tone string

// The tones.
const (
	Neutral Tone = ""
	Good    Tone = "good"  // done, or nothing to do
	Change  Tone = "plan"  // something would change
	Loss    Tone = "loss"  // something is dropped for good, or left out
	Bad     Tone = "bad"   // refused, failed or unknown
	Grave   Tone = "grave" // dropped for good
	Faint   Tone = "faint"
)

// Role is what a piece of text is. Names and messages come from a server and
// may hold anything; a printer has a form for each role that keeps them text.
type Role int

// The roles.
const (
	Plain   Role = iota // words and numbers of aliasctl
	Quoted              // words with names in them
	Prose               // a sentence; what stands between backticks in it is code
	Name                // of an alias, a collection, a cluster
	Missing             // a word in the place of a name
	Subject             // the name of what an entry is about
	Lead                // likewise, where it stands out
	Strong              // words that stand out
	Class               // the kind of a conflict
	Ending              // how something ended, in words between commas

	// Of the cells of a table alone.
	Verb    // what a step does; Small are its marks
	Outcome // what became of a step; Small are times
	Verdict // of a check; Small are sentences
	Gone    // a word in the place of a name that a reader must not miss
)

// Span is a piece of a line with its role.
type Span struct {
	Text string
	Role Role
	Tone Tone
}

// nameOr is a name, or a word where there is none.
func nameOr(name, word string) Span {
	if name == "" {
		return Span{Text: word, Role: Missing}
	}
	return Span{Text: name, Role: Name}
}

// List is a number of entries of one kind.
type List struct {
	Title string // "" where the section has it
	Noun  string // what an entry is
	N     int    // of which Items may be only the first
	Items iter.Seq[Item]
}

// Item is an entry of a list: a line, and what stands below it.
type Item struct {
	Line         []Span
	Reason, Note string // prose, "" for none
	Facts        []Fact
	WaysOut      []string // prose
	Members      []Item   // lines alone
}

// Fact is a value with its label.
type Fact struct {
	Label string
	Value Span
}

// newList is the list of all elements of a slice.
func newList[T any](noun string, all []T, item func(*T) Item) List {
	return List{Noun: noun, N: len(all), Items: func(yield func(Item) bool) {
		for i := range all {
			if !yield(item(&all[i])) {
				return
			}
		}
	}}
}

// newLines is a list of entries of one span.
func newLines(noun string, all []string, role Role) List {
	return newList(noun, all, func(s *string) Item { return Item{Line: []Span{{Text: *s, Role: role}}} })
}

// Table is a number of rows, made as they are read: a plan may have 100,000.
type Table struct {
	Class   string // of the style sheet
	Noun    string // what a row is
	Columns []Column
	N       int // of Noun
	Numbers int // how many columns the numbers of steps take
	Rows    iter.Seq[*Row]
	// Ranked are the same rows with the worst first, nil where that is no other
	// order; the last Passed of them need no attention.
	Ranked iter.Seq[*Row]
	Passed int
}

// Column is the head of a column.
type Column struct {
	Head  string
	Long  string // the head where there is room, when it is not Head
	Names bool   // the column is of names
	Right bool   // the column is of numbers
}

// Row is one row. It is valid until the next one is read.
type Row struct {
	Class string // of the style sheet
	Block string // the heading above the rows of its kind, "" for none
	Index int    // of the row, or of the first step that it is about
	Cells []Cell

	// What a row is for those who write no table.
	Step   *Step
	Group  []string // what the row and those that follow are about, "" of the same
	Below  []string // prose
	Golden *Bars

	step Step // of Step
}

// Cell is one field of a row.
type Cell struct {
	Text   string
	Role   Role
	Tone   Tone
	Before string   // a word before a name
	Sign   string   // of a Verb
	Small  []string // below the text
}

// Flags are the flags of a head as a list.
func Flags(flags []string) List { return newLines("flag", flags, Name) }
