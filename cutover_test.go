package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/emulator"
	"aliasctl/internal/milvus"
	"aliasctl/internal/statefile"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// The tests of this file are the proof under readers: while aliases are
// switched, readers query and search through them without a pause, each on a
// connection of its own, through proxies that hear of a change late.
//
//	go test -run Cutover -v .
//
// The aliases are one that stands alone and a group of three. Every rebuild is
// a generation: a collection for each alias, with one row that says which
// generation it is.
const (
	loneAlias  = "products"
	longestLag = 10 * time.Millisecond
)

var (
	groupAliases  = []string{"docs_dense", "docs_meta", "docs_sparse"}
	servedAliases = append([]string{loneAlias}, groupAliases...)

	// proxyLags are those of the proxies; a drain has to outlast the longest.
	proxyLags = []time.Duration{0, time.Millisecond, 3 * time.Millisecond, longestLag}
)

// TestCutoverIsNotNoticed makes a thousand switches: every generation goes
// live, every third one goes back and forth once, and the old one is retired
// in the run that left it, after a drain.
func TestCutoverIsNotNoticed(t *testing.T) {
	s := serveReaders(t, emulator.V26, planner.ByAlter)
	traffic := s.readThroughAll(2)
	enough := 1000
	if built("-race") == "true" {
		enough = 250 // everything is that much slower
	}
	for generation := 2; s.switches < enough; generation++ {
		s.rebuild(generation)
		if generation%3 == 0 {
			s.cutover(generation)
			s.cutover(generation - 1)
		}
		s.replace(generation, 3*longestLag/2)
	}
	saw := traffic.end()
	t.Logf("%v; %v", s, saw)
	if saw.failed() > 0 || saw.reads == 0 {
		t.Errorf("%d of %d reads failed, the first: %s", saw.failed(), saw.reads, saw.first)
	}
	if s.retired == 0 {
		t.Error("nothing was retired")
	}
}

// TestCutoverByRecreateIsNoticed is the proof that the readers would see a gap
// if there was one.
func TestCutoverByRecreateIsNoticed(t *testing.T) {
	s := serveReaders(t, emulator.V26, planner.ByRecreate)
	s.rebuild(2)
	traffic := s.readThroughAll(2)
	for i := 0; s.switches < 100 || traffic.gaps.Load() == 0 && s.switches < 4000; i++ {
		s.cutover(2 - i%2)
	}
	saw := traffic.end()
	t.Logf("%v; %v", s, saw)
	if saw.gaps == 0 {
		t.Error("no reader saw the gap of a switch by drop and create")
	}
	if saw.gone+saw.others > 0 {
		t.Errorf("reads failed for another reason, the first failure: %s", saw.first)
	}
}

// TestCutoverNeedsTheDrain drops what was just left: proxies that have not
// heard of the switch yet still answer from it.
func TestCutoverNeedsTheDrain(t *testing.T) {
	const lag = 10 * longestLag
	for _, c := range []struct {
		name  string
		drain time.Duration
		fails bool
	}{
		{"none", 0, true},
		{"longer than the lag", 3 * lag / 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serveReaders(t, emulator.V26, planner.ByAlter)
			s.slowest.SetLag(lag)
			traffic := s.readThroughAll(2)
			for generation := 2; generation <= 6 || c.fails && traffic.gone.Load() == 0 && generation < 100; generation++ {
				s.rebuild(generation)
				s.replace(generation, c.drain)
			}
			saw := traffic.end()
			t.Logf("drain %v, longest lag %v: %v; %v", c.drain, lag, s, saw)
			if (saw.gone > 0) != c.fails {
				t.Errorf("%d reads met a dropped collection", saw.gone)
			}
			if saw.gaps+saw.others > 0 {
				t.Errorf("reads failed for another reason, the first failure: %s", saw.first)
			}
		})
	}
}

// TestCutoverOnAServerThatExpiresFirst is Milvus before 2.6.6: a proxy may keep
// the old collection until it is dropped, and hears of that in time.
func TestCutoverOnAServerThatExpiresFirst(t *testing.T) {
	s := serveReaders(t, emulator.V25, planner.ByAlter)
	traffic := s.readThroughAll(2)
	for generation := 2; generation <= 12; generation++ {
		s.rebuild(generation)
		if generation%4 > 0 {
			s.replace(generation, 0)
			continue
		}
		s.cutover(generation)
		for start := time.Now(); traffic.forgotten.Load() == 0; time.Sleep(longestLag) {
			if time.Since(start) > 10*time.Second {
				t.Fatal("no proxy kept the old collection: this proves nothing")
			}
		}
		s.cutover(generation - 1)
		s.replace(generation, 0)
	}
	saw := traffic.end()
	t.Logf("%v; %v", s, saw)
	if saw.failed() > 0 || saw.reads == 0 {
		t.Errorf("%d of %d reads failed, the first: %s", saw.failed(), saw.reads, saw.first)
	}
}

// service is a cluster with proxies, and what aliasctl does to it.
type service struct {
	t       *testing.T
	cluster *emulator.Emulator
	direct  string   // the cluster itself
	proxies []string // aliasctl works through the first
	slowest *emulator.Proxy
	client  *milvus.Client
	mode    planner.SwitchMode
	state   planner.State
	live    int // the generation that is live

	dropped atomic.Int64            // this generation and those before it are gone
	landed  atomic.Pointer[landing] // the last cutover, nil while one is under way

	switches, retired, applies int
	longestMixed               time.Duration
}

