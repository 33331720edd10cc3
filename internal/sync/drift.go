package sync

import (
	"context"
	"fmt"
	"time"

	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	statefile "aliasctl/internal/state"
	"aliasctl/planner"
	"aliasctl/planner/drift"
)

// Drift compares the cluster with the state, through a client that has no call that
// writes, and with the manifests where some are named. What it found is complete
// also where the error is that there is drift.
func Drift(ctx context.Context, o Options) (found report.DriftReport, err error) {
	r := newRun(ctx, o)
	defer r.close()
	if err := r.locate(); err != nil {
		return found, err
	}
	if err := r.Console.Reads(r.file.Path(), r.paths()); err != nil {
		return found, err
	}
	if len(o.Manifests) > 0 {
		if err := r.loadManifest(nil); err != nil {
			return found, err
		}
	}
	if r.Cluster.URI == "" {
		return found, Usagef("give --uri, or set MILVUS_URI", "the cluster has no address")
	}
	stored, err := r.existing()
	if err != nil {
		return found, err
	}
	if r.manifest == nil {
		r.manifest = drift.Remembered(stored.state)
	}
	r.managed = aliasesOf(r.manifest) + len(stored.state.Bindings)
	if r.conn, err = r.connect(namesDefault(r.manifest)); err != nil {
		return found, err
	}
	if found, err = r.drift(stored); err != nil {
		return found, err
	}
	found.Manifest = len(o.Manifests) > 0
	if n := found.Changed(); n > 0 {
		return found, &Failure{Code: Drifted, What: fmt.Sprintf("drift: %s not where the state says", quantity.Phrase(n, "alias is", "aliases are")),
			Hint: "`aliasctl sync --dry-run` shows what a sync would do about it"}
	}
	return found, nil
}

// drift reads the cluster and finds what differs.
func (r *run) drift(stored storedState) (none report.DriftReport, err error) {
	reader, err := r.conn.reader()
	if err != nil {
		return none, err
	}
	defer reader.Close()
	state, cluster := stored.state, planner.Cluster{Label: r.manifest.Cluster}
	r.Console.Label(cluster.Label)
	if cluster.URI, err = statefile.ClusterURI(r.Cluster.URI, r.file.Path()); err != nil {
		return none, err
	}
	if why, differs := statefile.Differs(state.Cluster, cluster); differs {
		if err := r.answered(); err != nil {
			return none, err
		}
		return none, refused("check --uri and --state", "this is another cluster's state: %s", why)
	}
	found, err := identify(r.soft, r.conn.Client, state, "here")
	if err != nil {
		return none, r.readFailed(err)
	}
	if found.why != "" {
		return none, refused("check --uri and --state; if the collections were built anew here, `aliasctl sync --apply --accept-cluster` records their ids",
			"this looks like another cluster's state: %s", found.why)
	}
	comparison := planner.Compare(r.manifest, state, planner.Options{Cluster: cluster, Now: time.Now().UTC()})
	// Its scope holds every alias of the state, too: one read answers both what
	// was changed and what is not applied yet.
	live, err := reader.Read(r.soft, comparison.Scope())
	if err != nil {
		return none, r.readFailed(err)
	}
	if err := found.readAll(r.soft, r.conn.Client, bound(state, live)); err != nil {
		return none, r.readFailed(err)
	}
	live.Learn(found.read)
	if err := r.inspect(comparison.Candidates, live); err != nil {
		return none, err
	}
	return report.DriftReport{
		Cluster: cluster, Serial: state.Serial, StatePath: r.file.Path(),
		Bindings: state.Bound(), Unverified: unverifiedAt(state, live), Drift: drift.Of(state, live),
		Plan: comparison.Plan(live).Summary, Unmanaged: comparison.Unmanaged(live), Holder: stored.holder,
	}, nil
}

// bound are the recorded ids of the collections that aliases are still bound to:
// those alone can have been made anew under their names.
func bound(state planner.State, live *planner.Live) map[planner.Key]string {
	ids := make(map[planner.Key]string)
	for _, b := range state.Bindings {
		if in := live.Databases[b.Database]; b.CollectionID != "" && in != nil && in.Bindings[b.Alias] == b.Collection {
			ids[planner.Key{Database: b.Database, Name: b.Collection}] = b.CollectionID
		}
	}
	return ids
}

// unverifiedAt are the unverified switches that the cluster shows.
func unverifiedAt(state planner.State, live *planner.Live) []planner.Unverified {
	var list []planner.Unverified
	for _, o := range drift.OwedBy(state, live) {
		if o.Progress == drift.Switched {
			list = append(list, o.Unverified)
		}
	}
	return list
}
