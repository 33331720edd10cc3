package formats_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"aliasctl/internal/layout"
	"aliasctl/internal/report/formats"
	"aliasctl/planner"
)

// TestEveryFormatGrowsLinearly: a diff would take minutes and fail if the two
// sides were handed over in one piece, since they have no line in common.
func TestEveryFormatGrowsLinearly(t *testing.T) {
	for _, f := range formats.All() {
		took := func(n int) time.Duration {
			report := many(n)
			report.Plan.Before, report.Plan.After = unrelated(n).Before, unrelated(n).After
			start := time.Now()
			if err := formats.Write(io.Discard, f, report, layout.Style{}); err != nil {
				t.Fatal(err)
			}
			return time.Since(start)
		}
		// The fastest of a few: on a busy machine any one of them may be slow.
		small, large := took(2_000), took(16_000)
		for range 20 {
			if large < 24*small {
				break
			}
			small, large = min(small, took(2_000)), min(large, took(16_000))
		}
		if large >= 24*small {
			t.Errorf("%s: 8 times the steps took %d times as long: %v, %v", f, large/small, small, large)
		}
	}
}

// unrelated is a plan that leaves no binding as it was.
func unrelated(n int) planner.Plan {
	var p planner.Plan
	for i := range n {
		p.Before = append(p.Before, binding("default", fmt.Sprintf("a%07d", i), fmt.Sprintf("old_%d", i)))
		p.After = append(p.After, binding("default", fmt.Sprintf("b%07d", i), fmt.Sprintf("new_%d", i)))
	}
	return p
}
