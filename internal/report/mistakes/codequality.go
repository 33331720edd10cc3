package mistakes

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
)

// issue is one entry of a Code Quality report
// (docs.gitlab.com, "Code Quality", "Code Quality report format").
type issue struct {
	Description string   `json:"description"`
	CheckName   string   `json:"check_name"`
	Fingerprint string   `json:"fingerprint"`
	Severity    string   `json:"severity"`
	Location    location `json:"location"`
}

type location struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

func writeCodeQuality(w io.Writer, r Result) error {
	issues := []issue{}
	add := func(rule, text, fingerprint, path string, line int) {
		// A manifest with a mistake stops every run that reads it.
		i := issue{Description: strings.ReplaceAll(text, "\n", "; "), CheckName: rule, Fingerprint: fingerprint, Severity: "blocker"}
		i.Location.Path, i.Location.Lines.Begin = path, line
		issues = append(issues, i)
	}
	for _, m := range r.Mistakes {
		add(string(m.Rule), m.Text(), m.Fingerprint, m.File, m.Line)
	}
	// GitLab shows an entry only with a place in a file.
	if rest := r.rest(); rest != "" {
		add("more-problems", rest, sum("more-problems"), r.first(), 1)
	}
	if f := r.Failed; f != nil {
		add("not-checked", f.text(), sum(f.What), r.first(), 1)
	}
	return indented(w, issues)
}

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:16])
}
