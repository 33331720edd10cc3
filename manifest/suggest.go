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
