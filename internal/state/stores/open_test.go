package stores

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aliasctl/internal/state/git"
	"aliasctl/internal/state/httpstate"
)

// Whoever looks for a place for a state learns of each kind.
func TestEveryKindOfStoreIsNamed(t *testing.T) {
	line := func(page, begin string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", page))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, begin) {
				return line
			}
		}
		t.Fatalf("docs/%s has no line that begins with %q", page, begin)
		return ""
	}
	_, err := Open("ftp://host/prod.json")
	if err == nil {
		t.Fatal("a state in ftp:// is not refused")
	}
	places := []struct{ name, text string }{
		{"the error of OpenWith for an unknown scheme", err.Error()},
		{"the head of the table in docs/stores.md", line("stores.md", "| | ")},
		{"the usage of --state in internal/cli/flags.go, and docs/reference.md that is made from it", line("reference.md", "- `--state PATH`: ")},
	}
	for scheme := range remote {
		form := scheme + "://"
		switch scheme {
		case git.Scheme:
			form = scheme + "::"
		case httpstate.GitLab:
			form = scheme + ":"
		case httpstate.Insecure:
			continue // https:// with insecure=true
		}
		for _, place := range places {
			if !strings.Contains(place.text, form) {
				t.Errorf("%s does not name %s", place.name, form)
			}
		}
	}
}
