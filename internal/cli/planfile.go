package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/atomicfile"
	"aliasctl/internal/input"
	"aliasctl/internal/milvus"
	"aliasctl/internal/render"
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
	text, err := json.MarshalIndent(s, "", " ")
	if err == nil {
		err = atomicfile.Write(path, append(text, '\n'), 0o600)
	}
	if err != nil {
		return &failedError{what: fmt.Sprintf("cannot save the plan: %v", err), err: err,
			hint: "`--plan-out FILE` needs a directory that can be written to"}
	}
	return nil
}

// readPlan reads a saved plan and refuses one that was edited.
func readPlan(ctx context.Context, path string) (planner.Saved, error) {
	fail := func(hint, format string, args ...any) (planner.Saved, error) {
		return planner.Saved{}, usagef(hint, "plan %q: %s", path, fmt.Sprintf(format, args...))
	}
	text, err := input.Read(ctx, path, input.MaxPlan)
	if cause := errors.Unwrap(err); cause != nil {
		err = cause // without the path
	}
	if err != nil {
		return fail("make one with `aliasctl sync --dry-run --plan-out PATH`", "%v", err)
	}
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return fail("make one with `aliasctl sync --dry-run --plan-out PATH`", "it is no saved plan: %v", input.JSONError(err))
	}
	if version.Version != planner.SavedVersion {
		return fail("use the aliasctl that made it", "it has version %d, this aliasctl reads version %d", version.Version, planner.SavedVersion)
	}
	var saved planner.Saved
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&saved); err != nil {
		return fail("make a new one", "it is no saved plan: %v", input.JSONError(err))
	}
	if !saved.Intact() {
		return fail("make a new one: a saved plan is not edited by hand", "its digest does not fit its content: it was changed after it was made")
	}
	return saved, nil
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
			saved, err := readPlan(c.Context, c.Args().First())
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
			p := saved.Unpack()
			return outputs.write(s, render.Report{Plan: p, Proof: planner.Prove(p, nil), NoState: saved.Lineage == ""})
		},
	}
}

// reviewed is the saved plan of `--plan`, when it still holds.
func (r *run) reviewed(stored storedState, cluster planner.Cluster, limits planner.Limits) (render.Report, error) {
	if err := r.checkLinks(r.c, "the plan", r.c.String("plan")); err != nil {
		return render.Report{}, err
	}
	saved, err := readPlan(r.signals.soft, r.c.String("plan"))
	if err != nil {
		return render.Report{}, err
	}
	if saved.Plan.Cluster.URI != cluster.URI {
		return render.Report{}, &refusedError{what: fmt.Sprintf("the plan was made for %q, this run talks to %q", saved.Plan.Cluster.URI, cluster.URI), hint: "check --uri and --plan"}
	}
	live, err := milvus.Read(r.signals.soft, r.conn.Client, saved.Scope())
	if err != nil {
		return render.Report{}, r.readFailed(err)
	}
	wanted, bound := saved.Wanted()
	options, err := r.planOptions(cluster)
	if err != nil {
		return render.Report{}, err
	}
	options.Only, options.Identify = bound, true
	// What was lifted for the plan was reviewed; that nothing has moved since is
	// what Stale looks at.
	all := planner.Selection{All: true}
	options.OverwriteDrift, options.TakeOver, options.Forward = all, all, all
	for _, name := range saved.Skipped() {
		options.SkipChecks[name] = true
	}
	comparison := planner.Compare(wanted, stored.state, options)
	if !bound.Empty() {
		if err := milvus.Inspect(r.signals.soft, r.conn.Client, comparison.Needs(live), live, milvus.GoldenReader(r.signals.soft)); err != nil {
			return render.Report{}, r.readFailed(err)
		}
	}
	if saved.Lineage != "" && !stored.found {
		return render.Report{}, &staleError{what: "the plan does not fit this state", differences: []string{
			fmt.Sprintf("the plan was made from a state, and there is none at %s", r.file.Path())}}
	}
	if differences := saved.Stale(stored.state, live); len(differences) > 0 {
		return render.Report{}, &staleError{what: fmt.Sprintf("the plan of %s is stale", saved.MadeAt.Format(time.RFC3339)), differences: differences}
	}
	// What was reviewed is what is done; whether green is fit to serve is a
	// question of now.
	p := saved.Unpack()
	p.Checks = []planner.Check{}
	p.Rebase(stored.state)
	if stored.state.Serial != p.Serial {
		// What a state has to learn beyond the steps is true of the state that
		// the plan was made from. To a later one the next sync tells it.
		p.Housekeeping = planner.Housekeeping{Manifests: p.Housekeeping.Manifests}
	}
	if !bound.Empty() {
		again := comparison.Plan(live)
		if len(again.Conflicts) > 0 {
			return render.Report{}, staleBy(again.Conflicts, saved)
		}
		p.Checks = again.Checks
	}
	return render.Report{Plan: p, Proof: planner.Prove(p, live), Refusals: p.Check(limits), NoState: !stored.found}, nil
}

// staleBy says what stands against a saved plan that did not when it was made.
func staleBy(conflicts []planner.Conflict, saved planner.Saved) *staleError {
	stale := &staleError{what: fmt.Sprintf("the plan of %s is stale", saved.MadeAt.Format(time.RFC3339))}
	for _, c := range conflicts {
		stale.differences = append(stale.differences, c.Reason)
	}
	return stale
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
