package render

import (
	"cmp"
	"fmt"
	"io"

	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

// DriftReport is where a cluster differs from a state. It is no plan, and looks
// like none: nothing in it is going to be applied.
type DriftReport struct {
	Cluster   planner.Cluster
	Serial    uint64
	StatePath string
	// Bindings are what the state says, Drift where the cluster is elsewhere;
	// both sorted by database and alias.
	Bindings []planner.Binding
	Drift    []planner.Drift
	// Unverified are the switches that the next apply verifies; no drift.
	Unverified []planner.Unverified
	// Plan counts what a sync of the manifest would do, and that of the state
	// alone where no manifest was given.
	Plan     planner.Summary
	Manifest bool // was given: what it wants is told
	// Unmanaged are the aliases that neither the state nor a manifest has, sorted;
	// ListUnmanaged names them, which are only counted otherwise.
	Unmanaged     []planner.Key
	ListUnmanaged bool
	// Holder is the sentence on another run that holds the state, "" for none.
	// Then what a run "did not finish" is at work.
	Holder string
}

// leaver is the run whose announcements the state has.
func (r DriftReport) leaver() string {
	if r.Holder != "" {
		return "the run that holds the state"
	}
	return "a run that did not finish"
}

// leftTitle is the heading above what that run has left.
func (r DriftReport) leftTitle() string { return "Left by " + r.leaver() }

// Changed is how many aliases somebody else has moved. What an unfinished run
// has left is ours, and not among them.
func (r DriftReport) Changed() int {
	n := 0
	for _, d := range r.Drift {
		if !d.Unfinished {
			n++
		}
	}
	return n
}

// write renders the report in one format.
func (r DriftReport) write(w io.Writer, f Format, s Style) error {
	switch f {
	case FormatText:
		return r.text(w, s)
	case FormatDiff:
		return r.diff(w, s)
	case FormatJSON:
		return r.json(w)
	case FormatMarkdown:
		return r.markdown(w)
	case FormatHTML:
		return r.html(w)
	}
	return &FormatError{Name: string(f)}
}

// names are as in a plan over the same bindings.
func (r DriftReport) names() names { return newNames(planner.Plan{Before: r.Bindings}) }

// headline is the verdict in a few words.
func (r DriftReport) headline() (string, tone) {
	changed := r.Changed()
	switch left := len(r.Drift) - changed; {
	case changed > 0:
		return "drift, " + countAre(changed) + " not where the state says", toneBad
	case left > 0:
		return "no drift, " + countAre(left) + " where " + r.leaver() + " has left " + pronoun(left), tonePlan
	}
	return "no drift, every alias is where the state says", toneGood
}

func countAre(n int) string { return quantity.Phrase(n, "alias is", "aliases are") }

func pronoun(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// split separates what somebody else changed from what an unfinished run has
// left.
func (r DriftReport) split() (changed, left []planner.Drift) {
	for _, d := range r.Drift {
		if d.Unfinished {
			left = append(left, d)
		} else {
			changed = append(changed, d)
		}
	}
	return changed, left
}

const (
	changedTitle = "Changed outside aliasctl"
	// driftWayOut goes with every drift.
	driftWayOut = "`aliasctl sync --dry-run` shows what a sync would do about it"
)

// wants is what a manifest asks for that is not applied yet.
func wants(s planner.Summary) string {
	return fmt.Sprintf("%d to create, %d to switch, %d to drop, %d to retire, %s",
		s.Create, s.Switch, s.Drop, s.Retire, quantity.Of(s.Conflicts, "conflict"))
}

// text is one line for each alias, to be searched.
func (r DriftReport) text(w io.Writer, s Style) error {
	p := newPage(w, s)
	r.holderLine(p)
	for _, d := range r.Drift {
		why := "changed outside aliasctl"
		if d.Unfinished {
			why = "by " + r.leaver()
		}
		last, live := lastAndNow(d)
		p.recorded(2, paint{}, Clean(fmt.Sprintf("%s/%s: last applied %s, now %s: %s", d.Database, d.Alias, last, cmp.Or(live, "nothing"), why)))
	}
	if len(r.Drift) == 0 {
		p.line(p.good, "no drift: every alias is where the state says")
	}
	for _, line := range r.unverifiedLines() {
		p.recorded(2, paint{}, line)
	}
	r.manifestLine(p)
	if n := len(r.Unmanaged); n > 0 {
		hint := " (`--unmanaged` names them)"
		if r.ListUnmanaged {
			hint = ":"
		}
		p.recorded(2, paint{}, countAre(n)+" not managed"+hint)
	}
	if r.ListUnmanaged {
		for _, k := range r.Unmanaged {
			p.line(paint{}, Clean("  "+k.String()))
		}
	}
	return p.Flush()
}

// lastAndNow are what was applied and what is there. Of a collection that was made
// anew, only the ids differ.
func lastAndNow(d planner.Drift) (last, live string) {
	if d.Kind == planner.DriftAnew {
		return fmt.Sprintf("%s (id %s)", d.Last, d.LastID), fmt.Sprintf("%s (id %s, made anew)", d.Live, d.LiveID)
	}
	return d.Last, d.Live
}

func (r DriftReport) holderLine(p *page) {
	if r.Holder != "" {
		p.prose("", r.Holder)
	}
}

// leftMark is what begins the line of the diff.
func (r DriftReport) leftMark() string {
	if r.Holder != "" {
		return "under way: "
	}
	return "unfinished: "
}

func (r DriftReport) manifestLine(p *page) {
	if r.Manifest {
		p.recorded(2, paint{}, "the manifest wants: "+wants(r.Plan))
	}
}

// diff has the state on one side and the cluster on the other.
func (r DriftReport) diff(w io.Writer, s Style) error {
	p := newPage(w, s)
	said, tone := r.headline()
	ink := p.good
	if tone == toneBad {
		ink = p.bad
	}
	p.line(ink, said)
	r.holderLine(p)
	names := r.names()
	for _, d := range r.Drift {
		if d.Unfinished {
			p.recorded(2, paint{}, Clean(r.leftMark()+names.key(d.Database, d.Alias)+": left by "+r.leaver()))
		}
		if d.Kind == planner.DriftAnew { // the bindings by name are equal
			p.recorded(2, p.bad, Clean(fmt.Sprintf("made anew: %s: %s has id %s, last applied %s", names.key(d.Database, d.Alias), d.Live, d.LiveID, d.LastID)))
		}
	}
	for _, line := range r.unverifiedLines() {
		p.recorded(2, paint{}, "unverified: "+line)
	}
	r.manifestLine(p)
	p.diff("state", bindings{aliases: r.Bindings}, "cluster", bindings{aliases: r.live()})
	return p.Flush()
}

// live are the bindings of the state as they are in the cluster.
func (r DriftReport) live() []planner.Binding {
	live := make([]planner.Binding, 0, len(r.Bindings))
	drift := r.Drift
	for _, b := range r.Bindings {
		if len(drift) > 0 && drift[0].Database == b.Database && drift[0].Alias == b.Alias {
			b.Collection = drift[0].Live
			drift = drift[1:]
		}
		if b.Collection != "" {
			live = append(live, b)
		}
	}
	return live
}

// driftVersion is the version of the JSON. Fields are added, never changed.
const driftVersion = 1

// json is for machines. Its list is never null.
func (r DriftReport) json(w io.Writer) error {
	o := newObject(w)
	o.field("version", driftVersion)
	list(o, "drift", r.Drift, func(d *planner.Drift) any { return d })
	if len(r.Unverified) > 0 {
		list(o, "unverified", r.Unverified, func(u *planner.Unverified) any { return u })
	}
	if r.Holder != "" {
		o.field("holder", r.Holder)
	}
	o.field("plan", r.Plan)
	o.field("unmanaged_count", len(r.Unmanaged))
	if r.ListUnmanaged {
		list(o, "unmanaged", r.Unmanaged, func(k *planner.Key) any {
			return struct {
				Database string `json:"database"`
				Alias    string `json:"alias"`
			}{k.Database, k.Name}
		})
	}
	return o.close()
}
