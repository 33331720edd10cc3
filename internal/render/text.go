package render

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

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
	t.groupsOf()
	t.checks()
	t.conflicts()
	t.refusals(r.Refusals)
	t.notes()
	t.WriteByte('\n')
	if r.Plan.Summary.Pending() == 0 && len(r.Plan.Conflicts) == 0 {
		t.nothingToDo(r)
	}
	t.verdict(r)
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
	if c := r.Plan.Cluster; c.Label != "" || c.URI != "" {
		words := []word{{text: "Cluster"}}
		if c.Label != "" {
			words = append(words, word{text: c.Label, ink: t.title})
		}
		if c.URI != "" {
			words = append(words, word{text: c.URI})
		}
		t.row(2, words...)
	}
	if choices := r.Plan.Choices; len(choices) > 0 {
		words := []word{{text: "Flags"}}
		for _, c := range choices {
			for _, s := range strings.Fields(c.String()) {
				words = append(words, word{text: s, ink: t.title})
			}
		}
		t.row(2, words...)
	}
	which, at := r.state()
	words := []word{{text: sentence(which)}}
	if r.StatePath != "" {
		words = append(words, word{text: at}, word{text: r.StatePath})
	}
	t.row(2, words...)
}

func (t text) drift() {
	first := true
	t.drifted(t.plan, func(name, live, fate string) {
		if first {
			t.heading("Changed outside aliasctl:")
			first = false
		}
		words := []word{{text: "  " + name, pad: 2 + t.column + 1}, {text: "now"}, {text: live, ink: t.change}}
		for _, s := range strings.Fields("(" + fate + ")") {
			words = append(words, word{text: s})
		}
		t.row(4, words...)
	})
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
	sign, ink := t.sign(s.Op)
	what := t.what(s, ink)
	if recreates(t.plan.Steps, i) {
		sign, ink = "~", t.change
		what = []word{{text: s.From}, {text: "-> " + t.plan.Steps[i+1].To, ink: ink}, {text: "(by drop and create, with a gap)", ink: t.bad}}
		what = append(what, t.marks(s)...)
	}
	number := fmt.Sprintf("  %*s", t.digits, number(t.plan.Steps, i))
	words := []word{{text: number, ink: t.faint}, {text: sign, ink: ink}, {text: t.of(s), pad: t.column + 1}}
	t.row(t.indent(), append(words, what...)...)
}

// indent is where the name of a step begins.
func (t text) indent() int { return 2 + t.digits + 1 + 2 }

func (p *page) sign(op planner.Op) (string, paint) {
	ink := p.record
	switch op {
	case planner.CreateAlias:
		ink = p.add
	case planner.AlterAlias:
		ink = p.change
	case planner.VerifyAlias:
		ink = p.change
	case planner.DropAlias:
		ink = p.remove
	case planner.DropCollection:
		ink = p.destroy
	}
	return sign(op), ink
}

// sign is an operation in one character.
func sign(op planner.Op) string {
	switch op {
	case planner.CreateAlias:
		return "+"
	case planner.AlterAlias:
		return "~"
	case planner.VerifyAlias:
		return "?"
	case planner.DropAlias:
		return "-"
	case planner.DropCollection:
		return "!"
	}
	return "="
}

// what says what a step does, after its name.
func (t text) what(s planner.Step, ink paint) []word {
	var words []word
	say := func(text string, ink paint) { words = append(words, word{text: text, ink: ink}) }
	switch s.Op {
	case planner.CreateAlias:
		say("-> "+s.To, ink)
	case planner.AlterAlias:
		say(s.From, paint{})
		say("-> "+s.To, ink)
	case planner.VerifyAlias:
		say("verify "+s.To, ink)
		say("("+wentFrom(s)+")", t.faint)
	case planner.DropAlias:
		say("was "+s.From, paint{})
	case planner.DropCollection:
		facts := destroyed(s)
		if s.From != "" {
			facts = append([]string{"id " + s.From}, facts...)
		}
		words = listed(facts, "", "", t.faint)
	case planner.Adopt:
		say("adopt "+s.To, paint{})
		switch {
		case s.Anew():
			say("(made anew: id "+s.ToID+",", t.change)
			say("was "+s.FromID+")", t.change)
		case s.From == s.To && !s.Protect:
			say("(no longer protected)", t.faint)
		}
	case planner.Forget:
		say("forget "+s.From, paint{})
	}
	if s.Recreate { // its other half is not beside it
		say("(half of a switch by drop and create)", t.bad)
	}
	if s.Protect && s.Op != planner.DropAlias {
		say("(protected)", t.faint)
	}
	return append(words, t.marks(s)...)
}

// marks says how a step is made.
func (t text) marks(s planner.Step) []word { return listed(cutoverMarks(s), "(", ")", t.faint) }

// listed is a list, in which only the commas break.
func listed(texts []string, open, close string, ink paint) []word {
	words := make([]word, len(texts))
	for i, text := range texts {
		if i == 0 {
			text = open + text
		}
		if i < len(texts)-1 {
			text += ","
		} else {
			text += close
		}
		words[i] = word{text: text, ink: ink}
	}
	return words
}

// groupsOf names the groups of switches that stand or fall together.
func (t text) groupsOf() {
	for i, g := range t.groups(t.plan.Steps) {
		if i == 0 {
			t.heading("Cutovers:")
		}
		words := []word{{text: "  group"}, {text: g.name + ":", ink: t.title}}
		for _, s := range strings.Fields(g.says()) {
			words = append(words, word{text: s})
		}
		t.row(4, words...)
	}
}

func (t text) conflicts() {
	for i, c := range t.plan.Conflicts {
		if i == 0 {
			t.heading("Conflicts:")
		}
		t.problem(t.ofConflict(c), string(c.Kind), c.Reason)
		if c.Alias != "" {
			t.prose("    ", fmt.Sprintf("want %s, last applied %s, live %s",
				cmp.Or(c.Want, "nothing"), cmp.Or(c.Last, "never"), cmp.Or(c.Live, "unbound")))
		}
		t.waysOut(c.WaysOut...)
	}
}

func (t text) refusals(refusals []planner.Refusal) {
	for i, r := range refusals {
		if i == 0 {
			t.heading("Refused by a guard:")
		}
		t.problem(r.Guard, "", r.Reason)
		t.waysOut(r.WayOut)
	}
}

func (t text) problem(name, kind, reason string) {
	words := []word{{text: "  x", ink: t.bad}, {text: name, ink: t.title}}
	if kind != "" {
		words = append(words, word{text: "(" + kind + ")", ink: t.faint})
	}
	t.row(4, words...)
	t.prose("    ", reason)
}

func (t text) waysOut(ways ...string) {
	for i, way := range ways {
		head := "    way out: "
		if i > 0 {
			head = "         or: "
		}
		t.prose(head, way)
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
	wanted := "as the manifest says"
	if r.Plan.Rollback {
		wanted = "as that apply left it"
	}
	t.line(t.good, "Nothing to do: "+with+" "+wanted+".")
}
