package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aliasctl/executor"
	"aliasctl/internal/quantity"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// Head is what stands above the sections, and the lines of counts. What a
// document has not is empty.
type Head struct {
	Origin  Origin
	Marker  string // what a pipeline finds its comment by, with the label of the cluster
	Program string // the command
	Verdict string // in a few words: the first that a reviewer reads, and often the last
	Tone    Tone
	Offline string // a sentence: the cluster was not read

	Cluster   planner.Cluster
	State, At string // which state, and the word that leads on to its place
	StatePath string
	Flags     []string // those that shape the plan or lift a refusal

	// Counts is the line to search for, StateOnly that of what changes the state alone,
	// Released that of what is taken out of memory, Applied that of the outcomes. Scripts
	// read them: their form is part of the command line's contract.
	Counts, StateOnly, Released, Applied string
	Tallies                              []Tally // the same, one by one
	Proof                                string  // the proof in one line
	Gaps                                 string  // what follows it where there is room: the first gaps
	Proved                               bool
	Problems                             []string // of the proof
	Nothing                              string   // a sentence: nothing is to do

	Cause, Hint string // prose: why there is no report, and the advice
	Run         []Fact // about the run

	Next   string // prose: what to do about a drift
	Wants  string // what a manifest asks for that is not applied yet
	Holder string // prose: another run that holds the state
	// Unmanaged counts the aliases that neither the state nor a manifest has.
	Unmanaged int

	// NameColumn is how many columns names take that stand below one another.
	NameColumn int
}

// The kinds of comments that a pipeline keeps apart: one with drift must not
// update the one with the plan, nor the plan it.
const (
	planMarker  = "aliasctl-report"
	driftMarker = "aliasctl-drift"
)

// Tally is one of the counts.
type Tally struct {
	N    int
	What string
	Kind string // the operation, or the tone
	Rare bool   // not worth showing when it is zero
}

// FlagsOf is a choice as a command line has it.
func FlagsOf(c planner.Choice) string {
	text := ""
	for i, v := range c.Values {
		if i > 0 {
			text += " "
		}
		if text += "--" + c.Flag; v != "true" {
			text += " " + v
		}
	}
	return text
}

func (p plan) head() Head {
	h := Head{
		Origin: p.Origin, Run: p.Origin.facts(),
		Marker: planMarker, Program: "aliasctl plan", Cluster: p.Plan.Cluster, StatePath: p.StatePath,
		Counts: countsLine(p.Plan.Summary), StateOnly: stateLine(p.Plan.Summary), Released: releasedLine(p.Plan.Summary), Tallies: tallies(p.Plan.Summary),
		Proof: proofLine(p.Proof), Gaps: firstGaps(p.Proof), Proved: p.Proof.OK, Problems: p.Proof.Problems,
		NameColumn: p.column,
	}
	h.Verdict, h.Tone = p.verdict()
	h.State, h.At = p.state()
	for _, c := range p.Plan.Choices {
		h.Flags = append(h.Flags, FlagsOf(c))
	}
	with, wanted := "the cluster is", "as the manifest says"
	if p.Plan.Live == planner.LiveAssumed {
		h.Offline, with = "offline: compared with the state only", "the state is"
	}
	if p.Plan.Rollback {
		wanted = "as that apply left it"
	}
	switch {
	case p.Plan.Summary.Pending() > 0 || len(p.Plan.Conflicts) > 0:
	case p.Plan.Undecided():
		h.Nothing = "Nothing is known to be due: without the cluster, `newest` stands for no name."
	default:
		h.Nothing = "Nothing to do: " + with + " " + wanted + "."
	}
	if p.Applied {
		h.Program, h.Applied = "aliasctl apply", appliedLine(p.Results)
	}
	return h
}

func (r Report) verdict() (string, Tone) {
	s := r.Plan.Summary
	switch {
	case r.Applied:
		return appliedVerdict(r.Results)
	case !r.Proof.OK:
		return "refused, the plan failed its proof", Bad
	case len(r.Plan.Conflicts)+len(r.Refusals) > 0:
		var why []string
		if n := len(r.Plan.Conflicts); n > 0 {
			why = append(why, quantity.Of(n, "conflict"))
		}
		if n := len(r.Refusals); n > 0 {
			why = append(why, quantity.Of(n, "guard"))
		}
		return "refused by " + strings.Join(why, " and "), Bad
	case s.Pending() == 0 && r.Plan.Undecided():
		return "nothing is known to be due without the cluster", Neutral
	case s.Pending() == 0:
		return "nothing to do", Good
	}
	words, tone := quantity.Of(s.Pending(), "change"), Change
	if s.Retire > 0 {
		words, tone = fmt.Sprintf("%s, %s dropped for good", words, quantity.Of(s.Retire, "collection")), Loss
	}
	if n := skipped(r.Plan.Checks); n > 0 {
		words += fmt.Sprintf(", %s skipped", quantity.Of(n, "check"))
	}
	return words, tone
}

