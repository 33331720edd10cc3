package sync

import (
	"fmt"

	"aliasctl/internal/milvus"
	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	statefile "aliasctl/internal/state"
	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
	"aliasctl/planner/saved"
)

// plan reads the cluster and computes everything that is shown and done.
func (r *run) plan(stored storedState, cluster planner.Cluster, limits planner.Limits) (report.Report, error) {
	options, err := r.planOptions(cluster)
	if err != nil {
		return report.Report{}, err
	}
	if r.saved != nil {
		if err := r.fits(stored, cluster); err != nil {
			return report.Report{}, err
		}
		if options.Due = r.saved.MadeAt; options.Now.Before(options.Due) {
			options.Due = options.Now
		}
	}
	if err := selections(&r.Choices, r.manifest, stored.state, &options); err != nil {
		return report.Report{}, err
	}
	if r.planned.IsZero() {
		r.planned = options.Now
	} else if options.Due.IsZero() { // the same waits have ended when it is made again
		options.Due = r.planned
	}
	comparison := planner.Compare(r.manifest, stored.state, options)
	live, err := r.read(comparison)
	if err != nil {
		return report.Report{}, err
	}
	p := comparison.Plan(live)
	if !stored.found {
		p.Notes = append([]string{r.firstRun(stored)}, p.Notes...)
	}
	p.Spell(r.Spell)
	refusals := r.refusals(p, limits)
	save := func(o manifest.Origin) saved.Plan {
		return saved.New(p, o, stored.state, live, refusals, options.Now)
	}
	if r.PlanOut != "" {
		if err := writePlan(r.PlanOut, save(*r.origin)); err != nil {
			return report.Report{}, err
		}
	}
	if r.saved != nil {
		if err := r.holds(save(r.saved.Origin), stored.state, live); err != nil {
			return report.Report{}, err
		}
	}
	made := report.Report{Plan: p, Digest: p.Digest(), Proof: proof.Of(p, live), Refusals: refusals, NoState: !stored.found}
	return made, r.expected(made.Digest)
}

// refusals are the limits that a plan exceeds, in the words of the caller.
func (o Options) refusals(p planner.Plan, limits planner.Limits) []planner.Refusal {
	refusals := p.Check(limits)
	for i := range refusals {
		refusals[i] = refusals[i].Spell(o.Spell)
	}
	return refusals
}

// read reads what the plan needs of the cluster, nil offline.
func (r *run) read(comparison *planner.Comparison) (*planner.Live, error) {
	if r.conn == nil {
		return nil, nil
	}
	live, err := milvus.Read(r.soft, r.conn.Client, comparison.Scope())
	if err != nil {
		return nil, r.readFailed(err)
	}
	live.Learn(r.identity.read)
	return live, r.inspect(comparison.Needs, live)
}

// inspect reads what is needed beyond the bindings. What was read may show
// that more is needed: an id, that a collection was made anew; a candidate that is
// not ready, that the next one has to be looked at.
func (r *run) inspect(need func(*planner.Live) planner.Needs, live *planner.Live) error {
	var asked planner.Needs
	for {
		needs := need(live).Except(asked)
		if needs.Empty() {
			return nil
		}
		if err := milvus.Inspect(r.soft, r.conn.Client, needs, live, r.golden.reader(r.soft)); err != nil {
			return r.readFailed(err)
		}
		asked = asked.And(needs)
	}
}

// addNotes adds to a plan what is known of this run alone: a saved plan has none of
// it.
func (r *run) addNotes(p *planner.Plan, stored storedState) {
	var first []string
	if r.accepted != "" {
		first = append(first, r.accepted)
	}
	if stored.holder != "" {
		first = append(first, stored.holder)
	}
	if shared, ok := r.file.(*statefile.Shared); ok && stored.found {
		if behind := shared.Behind(); behind > 0 {
			first = append(first, fmt.Sprintf("the store shows the state of serial %d, and the run before has saved serial %d: a replica of the store lags behind (run the same command again), or an older state was put back", stored.state.Serial, behind))
		}
	}
	p.Notes = append(first, p.Notes...)
	if n := toConfirm(*p); n > 0 && len(r.Cluster.VerifyURIs) == 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("no --verify-uri is given: no proxy confirms %s", quantity.Phrase(n, "switch with `verify`", "switches with `verify`")))
	}
}

func (r *run) firstRun(stored storedState) string {
	if r.file == nil {
		return "no --state: compared without one; aliases removed from the manifest cannot be seen"
	}
	if statefile.IsDeleted(stored.absent) {
		return fmt.Sprintf("no state at %s: it was deleted in a bucket that keeps versions, so this is a first run; aliases removed from the manifest cannot be seen. To bring the state back, remove its delete marker", r.file.Path())
	}
	if saved := statefile.WasSaved(stored.absent); saved > 0 {
		return fmt.Sprintf("no state at %s, where serial %d was saved: it was removed, or a replica of the store lags behind. As it is this is a first run; aliases removed from the manifest cannot be seen. To bring the state back, take a backup or a version of the store", r.file.Path(), saved)
	}
	return fmt.Sprintf("no state at %s: first run; aliases removed from the manifest cannot be seen", r.file.Path())
}

// toConfirm counts the switches that ask for a confirmation.
func toConfirm(p planner.Plan) int {
	n := 0
	for _, s := range p.Steps {
		if s.Op != planner.DropAlias && s.Cutover != nil && s.Cutover.Confirmations > 0 {
			n++
		}
	}
	return n
}
