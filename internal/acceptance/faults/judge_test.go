package faults

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"aliasctl/executor"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// judge holds results and state against what happened, and lets the next run
// find its way.
func (s *stage) judge(mode planner.SwitchMode) {
	ours := map[string][]string{}
	for _, b := range s.store.Bindings {
		ours[b.Database+"/"+b.Alias] = append(ours[b.Database+"/"+b.Alias], b.Collection)
	}
	for _, p := range s.store.Pending {
		if p.Alias != "" {
			ours[p.Database+"/"+p.Alias] = append(ours[p.Database+"/"+p.Alias], p.From, p.To)
		}
	}
	reported := map[string]bool{}
	for _, r := range s.report.Results {
		if !r.Op.Writes() {
			continue
		}
		name := r.Database + "/" + cmp.Or(r.Alias, r.Collection)
		reported[name] = reported[name] || r.Outcome != executor.Applied && r.Outcome != executor.AlreadyDone
		s.result(name, r)
	}
	for _, alias := range slices.Sorted(maps.Keys(ours)) {
		if now := s.bindings()[alias]; !slices.Contains(ours[alias], now) && !reported[alias] && !s.stale[alias] && s.Want[alias] != s.Ours[alias] {
			s.differ("alias %s is at %q, the state knows it at %q, and nothing was reported", alias, now, ours[alias])
		}
	}
	if len(s.wrong) == 0 {
		s.next(ours, mode)
	}
}

// result holds one result against the writes that had an effect.
func (s *stage) result(name string, r executor.Result) {
	wrote := s.wrote[name] > 0
	_, overtaken := errors.AsType[*executor.OvertakenError](r.Err)
	_, undone := errors.AsType[*executor.UndoneError](r.Err)
	_, unrestored := errors.AsType[*executor.UnrestoredError](r.Err)
	switch {
	case r.Outcome == executor.Applied && !wrote:
		s.differ("%s %s is said to be applied, and no write of ours had an effect", r.Op, name)
	case r.Outcome == executor.AlreadyDone && wrote:
		s.differ("%s %s is said to have been done already, and we did it", r.Op, name)
	case r.Outcome == executor.Failed && wrote && !overtaken && !undone && !unrestored && !r.Unbound:
		s.differ("%s %s is said to have failed (%v), and our write had an effect", r.Op, name, r.Err)
	case r.Outcome == executor.NotReached && wrote:
		s.differ("%s %s is said to be not reached, and we did it", r.Op, name)
	case r.Outcome == executor.Undecided && r.Err == nil:
		s.differ("%s %s is unknown without a reason", r.Op, name)
	}
	if r.Done() && r.Op != planner.DropCollection && s.seen[name] != r.To {
		s.differ("%s %s is said to be %s, and its last read showed %q", r.Op, name, r.Outcome, s.seen[name])
	}
}

// next is the run after: nothing of the other client is overwritten unless the
// state counts its value as ours; and with leave to overwrite, everything ends
// as the manifest says, as far as the other client has left that possible.
func (s *stage) next(ours map[string][]string, mode planner.SwitchMode) {
	plan, _ := s.plan(planner.Options{Switch: mode})
	for _, step := range plan.Steps {
		alias, now := step.Database+"/"+step.Alias, ""
		if step.Alias != "" {
			now = s.bindings()[alias]
		}
		if step.Op.Writes() && now != "" && !slices.Contains(ours[alias], now) {
			s.differ("the next plan would overwrite alias %s at %q, which is not ours (%q)", alias, now, ours[alias])
		}
	}
	all := planner.Selection{All: true}
	for range 2 {
		plan, live := s.plan(planner.Options{Switch: mode, OverwriteDrift: all, TakeOver: all, RetireAgain: all})
		if len(plan.Conflicts) > 0 {
			for _, c := range plan.Conflicts {
				if c.Kind == planner.Drifted || c.Kind == planner.NotOurs || c.Kind == planner.RetireeCameBack {
					s.differ("leave to overwrite does not lift: %s", c.Reason)
				}
			}
			return // a target that the other client has dropped, or an alias on a retiree
		}
		if proof := proof.Of(plan, live); !proof.OK {
			s.differ("the next plan fails its proof: %v", proof)
		}
		report, err := executor.Apply(context.Background(), plan, s.store, s, s, executor.Options{Parallel: 1, Clock: s, Settle: time.Second})
		if err != nil || !report.Counts.Complete() {
			s.differ("the next run does not get through: %v %+v", err, report.Results)
			return
		}
	}
	if last, _ := s.plan(planner.Options{Switch: mode}); len(last.Steps) > 0 || len(last.Conflicts) > 0 || len(s.store.Pending) > 0 {
		s.differ("one more run is not empty: %+v %+v %+v", last.Steps, last.Conflicts, s.store.Pending)
	}
	for alias, to := range s.Want {
		if now := s.bindings()[alias]; now != to {
			s.differ("alias %s ends at %q, want %q", alias, now, to)
		}
	}
}
