package cutover

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/emulator"
	"aliasctl/internal/milvus"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/testkit"
	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// service is a cluster with proxies, and what aliasctl does to it.
type service struct {
	t       *testing.T
	cluster *testkit.Cluster
	direct  string   // the cluster itself
	proxies []string // aliasctl works through the first
	slowest *testkit.Proxy
	client  *milvus.Client
	mode    planner.SwitchMode
	state   planner.State

	dropped atomic.Int64            // this generation and those before it are gone
	landed  atomic.Pointer[landing] // the last cutover, nil while one is under way

	switches, retired, applies int
	longestMixed               time.Duration
}

// serveReaders starts with generation 1 live.
func serveReaders(t *testing.T, profile emulator.Profile, mode planner.SwitchMode) *service {
	t.Helper()
	s := &service{t: t, cluster: testkit.New(profile), mode: mode}
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
	text := fmt.Sprintf("%d switches in %d applies, %d collections retired", s.switches, s.applies, s.retired)
	if s.longestMixed > 0 {
		text += fmt.Sprintf(", aliasctl found the group mixed for at most %v", s.longestMixed.Round(10*time.Microsecond))
	}
	return text
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
	if report := s.apply(generation, retire, executor.Options{Drain: drain}); !report.Counts.Complete() {
		s.t.Fatalf("%+v", report.Results)
	}
	for _, alias := range servedAliases {
		if at := s.at(alias); at != generation {
			s.t.Fatalf("alias %s ended in generation %d, not %d", alias, at, generation)
		}
	}
}

// at is the generation of an alias.
func (s *service) at(alias string) int {
	s.t.Helper()
	to := s.cluster.Bindings(manifest.DefaultDatabase)[alias]
	generation, err := strconv.Atoi(strings.TrimPrefix(to, alias+"_v"))
	if err != nil {
		s.t.Fatalf("alias %s is at %q", alias, to)
	}
	return generation
}

// apply is what `sync --apply` does: read, build, prove, carry out.
func (s *service) apply(generation int, retire []manifest.Retiree, o executor.Options) executor.Report {
	s.t.Helper()
	s.landed.Store(nil)
	m := &manifest.Manifest{Databases: []manifest.Database{{
		Name: manifest.DefaultDatabase, Named: true, Aliases: s.wanted(generation), Retire: retire,
	}}}
	ctx := context.Background()
	live, err := milvus.Read(ctx, s.client, planner.Compare(m, s.state, planner.Options{}).Scope())
	if err != nil {
		s.t.Fatal(err)
	}
	plan := planner.Compare(m, s.state, planner.Options{Cluster: s.state.Cluster, Now: time.Now(), Switch: s.mode}).Plan(live)
	if proof := proof.Of(plan, live); !proof.OK || len(plan.Conflicts) > 0 {
		s.t.Fatalf("plan %+v, proof %+v", plan, proof)
	}
	o.Observer = &lander{service: s, generation: generation}
	report, err := executor.Apply(ctx, plan, s.state, s.client, noStore{}, o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.state = report.State
	s.applies++
	for _, result := range report.Results {
		if result.To != "" && result.Outcome == executor.Applied {
			s.switches++
		}
	}
	for _, cutover := range report.Cutovers {
		s.longestMixed = max(s.longestMixed, cutover.Mixed)
	}
	return report
}

// wanted is the manifest of a generation. A switch by drop and create cannot
// keep a group together.
func (s *service) wanted(generation int) []manifest.Alias {
	var list []manifest.Alias
	for _, alias := range servedAliases {
		one := manifest.Alias{Name: alias, Collection: collectionOf(alias, generation)}
		if alias != loneAlias && s.mode == planner.ByAlter {
			one.Cutover = &manifest.Cutover{Group: "docs", OnFailure: manifest.SwitchBack}
		}
		list = append(list, one)
	}
	return list
}

// noStore keeps no state: what a run made of it is in its report.
type noStore struct{}

var _ executor.Store = noStore{}

func (noStore) Save(context.Context, planner.State) error { return nil }

// lander sees when every alias is at a generation.
type lander struct {
	service           *service
	generation, bound int
}

var _ executor.Observer = (*lander)(nil)

func (l *lander) StepStarted(int, planner.Step) {}

func (l *lander) StepDone(_ int, result executor.Result) {
	if result.To == "" || result.Outcome != executor.Applied {
		return // a drop, or nothing
	}
	if l.bound++; l.bound == len(servedAliases) {
		l.service.landed.Store(&landing{l.generation, time.Now()})
	}
}
