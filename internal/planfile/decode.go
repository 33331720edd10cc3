package planfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"aliasctl/internal/input"
	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/saved"
)

// Error is a file that holds no plan that this program may use.
type Error struct {
	Why    string
	Advice string
	Err    error // the cause, when there is one
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Why + ": " + e.Err.Error()
	}
	return e.Why
}

// Hint is the advice that goes with the error.
func (e *Error) Hint() string { return e.Advice }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

const (
	makeOne  = "make one with `aliasctl sync --dry-run --plan-out PATH`"
	makeAnew = "make a new one: a saved plan is not edited by hand"
)

// Decode reads what Encode wrote and refuses everything else: another version,
// a field that is unknown, missing, there twice or of another type, an
// operation or a verdict that there is not, counts that are not those of the
// steps, a manifest that cannot be read, and a digest that does not fit. Layout
// is free. The error is an *Error.
func Decode(text []byte) (saved.Plan, *manifest.Manifest, error) {
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return bad(makeOne, "it is no saved plan", input.JSONError(err))
	}
	switch v := version.Version; {
	case v > 0 && v < Version:
		return bad("make the plan again with this aliasctl: it now holds its manifest", fmt.Sprintf("it has version %d, this aliasctl reads version %d", v, Version), nil)
	case v != Version:
		return bad("use the aliasctl that made it", fmt.Sprintf("it has version %d, this aliasctl reads version %d", v, Version), nil)
	case !utf8.Valid(text):
		return bad(makeAnew, "it is no saved plan: it is not valid UTF-8", nil)
	}
	var f file
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return bad(makeAnew, "it is no saved plan", input.JSONError(err))
	}
	if sum, err := f.sum(); err != nil || f.Digest != sum {
		return bad(makeAnew, "its digest does not fit its content: it was changed after it was made", nil)
	}
	if why := f.flaw(); why != "" {
		return bad(makeAnew, "it is no plan of aliasctl: "+why, nil)
	}
	s := f.saved()
	m, err := s.Origin.Load()
	if err != nil {
		return bad(makeAnew, "its manifest cannot be used", err)
	}
	if m.Cluster != s.Plan.Cluster.Label {
		return bad(makeAnew, fmt.Sprintf("it is no plan of aliasctl: it is for cluster %q and its manifest for %q", s.Plan.Cluster.Label, m.Cluster), nil)
	}
	if err := s.Complete(m, f.goldenSums()); err != nil {
		return bad(makeAnew, "it is no plan of aliasctl", err)
	}
	again := fileOf(s)
	again.Digest = f.Digest
	if place := otherwise(text, again); place != "" {
		return bad(makeAnew, "it is no saved plan: "+place+" is not as aliasctl writes it", nil)
	}
	return s, m, nil
}

func bad(advice, why string, err error) (saved.Plan, *manifest.Manifest, error) {
	return saved.Plan{}, nil, &Error{Why: why, Advice: advice, Err: err}
}

func (f file) goldenSums() map[planner.Key]string {
	sums := make(map[planner.Key]string, len(f.Golden))
	for _, g := range f.Golden {
		sums[planner.Key{Database: g.Database, Name: g.Alias}] = g.SHA256
	}
	return sums
}

