//go:build unix

// Package growth compares what a sync costs for many bindings and for four times
// as many.
package growth

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	"aliasctl/internal/layout"
	"aliasctl/internal/milvus"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	statefile "aliasctl/internal/state"
	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
	"aliasctl/testdata/bench/workload"
)

// Four times the bindings take about four times the time. What is quadratic
// takes sixteen times, and ends a deploy of a large platform; no absolute time
// is asserted. How fast it is says testdata/bench/run.
func TestTimeGrowsWithTheBindings(t *testing.T) {
	if program.Raced {
		t.Skip("times under the race detector say nothing")
	}
	// The small runs would end before the collector begins, the large ones not.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	// Between the two: what no longer fits in the caches of the processor takes
	// up to 6.5 times as long.
	const most, enough, attempts = 8.0, 4, 12
	for _, g := range allGrowing {
		t.Run(g.name, func(t *testing.T) {
			small, large := g.prepare(t, g.size), g.prepare(t, 4*g.size)
			times := repetitions(t, small)
			least := [2]time.Duration{1<<63 - 1, 1<<63 - 1}
			ratio := 0.0
			for attempt := range attempts {
				// In turn, and the least of all so far: other work on the
				// machine can only make a run longer. One round is not enough
				// to pass either, as the small one may be the one held up.
				for i, run := range []func(){small, large} {
					least[i] = min(least[i], cost(t, run, times))
				}
				if ratio = float64(least[1]) / float64(least[0]); ratio <= most && attempt >= enough-1 {
					return
				}
			}
			t.Errorf("%d bindings, %d times, take %v of processor time and %d take %v, %.1f times as much", g.size, times, least[0], 4*g.size, least[1], ratio)
		})
	}
}

// repetitions is how often run has to be timed in one go: what takes a millisecond
// is measured as anything between nothing and two.
func repetitions(t *testing.T, run func()) int {
	for times := 1; ; times *= 2 {
		if cost(t, run, times) >= 10*time.Millisecond {
			return times
		}
	}
}

// cost is the processor time that run takes so many times in a row.
func cost(t *testing.T, run func(), times int) time.Duration {
	runtime.GC()
	started := processorTime(t)
	for range times {
		run()
	}
	return processorTime(t) - started
}

// processorTime is what this process has used so far. On a busy machine a long
// run is interrupted more often than a short one; this time does not count that.
func processorTime(t *testing.T) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// growing is one thing that a sync does, for any number of bindings. prepare
// returns what is timed.
type growing struct {
	name    string
	size    int
	prepare func(t *testing.T, n int) func()
}

var allGrowing = append([]growing{
	{"parse the manifest", 2000, func(t *testing.T, n int) func() {
		text := manifestText(t, tenants(n))
		return func() {
			if _, err := manifest.Load([]string{manifest.StdinPath}, manifest.Options{Stdin: bytes.NewReader(text)}); err != nil {
				t.Error(err)
			}
		}
	}},
	{"plan and prove, all move", 500, func(t *testing.T, n int) func() {
		wanted, state := parsed(t, tenants(n)), tenants(n).State()
		return func() { planned(wanted, state) }
	}},
	{"plan and prove, every tenth moves", 500, func(t *testing.T, n int) func() {
		w := tenants(n)
		w.Every = 10
		wanted, state := parsed(t, w), w.State()
		return func() { planned(wanted, state) }
	}},
	{"encode the state", 2000, func(t *testing.T, n int) func() {
		state := tenants(n).State()
		return func() {
			if err := statefile.Encode(io.Discard, state); err != nil {
				t.Error(err)
			}
		}
	}},
	{"decode the state", 2000, func(t *testing.T, n int) func() {
		var text bytes.Buffer
		if err := statefile.Encode(&text, tenants(n).State()); err != nil {
			t.Fatal(err)
		}
		return func() {
			if _, err := statefile.Decode("s.json", text.Bytes()); err != nil {
				t.Error(err)
			}
		}
	}},
	{"read a cluster without changes", 1000, func(t *testing.T, n int) func() {
		still := tenants(n)
		still.Every = 0
		wanted, state, client := parsed(t, still), still.State(), served(t, still)
		return func() {
			live, err := milvus.Read(context.Background(), client, planner.Compare(wanted, state, planner.Options{}).Scope())
			if err != nil {
				t.Error(err)
				return
			}
			if p := planner.Compare(wanted, state, planner.Options{Now: workload.Epoch}).Plan(live); p.Summary.Unchanged != n {
				t.Errorf("%d of %d unchanged", p.Summary.Unchanged, n)
			}
		}
	}},
	{"leave out what was asked for", 4000, func(t *testing.T, n int) func() {
		asked := planner.Needs{}
		for i := range n {
			asked.Serving = append(asked.Serving, planner.ServingRun{Database: "default", Green: fmt.Sprintf("collection_%d", i)})
		}
		return func() {
			if !asked.Except(asked).Empty() {
				t.Error("something is left")
			}
		}
	}},
	{"switch every alias", 250, func(t *testing.T, n int) func() {
		still := tenants(n)
		still.Every = 0
		there, back := parsed(t, tenants(n)), parsed(t, still)
		state, client := still.State(), served(t, tenants(n))
		return func() {
			live, err := milvus.Read(context.Background(), client, planner.Compare(there, state, planner.Options{}).Scope())
			if err != nil {
				t.Fatal(err)
			}
			p := planner.Compare(there, state, planner.Options{Now: workload.Epoch}).Plan(live)
			report, err := executor.Apply(context.Background(), p, state, client, nowhere{}, executor.Options{})
			if err != nil || report.Counts.Applied != n {
				t.Fatalf("%d of %d applied, %v", report.Counts.Applied, n, err)
			}
			state, there, back = report.State, back, there // the next time the other way
		}
	}},
	{"retire by keep, each alias its own", 500, func(t *testing.T, n int) func() {
		m, live := rebuilt(n, func(a *manifest.Alias) {
			a.Cutover = &manifest.Cutover{Keep: &manifest.Keep{N: 1, Match: a.Name + "_v*"}}
		})
		return func() {
			if p := planner.Compare(m, planner.State{}, planner.Options{Now: workload.Epoch}).Plan(live); p.Summary.Retire != n {
				t.Errorf("%d of %d retired", p.Summary.Retire, n)
			}
		}
	}},
	{"refuse what every check says", 500, func(t *testing.T, n int) func() {
		m, live := rebuilt(n, func(a *manifest.Alias) {
			a.Cutover = &manifest.Cutover{Require: []manifest.Check{{Name: manifest.Loaded}}}
		})
		p := planner.Compare(m, planner.State{}, planner.Options{Now: workload.Epoch}).Plan(live)
		return func() {
			if refusals := p.Check(planner.DefaultLimits()); len(refusals) != n {
				t.Errorf("%d of %d refused", len(refusals), n)
			}
		}
	}},
	{"roll back to aliases that are gone", 500, func(t *testing.T, n int) func() {
		m, live := rebuilt(n, func(*manifest.Alias) {})
		return func() {
			if p := planner.Compare(m, planner.State{}, planner.Options{Now: workload.Epoch, RollingBack: true}).Plan(live); p.Summary.Create != n {
				t.Errorf("%d of %d created", p.Summary.Create, n)
			}
		}
	}},
	{"diff with nothing in common", 1000, func(t *testing.T, n int) func() {
		state := tenants(n).State()
		for i := range state.Bindings {
			state.Bindings[i].Alias = fmt.Sprintf("former_%07d", i)
		}
		p, _ := planned(parsed(t, tenants(n)), state)
		return rendered(t, formats.Diff, report.Report{Plan: p})
	}},
}, printers()...)

