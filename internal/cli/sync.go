package cli

import (
	"context"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/cli/decimal"
	"aliasctl/internal/cli/process"
	"aliasctl/internal/sync"
)

func syncCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:  "sync",
		Usage: "bring the aliases of a cluster to what the manifest says",
		Description: "Without --apply it shows the plan and changes nothing.\n\n" +
			"In a pull request:   aliasctl sync --dry-run -f aliases.yaml\n" +
			"In a deploy job:     aliasctl sync --apply -f aliases.yaml",
		Flags: flagList(manifestFlags(o), stateFlags(o), connectionFlags(o), applyFlags(o), planFlags(o), limitFlags(o), outputFlags(o), []cli.Flag{
			// For whoever works on the speed of aliasctl.
			&cli.StringFlag{Name: "debug-profile", Destination: &o.profileDir, Hidden: true, Usage: "write cpu.pprof and heap.pprof into `DIR`"},
		}),
		Action: o.run(s, func(r *session, _ *cli.Context) error {
			stop, err := process.Profile(o.profileDir)
			if err != nil {
				return sync.Usagef("", "--debug-profile: %v", err)
			}
			do := sync.Plan
			if o.apply {
				do = sync.Apply
			}
			err = r.plan(do)
			if stopped := stop(); stopped != nil {
				s.warn(stopped.Error())
			}
			return err
		}),
	}
}

func rollbackCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:  "rollback",
		Usage: "go back to the bindings of an earlier apply",
		Description: "Without --apply it shows the plan and changes nothing. Without --to it undoes\n" +
			"the last apply that changed a binding and was no rollback: run again after a\n" +
			"failure, it goes on. It is refused when a collection of that time was dropped,\n" +
			"was made anew under its name, or is not loaded. Afterwards a sync whose\n" +
			"manifest still names what was rolled back from is a conflict.\n\n" +
			"Example:   aliasctl history\n" +
			"           aliasctl rollback --to 41 --apply\n" +
			"           aliasctl rollback --only products --apply",
		Flags: flagList(
			[]cli.Flag{
				decimal.Uint64{Uint64Flag: &cli.Uint64Flag{Name: "to", Category: categoryPlan, Usage: "the `SERIAL` to go back to; aliasctl history lists them",
					Action: func(_ *cli.Context, serial uint64) error { o.To = &serial; return nil }}},
				&cli.BoolFlag{Name: "load", Destination: &o.Load, Category: categoryPlan, Usage: "load the old collections first, and wait until they are"},
			},
			[]cli.Flag{onlyFlag(o, "go back with `ALIAS` (or DATABASE/ALIAS, or a group) alone; repeatable"), rollbackFileFlag(o)}, stateFlags(o), connectionFlags(o), applyFlags(o), limitFlags(o, "overwrite-drift", "max-alias-drops", "allow-empty", "accept-cluster", "skip-check"), outputFlags(o)),
		Action: o.run(s, func(r *session, _ *cli.Context) error {
			return r.plan(func(ctx context.Context, options sync.Options) (sync.Report, error) {
				return sync.Rollback(ctx, options, o.apply)
			})
		}),
	}
}

func showCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:        "show",
		Usage:       "show a saved plan in any format",
		ArgsUsage:   "PLAN",
		Description: "Example:   aliasctl sync --dry-run --plan-out plan.json\n           aliasctl show plan.json -o markdown",
		Flags:       flagList(outputFlags(o), []cli.Flag{followLinksFlag(o)}),
		Action: o.action(s, func(c *cli.Context) error {
			outputs, err := o.outputs()
			if err != nil {
				return err
			}
			o.Reviewed = c.Args().First()
			reviewed, err := sync.Review(c.Context, o.alone(s))
			if err != nil {
				return err
			}
			if err := outputs.apart("", []string{o.Reviewed}); err != nil {
				return err
			}
			s.found = reviewed.Report
			return outputs.write(s, reviewed.Report)
		}),
	}
}
