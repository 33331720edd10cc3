package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/manifest"
)

// Mistake is a problem of a manifest as machines read it.
type Mistake struct {
	Place
	Rule    manifest.RuleID `json:"rule"`
	Message string          `json:"message"`
	Hint    string          `json:"hint,omitempty"`
	// Related are the places that Message names.
	Related []Place `json:"related,omitempty"`
	// Fingerprint is the same as long as the rule, the file and the message are,
	// wherever the lines move; no two mistakes of a run share one.
	Fingerprint string `json:"fingerprint"`
}

// Place is where something is in a file, whose path starts at the root of the
// repository.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Text is the message, with the hint on a line of its own.
func (m Mistake) Text() string {
	if m.Hint == "" {
		return m.Message
	}
	return m.Message + "\nhint: " + m.Hint
}

// MoreMistakes is the sentence about n mistakes that are not listed, "" for none.
func MoreMistakes(n int) string {
	if n == 0 {
		return ""
	}
	return "... and " + quantity.Of(n, "problem") + " more"
}

// NewMistakes are problems as mistakes. path is the path of a file from the root of
// the repository, and text is a text as it may be shown.
func NewMistakes(problems []manifest.Problem, path, text func(string) string) []Mistake {
	seen := make(map[string]int)
	place := func(p manifest.Position) Place { return Place{text(path(p.File)), p.Line, p.Column} }
	mistakes := make([]Mistake, len(problems))
	for i, p := range problems {
		m := Mistake{Place: place(p.Pos), Rule: p.Rule, Message: text(p.Message), Hint: text(p.Hint)}
		lasting := p.Message
		for _, at := range p.Related {
			m.Related = append(m.Related, place(at))
			lasting = strings.ReplaceAll(lasting, at.String(), at.File)
		}
		key := fmt.Sprintf("%s\x00%s\x00%s", m.Rule, m.File, text(lasting))
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, seen[key]))
		seen[key]++
		m.Fingerprint = hex.EncodeToString(sum[:16])
		mistakes[i] = m
	}
	return mistakes
}
