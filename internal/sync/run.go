package sync

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/emulator"
	"aliasctl/internal/milvus"
	"aliasctl/internal/report"
	statefile "aliasctl/internal/state"
	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/saved"
)

// Report is what an operation found, and how its apply ended.
type Report struct {
	report.Report
	// Ended is nil where nothing was carried out.
	Ended *executor.Report
}

// Plan shows what an apply would do, and changes nothing. The Report is complete
// also where the error is that the apply would be refused.
func Plan(ctx context.Context, o Options) (Report, error) { return newRun(ctx, o).sync(false) }

// Apply carries a plan out: that of the manifests, or the one of Options.Reviewed.
func Apply(ctx context.Context, o Options) (Report, error) { return newRun(ctx, o).sync(true) }

// run is one plan, and its apply where that is asked for. Everything that can be
// wrong without the cluster is found before it is asked. Sync and rollback differ in
// what they want only.
type run struct {
	Options
	hard, soft context.Context
	redactor   *milvus.Redactor

	apply     bool
	manifest  *manifest.Manifest // what is wanted
	golden    goldenSums
	origin    *manifest.Origin   // of PlanOut
	saved     *saved.Plan        // of Reviewed
	options   planner.Options    // beyond what choices say
	location  string             // of the state, "" for none
	file      statefile.Location // nil when a dry run has no place for a state
	by        executor.Author    // who applies
	lock      *statefile.Lock
	conn      *connection // nil when offline
	witnesses []executor.Witness
	identity  identity                      // of the cluster, where it was asked for
	accepted  string                        // what AcceptCluster accepts, "" for nothing
	planned   time.Time                     // when the plan was made first
	checked   *report.Report                // the plan made again after the loads, nil before
	again     func() (report.Report, error) // makes the plan again
	managed   int                           // aliases that the manifest and the state have, as far as they are known
}

func newRun(ctx context.Context, o Options) *run {
	r := &run{Options: o, hard: ctx, soft: o.Soft}
	if r.soft == nil {
		r.soft = ctx
	}
	if r.Console == nil {
		r.Console = Silent{}
	}
	if r.LookupEnv == nil {
		r.LookupEnv = os.LookupEnv
	}
	if len(r.Manifests) == 0 {
		r.Manifests = []string{manifest.DefaultPath}
	}
	r.redactor = milvus.NewRedactor(r.variable("MILVUS_TOKEN"))
	return r
}

func (r *run) close() {
	if r.conn != nil {
		r.conn.Close()
	}
	r.unlock()
}

// sync wants what the manifests say, or the plan that was reviewed.
func (r *run) sync(apply bool) (Report, error) {
	r.apply = apply
	return r.do(func() error {
		if r.Reviewed != "" {
			return nil
		}
		if r.PlanOut != "" {
			r.origin = &manifest.Origin{}
		}
		r.options.Manifests = manifest.Names(r.Manifests)
		return r.loadManifest(r.origin)
	}, nil)
}

// do runs it. want is what is wanted before the state is read, derive after
// it, from a state that has to be there; either may be nil.
func (r *run) do(want func() error, derive func(planner.State) error) (Report, error) {
	defer r.close()
	if err := r.check(r.apply); err != nil {
		return Report{}, err
	}
	if r.Reviewed != "" {
		if err := r.readSaved(); err != nil {
			return Report{}, err
		}
	}
	limits, err := limitsOf(r.Choices.list())
	if err != nil {
		return Report{}, err
	}
	stored, err := r.begin(want)
	if err != nil {
		return Report{}, err
	}
	if derive != nil {
		if err := r.needs(stored); err != nil {
			return Report{}, err
		}
		if err := derive(stored.state); err != nil {
			return Report{}, err
		}
	}
	cluster, err := r.meet(stored)
	if err != nil {
		return Report{}, err
	}
	planned, err := r.plan(stored, cluster, limits)
	if err != nil {
		return Report{}, err
	}
	unseen := r.checkWitnesses(stored.state)
	r.again = func() (report.Report, error) { return r.plan(stored, cluster, limits) }
	r.addNotes(&planned.Plan, stored)
	if r.file != nil {
		planned.StatePath = r.file.Path()
	}
	return r.conclude(stored.state, Report{Report: planned}, unseen)
}

