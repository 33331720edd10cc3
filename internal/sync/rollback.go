package sync

import (
	"context"

	"aliasctl/planner"
	"aliasctl/planner/rollback"
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
	} else if serial, err = rollback.Previous(state); err != nil {
		return historyError(err)
	}
	m, ids, err := rollback.To(state, serial)
	if err != nil {
		return historyError(err)
	}
	r.manifest = m
	r.options.TargetIDs, r.options.RollingBack = ids, true
	r.options.Manifests = planner.ManifestsAt(state, serial)
	r.options.Load = r.Load
	return nil
}

func historyError(err error) error {
	return refused("`aliasctl history` lists the applies of this state", "cannot roll back: %v", err)
}
