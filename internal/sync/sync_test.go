package sync

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aliasctl/executor"
	"aliasctl/internal/atomicfile"
	"aliasctl/internal/emulator"
	"aliasctl/internal/milvus"
	statefile "aliasctl/internal/state"
	"aliasctl/manifest"
	"aliasctl/planner"
)

const seed = `databases:
  default:
    collections: [products_v1, products_v2, reviews_v6, reviews_v7]
    aliases:
      reviews: reviews_v7
`

// world is an embedded cluster and a manifest in a folder, and what a caller heard.
type world struct {
	Silent
	t   *testing.T
	dir string

	planned, approved, saved int
	secret, label            string
	reads                    []string
	refuse                   error
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir()}
	w.write("cluster.yaml", seed)
	w.write("aliases.yaml", "version: 1\ncluster: prod\naliases:\n  products: products_v1\n  reviews: reviews_v7\nretire: [reviews_v6]\n")
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) options() Options {
	o := Default()
	o.Manifests = []string{w.path("aliases.yaml")}
	o.Cluster.URI = statefile.Embedded + w.path("cluster.yaml")
	o.Choices.Drain = 0
	o.LookupEnv = func(string) (string, bool) { return "", false }
	o.Console = w
	return o
}

func (w *world) Planned(Report, bool)        { w.planned++ }
func (w *world) Saved(string, planner.State) { w.saved++ }
func (w *world) Label(label string)          { w.label = label }
func (w *world) Secret(token string)         { w.secret = token }
func (w *world) Reads(_ string, paths []string) error {
	w.reads = paths
	return nil
}
func (w *world) Approve(Report) error {
	w.approved++
	return w.refuse
}

// ops are the steps of a plan.
func ops(r Report) []planner.Op {
	var ops []planner.Op
	for _, s := range r.Plan.Steps {
		ops = append(ops, s.Op)
	}
	return ops
}

func (w *world) apply(o Options) Report {
	w.t.Helper()
	r, err := Apply(w.t.Context(), o)
	if err != nil || r.Ended == nil || !r.Applied {
		w.t.Fatalf("applied: %+v, %v", r, err)
	}
	return r
}

func code(err error) Code {
	if err == nil {
		return OK
	}
	return FailureOf(err).Code
}

// A plan changes nothing: neither the cluster nor a state.
func TestPlanChangesNothing(t *testing.T) {
	w := newWorld(t)
	r, err := Plan(t.Context(), w.options())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ops(r), []planner.Op{planner.CreateAlias, planner.DropCollection, planner.Adopt}; !sameOps(got, want) {
		t.Errorf("steps %q, want %q", got, want)
	}
	if !r.NoState || !r.Proof.OK || r.Applied || r.Ended != nil || w.planned != 1 || w.approved != 0 || w.label != "prod" {
		t.Errorf("%+v, %+v", r, w)
	}
	if !slices.Contains(w.reads, w.path("aliases.yaml")) || !slices.Contains(w.reads, w.path("cluster.yaml")) {
		t.Errorf("it reads %q", w.reads)
	}
	if states, err := filepath.Glob(w.path("*state*")); err != nil || len(states) != 0 {
		t.Errorf("%v, %v", states, err)
	}
	if again, err := Plan(t.Context(), w.options()); err != nil || again.Digest != r.Digest {
		t.Errorf("%v: %q", err, ops(again))
	}
}

func sameOps(a, b []planner.Op) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// An apply carries the plan out, saves the state, and the next plan has no step.
func TestApply(t *testing.T) {
	w := newWorld(t)
	r := w.apply(w.options())
	if r.Ended.Counts.Applied != len(r.Plan.Steps) || w.approved != 1 || w.saved == 0 {
		t.Errorf("%+v, %+v", r.Ended.Counts, w)
	}
	again, err := Plan(t.Context(), w.options())
	if err != nil || len(again.Plan.Steps) != 0 || again.NoState {
		t.Errorf("%q, %v", ops(again), err)
	}
	state, err := ReadState(t.Context(), w.options())
	if err != nil || len(state.Bindings) != 2 || state.Cluster.Label != "prod" {
		t.Errorf("%+v, %v", state, err)
	}
}

// A caller needs no console and no environment of its own.
func TestApplyWithoutAConsole(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Console, o.LookupEnv = nil, nil
	w.apply(o)
	if found, err := Drift(t.Context(), o); err != nil || len(found.Drift) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if findings := Doctor(t.Context(), o, manifest.DefaultDatabase); slices.ContainsFunc(findings, func(f Finding) bool { return f.Status == FoundFail }) {
		t.Errorf("%+v", findings)
	}
	m, err := Export(t.Context(), o, Wanted{})
	if err != nil || len(m.Databases) != 1 || len(m.Databases[0].Aliases) != 2 {
		t.Errorf("%+v, %v", m, err)
	}
}

