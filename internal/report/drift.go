package report

import (
	"cmp"
	"fmt"

	"aliasctl/internal/quantity"
	"aliasctl/internal/safetext"
	"aliasctl/planner"
	"aliasctl/planner/drift"
)

// DriftVersion is the version of the JSON of a drift report. Fields are added,
// never changed.
const DriftVersion = 1

// DriftReport is where a cluster differs from a state. It is no plan, and looks
// like none: nothing in it is going to be applied.
type DriftReport struct {
	// Origin is what is known of the run.
	Origin    Origin
	Cluster   planner.Cluster
	Serial    uint64
	StatePath string
	// Bindings are the state's, Drift where the cluster is elsewhere;
	// both sorted by database and alias.
	Bindings []planner.Bound
	Drift    []drift.Drift
	// Unverified are the switches that were made and that the next apply
	// verifies; no drift.
	Unverified []planner.Unverified
	// Plan counts what a sync of the manifest would do, and that of the state
	// alone where no manifest was given.
	Plan     planner.Summary
	Manifest bool // was given: what it wants is shown
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

// Changed is how many aliases another client has moved. What an unfinished run
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

// Page is the report ready to be printed.
func (r DriftReport) Page() *Page {
	n := newNames(planner.Plan{Before: r.Bindings}) // as in a plan over the same bindings
	return &Page{
		Head: r.head(), Lines: r.lines, Preamble: func(yield func(Line) bool) { r.preamble(n, yield) },
		Before: Side{Name: "state", Aliases: r.Bindings}, After: Side{Name: "cluster", Aliases: r.live()},
		section: func(kind Kind) []Section { return r.section(n, kind) },
	}
}

func (r DriftReport) head() Head {
	h := Head{
		Origin: r.Origin, Run: r.Origin.facts(),
		Marker: driftMarker, Program: "aliasctl drift", Cluster: r.Cluster,
		State: serial(r.Serial), At: "in", StatePath: r.StatePath, Holder: r.Holder, Unmanaged: len(r.Unmanaged),
	}
	h.Verdict, h.Tone = r.verdict()
	if r.Manifest {
		h.Wants = fmt.Sprintf("%d to create, %d to switch, %d to drop, %d to retire, %s",
			r.Plan.Create, r.Plan.Switch, r.Plan.Drop, r.Plan.Retire, quantity.Of(r.Plan.Conflicts, "conflict"))
	}
	if r.Changed() > 0 {
		h.Next = driftWayOut
	}
	return h
}

// verdict is the report in a few words.
func (r DriftReport) verdict() (string, Tone) {
	changed := r.Changed()
	switch left := len(r.Drift) - changed; {
	case changed > 0:
		return "drift, " + countAre(changed) + " not where the state says", Bad
	case left > 0:
		return "no drift, " + countAre(left) + " where " + r.leaver() + " has left " + pronoun(left), Change
	}
	return "no drift, every alias is where the state says", Good
}

func countAre(n int) string { return quantity.Phrase(n, "alias is", "aliases are") }

func pronoun(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

const (
	changedTitle = "Changed outside aliasctl"
	// driftWayOut goes with every drift.
	driftWayOut = "`aliasctl sync --dry-run` shows what a sync would do about it"
)

func (r DriftReport) section(n names, kind Kind) []Section {
	switch kind {
	case Changed:
		return r.table(n, changedTitle, false)
	case Left:
		return r.table(n, "Left by "+r.leaver(), true)
	case Next:
		if r.Changed() > 0 {
			return one(Section{Intro: driftWayOut})
		}
	case Unverified:
		if lines := r.unverifiedLines(); len(lines) > 0 {
			return one(Section{Title: "Not verified", Lists: []List{newLines("switch", lines, Prose)}})
		}
	case Unmanaged:
		if len(r.Unmanaged) == 0 {
			return nil
		}
		s := Section{Title: "Not managed", Intro: countAre(len(r.Unmanaged)) + " not managed."}
		if r.ListUnmanaged {
			s.Lists = []List{newList("alias", r.Unmanaged, func(k *planner.Key) Item { return Item{Line: []Span{{Text: k.String(), Role: Name}}} })}
		}
		return one(s)
	}
	return nil
}

// table is what another client changed, or what an unfinished run has left.
func (r DriftReport) table(n names, title string, left bool) []Section {
	count := r.Changed()
	if left {
		count = len(r.Drift) - count
	}
	if count == 0 {
		return nil
	}
	columns := []Column{{Head: "Alias", Names: true}, {Head: "Last applied", Names: true}, {Head: "Now", Names: true}}
	return one(Section{Title: title, Table: &Table{Class: "drift", Noun: "alias", Columns: columns, N: count, Rows: func(yield func(*Row) bool) {
		row := Row{Index: -1}
		for _, d := range r.Drift {
			if d.Unfinished != left {
				continue
			}
			row.Index++
			last, live := lastAndNow(d)
			now := Cell{Text: live, Role: Name}
			if live == "" {
				now = Cell{Text: "unbound", Role: Gone}
			}
			row.Cells = append(row.Cells[:0], Cell{Text: n.key(d.Database, d.Alias), Role: Name}, Cell{Text: last, Role: Name}, now)
			if !yield(&row) {
				return
			}
		}
	}}})
}

// lines are one for each alias, to be searched.
func (r DriftReport) lines(yield func(Line) bool) {
	open := r.holderLine(yield)
	line := func(form Form, tone Tone, text string) {
		open = open && yield(Line{Text: safetext.Line(text), Tone: tone, Form: form})
	}
	for _, d := range r.Drift {
		why := "changed outside aliasctl"
		if d.Unfinished {
			why = "by " + r.leaver()
		}
		last, live := lastAndNow(d)
		line(Record, Neutral, fmt.Sprintf("%s/%s: last applied %s, now %s: %s", d.Database, d.Alias, last, cmp.Or(live, "nothing"), why))
	}
	if len(r.Drift) == 0 {
		line(Whole, Good, "no drift: every alias is where the state says")
	}
	for _, text := range r.unverifiedLines() {
		line(Record, Neutral, text)
	}
	if wants := r.head().Wants; wants != "" {
		line(Record, Neutral, "the manifest wants: "+wants)
	}
	if n := len(r.Unmanaged); n > 0 {
		hint := " (`--unmanaged` names them)"
		if r.ListUnmanaged {
			hint = ":"
		}
		line(Record, Neutral, countAre(n)+" not managed"+hint)
	}
	if r.ListUnmanaged {
		for _, k := range r.Unmanaged {
			line(Whole, Neutral, "  "+k.String())
		}
	}
}

// preamble stands above the diff, which has the state on one side and the
// cluster on the other.
func (r DriftReport) preamble(n names, yield func(Line) bool) {
	h := r.head()
	tone := Good
	if h.Tone == Bad {
		tone = Bad
	}
	open := yield(Line{Text: h.Verdict, Tone: tone}) && r.holderLine(yield)
	record := func(tone Tone, text string) {
		open = open && yield(Line{Text: safetext.Line(text), Tone: tone, Form: Record})
	}
	mark := "unfinished: "
	if r.Holder != "" {
		mark = "under way: "
	}
	for _, d := range r.Drift {
		name := n.key(d.Database, d.Alias)
		if d.Unfinished {
			record(Neutral, mark+name+": left by "+r.leaver())
		}
		if d.Kind == drift.Anew { // the bindings by name are equal
			record(Bad, fmt.Sprintf("made anew: %s: %s has id %s, last applied %s", name, d.Live, d.LiveID, d.LastID))
		}
	}
	for _, text := range r.unverifiedLines() {
		record(Neutral, "unverified: "+text)
	}
	if h.Wants != "" {
		record(Neutral, "the manifest wants: "+h.Wants)
	}
}

func (r DriftReport) holderLine(yield func(Line) bool) bool {
	return r.Holder == "" || yield(Line{Text: r.Holder, Form: Wrapped})
}

// lastAndNow are what was applied and what is there. Of a collection that was made
// anew, only the ids differ.
func lastAndNow(d drift.Drift) (last, live string) {
	if d.Kind == drift.Anew {
		return fmt.Sprintf("%s (id %s)", d.Last, d.LastID), fmt.Sprintf("%s (id %s, made anew)", d.Live, d.LiveID)
	}
	return d.Last, d.Live
}

// live are the bindings of the state as they are in the cluster.
func (r DriftReport) live() []planner.Bound {
	live := make([]planner.Bound, 0, len(r.Bindings))
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
