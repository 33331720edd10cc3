package render

import (
	"fmt"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

// verdict writes the lines that text and diff share: the proof in one line,
// with its problems below, and the counts.
func (p *page) verdict(r Report) {
	ink := p.good
	if !r.Proof.OK {
		ink = p.bad
	}
	p.recorded(2, ink, proofLine(r.Proof))
	for _, problem := range r.Proof.Problems {
		p.prose("  x ", problem)
	}
	p.summary(r.Plan.Summary)
	if line := stateLine(r.Plan.Summary); line != "" {
		p.WriteString(line + "\n")
	}
}

// summary breaks the line of the counts after its changes, where it has to.
func (p *page) summary(s planner.Summary) {
	line := summaryLine(s)
	if changes, rest, cut := strings.Cut(line, "; "); cut && p.fits && len(line) > p.width {
		p.recorded(6, p.title, changes+";")
		p.line(p.title, "      "+rest)
		return
	}
	p.line(p.title, line)
}

// namedGaps is how many gaps the line of the proof names.
const namedGaps = 3

// proofLine is the proof in one line.
func proofLine(p planner.Proof) string {
	var gaps string
	switch n := len(p.Gaps); {
	case n == 0:
	case n <= namedGaps:
		gaps = ": " + Clean(strings.Join(p.Gaps, ", "))
	default:
		gaps = ": " + Clean(strings.Join(p.Gaps[:namedGaps], ", ")) + ", ..."
	}
	if !p.OK {
		return proofSummary(p) + gaps + " (a defect of aliasctl)"
	}
	return proofSummary(p) + gaps
}

// proofSummary is the proof in one line without the names of the gaps.
func proofSummary(p planner.Proof) string {
	gaps := "no gap"
	if n := len(p.Gaps); n > 0 {
		gaps = quantity.Of(n, "gap")
	}
	if !p.OK {
		return fmt.Sprintf("proof: failed, %s at %s, %s", quantity.Of(len(p.Problems), "problem"), quantity.Of(p.Prefixes, "place"), gaps)
	}
	return fmt.Sprintf("proof: ok at %s, %s", quantity.Of(p.Prefixes, "place"), gaps)
}

// summaryLine is the line to search for. Scripts read it: its form is part of
// the command line's contract.
func summaryLine(s planner.Summary) string {
	verify := ""
	if s.Verify > 0 {
		verify = fmt.Sprintf(" %d to verify,", s.Verify)
	}
	return fmt.Sprintf("Plan: %d to create, %d to switch,%s %d to drop, %d to retire; %d unchanged, %s.",
		s.Create, s.Switch, verify, s.Drop, s.Retire, s.Unchanged, quantity.Of(s.Conflicts, "conflict"))
}

// stateLine counts what changes the state alone, "" for nothing.
func stateLine(s planner.Summary) string {
	if s.Adopt == 0 && s.Forget == 0 {
		return ""
	}
	return fmt.Sprintf("State only: %d to adopt, %d to forget.", s.Adopt, s.Forget)
}