// begin finds out what is wanted, opens the state and reads it, under its lock for
// an apply.
func (r *run) begin(want func() error) (storedState, error) {
	var err error
	if r.location, err = r.statePath(r.apply); err != nil {
		return storedState{}, err
	}
	if want != nil {
		if err := want(); err != nil {
			return storedState{}, err
		}
	}
	if r.location != "" {
		if r.file, err = r.openState(r.location); err != nil {
			return storedState{}, err
		}
	}
	if r.offline() && r.apply {
		return storedState{}, Usagef("give --uri, or set MILVUS_URI", "an apply needs the address of the cluster")
	}
	if err := r.Console.Reads(r.location, r.paths()); err != nil {
		return storedState{}, err
	}
	if r.apply {
		// The lock shows others our command line: no token, and no address with a
		// password in it, may get there.
		if _, err := r.token(); err != nil {
			return storedState{}, err
		}
		if err := checkAddresses(r.Cluster); err != nil {
			return storedState{}, err
		}
		r.by = r.author() // a child that is being started shares our lock, and may outlive us
		if err := r.takeLock(); err != nil {
			return storedState{}, err
		}
	}
	stored, err := r.readState()
	if err != nil {
		return storedState{}, err
	}
	r.options.Held = stored.holder != ""
	return stored, r.tryStore()
}

func (r *run) offline() bool { return r.Offline || r.Cluster.URI == "" }

// meet connects to the cluster and finds out whether it is the one of the state.
func (r *run) meet(stored storedState) (planner.Cluster, error) {
	cluster := stored.state.Cluster
	r.managed = aliasesOf(r.manifest) + len(stored.state.Bindings)
	if !r.offline() {
		var err error
		if r.conn, err = r.connect(namesDefault(r.manifest)); err != nil {
			return cluster, err
		}
		if r.witnesses, err = r.conn.witnesses(r.Cluster.VerifyURIs); err != nil {
			return cluster, err
		}
		if cluster.URI, err = statefile.ClusterURI(r.Cluster.URI, r.location); err != nil {
			return cluster, err
		}
	}
	cluster.Label = r.manifest.Cluster
	r.Console.Label(cluster.Label)
	return cluster, r.checkCluster(stored, cluster)
}

// checkCluster refuses a state of another cluster: by its address and label,
// and by the ids of what it knows.
func (r *run) checkCluster(stored storedState, cluster planner.Cluster) error {
	if !stored.found {
		return nil
	}
	why, differs := statefile.Differs(stored.state.Cluster, cluster)
	accept := r.Choices.AcceptCluster
	if r.conn != nil && (!differs || accept) {
		found, err := identify(r.soft, r.conn.Client, stored.state, "here")
		switch {
		case err != nil:
			return r.readFailed(err)
		case found.why != "" && differs:
			why += "; " + found.why
		case found.why != "":
			why, differs = found.why, true
		}
		if !accept {
			r.identity = found
		}
	}
	switch {
	case !differs:
		return nil
	case accept:
		r.accepted = "`--accept-cluster` accepts this: " + why
		return nil
	}
	if err := r.answered(); err != nil {
		return err
	}
	return refused("check --uri and --state; if the collections were dropped or built anew here, `--accept-cluster` uses this state all the same",
		"this looks like another cluster's state: %s", why)
}

// answered finds out first whether anything answers: a wrong address is the
// likeliest reason why a state belongs to another cluster, and the first thing to
// mend.
func (r *run) answered() error {
	if r.conn == nil { // offline
		return nil
	}
	if err := r.conn.Answers(r.soft); err != nil {
		return r.readFailed(err)
	}
	return nil
}

// ManifestFiles are the manifests, and what is in those that are directories.
func ManifestFiles(manifests []string) []string {
	var paths []string
	for _, path := range manifests {
		paths = append(paths, path)
		for _, pattern := range []string{"*.yaml", "*.yml"} {
			found, _ := fs.Glob(os.DirFS(path), pattern)
			for _, name := range found {
				paths = append(paths, filepath.Join(path, name))
			}
		}
	}
	return paths
}

// paths are the files that a run reads.
func (r *run) paths() []string {
	paths := ManifestFiles(r.Manifests)
	for _, g := range r.manifest.Golden() {
		paths = append(paths, g.Path())
	}
	paths = append(paths, r.Reviewed, r.Cluster.TokenFile, r.Cluster.CAFile, r.Cluster.CertFile, r.Cluster.KeyFile)
	if seed, embedded := strings.CutPrefix(r.Cluster.URI, statefile.Embedded); embedded {
		paths = append(paths, seed, emulator.CopyPath(seed))
	}
	return paths
}

// readFailed is an error from before the plan: nothing was changed.
func (r *run) readFailed(err error) error {
	if r.soft.Err() != nil {
		return interrupted("while reading the cluster; nothing was changed")
	}
	if is[*milvus.VectorError](err) {
		return &Failure{Code: Usage, What: err.Error(), Hint: hintOf(err), Err: err}
	}
	return &Failure{Code: Failed, What: fmt.Sprintf("cannot read the cluster, nothing was changed: %v", err), Hint: hintOf(err), Err: err}
}
