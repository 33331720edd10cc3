package state_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
	"aliasctl/planner"
)

// many is a state of n bindings over n/10 collections.
func many(n int) planner.State {
	s := statefile.New(planner.Cluster{URI: "http://milvus:19530"})
	s.UpdatedAt = noon
	for i := range n {
		s.Bindings = append(s.Bindings, planner.Binding{
			Database: "default", Alias: fmt.Sprintf("tenant_%07d", i), Collection: fmt.Sprintf("documents_%06d_v3", i/10),
			CollectionID: fmt.Sprint(456503283210551297 + int64(i/10)), Since: noon,
		})
	}
	return s
}

func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{1e3, 1e4, 1e5, 1e6} {
		s := many(n)
		b.Run(fmt.Sprintf("state/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := statefile.Encode(discard{}, s); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("json/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := json.Marshal(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{1e3, 1e4, 1e5, 1e6} {
		data := []byte(encoded(b, many(n)))
		b.Run(fmt.Sprintf("state/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := statefile.Decode("s.json", data); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("json/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var s planner.State
				if err := json.Unmarshal(data, &s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDisk is a whole save and load, against the plainest program that
// does it with encoding/json.
func BenchmarkDisk(b *testing.B) {
	s := many(1e6)
	path := b.TempDir() + "/s.json"
	b.Run("state", func(b *testing.B) {
		f, _ := local.OpenFS(path, local.OS)
		for b.Loop() {
			if err := f.Save(b.Context(), s); err != nil {
				b.Fatal(err)
			}
			if _, err := f.Read(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			data, err := json.Marshal(s)
			if err == nil {
				err = os.WriteFile(path, data, 0o600)
			}
			if err == nil {
				data, err = os.ReadFile(path)
			}
			var read planner.State
			if err == nil {
				err = json.Unmarshal(data, &read)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
