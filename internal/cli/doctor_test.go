package cli

import (
	"strings"
	"testing"
)

// On a terminal the lines fit; for a pipe each finding stays one line.
func TestFindingsFitATerminal(t *testing.T) {
	f := finding{Status: statusFail, What: "privilege DescribeCollection", Found: strings.Repeat("of what was found ", 20), WayOut: strings.Repeat("what helps ", 20)}
	for line := range strings.SplitSeq(f.text(80), "\n") {
		if len(line) > 80 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	if n := strings.Count(f.text(0), "\n"); n != 1 {
		t.Errorf("%d line breaks without a terminal:\n%s", n, f.text(0))
	}
	joined := strings.Join(strings.Fields(f.text(80)), " ")
	if want := strings.Join(strings.Fields(f.text(0)), " "); joined != want {
		t.Errorf("got  %s\nwant %s", joined, want)
	}
}
