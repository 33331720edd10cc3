package manifest

import (
	"testing"
	"time"
)

// Four times the input takes about four times the time, never the sixteen
// times of something quadratic. The least of several times is compared, and a
// ratio counts as too high only when it stays so.
func TestTimeGrowsWithTheSize(t *testing.T) {
	if raceDetector() {
		t.Skip("times under the race detector say nothing")
	}
	const size, most, attempts = 32 << 10, 6, 15
	small, large := hostile(size), hostile(4*size)
	small["bindings"], large["bindings"] = largeManifest(2000), largeManifest(8000)
	for _, name := range []string{
		"bindings", "numbered documents", "unknown fields", "duplicates", "clashes", "undefined variables",
		"a long form for many", "a list in itself", "a vector for many", "groups that disagree", "stars", "unclosed list", "unclosed quote inside", "bad bytes", "tag directives",
	} {
		t.Run(name, func(t *testing.T) {
			var ratio float64
			for range attempts {
				ratio = float64(leastTime(large[name])) / float64(leastTime(small[name]))
				if ratio <= most {
					return
				}
			}
			t.Errorf("four times the size takes %.1f times the time", ratio)
		})
	}
}

func leastTime(data []byte) time.Duration {
	least := time.Duration(-1)
	for range 3 {
		start := time.Now()
		// Most of the inputs are refused; how long that takes is the question.
		_, _ = parse("a.yaml", data, Options{})
		if took := time.Since(start); least < 0 || took < least {
			least = took
		}
	}
	return max(least, time.Microsecond)
}
