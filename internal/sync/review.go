package sync

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"aliasctl/internal/atomicfile"
	"aliasctl/internal/input"
	"aliasctl/internal/planfile"
	"aliasctl/internal/report"
	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
	"aliasctl/planner/saved"
)

// Review is the report of the saved plan in Options.Reviewed. Nothing else is read.
func Review(ctx context.Context, o Options) (Report, error) {
	r := newRun(ctx, o)
	if err := r.checkLinks("the plan", r.Reviewed); err != nil {
		return Report{}, err
	}
	saved, _, err := readPlan(r.soft, r.Reviewed)
	if err != nil {
		return Report{}, err
	}
	limits, err := limitsOf(saved.Plan.Choices)
	if err != nil {
		return Report{}, err
	}
	p := saved.Plan
	return Report{Report: report.Report{Plan: p, Digest: p.Digest(), Proof: proof.Of(p, nil), Refusals: r.refusals(p, limits), NoState: saved.Lineage == ""}}, nil
}

// writePlan saves a plan in one piece.
func writePlan(path string, s saved.Plan) error {
	text, err := planfile.Encode(s)
	if err == nil {
		err = atomicfile.Write(path, text, 0o600)
	}
	if err != nil {
		return failed("`--plan-out FILE` needs a directory that can be written to", "cannot save the plan: %v", err)
	}
	return nil
}

// readPlan reads a saved plan and its manifest.
func readPlan(ctx context.Context, path string) (saved.Plan, *manifest.Manifest, error) {
	fail := func(hint string, err error, format string, args ...any) (saved.Plan, *manifest.Manifest, error) {
		return saved.Plan{}, nil, &Failure{Code: Usage, What: fmt.Sprintf("plan %q: %s", path, fmt.Sprintf(format, args...)), Hint: hint, Err: err}
	}
	text, err := input.Read(ctx, path, input.MaxPlan)
	if err != nil {
		why := err
		if cause, ok := errors.AsType[*fs.PathError](err); ok {
			why = cause.Err
		}
		return fail("make one with `aliasctl sync --dry-run --plan-out PATH`", err, "%v", why)
	}
	saved, m, err := planfile.Decode(text)
	if err != nil {
		return fail(hintOf(err), nil, "%v", err)
	}
	return saved, m, nil
}

// readSaved takes what is wanted from the plan that was reviewed: its manifest and
// its choices. Nothing else of the file is believed.
func (r *run) readSaved() error {
	if err := r.checkLinks("the plan", r.Reviewed); err != nil {
		return err
	}
	saved, m, err := readPlan(r.soft, r.Reviewed)
	if err != nil {
		return err
	}
	if err := r.Choices.adopt(r.Reviewed, saved.Plan.Choices); err != nil {
		return err
	}
	r.saved, r.manifest = &saved, m
	r.Console.Label(m.Cluster)
	r.managed = max(1, aliasesOf(m))
	r.options.Manifests, r.options.Chosen = saved.Origin.Names(), saved.Plan.Chosen()
	r.golden, err = r.readGolden(m)
	return err
}

// fits refuses a saved plan that was made for another cluster or another state,
// before the cluster is read.
func (r *run) fits(stored storedState, cluster planner.Cluster) error {
	if was := r.saved.Plan.Cluster.URI; was != cluster.URI {
		return refused("check --uri and --plan", "the plan was made for %q, this run talks to %q", was, cluster.URI)
	}
	if r.saved.Lineage != "" && !stored.found {
		return stale("the plan does not fit this state", fmt.Sprintf("the plan was made from a state, and there is none at %s", r.file.Path()))
	}
	return nil
}

// holds refuses a saved plan that is not the one that its manifest gives today.
func (r *run) holds(again saved.Plan, state planner.State, live *planner.Live) error {
	if differences := r.saved.Differences(again, state, live); len(differences) > 0 {
		return stale(fmt.Sprintf("the plan of %s is stale", r.saved.MadeAt.Format(time.RFC3339)), differences...)
	}
	return nil
}

// expected refuses a plan whose digest is not that of the one that was reviewed.
func (r *run) expected(got string) error {
	if want := r.ExpectDigest; want != "" && got != want {
		return stale("the plan is not the one that was reviewed", fmt.Sprintf("its digest is %s, --expect-digest is %s", got, want))
	}
	return nil
}

// stale is a plan that was reviewed and does not hold any more.
func stale(what string, differences ...string) error {
	return &Failure{Code: Stale, What: what, Hint: "make and review a new plan: nothing was changed", Lines: differences}
}
