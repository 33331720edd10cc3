package manifest

import (
	"fmt"
	"strings"

	"github.com/xrash/smetrics"
)

// fieldHint helps with a field that does not exist: by the field that is
// spelt nearly so, or by all there are.
func fieldHint(name string, fields []field) string {
	const maxLength = 32 // a longer name is no misspelling of ours
	best, nearest := "", 3
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
		if len(name) > maxLength {
			continue
		}
		if d := smetrics.WagnerFischer(strings.ToLower(name), f.name, 1, 1, 1); d < nearest {
			best, nearest = f.name, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "known fields: " + strings.Join(names, ", ")
}

// nearestName is the name that is spelt most like another one, "" when none is near:
// at most two letters apart, and at most a third of the name.
func nearestName(name string, names []string) string {
	const most = 10_000 // bounds the work of a hint
	best, distance := "", min(3, len(name)/3+1)
	for i, other := range names {
		if i == most || len(name) > MaxName {
			break
		}
		if d := len(other) - len(name); d >= distance || -d >= distance {
			continue
		}
		if d := smetrics.WagnerFischer(strings.ToLower(name), strings.ToLower(other), 1, 1, 1); d < distance {
			best, distance = other, d
		}
	}
	return best
}
