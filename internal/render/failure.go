package render

import (
	"io"
	"strconv"
	"time"

	"aliasctl/internal/quantity"
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
	Code    int    // the exit code
	Meaning string // of the exit code
	Cluster planner.Cluster
	Commit  string // that the run is about, "" where it is not known
	Time    time.Time
	// Drift is a failure of a DriftReport: its comment is another one than that
	// of a plan.
	Drift bool
}

var _ Document = Failure{}

// mostDetails is how many details are shown.
const mostDetails = 50

func (f Failure) write(w io.Writer, format Format, s Style) error {
	switch format {
	case FormatText, FormatDiff:
		return f.text(w, s)
	case FormatJSON:
		return f.json(w)
	case FormatMarkdown:
		return f.markdown(w)
	case FormatHTML:
		return f.html(w)
	}
	return &FormatError{Name: string(format)}
}

func (f Failure) headline() string { return f.Command + " failed, there is no report" }

// about is the run that failed: its exit code, commit and time.
func (f Failure) about() [][2]string {
	facts := [][2]string{{"exit code", strconv.Itoa(f.Code) + ": " + f.Meaning}}
	if f.Commit != "" {
		facts = append(facts, [2]string{"commit", f.Commit})
	}
	return append(facts, [2]string{"time", f.Time.UTC().Format(time.RFC3339)})
}

// shown are the details that are shown, and how many are not.
func (f Failure) shown() (details []string, left int) {
	n := min(len(f.Details), mostDetails)
	return f.Details[:n], len(f.Details) - n
}

func (f Failure) text(w io.Writer, s Style) error {
	p := newPage(w, s)
	p.line(p.bad, "aliasctl: "+Clean(f.headline()))
	p.prose("  ", f.What)
	details, left := f.shown()
	for _, d := range details {
		p.prose("  - ", d)
	}
	if left > 0 {
		p.prose("  - ", "and "+quantity.Of(left, "problem")+" more, left out here")
	}
	if f.Hint != "" {
		p.prose("  hint: ", f.Hint)
	}
	for _, fact := range f.about() {
		p.prose("  "+fact[0]+": ", fact[1])
	}
	return p.Flush()
}

// json has no field of a report but the version: nothing takes it for one.
func (f Failure) json(w io.Writer) error {
	o := newObject(w)
	o.field("version", 1)
	o.field("error", f.What)
	list(o, "details", f.Details, func(d *string) any { return d })
	o.field("hint", f.Hint)
	o.field("exit_code", f.Code)
	o.field("commit", f.Commit)
	o.field("time", f.Time.UTC().Format(time.RFC3339))
	return o.close()
}

func (f Failure) markdown(w io.Writer) error {
	m := &markdown{}
	marker := Marker(f.Cluster)
	if f.Drift {
		marker = DriftMarker(f.Cluster)
	}
	m.say("%s\n### aliasctl: %s\n\n> [!CAUTION]\n> %s\n", marker, f.headline(), markdownProseOf(f.What))
	details, left := f.shown()
	for _, d := range details {
		m.say("> - %s\n", markdownProseOf(d))
	}
	m.more("> - ", left, "problem")
	m.say("\n")
	if f.Hint != "" {
		m.say("Hint: %s\n\n", markdownProseOf(f.Hint))
	}
	for i, fact := range f.about() {
		if i > 0 {
			m.say("\\\n")
		}
		m.say("%s ", fact[0])
		if i == 0 {
			m.say("%s", markdownProseOf(fact[1]))
		} else {
			m.say("%s", markdownCode(fact[1]))
		}
	}
	m.say("\n")
	_, err := w.Write(m.Bytes())
	return err
}

func (f Failure) html(w io.Writer) error {
	p := newHTMLPage(w, names{})
	p.head(f.headline(), f.What, f.Cluster)
	p.openVerdict("aliasctl "+f.Command, f.headline(), toneBad)
	p.WriteString("<p>")
	p.prose(f.What)
	p.WriteString("</p>\n")
	if f.Hint != "" {
		p.WriteString("<p>")
		p.prose(f.Hint)
		p.WriteString("</p>\n")
	}
	p.WriteString("<dl class=\"facts\">\n")
	for _, fact := range f.about() {
		p.say("<dt>%s</dt><dd>%s</dd>\n", sentence(fact[0]), fact[1])
	}
	p.WriteString("</dl>\n</header>\n")
	if details, left := f.shown(); len(details) > 0 {
		p.WriteString("<ul>\n")
		for _, d := range details {
			p.WriteString("<li>")
			p.prose(d)
			p.WriteString("</li>\n")
		}
		if left > 0 {
			p.say("<li>and %s more, left out here</li>\n", quantity.Of(left, "problem"))
		}
		p.WriteString("</ul>\n")
	}
	return p.end()
}
