// Package render turns what one computation produced into what people and
// machines read: text, a unified diff, JSON, Markdown, HTML. There is one
// Report of a plan, one DriftReport of a comparison, and several renderers over
// each, which write straight to an io.Writer, in time linear in the report, and
// decide nothing.
//
// internal/cli calls it. Names and messages come from a server and may hold
// anything: no format shows a control character raw, and none lets a name
// become part of its own language.
package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"aliasctl/executor"
	"aliasctl/planner"
)

// Report is everything that one computation produced.
type Report struct {
	Plan     planner.Plan
	Proof    planner.Proof
	Refusals []planner.Refusal
	// Applied says that an apply was asked for and reached the cluster; then
	// Results has what became of each step, in the order of the plan.
	Applied bool
	Results []executor.Result
	// Cutovers is how the cutovers of that apply went, in the order of the plan.
	Cutovers []executor.Cutover
	// StatePath is where the state is kept, "" when it is not worth saying.
	StatePath string
	// NoState says that there was none: a first run, or a lost state.
	NoState bool
}

// state says which state the plan was made from, and the word that leads on to
// its place.
func (r Report) state() (which, at string) {
	switch {
	case !r.NoState:
		return serial(r.Plan.Serial), "in"
	case r.Applied:
		return "no state before this run", "at"
	}
	return "no state yet", "at"
}

func serial(n uint64) string { return "state serial " + strconv.FormatUint(n, 10) }

// offline says that the cluster was not read.
func (r Report) offline() bool { return r.Plan.Live == planner.LiveAssumed }

// Style is how text is laid out. The caller knows the terminal; nothing here
// looks at the environment.
type Style struct {
	Color bool
	Width int // in columns; 0 means 80
}

// Format is the name of a renderer, as `-o` takes it.
type Format string

// The formats.
const (
	FormatText     Format = "text"
	FormatDiff     Format = "diff"
	FormatJSON     Format = "json"
	FormatMarkdown Format = "markdown"
	FormatHTML     Format = "html"
)

// Formats lists the formats in the order in which help shows them.
func Formats() []Format {
	return []Format{FormatText, FormatDiff, FormatJSON, FormatMarkdown, FormatHTML}
}

// Whole says that a report in this format is one document with the results in
// it, to be written once, when everything is known.
func (f Format) Whole() bool { return f != FormatText && f != FormatDiff }

// ParseFormat finds a format by its name.
func ParseFormat(name string) (Format, error) {
	var names []string
	for _, f := range Formats() {
		if string(f) == name {
			return f, nil
		}
		names = append(names, string(f))
	}
	return "", &FormatError{Name: name, Known: names}
}

// FormatError is a format that does not exist.
type FormatError struct {
	Name  string
	Known []string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("no format %q: want one of %s", e.Name, strings.Join(e.Known, ", "))
}

// Document is what has a form in every format: a Report or a DriftReport.
type Document interface {
	write(w io.Writer, f Format, s Style) error
}

var (
	_ Document = Report{}
	_ Document = DriftReport{}
)

// Write renders a whole document in one format. The only errors are those of w.
func Write(w io.Writer, f Format, d Document, s Style) error { return d.write(w, f, s) }

// write renders the plan; as text after an apply its results follow.
func (r Report) write(w io.Writer, f Format, s Style) error {
	switch f {
	case FormatText:
		if err := Text(w, r, s); err != nil || !r.Applied {
			return err
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
		return Results(w, r, s)
	case FormatDiff:
		return Diff(w, r, s)
	case FormatJSON:
		return JSON(w, r)
	case FormatMarkdown:
		return Markdown(w, r)
	case FormatHTML:
		return HTML(w, r)
	}
	return &FormatError{Name: string(f)}
}
