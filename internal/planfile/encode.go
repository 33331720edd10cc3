package planfile

import (
	"encoding/json"
	"maps"
	"slices"

	"aliasctl/planner"
	"aliasctl/planner/saved"
)

// Encode writes a saved plan.
func Encode(s saved.Plan) ([]byte, error) {
	f := fileOf(s)
	var err error
	if f.Digest, err = f.sum(); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(f, "", " ")
	return append(text, '\n'), err
}

func fileOf(s saved.Plan) file {
	p := s.Plan
	f := file{
		Version: Version, MadeAt: s.MadeAt, Lineage: s.Lineage,
		Flags: each(p.Choices, func(c planner.Choice) flag { return flag{c.Flag, full(c.Values)} }),
		Vars:  []variable{}, Manifest: []document{}, Golden: []golden{},
		Plan: plan{
			Version: p.Version, Cluster: cluster{p.Cluster.URI, p.Cluster.Label}, Serial: p.Serial, Live: p.Live,
			Manifests: full(p.Manifests), StateManifests: full(p.StateManifests), Summary: summary(p.Summary),
			Steps: each(p.Steps, stepOf), Notes: full(p.Notes),
			Conflicts: each(p.Conflicts, func(c planner.Conflict) conflict {
				return conflict{string(c.Kind), c.Database, c.Alias, c.Collection, c.Reason, c.Want, c.Last, c.Live, full(each(c.WaysOut, planner.WayOut.String))}
			}),
			Checks: each(p.Checks, checkOf),
			Newest: some(p.Newest, func(n planner.Newest) newest {
				return newest{n.Database, n.Alias, n.Match, string(n.Order), n.Collection, each(n.PassedOver, func(p planner.PassedOver) passedOver { return passedOver(p) })}
			}),
		},
		Before: each(p.Before, bindingOf), After: each(p.After, bindingOf),
		Managed: each(p.Managed, func(m planner.ManagedCount) count {
			return count{m.Database, m.InState, m.Live, m.Released, m.Dropped, m.LeftOut, full(m.Protected)}
		}),
		SplitGroups: each(p.SplitGroups, func(g planner.SplitGroup) group { return group{g.Database, g.Group, full(g.Missing)} }),
		Newcomers:   each(p.Newcomers, func(n planner.Newcomer) newcomer { return newcomer{n.Database, n.Collection, n.ID} }),
		Touches: each(s.Touches, func(t saved.Touch) touch {
			return touch{t.Database, t.Alias, t.Collection, full(t.Ours), t.Live, t.To, t.Target, t.RolledBackFrom, full(t.Reached)}
		}),
		Refusals: each(s.Refusals, func(r planner.Refusal) refusal { return refusal{r.Guard, r.Reason, r.WayOut.String()} }),
	}
	for _, d := range s.Origin.Files {
		f.Manifest = append(f.Manifest, document{d.Name, string(d.Text)})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Origin.Vars)) {
		f.Vars = append(f.Vars, variable{name, s.Origin.Vars[name]})
	}
	for _, a := range p.Asks {
		if a.Golden != "" {
			f.Golden = append(f.Golden, golden{a.Database, a.Alias, a.Golden})
		}
	}
	return f
}

func bindingOf(b planner.Bound) binding {
	return binding{b.Database, b.Alias, b.Collection, b.Protect}
}

func checkOf(c planner.Check) check {
	form := check{c.Database, c.Alias, string(c.Name), c.Blue, c.Green, string(c.Verdict), full(c.Details), nil, c.Implied}
	if g := c.Golden; g != nil {
		form.Golden = &comparison{g.K, g.Why, each(g.Queries, func(q planner.GoldenQuery) query {
			return query{q.Overlap, int64(q.Blue), int64(q.Green), q.Expected}
		})}
	}
	return form
}

func stepOf(s planner.Step) step {
	return step{
		Op: string(s.Op), Database: s.Database, Alias: s.Alias, Collection: s.Collection, From: s.From, To: s.To, ID: s.ID,
		RenameTo: s.RenameTo, Back: s.Back, RecreateBack: s.RecreateBack, FromID: s.FromID, ToID: s.ToID, Drift: s.Drift, Protect: s.Protect, RenamedFrom: s.RenamedFrom, RolledBackFrom: s.RolledBackFrom, RenamedTo: s.RenamedTo, Released: s.Released, ReleaseFirst: s.ReleaseFirst, Timeout: int64(s.Timeout), Loaded: s.Loaded, Role: s.Role, Privilege: s.Privilege, ObjectType: s.ObjectType, Surplus: s.Surplus, Rows: s.Rows, Order: (*order)(s.Order),
	}
}

// each turns a list into another one that is never nil.
func each[A, B any](list []A, form func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, a := range list {
		out = append(out, form(a))
	}
	return out
}

// full is a list that is never nil.
func full(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
