package cli

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/report"
	"aliasctl/manifest"
	"aliasctl/planner"
)

func rollbackCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:  "rollback",
		Usage: "go back to the bindings of an earlier apply",
		Description: "Without --apply it shows the plan and changes nothing. Without --to it undoes\n" +
			"the last apply that changed a binding and was no rollback: run again after a\n" +
			"failure, it goes on. It is refused when a collection of that time was dropped,\n" +
			"was made anew under its name, or is not loaded. Afterwards a sync whose\n" +
			"manifest still names what was rolled back from is a conflict.\n\n" +
			"Example:   aliasctl history\n" +
			"           aliasctl rollback --to 41 --apply",
		Flags: flagList(
			[]cli.Flag{
				serialFlag{&cli.Uint64Flag{Name: "to", Category: categoryPlan, Usage: "the `SERIAL` to go back to; aliasctl history lists them"}},
				&cli.BoolFlag{Name: "load", Category: categoryPlan, Usage: "load the old collections first, and wait until they are"},
			},
			[]cli.Flag{rollbackFileFlag()}, stateFlags(), connectionFlags(), applyFlags(), limitFlags("overwrite-drift", "max-alias-drops", "allow-empty", "accept-cluster", "skip-check"), outputFlags()),
		Action: func(c *cli.Context) error {
			return newRun(c, s).do(nil, func(r *run, state planner.State) error { return r.goBack(state) })
		},
	}
}

// rollbackFileFlag finds the state where sync has put it.
func rollbackFileFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "file", Aliases: []string{"f"}, Category: categoryManifest,
		Usage: "the manifest `FILE` beside which the state is; it is not read (default: aliases.yaml)"}
}

// goBack wants what an earlier apply had bound.
func (r *run) goBack(state planner.State) error {
	serial := r.c.Uint64("to")
	var err error
	if !r.c.IsSet("to") {
		if serial, err = planner.Previous(state); err != nil {
			return historyError(err)
		}
	}
	m, ids, err := planner.Rollback(state, serial)
	if err != nil {
		return historyError(err)
	}
	r.manifest = m
	r.options.TargetIDs, r.options.RollingBack = ids, true
	r.options.Manifests = planner.ManifestsAt(state, serial)
	r.load = r.c.Bool("load")
	return nil
}

// waitsForLoad says that nothing stands against a plan but collections that
// are not loaded: then, and only then, they are loaded.
func waitsForLoad(report report.Report) bool {
	if len(report.Plan.Conflicts) > 0 || len(report.Refusals) == 0 {
		return false
	}
	for _, refusal := range report.Refusals {
		if refusal.Guard != "preflight" {
			return false
		}
	}
	for _, check := range report.Plan.Checks {
		if check.Name != manifest.Loaded && (check.Verdict == planner.CheckFailed || check.Verdict == planner.CheckUnknown) {
			return false
		}
	}
	return true
}

// loadFirst loads what a rollback goes to and waits until it can be searched,
// with progress: a large collection takes minutes. People see the plan, and
// are asked, before that.
func (r *run) loadFirst(report report.Report) error {
	r.report = &report
	if r.asksPeople() && !r.c.Bool("yes") {
		if err := r.tellPlan(report); err != nil {
			return err
		}
		r.say("aliasctl: the collections are loaded first")
		if err := r.confirm(report.Plan); err != nil {
			return err
		}
	}
	loaded := make(map[planner.Key]bool)
	for _, step := range report.Plan.Steps {
		target := planner.Key{Database: step.Database, Name: step.To}
		if step.To == "" || loaded[target] {
			continue
		}
		loaded[target] = true
		if err := r.loadTarget(target.Database, target.Name); err != nil {
			if r.signals.soft.Err() != nil {
				return &interruptedError{what: "while loading; no alias was changed"}
			}
			return &failedError{what: fmt.Sprintf("cannot load collection %q of database %q, no alias was changed: %v", target.Name, target.Database, err), hint: hintOf(err), err: err}
		}
	}
	return nil
}

func (r *run) loadTarget(database, collection string) error {
	const pause = 500 * time.Millisecond
	told := -1
	for asked := false; ; {
		state, progress, err := r.conn.LoadState(r.signals.soft, database, collection)
		if err != nil {
			return err
		}
		if state == planner.Loaded {
			if asked {
				r.say("aliasctl: loaded %s/%s", database, collection)
			}
			return nil
		}
		if !asked {
			asked = true
			if err := r.conn.LoadCollection(r.signals.soft, database, collection); err != nil {
				return err
			}
			continue
		}
		if progress != told {
			told = progress
			r.say("aliasctl: loading %s/%s: %d%%", database, collection, progress)
		}
		select {
		case <-time.After(pause):
		case <-r.signals.soft.Done():
			return r.signals.soft.Err()
		}
	}
}

func historyError(err error) error {
	return &refusedError{what: fmt.Sprintf("cannot roll back: %v", err), hint: "`aliasctl history` lists the applies of this state"}
}
