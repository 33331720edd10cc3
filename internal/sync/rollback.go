package sync

import (
	"context"
	"fmt"

	"aliasctl/executor"
	"aliasctl/internal/report"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// Rollback plans to go back to the bindings of an earlier apply, Options.To, and
// carries that out where apply says so. Manifests are not read.
func Rollback(ctx context.Context, o Options, apply bool) (Report, error) {
	r := newRun(ctx, o)
	r.apply = apply
	return r.do(nil, r.goBack)
}

// goBack wants what an earlier apply had bound.
func (r *run) goBack(state planner.State) error {
	var serial uint64
	var err error
	if r.To != nil {
		serial = *r.To
	} else if serial, err = planner.Previous(state); err != nil {
		return historyError(err)
	}
	m, ids, err := planner.Rollback(state, serial)
	if err != nil {
		return historyError(err)
	}
	r.manifest = m
	r.options.TargetIDs, r.options.RollingBack = ids, true
	r.options.Manifests = planner.ManifestsAt(state, serial)
	r.load = r.Load
	return nil
}

// waitsForLoad reports that nothing stands against a plan but collections that
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
func (r *run) loadFirst(planned report.Report) error {
	if err := r.Console.Approve(Report{Report: planned}, true); err != nil {
		return err
	}
	loaded := make(map[planner.Key]bool)
	for _, step := range planned.Plan.Steps {
		target := planner.Key{Database: step.Database, Name: step.To}
		if step.To == "" || loaded[target] {
			continue
		}
		loaded[target] = true
		if err := r.loadTarget(target.Database, target.Name); err != nil {
			if r.soft.Err() != nil {
				return interrupted("while loading; no alias was changed")
			}
			return &Failure{Code: Failed, What: fmt.Sprintf("cannot load collection %q of database %q, no alias was changed: %v", target.Name, target.Database, err), Hint: hintOf(err), Err: err}
		}
	}
	return nil
}

func (r *run) loadTarget(database, collection string) error {
	return executor.Load(r.soft, r.conn.Client, database, collection, r.executorOptions(), func(percent int, loaded bool) {
		if loaded {
			r.Console.Say("aliasctl: loaded %s/%s", database, collection)
		} else {
			r.Console.Say("aliasctl: loading %s/%s: %d%%", database, collection, percent)
		}
	})
}

func historyError(err error) error {
	return refused("`aliasctl history` lists the applies of this state", "cannot roll back: %v", err)
}