// printers is one of them for each output format.
func printers() []growing {
	var list []growing
	for _, f := range formats.All() {
		list = append(list, growing{"show as " + string(f), 1000, func(t *testing.T, n int) func() {
			p, proof := planned(parsed(t, tenants(n)), tenants(n).State())
			if len(p.Steps) != n {
				t.Fatalf("%d steps, not %d", len(p.Steps), n)
			}
			return rendered(t, f, report.Report{Plan: p, Proof: proof})
		}})
	}
	return list
}

// tenants is a platform of n aliases that all move, ten on a collection.
func tenants(n int) workload.Workload {
	return workload.Workload{Bindings: n, Collections: n / 10, Every: 1}
}

func manifestText(t *testing.T, w workload.Workload) []byte {
	var text bytes.Buffer
	if err := w.Manifest(&text); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func parsed(t *testing.T, w workload.Workload) *manifest.Manifest {
	m, err := manifest.Load([]string{manifest.StdinPath}, manifest.Options{Stdin: bytes.NewReader(manifestText(t, w))})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func planned(m *manifest.Manifest, s planner.State) (planner.Plan, proof.Proof) {
	p := planner.Compare(m, s, planner.Options{Now: workload.Epoch}).Plan(nil)
	return p, proof.Of(p, nil)
}

func rendered(t *testing.T, f formats.Format, r report.Report) func() {
	return func() {
		if err := formats.Write(io.Discard, f, r, layout.Style{}); err != nil {
			t.Error(err)
		}
	}
}

// nowhere is where a state is not kept.
type nowhere struct{}

func (nowhere) Save(context.Context, planner.State) error { return nil }

// served puts a workload on an emulated cluster.
func served(t *testing.T, w workload.Workload) *milvus.Client {
	cluster := emulator.New(emulator.V26)
	made := make(map[string]bool)
	for _, b := range w.List() {
		for _, collection := range []string{b.From, b.To} {
			if made[collection] {
				continue
			}
			made[collection] = true
			if err := cluster.CreateCollection(emulator.DefaultDatabase, collection); err != nil {
				t.Fatal(err)
			}
		}
		if err := cluster.CreateAlias(emulator.DefaultDatabase, b.Alias, b.From); err != nil {
			t.Fatal(err)
		}
	}
	server, err := emulator.Start(cluster, "127.0.0.1:0", emulator.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	client, err := milvus.New(milvus.Config{URI: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// rebuilt is a manifest of n aliases, none of them bound yet, and a cluster
// with three collections for each.
func rebuilt(n int, with func(*manifest.Alias)) (*manifest.Manifest, *planner.Live) {
	live := &planner.LiveDatabase{Collections: map[string]planner.LiveCollection{}}
	d := manifest.Database{Name: "default"}
	for i := range n {
		a := manifest.Alias{Name: fmt.Sprintf("tenant_%07d", i)}
		for v := range 3 {
			a.Collection = fmt.Sprintf("%s_v%d", a.Name, v+1)
			live.Names = append(live.Names, a.Collection)
			live.Collections[a.Collection] = planner.LiveCollection{ID: fmt.Sprint(3*i + v)}
		}
		with(&a)
		d.Aliases = append(d.Aliases, a)
	}
	return &manifest.Manifest{Databases: []manifest.Database{d}},
		&planner.Live{Databases: map[string]*planner.LiveDatabase{"default": live}}
}