// serveReaders starts with generation 1 live.
func serveReaders(t *testing.T, profile emulator.Profile, mode planner.SwitchMode) *service {
	t.Helper()
	s := &service{t: t, cluster: emulator.New(profile), mode: mode}
	serve := func(h http.Handler) string {
		server, err := emulator.Start(h, "127.0.0.1:0", emulator.ServerOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		return server.URL()
	}
	s.direct = serve(s.cluster)
	for _, lag := range proxyLags {
		s.slowest = s.cluster.AddProxy(lag)
		s.proxies = append(s.proxies, serve(s.slowest))
	}
	var err error
	if s.client, err = milvus.New(milvus.Config{URI: s.proxies[0]}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.client.Close)
	s.state = statefile.New(planner.Cluster{URI: s.proxies[0]})
	s.rebuild(1)
	s.cutover(1)
	s.switches = 0
	return s
}

// landing is a generation that every alias is at.
type landing struct {
	generation int
	at         time.Time
}

func (s *service) String() string {
	return fmt.Sprintf("%d switches in %d applies, %d collections retired, the group was mixed for at most %v",
		s.switches, s.applies, s.retired, s.longestMixed.Round(10*time.Microsecond))
}

func collectionOf(alias string, generation int) string {
	return fmt.Sprintf("%s_v%d", alias, generation)
}

// rebuild makes the collections of a generation.
func (s *service) rebuild(generation int) {
	s.t.Helper()
	for _, alias := range servedAliases {
		name := collectionOf(alias, generation)
		if err := s.cluster.CreateCollection(manifest.DefaultDatabase, name); err != nil {
			s.t.Fatal(err)
		}
		row := fmt.Sprintf(`{"collectionName":%q,"data":[{"id":1,"vector":[1,0,0,0,0,0,0,0],"generation":%d}]}`, name, generation)
		response, err := http.Post(s.direct+"/v2/vectordb/entities/insert", "application/json", strings.NewReader(row))
		if err != nil {
			s.t.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

// cutover is one apply that moves every alias to a generation.
func (s *service) cutover(generation int) {
	s.t.Helper()
	s.move(generation, nil, 0)
}

// replace is a cutover that retires the generation before it.
func (s *service) replace(generation int, drain time.Duration) {
	s.t.Helper()
	var retire []manifest.Retiree
	for _, alias := range servedAliases {
		retire = append(retire, manifest.Retiree{Collection: collectionOf(alias, generation-1)})
	}
	s.move(generation, retire, drain)
	s.retired += len(retire)
	s.dropped.Store(int64(generation - 1))
}

func (s *service) move(generation int, retire []manifest.Retiree, drain time.Duration) {
	s.t.Helper()
	s.live = generation
	s.landed.Store(nil)
	s.apply(retire, drain)
	s.switches += len(servedAliases)
	for alias, to := range s.cluster.Bindings(manifest.DefaultDatabase) {
		if to != collectionOf(alias, generation) {
			s.t.Fatalf("alias %s ended at %s, not in generation %d", alias, to, generation)
		}
	}
}

// apply is what `sync --apply` does: read, build, prove, carry out.
func (s *service) apply(retire []manifest.Retiree, drain time.Duration) {
	s.t.Helper()
	db := manifest.Database{Name: manifest.DefaultDatabase, Named: true, Retire: retire}
	for _, alias := range servedAliases {
		a := manifest.Alias{Name: alias, Collection: collectionOf(alias, s.live)}
		if alias != loneAlias {
			a.Cutover = &manifest.Cutover{Group: "docs", OnFailure: manifest.SwitchBack}
		}
		db.Aliases = append(db.Aliases, a)
	}
	m := &manifest.Manifest{Databases: []manifest.Database{db}}
	ctx := context.Background()
	live, err := milvus.Read(ctx, s.client, planner.ScopeOf(m, s.state, planner.Selection{}))
	if err != nil {
		s.t.Fatal(err)
	}
	plan := planner.Build(m, s.state, live, planner.Options{Cluster: s.state.Cluster, Now: time.Now(), Switch: s.mode})
	if proof := planner.Prove(plan, live); !proof.OK || len(plan.Conflicts) > 0 {
		s.t.Fatalf("plan %+v, proof %+v", plan, proof)
	}
	cutover := &cutoverWatch{service: s}
	report, err := executor.Apply(ctx, plan, s.state, s.client, noStore{}, executor.Options{Observer: cutover, Drain: drain})
	if err != nil || !report.Counts.Complete() {
		s.t.Fatalf("apply: %v, %+v", err, report.Results)
	}
	s.state = report.State
	s.applies++
	s.longestMixed = max(s.longestMixed, cutover.last.Sub(cutover.first))
}

// noStore keeps no state: what a run made of it is in its report.
type noStore struct{}

var _ executor.Store = noStore{}

func (noStore) Save(context.Context, planner.State) error { return nil }

// cutoverWatch measures how long the members of the group are apart at most:
// from when the first could have moved to when the last has.
type cutoverWatch struct {
	service     *service
	first, last time.Time
	bound       int
}

var _ executor.Observer = (*cutoverWatch)(nil)

func (w *cutoverWatch) StepStarted(_ int, step planner.Step) {
	if w.first.IsZero() && member(step) {
		w.first = time.Now()
	}
}

func (w *cutoverWatch) StepDone(_ int, result executor.Result) {
	if member(result.Step) {
		w.last = time.Now()
	}
	if result.To == "" {
		return // the drop of a collection, or half a switch
	}
	if w.bound++; w.bound == len(servedAliases) {
		w.service.landed.Store(&landing{w.service.live, time.Now()})
	}
}

func member(step planner.Step) bool { return step.Alias != "" && step.Alias != loneAlias }