// A soft end keeps an apply from beginning; the state is not locked afterwards.
func TestASoftEnd(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	soft, end := context.WithCancel(t.Context())
	o.Soft = soft
	end()
	if _, err := Apply(t.Context(), o); code(err) != Interrupted {
		t.Error(err)
	}
	if _, status, err := LockStatus(t.Context(), w.options()); err != nil || status.Held {
		t.Errorf("%+v, %v", status, err)
	}
	w.apply(w.options())
}

// What the caller does not approve is not carried out.
func TestApplyIsNotApproved(t *testing.T) {
	w := newWorld(t)
	w.refuse = errors.New("no")
	if _, err := Apply(t.Context(), w.options()); !errors.Is(err, w.refuse) {
		t.Error(err)
	}
	if r, err := Plan(t.Context(), w.options()); err != nil || len(r.Plan.Steps) != 3 {
		t.Errorf("%q, %v", ops(r), err)
	}
}

// A report is complete also where the apply is refused, and then nothing is asked.
func TestARefusedPlanIsReported(t *testing.T) {
	w := newWorld(t)
	w.write("aliases.yaml", "version: 1\naliases:\n  products: products_v9\n")
	for _, do := range []func(Options) (Report, error){
		func(o Options) (Report, error) { return Plan(t.Context(), o) },
		func(o Options) (Report, error) { return Apply(t.Context(), o) },
	} {
		r, err := do(w.options())
		if code(err) != Refused || len(r.Plan.Conflicts) != 1 || w.approved != 0 {
			t.Errorf("%v, %+v", err, r.Plan.Conflicts)
		}
	}
}

// A plan that was saved can be reviewed, and applied as long as nothing has changed.
// Its choices are those of the apply.
func TestASavedPlan(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.PlanOut, o.Choices.MaxCollectionDrops = w.path("plan.json"), 7
	planned, err := Plan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	o = w.options()
	o.Manifests, o.Reviewed = nil, w.path("plan.json")
	reviewed, err := Review(t.Context(), o)
	if err != nil || reviewed.Digest != planned.Digest {
		t.Errorf("%v: %s, %s", err, reviewed.Digest, planned.Digest)
	}

	o.State.Location = w.path("aliases.state.json")
	lifting := o
	lifting.Choices.AcceptManifests = true
	if _, err := Apply(t.Context(), lifting); code(err) != Usage || !strings.Contains(err.Error(), "accept-manifests") {
		t.Errorf("a choice that was not reviewed: %v", err)
	}
	if r := w.apply(o); r.Digest != planned.Digest {
		t.Errorf("another plan was applied: %q", ops(r))
	}
	if _, err := Apply(t.Context(), o); code(err) != Stale || len(FailureOf(err).Lines) == 0 {
		t.Errorf("applied twice: %v", err)
	}
}

// A rollback goes back to the bindings of an earlier apply.
func TestRollback(t *testing.T) {
	w := newWorld(t)
	if _, err := Rollback(t.Context(), w.options(), false); code(err) != Failed {
		t.Errorf("without a state: %v", err)
	}
	first := w.apply(w.options())
	w.write("aliases.yaml", "version: 1\ncluster: prod\naliases:\n  products: products_v2\n  reviews: reviews_v7\n")
	w.apply(w.options())
	o := w.options()
	o.To = &first.Ended.State.Serial
	for _, apply := range []bool{false, true} {
		r, err := Rollback(t.Context(), o, apply)
		if err != nil || len(r.Plan.Steps) != 1 || r.Plan.Steps[0].To != "products_v1" || r.Applied != apply {
			t.Fatalf("%v: %+v", err, r.Plan.Steps)
		}
	}
	if r, err := Plan(t.Context(), w.options()); code(err) != Refused || r.Plan.Conflicts[0].Kind != planner.RolledBackFrom {
		t.Errorf("%v: %+v", err, r.Plan.Conflicts)
	}
}

