package sync

import (
	"fmt"
	"runtime"
	"testing"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// A run without a choice that selects gathers no names to select from: with a
// million aliases they are hundreds of megabytes.
func TestNamesAreGatheredForChoicesAlone(t *testing.T) {
	const aliases = 10_000
	d := manifest.Database{Name: manifest.DefaultDatabase}
	for i := range aliases {
		d.Aliases = append(d.Aliases, manifest.Alias{Name: fmt.Sprintf("a%d", i), Collection: "c"})
	}
	m := &manifest.Manifest{Databases: []manifest.Database{d}}
	for _, test := range []struct {
		only []string
		most uint64 // bytes
	}{{nil, aliases}, {[]string{"a1"}, 1 << 30}} {
		var before, after runtime.MemStats
		var options planner.Options
		runtime.ReadMemStats(&before)
		err := selections(&Choices{Only: test.only}, m, planner.State{}, &options)
		runtime.ReadMemStats(&after)
		if err != nil || len(options.Only.Keys) != len(test.only) {
			t.Errorf("only %q: %v, %v", test.only, options.Only, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > test.most {
			t.Errorf("only %q: %d bytes", test.only, got)
		}
	}
}
