//go:build unix

package growth

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"aliasctl/internal/state"
	"aliasctl/planner"
	"aliasctl/testdata/bench/workload"
)

// What an alias takes in memory, in bytes: runs of 100,000 aliases stay within
// the small machines of a CI. The names are as long as those of the benchmark.
func TestMemoryOfAnAlias(t *testing.T) {
	const n = 20_000
	w := workload.Workload{Bindings: n, Collections: n}
	s, m := w.State(), parsed(t, w)
	entry := func(serial uint64, from, to string) planner.Entry {
		e := planner.Entry{Serial: serial, At: time.Unix(int64(serial), 0).UTC()}
		for _, b := range s.Bindings {
			e.Changes = append(e.Changes, planner.Change{Database: b.Database, Alias: b.Alias, From: from + b.Collection, To: to + b.Collection, ToID: b.CollectionID})
		}
		return e
	}
	perAlias := func(what string, bytes, most uint64) {
		t.Helper()
		t.Logf("%s: %d bytes for each alias", what, bytes/n)
		if bytes/n > most {
			t.Errorf("%s takes %d bytes for each alias, more than %d", what, bytes/n, most)
		}
	}
	held := func(s planner.State) uint64 {
		var text bytes.Buffer
		if err := state.Encode(&text, s); err != nil {
			t.Fatal(err)
		}
		var decoded planner.State
		bytes := grown(true, func() {
			var err error
			if decoded, err = state.Decode("", text.Bytes()); err != nil {
				t.Fatal(err)
			}
		})
		runtime.KeepAlive(text)
		runtime.KeepAlive(decoded)
		return bytes
	}
	bindings := held(s)
	perAlias("a state", bindings, 260)
	// A history repeats the names of the bindings, and each entry those of the one before.
	s.History = []planner.Entry{entry(1, "a_", "b_"), entry(2, "b_", "")}
	perAlias("two applies in its history", held(s)-bindings, 350)

	// A plan without a step makes no room for one.
	var comparison *planner.Comparison
	perAlias("a comparison", grown(false, func() { comparison = planner.Compare(m, s, planner.Options{}) }), 380)
	var plan planner.Plan
	perAlias("an empty plan", grown(false, func() { plan = comparison.Plan(nil) }), 400)
	if len(plan.Steps) > 0 {
		t.Errorf("the plan has %d steps", len(plan.Steps))
	}
}

// grown is how many bytes something allocates, or leaves behind.
func grown(held bool, do func()) uint64 {
	var before, after runtime.MemStats
	collect := func() {
		for range 3 { // what a pool holds outlives the first
			runtime.GC()
		}
	}
	collect()
	runtime.ReadMemStats(&before)
	do()
	if held {
		collect()
		runtime.ReadMemStats(&after)
		return after.HeapAlloc - before.HeapAlloc
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
