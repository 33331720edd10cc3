package manifest

import (
	"bytes"
	"fmt"
	"testing"

	"gopkg.in/yaml.v3"
)

// largeManifest has n bindings over n/10 collections, every tenth in the long
// form.
func largeManifest(n int) []byte {
	var b bytes.Buffer
	b.WriteString("version: 1\nvars: {rev: v42}\naliases:\n")
	for i := range n {
		if i%10 == 0 {
			fmt.Fprintf(&b, "  tenant_%07d: {collection: docs_%06d, protect: true}\n", i, i/10)
		} else {
			fmt.Fprintf(&b, "  tenant_%07d: docs_%06d_${rev}\n", i, i/10)
		}
	}
	return b.Bytes()
}

// BenchmarkLoad compares Parse with what it cannot do without: one decode of
// the same bytes to a yaml.Node.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000, 1_000_000} {
		data := largeManifest(n)
		b.Run(fmt.Sprintf("manifest/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parse("aliases.yaml", data, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("node/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var node yaml.Node
				if err := yaml.Unmarshal(data, &node); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
