package manifest

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// Reading a manifest allocates little beside what its decoding to yaml.Node
// does: whatever is wrong with it, the whole is at most one and a half times
// that. The bytes allocated in all are compared because, unlike the peak, they
// do not depend on when the garbage collector runs.
func TestMemoryBesideTheDecoder(t *testing.T) {
	if raceDetector() {
		t.Skip("the race detector allocates too")
	}
	const n = 1 << 20
	number := func(head, format string) []byte {
		var b strings.Builder
		b.WriteString(head)
		for i := 0; b.Len() < n; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return []byte(b.String())
	}
	for name, data := range map[string][]byte{
		"aliases":        number("version: 1\naliases:\n", "  tenant_%07[1]d: docs_%07[1]d\n"),
		"defaults":       number("version: 1\ndefaults: {require: {exists: true, loaded: true}, verify: 3}\naliases:\n", "  tenant_%07[1]d: docs_%07[1]d\n"),
		"long aliases":   number("version: 1\naliases:\n", "  tenant_%07[1]d: {collection: docs_%07[1]d}\n"),
		"retire":         number("version: 1\nretire:\n", "  - docs_%07d\n"),
		"release":        number("version: 1\nrelease:\n", "  - tenant_%07d\n"),
		"documents":      number("", "---\nversion: 1\ndatabase: db_%07d\naliases: {products: docs}\n"),
		"bad names":      number("version: 1\naliases:\n", "  tenant-%07[1]d: docs-%07[1]d\n"),
		"unknown fields": number("version: 1\n", "tenant_%07[1]d: docs_%07[1]d\n"),
		"duplicates":     number("version: 1\naliases:\n", "  a: docs_%07d\n"),
		"clashes":        number("version: 1\naliases:\n", "  docs_%07[1]d: docs_%07[1]d\n"),
	} {
		t.Run(name, func(t *testing.T) {
			decoding := allocated(func() {
				dec := yaml.NewDecoder(bytes.NewReader(data))
				for {
					var node yaml.Node
					if dec.Decode(&node) != nil {
						return
					}
				}
			})
			// Some of the inputs are refused; what that costs is the question.
			reading := allocated(func() { _, _ = parse("a.yaml", data, Options{}) })
			ratio := float64(reading) / float64(decoding)
			t.Logf("%d KiB to decode, %d KiB to read: %.2f times", decoding>>10, reading>>10, ratio)
			if ratio > 1.5 {
				t.Errorf("reading allocates %.2f times what decoding does", ratio)
			}
		})
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
