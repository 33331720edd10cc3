package planner_test

import (
	"fmt"
	"testing"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// tenants is one alias per tenant over few collections: n bindings, of which
// every `every`-th moves. The cluster is not read.
func tenants(n, every int) (*manifest.Manifest, planner.State) {
	d := manifest.Database{Name: "default"}
	var s planner.State
	for i := range n {
		alias := fmt.Sprintf("tenant_%07d", i)
		last := fmt.Sprintf("shard_%03d_v1", i%100)
		want := last
		if every > 0 && i%every == 0 {
			want = fmt.Sprintf("shard_%03d_v2", i%100)
		}
		d.Aliases = append(d.Aliases, manifest.Alias{Name: alias, Collection: want})
		s.Bindings = append(s.Bindings, planner.Binding{Database: "default", Alias: alias, Collection: last})
	}
	return &manifest.Manifest{Databases: []manifest.Database{d}}, s
}

func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{1e2, 1e3, 1e4, 1e5, 1e6} {
		for _, every := range []int{0, 10, 1} {
			moving := map[int]string{0: "none", 10: "tenth", 1: "all"}[every]
			b.Run(fmt.Sprintf("bindings=%d/moving=%s", n, moving), func(b *testing.B) {
				m, s := tenants(n, every)
				b.ReportAllocs()
				for b.Loop() {
					p := planner.Compare(m, s, planner.Options{Now: noon}).Plan(nil)
					if proof := proof.Of(p, nil); !proof.OK {
						b.Fatal(proof.Problems)
					}
				}
			})
		}
	}
}
