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
			{text: outcome(result.Outcome), ink: p.outcomeInk(result.Outcome)},
		}
		if result.Took > 0 {
			words = append(words, word{text: "(" + rounded(result.Took).String() + ")", ink: p.faint})
		}
		indent := 2 + digits + 1 + 2
		p.row(indent, words...)
		if result.Err != nil {
			p.prose(strings.Repeat(" ", indent), result.Err.Error())
		}
		if result.Note != "" {
			p.prose(strings.Repeat(" ", indent), "note: "+result.Note)
		}
	}
	p.line(p.title, appliedLine(r.Results))
	return p.Flush()
}

// appliedLine counts the outcomes.
func appliedLine(results []executor.Result) string {
	n := make(map[executor.Outcome]int)
	for _, r := range results {
		n[r.Outcome]++
	}
	return fmt.Sprintf("Applied: %d applied, %d already done, %d failed, %d unknown, %d not reached.",
		n[executor.Applied], n[executor.AlreadyDone], n[executor.Failed], n[executor.Undecided], n[executor.NotReached])
}

// outcome is an outcome in words.
func outcome(o executor.Outcome) string {
	switch o {
	case executor.AlreadyDone:
		return "already done"
	case executor.NotReached:
		return "not reached"
	}
	return string(o)
}

func (p *page) outcomeInk(o executor.Outcome) paint {
	switch o {
	case executor.Applied, executor.AlreadyDone:
		return p.good
	case executor.NotReached:
		return p.faint
	}
	return p.bad
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
