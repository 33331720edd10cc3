package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/atomicfile"
	"aliasctl/internal/input"
	"aliasctl/internal/planfile"
	"aliasctl/internal/report"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// staleError is a plan that was reviewed and does not hold any more.
type staleError struct {
	what        string
	differences []string
}

func (e *staleError) Error() string { return e.what }

// Lines lists every difference, one a line.
func (e *staleError) Lines() []string { return e.differences }

func (e *staleError) Hint() string { return "make and review a new plan: nothing was changed" }

// writePlan saves a plan for `--plan`, in one piece.
func writePlan(path string, s planner.Saved) error {
	text, err := planfile.Encode(s)
	if err == nil {
		err = atomicfile.Write(path, text, 0o600)
	}
	if err != nil {
		return &failedError{what: fmt.Sprintf("cannot save the plan: %v", err), err: err,
			hint: "`--plan-out FILE` needs a directory that can be written to"}
	}
	return nil
}

// readPlan reads a saved plan and its manifest.
func readPlan(ctx context.Context, path string) (planner.Saved, *manifest.Manifest, error) {
	fail := func(hint string, err error, format string, args ...any) (planner.Saved, *manifest.Manifest, error) {
		return planner.Saved{}, nil, &usageError{what: fmt.Sprintf("plan %q: %s", path, fmt.Sprintf(format, args...)), hint: hint, err: err}
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

func showCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:        "show",
		Usage:       "show a saved plan in any format",
		ArgsUsage:   "PLAN",
		Description: "Example:   aliasctl sync --dry-run --plan-out plan.json\n           aliasctl show plan.json -o markdown",
		Flags:       flagList(outputFlags(), []cli.Flag{followLinksFlag()}),
		Action: func(c *cli.Context) error {
			if err := s.checkLinks(c, "the plan", c.Args().First()); err != nil {
				return err
			}
			saved, _, err := readPlan(c.Context, c.Args().First())
			if err != nil {
				return err
			}
			s.noColor = c.Bool("no-color")
			outputs, err := outputsOf(c)
			if err != nil {
				return err
			}
			if err := outputs.apart("", []string{c.Args().First()}); err != nil {
				return err
			}
			limits, err := limitsFrom(saved.Plan.Choices)
			if err != nil {
				return err
			}
			p := saved.Plan
			return outputs.write(s, report.Report{Plan: p, Proof: planner.Prove(p, nil), Refusals: p.Check(limits), NoState: saved.Lineage == ""})
		},
	}
}

// readSaved takes what is wanted from the plan of `--plan`: its manifest and the
// choices that were reviewed. Nothing else of the file is believed.
func (r *run) readSaved() error {
	if err := r.checkLinks(r.c, "the plan", r.c.String("plan")); err != nil {
		return err
	}
	saved, m, err := readPlan(r.signals.soft, r.c.String("plan"))
	if err != nil {
		return err
	}
	if err := choose(r.c, saved.Plan.Choices); err != nil {
		return err
	}
	r.saved, r.manifest, r.label = &saved, m, m.Cluster
	r.managed = max(1, aliasesOf(m))
	r.options.Manifests = saved.Origin.Names()
	r.golden, err = r.readGolden(r.c, m)
	return err
}

// fits refuses a saved plan that was made for another cluster or another state,
// before the cluster is read.
func (r *run) fits(stored storedState, cluster planner.Cluster) error {
	if was := r.saved.Plan.Cluster.URI; was != cluster.URI {
		return &refusedError{what: fmt.Sprintf("the plan was made for %q, this run talks to %q", was, cluster.URI), hint: "check --uri and --plan"}
	}
	if r.saved.Lineage != "" && !stored.found {
		return &staleError{what: "the plan does not fit this state", differences: []string{
			fmt.Sprintf("the plan was made from a state, and there is none at %s", r.file.Path())}}
	}
	return nil
}

// holds refuses a saved plan that is not the one that its manifest gives today.
func (r *run) holds(again planner.Saved, state planner.State, live *planner.Live) error {
	if differences := r.saved.Differences(again, state, live); len(differences) > 0 {
		return &staleError{what: fmt.Sprintf("the plan of %s is stale", r.saved.MadeAt.Format(time.RFC3339)), differences: differences}
	}
	return nil
}

// expected refuses a plan that is not the one that was reviewed.
func (r *run) expected(p planner.Plan) error {
	want := r.c.String("expect-digest")
	if got := p.Digest(); want != "" && got != want {
		return &staleError{what: "the plan is not the one that was reviewed", differences: []string{
			fmt.Sprintf("its digest is %s, --expect-digest is %s", got, want)}}
	}
	return nil
}