func appliedVerdict(results []executor.Result) (string, Tone) {
	done, but := 0, make(map[string]int)
	n := make(map[executor.Outcome]int)
	for _, r := range results {
		n[r.Outcome]++
		if r.Done() {
			done++
			if !ok(r) {
				but[problem(r)]++
			}
		}
	}
	words := "applied, " + quantity.Of(done, "step") + " done"
	switch {
	case done < len(results):
		words = fmt.Sprintf("applied in part, %d of %s done", done, quantity.Of(len(results), "step"))
	case len(but) > 0:
	case done == 0:
		return "applied, nothing was to do", Good
	default:
		return words, Good
	}
	for _, what := range slices.Sorted(maps.Keys(but)) {
		words += fmt.Sprintf(", %d %s", but[what], what)
	}
	for _, o := range []executor.Outcome{executor.SwitchedBack, executor.Failed, executor.Undecided} {
		if n[o] > 0 {
			words += fmt.Sprintf(", %d %s", n[o], OutcomeText(o))
		}
	}
	return words, Bad
}

// namedGaps is how many gaps the line of the proof names.
const namedGaps = 3

// firstGaps goes on from the line of the proof.
func firstGaps(p proof.Proof) string {
	var gaps string
	switch n := len(p.Gaps); {
	case n == 0:
	case n <= namedGaps:
		gaps = ": " + strings.Join(p.Gaps, ", ")
	default:
		gaps = ": " + strings.Join(p.Gaps[:namedGaps], ", ") + ", ..."
	}
	if !p.OK {
		gaps += " (a defect of aliasctl)"
	}
	return gaps
}

func proofLine(p proof.Proof) string {
	gaps := "no gap"
	if n := len(p.Gaps); n > 0 {
		gaps = quantity.Of(n, "gap")
	}
	if !p.OK {
		return fmt.Sprintf("proof: failed, %s at %s, %s", quantity.Of(len(p.Problems), "problem"), quantity.Of(p.Prefixes, "place"), gaps)
	}
	return fmt.Sprintf("proof: ok at %s, %s", quantity.Of(p.Prefixes, "place"), gaps)
}

func countsLine(s planner.Summary) string {
	more := "" // of what is rare
	if s.Verify > 0 {
		more = fmt.Sprintf(" %d to verify,", s.Verify)
	}
	if s.Displace > 0 {
		more += fmt.Sprintf(" %d to displace,", s.Displace)
	}
	if s.Load > 0 {
		more += fmt.Sprintf(" %d to load,", s.Load)
	}
	if s.Grant > 0 {
		more += fmt.Sprintf(" %d to grant,", s.Grant)
	}
	return fmt.Sprintf("Plan: %d to create, %d to switch,%s %d to drop, %d to retire; %d unchanged, %s.",
		s.Create, s.Switch, more, s.Drop, s.Retire, s.Unchanged, quantity.Of(s.Conflicts, "conflict"))
}

func stateLine(s planner.Summary) string {
	if s.Adopt == 0 && s.Forget == 0 {
		return ""
	}
	return fmt.Sprintf("State only: %d to adopt, %d to forget.", s.Adopt, s.Forget)
}

func releasedLine(s planner.Summary) string {
	if s.Release == 0 {
		return ""
	}
	return fmt.Sprintf("Memory only: %d to release, data kept.", s.Release)
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

func tallies(s planner.Summary) []Tally {
	return []Tally{
		{N: s.Create, What: "to create", Kind: string(planner.CreateAlias)},
		{N: s.Switch, What: "to switch", Kind: string(planner.AlterAlias)},
		{N: s.Verify, What: "to verify", Kind: string(planner.VerifyAlias), Rare: true},
		{N: s.Displace, What: "to displace", Kind: string(planner.Displace), Rare: true},
		{N: s.Load, What: "to load", Kind: string(planner.LoadCollection), Rare: true},
		{N: s.Grant, What: "to grant", Kind: string(planner.GrantPrivilege), Rare: true},
		{N: s.Drop, What: "to drop", Kind: string(planner.DropAlias)},
		{N: s.Retire, What: "to retire", Kind: string(planner.DropCollection)},
		{N: s.Release, What: "to release", Kind: string(planner.ReleaseCollection), Rare: true},
		{N: s.Adopt, What: "to adopt", Kind: string(planner.Adopt)},
		{N: s.Forget, What: "to forget", Kind: string(planner.Forget)},
		{N: s.Unchanged, What: "unchanged", Kind: "unchanged"},
		{N: s.Conflicts, What: quantity.Noun(s.Conflicts, "conflict"), Kind: string(Bad)},
	}
}
