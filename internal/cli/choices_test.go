package cli

import (
	"flag"
	"fmt"
	"runtime"
	"testing"

	"github.com/urfave/cli/v2"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// A run without a flag that selects gathers no names to select from: with a
// million aliases they are hundreds of megabytes.
func TestNamesAreGatheredForFlagsAlone(t *testing.T) {
	const aliases = 10_000
	d := manifest.Database{Name: manifest.DefaultDatabase}
	for i := range aliases {
		d.Aliases = append(d.Aliases, manifest.Alias{Name: fmt.Sprintf("a%d", i), Collection: "c"})
	}
	for _, test := range []struct {
		only []string
		most uint64 // bytes
	}{{nil, aliases}, {[]string{"a1"}, 1 << 30}} {
		set := flag.NewFlagSet("sync", flag.ContinueOnError)
		set.Var(cli.NewStringSlice(test.only...), "only", "")
		r := &run{c: cli.NewContext(cli.NewApp(), set, nil), manifest: &manifest.Manifest{Databases: []manifest.Database{d}}}
		var before, after runtime.MemStats
		var options planner.Options
		runtime.ReadMemStats(&before)
		err := r.selections(planner.State{}, &options)
		runtime.ReadMemStats(&after)
		if err != nil || len(options.Only.Keys) != len(test.only) {
			t.Errorf("--only %q: %v, %v", test.only, options.Only, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > test.most {
			t.Errorf("--only %q: %d bytes", test.only, got)
		}
	}
}
