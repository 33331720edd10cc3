package cli

import (
	"strings"
	"testing"

	"aliasctl/internal/sync"
)

// On a terminal the lines fit; for a pipe each finding stays one line.
func TestFindingsFitATerminal(t *testing.T) {
	f := sync.Finding{Status: sync.FoundFail, What: "privilege DescribeCollection", Found: strings.Repeat("of what was found ", 20), WayOut: strings.Repeat("what helps ", 20)}
	for line := range strings.SplitSeq(findingText(f, 80), "\n") {
		if len(line) > 80 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	if n := strings.Count(findingText(f, 0), "\n"); n != 1 {
		t.Errorf("%d line breaks without a terminal:\n%s", n, findingText(f, 0))
	}
	joined := strings.Join(strings.Fields(findingText(f, 80)), " ")
	if want := strings.Join(strings.Fields(findingText(f, 0)), " "); joined != want {
		t.Errorf("got  %s\nwant %s", joined, want)
	}
}
