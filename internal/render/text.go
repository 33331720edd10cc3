package render

import (
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	"github.com/fatih/color"

	"aliasctl/planner"
)

// Text writes the plan as a reviewer reads it: what has changed behind our
// back, the steps in the order in which they run, what stands in the way, the
// proof, and one line to search for. The only errors are those of w.
func Text(w io.Writer, r Report, s Style) error {
	t := text{page: newPage(w, s), names: newNames(r.Plan), plan: r.Plan}
	t.digits = len(strconv.Itoa(len(r.Plan.Steps)))
	for i := range r.Plan.Steps {
		if recreates(r.Plan.Steps, i) {
			t.digits = 2*t.digits + 1 // "3-4"
			break
		}
	}
	t.header(r)
	t.drift()
	t.steps()
	t.conflicts()
	t.refusals(r.Refusals)
	t.notes()
	t.WriteByte('\n')
	if r.Plan.Summary.Pending() == 0 && len(r.Plan.Conflicts) == 0 {
		t.nothingToDo(r)
	}
	t.proof(r.Proof)
	t.summary(r.Plan.Summary)
	return t.Flush()
}

// offlineLine is the first line of every text and diff that did not read the
// cluster.
const offlineLine = "offline: compared with the state only\n"

// text is one run of Text.
type text struct {
	*page
	names
	plan   planner.Plan
	digits int // columns for the numbers of steps
}

func (t text) header(r Report) {
	if r.offline() {
		t.WriteString(offlineLine)
	}
	var words []word
	add := func(s string) { words = append(words, word{text: s}) }
	switch c := r.Plan.Cluster; {
	case c.Label != "" && c.URI != "":
		add("Cluster")
		words = append(words, word{text: c.Label, ink: t.title})
		add("at")
		add(c.URI + ",")
	case c.Label != "" || c.URI != "":
		add("Cluster")
		add(c.Label + c.URI + ",")
	}
	add("state serial " + strconv.FormatUint(r.Plan.Serial, 10))
	if r.StatePath != "" {
		add("in")
		add(r.StatePath)
	}
	if len(words) > 0 && words[0].text != "Cluster" {
		words[0].text = "State serial " + strconv.FormatUint(r.Plan.Serial, 10)
	}
	t.row(2, words...)
}

// drift lists what was changed outside aliasctl: what a step follows or
// undoes, and what nobody has decided yet.
func (t text) drift() {
	first := true
	entry := func(name, live, what string) {
		if first {
			t.heading("Changed outside aliasctl:")
			first = false
		}
		words := []word{{text: "  " + name, pad: 2 + t.column}, {text: "now"}, {text: orGone(live), ink: t.change}}
		for _, s := range strings.Fields(what) {
			words = append(words, word{text: s})
		}
		t.row(4, words...)
	}
	for _, c := range t.plan.Conflicts {
		if c.Kind != planner.Drifted {
			continue
		}
		what := "(see conflicts)"
		if c.Last != "" {
			what = "(was " + c.Last + "; see conflicts)"
		}
		entry(t.ofConflict(c), c.Live, what)
	}
	for i, s := range t.plan.Steps {
		if !s.Drift || recreates(t.plan.Steps, i-1) {
			continue
		}
		step := "(step " + t.number(i) + " "
		if recreates(t.plan.Steps, i) {
			entry(t.of(s), s.From, step+"moves it to "+t.plan.Steps[i+1].To+")")
			continue
		}
		switch s.Op {
		case planner.CreateAlias:
			entry(t.of(s), "", step+"creates it again)")
		case planner.AlterAlias:
			entry(t.of(s), s.From, step+"moves it to "+s.To+")")
		case planner.DropAlias:
			entry(t.of(s), s.From, step+"drops it)")
		case planner.DropCollection:
			entry(t.of(s), "back with id "+s.From, step+"drops it again)")
		case planner.Adopt:
			entry(t.of(s), s.To, step+"accepts it)")
		case planner.Forget:
			entry(t.of(s), s.From, step+"forgets it)")
		}
	}
}

func orGone(collection string) string {
	if collection == "" {
		return "gone"
	}
	return collection
}

// The blocks of steps. A drop of a collection stands in a block of its own:
// it is the one step that nothing brings back.
func block(op planner.Op) string {
	switch op {
	case planner.DropCollection:
		return "Collections dropped for good:"
	case planner.Adopt, planner.Forget:
		return "In the state only:"
	}
	return "Aliases:"
}

func (t text) steps() {
	in := ""
	for i, s := range t.plan.Steps {
		if recreates(t.plan.Steps, i-1) {
			continue
		}
		if b := block(s.Op); b != in {
			t.heading(b)
			in = b
		}
		t.step(i, s)
	}
}

func (t text) step(i int, s planner.Step) {
	number := fmt.Sprintf("  %*s", t.digits, t.number(i))
	if recreates(t.plan.Steps, i) {
		next := t.plan.Steps[i+1]
		t.row(t.indent(), word{text: number, ink: t.faint}, word{text: "~", ink: t.change},
			word{text: t.of(s), pad: t.column},
			word{text: s.From}, word{text: "->"}, word{text: next.To, ink: t.change},
			word{text: "(drop, create: a gap)", ink: t.bad})
		return
	}
	sign, ink := t.sign(s.Op)
	words := []word{{text: number, ink: t.faint}, {text: sign, ink: ink}, {text: t.of(s), pad: t.column}}
	t.row(t.indent(), append(words, t.words(s, ink)...)...)
}

// indent is where the name of a step begins.
func (t text) indent() int { return 2 + t.digits + 1 + 2 }

// number is that of step i, or of the pair that begins there.
func (t text) number(i int) string {
	if recreates(t.plan.Steps, i) {
		return strconv.Itoa(i+1) + "-" + strconv.Itoa(i+2)
	}
	return strconv.Itoa(i + 1)
}