// saved is the plan of a file without a flaw. Lists that are empty become what
// the planner makes them.
func (f file) saved() saved.Plan {
	s := saved.Plan{
		MadeAt: f.MadeAt.UTC(), Lineage: f.Lineage,
		Plan: planner.Plan{
			Version: f.Plan.Version, Cluster: planner.Cluster{URI: f.Plan.Cluster.URI, Label: f.Plan.Cluster.Label}, Serial: f.Plan.Serial, Live: f.Plan.Live,
			Manifests: few(f.Plan.Manifests), StateManifests: few(f.Plan.StateManifests),
			Summary: planner.Summary(f.Plan.Summary), Steps: each(f.Plan.Steps, step.planned), Notes: f.Plan.Notes,
			Conflicts: each(f.Plan.Conflicts, func(c conflict) planner.Conflict {
				return planner.Conflict{Kind: planner.ConflictKind(c.Kind), Database: c.Database, Alias: c.Alias, Collection: c.Collection,
					Reason: c.Reason, Want: c.Want, Last: c.Last, Live: c.Live, WaysOut: planner.ByHand(c.WaysOut...)}
			}),
			Checks: each(f.Plan.Checks, check.planned),
			Newest: some(f.Plan.Newest, func(n newest) planner.Newest {
				return planner.Newest{Database: n.Database, Alias: n.Alias, Match: n.Match, Order: manifest.Order(n.Order), Collection: n.Collection,
					PassedOver: each(n.PassedOver, func(p passedOver) planner.PassedOver { return planner.PassedOver(p) })}
			}),
			Choices: some(f.Flags, func(c flag) planner.Choice { return planner.Choice{Flag: c.Name, Values: c.Values} }),
			Before:  some(f.Before, binding.planned), After: some(f.After, binding.planned),
			Managed: some(f.Managed, func(m count) planner.ManagedCount {
				return planner.ManagedCount{Database: m.Database, InState: m.InState, Live: m.Live, Released: m.Released,
					Dropped: m.Dropped, LeftOut: m.LeftOut, Protected: few(m.Protected)}
			}),
			Newcomers: some(f.Newcomers, func(n newcomer) planner.Newcomer {
				return planner.Newcomer{Database: n.Database, Collection: n.Collection, ID: n.ID}
			}),
			SplitGroups: some(f.SplitGroups, func(g group) planner.SplitGroup { return planner.SplitGroup(g) }),
		},
		Touches: some(f.Touches, func(t touch) saved.Touch {
			return saved.Touch{Database: t.Database, Alias: t.Alias, Collection: t.Collection, Ours: few(t.Ours), Live: t.Live,
				To: t.To, Target: t.Target, RolledBackFrom: t.RolledBackFrom, Reached: few(t.Reached)}
		}),
		Refusals: some(f.Refusals, func(r refusal) planner.Refusal {
			return planner.Refusal{Guard: r.Guard, Reason: r.Reason, WayOut: planner.WayOut{Before: r.WayOut}}
		}),
	}
	for _, d := range f.Manifest {
		s.Origin.Files = append(s.Origin.Files, manifest.File{Name: d.File, Text: []byte(d.Text)})
	}
	for _, v := range f.Vars {
		if s.Origin.Vars == nil {
			s.Origin.Vars = make(map[string]string)
		}
		s.Origin.Vars[v.Name] = v.Value
	}
	return s
}

func (b binding) planned() planner.Bound {
	return planner.Bound{Database: b.Database, Alias: b.Alias, Collection: b.Collection, Protect: b.Protect}
}

func (c check) planned() planner.Check {
	planned := planner.Check{Database: c.Database, Alias: c.Alias, Name: manifest.CheckName(c.Check), Blue: c.Blue, Green: c.Green,
		Verdict: planner.Verdict(c.Verdict), Details: few(c.Details), Implied: c.Implied}
	if g := c.Golden; g != nil {
		planned.Golden = &planner.GoldenFact{K: g.K, Why: g.Why, Queries: some(g.Queries, func(q query) planner.GoldenQuery {
			return planner.GoldenQuery{Overlap: q.Overlap, Blue: time.Duration(q.Blue), Green: time.Duration(q.Green), Expected: q.Expected}
		})}
	}
	return planned
}

func (s step) planned() planner.Step {
	return planner.Step{
		Op: planner.Op(s.Op), Database: s.Database, Alias: s.Alias, Collection: s.Collection, From: s.From, To: s.To, ID: s.ID,
		RenameTo: s.RenameTo, Back: s.Back, RecreateBack: s.RecreateBack, FromID: s.FromID, ToID: s.ToID, Drift: s.Drift, Protect: s.Protect, RenamedFrom: s.RenamedFrom, RolledBackFrom: s.RolledBackFrom, RenamedTo: s.RenamedTo, Released: s.Released, ReleaseFirst: s.ReleaseFirst, Timeout: time.Duration(s.Timeout), Loaded: s.Loaded, Role: s.Role, Privilege: s.Privilege, ObjectType: s.ObjectType, Surplus: s.Surplus, Rows: s.Rows, Order: (*planner.Order)(s.Order),
	}
}

// some turns a list into another one, nil for an empty one.
func some[A, B any](list []A, form func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	return each(list, form)
}

func few(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}
