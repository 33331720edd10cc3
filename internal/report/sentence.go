package report

import (
	"strings"

	"aliasctl/internal/safetext"
)

// mostProse is how much of a message is shown where room is small.
const mostProse = 500

// Sentence is a sentence on one line, in parts: those with an odd index are what the
// sentence shows as code, between backticks. One whose backticks are not in pairs is
// a single part.
func Sentence(s string) []string {
	s = safetext.Line(s)
	if r := []rune(s); len(r) > mostProse {
		s = string(r[:mostProse]) + " ..."
	}
	parts := strings.Split(s, "`")
	if len(parts)%2 == 0 || strings.Contains(s, "``") {
		return []string{s}
	}
	return parts
}
