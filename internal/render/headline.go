package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aliasctl/executor"
	"aliasctl/internal/quantity"
)

// tone is how a headline is meant.
type tone string

const (
	toneGood tone = "good" // done, or nothing to do
	tonePlan tone = "plan" // something would change
	toneLoss tone = "loss" // something would be dropped for good
	toneBad  tone = "bad"  // refused, failed or unknown
)

// headline is the verdict in a few words: the first that a reviewer reads, and
// often the last.
func headline(r Report) (string, tone) {
	s := r.Plan.Summary
	switch {
	case r.Applied:
		return appliedHeadline(r.Results)
	case !r.Proof.OK:
		return "refused, the plan failed its proof", toneBad
	case len(r.Plan.Conflicts)+len(r.Refusals) > 0:
		var why []string
		if n := len(r.Plan.Conflicts); n > 0 {
			why = append(why, quantity.Of(n, "conflict"))
		}
		if n := len(r.Refusals); n > 0 {
			why = append(why, quantity.Of(n, "guard"))
		}
		return "refused by " + strings.Join(why, " and "), toneBad
	case s.Pending() == 0:
		return "nothing to do", toneGood
	}
	said, tone := quantity.Of(s.Pending(), "change"), tonePlan
	if s.Retire > 0 {
		said, tone = fmt.Sprintf("%s, %s dropped for good", said, quantity.Of(s.Retire, "collection")), toneLoss
	}
	if n := skipped(r.Plan.Checks); n > 0 {
		said += fmt.Sprintf(", %s skipped", quantity.Of(n, "check"))
	}
	return said, tone
}

func appliedHeadline(results []executor.Result) (string, tone) {
	done, failed, unknown, back := 0, 0, 0, 0
	but := make(map[string]int)
	for _, r := range results {
		switch {
		case r.Done():
			done++
			if !well(r) {
				but[unwell(r)]++
			}
		case r.Outcome == executor.SwitchedBack:
			back++
		case r.Outcome == executor.Failed:
			failed++
		case r.Outcome == executor.Undecided:
			unknown++
		}
	}
	if done == len(results) && len(but) == 0 {
		if done == 0 {
			return "applied, nothing was to do", toneGood
		}
		return "applied, " + quantity.Of(done, "step") + " done", toneGood
	}
	said := fmt.Sprintf("applied in part, %d of %s done", done, quantity.Of(len(results), "step"))
	if done == len(results) {
		said = "applied, " + quantity.Of(done, "step") + " done"
	}
	for _, what := range slices.Sorted(maps.Keys(but)) {
		said += fmt.Sprintf(", %d %s", but[what], what)
	}
	if back > 0 {
		said += fmt.Sprintf(", %d switched back", back)
	}
	if failed > 0 {
		said += fmt.Sprintf(", %d failed", failed)
	}
	if unknown > 0 {
		said += fmt.Sprintf(", %d unknown", unknown)
	}
	return said, toneBad
}
