package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"aliasctl/executor"
)

// Results writes what became of each step of an apply, with the reason of each
// that failed or whose outcome is unknown, and one line of counts. The numbers
// are those of the plan's text. The only errors are those of w.
func Results(w io.Writer, r Report, s Style) error {
	p := newPage(w, s)
	n := newNames(r.Plan)
	digits := len(strconv.Itoa(len(r.Results)))
	for i, result := range r.Results {
		if i == 0 {
			p.line(p.title, "Results:")
		}
		sign, ink := p.sign(result.Op)
		words := []word{
			{text: fmt.Sprintf("  %*d", digits, i+1), ink: p.faint},
			{text: sign, ink: ink},
			{text: n.of(result.Step), pad: n.column + 1},
			{text: became(result), ink: p.outcomeInk(result)},
		}
		words = append(words, listed(times(result), "(", ")", p.faint)...)
		indent := 2 + digits + 1 + 2
		p.row(indent, words...)
		if result.Err != nil {
			p.prose(strings.Repeat(" ", indent), reason(result.Err))
		}
		if result.Note != "" {
			p.prose(strings.Repeat(" ", indent), "note: "+result.Note)
		}
	}
	p.cutovers(n, r)
	p.line(p.title, appliedLine(r.Results))
	return p.Flush()
}

// cutovers says how the cutovers went, and where each member of one that
// failed stands.
func (p *page) cutovers(n names, r Report) {
	failed, switched := told(r.Cutovers)
	for i, c := range append(failed, switched...) {
		if i == 0 {
			p.heading("Cutovers:")
			defer p.WriteByte('\n')
		}
		ink := p.good
		if c.Err != nil {
			ink = p.bad
		}
		noun, name := n.cutoverName(c)
		p.row(4, append([]word{{text: "  " + noun}, {text: name + ":", ink: p.title}}, listed(cutoverEnd(r, c), "", "", ink)...)...)
		if c.Err == nil {
			continue
		}
		for _, m := range c.Members {
			p.row(6, word{text: "    " + n.key(c.Database, m.Alias), pad: 4 + n.column + 1}, word{text: standing(m)}, word{text: m.At})
		}
	}
}

// times says how long a step took, and the proxies after it.
func times(r executor.Result) []string {
	var said []string
	if r.Took > 0 {
		said = append(said, rounded(r.Took).String())
	}
	if r.Converged > 0 {
		said = append(said, "converged in "+rounded(r.Converged).String())
	}
	return said
}

// appliedLine counts the outcomes.
func appliedLine(results []executor.Result) string {
	n := make(map[executor.Outcome]int)
	for _, r := range results {
		n[r.Outcome]++
	}
	line := fmt.Sprintf("Applied: %d applied, %d already done, %d failed, %d unknown, %d not reached",
		n[executor.Applied], n[executor.AlreadyDone], n[executor.Failed], n[executor.Undecided], n[executor.NotReached])
	if n[executor.SwitchedBack] > 0 { // last, for those who read the line by place
		line += fmt.Sprintf(", %d switched back", n[executor.SwitchedBack])
	}
	return line + "."
}

// outcome is an outcome in words.
func outcome(o executor.Outcome) string {
	switch o {
	case executor.AlreadyDone:
		return "already done"
	case executor.NotReached:
		return "not reached"
	case executor.SwitchedBack:
		return "switched back"
	}
	return string(o)
}

func (p *page) outcomeInk(r executor.Result) paint {
	switch {
	case well(r):
		return p.good
	case r.Outcome == executor.NotReached:
		return p.faint
	}
	return p.bad
}

// well says that a step is done and that nothing is wrong with it.
func well(r executor.Result) bool { return r.Done() && r.Err == nil }

// became is the outcome of a step in words, with what is wrong with it when it
// is done all the same.
func became(r executor.Result) string {
	if but := unwell(r); but != "" {
		return outcome(r.Outcome) + ", " + but
	}
	return outcome(r.Outcome)
}

// rounded keeps as much of a duration as a reader wants to see.
func rounded(d time.Duration) time.Duration {
	switch {
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Microsecond)
}