func (p *page) sign(op planner.Op) (string, *color.Color) {
	switch op {
	case planner.CreateAlias:
		return "+", p.add
	case planner.AlterAlias:
		return "~", p.change
	case planner.DropAlias:
		return "-", p.remove
	case planner.DropCollection:
		return "!", p.destroy
	}
	return "=", p.record
}

// words says what a step does, after its name.
func (t text) words(s planner.Step, ink *color.Color) []word {
	var words []word
	switch s.Op {
	case planner.CreateAlias:
		words = []word{{text: "->"}, {text: s.To, ink: ink}}
	case planner.AlterAlias:
		words = []word{{text: s.From}, {text: "->"}, {text: s.To, ink: ink}}
	case planner.DropAlias:
		words = []word{{text: "was"}, {text: s.From}}
	case planner.DropCollection:
		if s.From != "" {
			words = []word{{text: "id " + s.From, ink: t.faint}}
		}
	case planner.Adopt:
		words = []word{{text: "adopt"}, {text: s.To}}
		if was := t.protected(s.Database, s.Alias); was && !s.Protect {
			words = append(words, word{text: "(protection ends)"})
		}
	case planner.Forget:
		words = []word{{text: "forget"}}
		if s.From != "" {
			words = append(words, word{text: "(stays on " + s.From + ")"})
		}
	}
	if s.Recreate {
		words = append(words, word{text: "(half of a switch by drop and create)"})
	}
	if s.Protect && s.To != "" {
		words = append(words, word{text: "(protected)", ink: t.faint})
	}
	return words
}

// protected says whether an alias carried the mark before the plan.
func (t text) protected(database, alias string) bool {
	before := t.plan.Before
	i := sort.Search(len(before), func(i int) bool {
		return before[i].Database > database || before[i].Database == database && before[i].Alias >= alias
	})
	return i < len(before) && before[i].Database == database && before[i].Alias == alias && before[i].Protect
}

func (t text) conflicts() {
	for i, c := range t.plan.Conflicts {
		if i == 0 {
			t.heading("Conflicts:")
		}
		t.row(4, word{text: "  x", ink: t.bad}, word{text: t.ofConflict(c), ink: t.title}, word{text: "(" + string(c.Kind) + ")", ink: t.faint})
		t.prose("    ", c.Reason)
		if c.Want != "" || c.Last != "" || c.Live != "" {
			var words []word
			for _, v := range []struct{ what, collection string }{{"    want", c.Want}, {"last applied", c.Last}, {"live", c.Live}} {
				collection := v.collection
				if collection == "" {
					collection = "-"
				}
				words = append(words, word{text: v.what, ink: t.faint}, word{text: collection})
			}
			t.row(6, words...)
		}
		for _, way := range c.WaysOut {
			t.prose("    > ", way)
		}
	}
}

func (t text) refusals(refusals []planner.Refusal) {
	for i, r := range refusals {
		if i == 0 {
			t.heading("Refused by a guard:")
		}
		t.row(4, word{text: "  x", ink: t.bad}, word{text: r.Guard, ink: t.title})
		t.prose("    ", r.Reason)
		t.prose("    > ", r.WayOut)
	}
}

func (t text) notes() {
	for i, n := range t.plan.Notes {
		if i == 0 {
			t.heading("Notes:")
		}
		t.prose("  - ", n)
	}
}

func (t text) nothingToDo(r Report) {
	with := "the cluster is"
	if r.offline() {
		with = "the state is"
	}
	t.WriteString(paint(t.good, "Nothing to do: "+with+" as the manifest says.") + "\n")
}

func (t text) proof(p planner.Proof) {
	ink := t.good
	if !p.OK {
		ink = t.bad
	}
	t.WriteString(paint(ink, proofLine(p)) + "\n")
	for _, problem := range p.Problems {
		t.prose("  x ", problem)
	}
}

// namedGaps is how many gaps the line of the proof names.
const namedGaps = 3

// proofLine is the proof in one line.
func proofLine(p planner.Proof) string {
	var gaps string
	switch n := len(p.Gaps); {
	case n == 0:
		gaps = "no gap"
	case n <= namedGaps:
		gaps = count(n, "gap") + ": " + clean(strings.Join(p.Gaps, ", "))
	default:
		gaps = count(n, "gap") + ": " + clean(strings.Join(p.Gaps[:namedGaps], ", ")) + ", ..."
	}
	if !p.OK {
		return fmt.Sprintf("proof: failed with %s at %s, %s: a defect of aliasctl, apply refuses the plan",
			count(len(p.Problems), "problem"), count(p.Prefixes, "place"), gaps)
	}
	return fmt.Sprintf("proof: ok at %s, %s", count(p.Prefixes, "place"), gaps)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func (t text) summary(s planner.Summary) {
	t.WriteString(paint(t.title, summaryLine(s)) + "\n")
	if line := stateLine(s); line != "" {
		t.WriteString(line + "\n")
	}
}

// summaryLine is the line to search for. Scripts read it: its form is part of
// the command line's contract.
func summaryLine(s planner.Summary) string {
	return fmt.Sprintf("Plan: %d to create, %d to switch, %d to drop, %d to retire; %d unchanged, %d conflicts.",
		s.Create, s.Switch, s.Drop, s.Retire, s.Unchanged, s.Conflicts)
}

// stateLine counts what changes the state alone, "" for nothing.
func stateLine(s planner.Summary) string {
	if s.Adopt == 0 && s.Forget == 0 {
		return ""
	}
	return fmt.Sprintf("State only: %d to adopt, %d to forget.", s.Adopt, s.Forget)
}
