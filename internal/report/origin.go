package report

import (
	"strconv"
	"strings"
	"time"
)

// Origin is what a document says of the run that made it. All of it is foreign
// text, and all of it may be absent.
type Origin struct {
	// Source is what a pipeline tells the comments of one kind and cluster apart by:
	// the manifests and the state of the run, or what --marker has.
	Source []string
	// Marked reports that Source is of --marker; then the label does not count.
	Marked bool
	// Digest is that of the plan, as --expect-digest takes it: of the plan as it is,
	// also where texts of the document were redacted.
	Digest Digest

	Commit, User, Host string
	Job                string // the page of the job in CI
	Time               time.Time
}

// Digest is never redacted: a changed one would be no digest.
type Digest string

// facts are what is known of the run. A run that is not in CI has no page, and its
// machine reports where it was.
func (o Origin) facts() []Fact {
	var facts []Fact
	add := func(label, value string) {
		if value != "" {
			facts = append(facts, Fact{label, Span{Text: value, Role: Name}})
		}
	}
	add("digest", string(o.Digest))
	add("commit", o.Commit)
	if !o.Time.IsZero() {
		add("made", o.Time.UTC().Format(time.RFC3339))
	}
	who := o.User
	if o.Host != "" {
		who = strings.TrimSpace(who + " on " + o.Host)
	}
	add("by", who)
	add("job", o.Job)
	return facts
}

// With is a document of this origin.
func With(d Document, o Origin) Document {
	switch d := d.(type) {
	case Report:
		o.Digest = Digest(d.Digest)
		d.Origin = o
		return d
	case DriftReport:
		d.Origin = o
		return d
	case Failure:
		d.Origin = o
		return d
	}
	return d
}

// after is which state an apply has left.
func (r Report) after() string {
	if !r.Applied || r.Saved <= r.Plan.Serial {
		return ""
	}
	return ", now " + strconv.FormatUint(r.Saved, 10)
}