// Drift is found whether or not the manifest is read.
func TestDrift(t *testing.T) {
	w := newWorld(t)
	w.apply(w.options())
	o := w.options()
	if found, err := Drift(t.Context(), o); err != nil || len(found.Drift) != 0 || !found.Manifest {
		t.Errorf("%+v, %v", found, err)
	}
	cluster, err := emulator.Open(w.path("cluster.yaml"), emulator.V26)
	if err != nil {
		t.Fatal(err)
	}
	server, err := emulator.Start(cluster, "127.0.0.1:0", emulator.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := milvus.New(milvus.Config{URI: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.AlterAlias(t.Context(), manifest.DefaultDatabase, "products", "products_v2"); err != nil {
		t.Fatal(err)
	}
	client.Close()
	server.Close()
	cluster.Close()
	o.Manifests, o.State.Location = nil, w.path("aliases.state.json")
	found, err := Drift(t.Context(), o)
	if code(err) != Drifted || len(found.Drift) != 1 || found.Manifest {
		t.Errorf("%+v, %v", found, err)
	}
}

// Options that nothing can be done with are refused before anything is read.
func TestOptionsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"offline":       func(o *Options) { o.Offline = true },
		"allow-missing": func(o *Options) { o.AllowMissingTargets = true },
		"plan-out":      func(o *Options) { o.PlanOut = "plan.json" },
		"only and plan": func(o *Options) {
			o.Reviewed, o.Choices.Only, o.Choices.Given = "plan.json", []string{"a"}, []string{"only"}
		},
		"var and plan":  func(o *Options) { o.Reviewed, o.Vars = "plan.json", map[string]string{"a": "b"} },
		"drain":         func(o *Options) { o.Choices.Drain = -1 },
		"switch":        func(o *Options) { o.Choices.Switch = "swap" },
		"parallel":      func(o *Options) { o.Cluster.Parallel = 257 },
		"history":       func(o *Options) { o.HistoryLimit = 0 },
		"retries":       func(o *Options) { o.Cluster.Retries = -1 },
		"timeout":       func(o *Options) { o.Cluster.Timeout = 0 },
		"settle":        func(o *Options) { o.Settle = 0 },
		"lock-timeout":  func(o *Options) { o.State.LockTimeout = -1 },
		"patience":      func(o *Options) { o.Patience = -1 },
		"no cluster":    func(o *Options) { o.Cluster.URI = "" },
		"state history": func(o *Options) { o.State.History = -1 },
		"no place":      func(o *Options) { o.Manifests = append(o.Manifests, "b.yaml") },
	} {
		o := newWorld(t).options()
		change(&o)
		if r, err := Apply(t.Context(), o); code(err) != Usage || r.Plan.Version != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every choice that is not the default is in the list, and what the list has makes
// the same choices again.
func TestChoicesSurviveASavedPlan(t *testing.T) {
	made := Choices{Only: []string{"b", "a", "b"}, Switch: planner.ByRecreate, Drain: 1, OverwriteDrift: []string{"all"},
		TakeOver: []string{"x"}, Forward: []string{"y"}, RetireNewer: []string{"n"}, RetireAgain: []string{"r"}, MaxAliasDrops: "7%",
		MaxCollectionDrops: 1, AllowEmpty: []string{"db"}, AcceptManifests: true, AcceptCluster: true, SkipCheck: []string{"loaded"}}
	list := made.list()
	if len(list) != len(ChoiceNames()) || !slices.IsSortedFunc(list, func(a, b planner.Choice) int { return strings.Compare(a.Flag, b.Flag) }) {
		t.Fatalf("%v", list)
	}
	again := DefaultChoices()
	if err := again.adopt("plan.json", list); err != nil {
		t.Fatal(err)
	}
	if got := again.list(); !slices.EqualFunc(got, list, func(a, b planner.Choice) bool { return a.Flag == b.Flag && slices.Equal(a.Values, b.Values) }) {
		t.Errorf("%v, want %v", got, list)
	}
	initial := DefaultChoices()
	if list := initial.list(); len(list) != 0 {
		t.Errorf("the defaults are listed: %v", list)
	}
	given := DefaultChoices()
	given.Given = []string{"max-collection-drops"}
	if err := given.adopt("plan.json", list); err != nil || given.MaxCollectionDrops != initial.MaxCollectionDrops || given.MaxAliasDrops != "7%" {
		t.Errorf("%+v, %v", given, err)
	}
}

// Every kind of error has its code.
func TestCodes(t *testing.T) {
	for want, errs := range map[Code][]error{
		OK:          {nil},
		Failed:      {errors.New("x"), &Failure{Code: Failed}, &executor.AnnounceError{}},
		Partly:      {&Failure{Code: Partly}, &executor.SaveError{}, &Failure{Code: Failed, Err: &executor.SaveError{}}},
		Refused:     {&atomicfile.LinkError{}, &Failure{Code: Usage, Err: &atomicfile.LinkError{}}},
		Locked:      {&statefile.LockedError{}, &statefile.RaceError{}, &Failure{Code: Partly, Err: &statefile.RaceError{}}, &statefile.LostError{}},
		Usage:       {Usagef("", "x"), &manifest.Problems{}, &planner.SelectionError{}, &milvus.ConfigError{}, &statefile.URIError{}, &emulator.SeedError{}},
		Panicked:    {&executor.PanicError{}, &Failure{Code: Failed, Err: &executor.PanicError{}}},
		Interrupted: {interrupted("x"), context.Canceled, &Failure{Code: Interrupted, Err: &executor.SaveError{}}},
	} {
		for _, err := range errs {
			if err == nil && want != OK {
				continue
			}
			if got := code(err); got != want {
				t.Errorf("%T %v: %d, want %d", err, err, got, want)
			}
		}
	}
}
