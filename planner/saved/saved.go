// Package saved is a plan between its review and its apply: what it was made from,
// and whether the same plan made again still equals it.
package saved

import (
	"fmt"
	"path"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// Plan is a plan in a file: what was reviewed, and the manifest that it was
// made from. It is never carried out as it is: whoever can write the file could
// write anything into it. An apply makes the plan again, from that manifest and
// under the same choices, and carries that one out when the two are equal.
//
// It holds no secret: no token, no password, no header.
type Plan struct {
	MadeAt  time.Time
	Lineage string // of the state, "" for a first run
	// Origin is the manifest, with everything that it needs.
	Origin manifest.Origin
	Plan   planner.Plan
	// Touches is what the plan was made from, of what it touches alone.
	Touches []Touch
	// Refusals are the limits that the plan exceeded.
	Refusals []planner.Refusal
}

// New packs a plan with what it was made from.
func New(p planner.Plan, o manifest.Origin, s planner.State, live *planner.Live, refusals []planner.Refusal, now time.Time) Plan {
	saved := Plan{MadeAt: now, Origin: o, Plan: p, Touches: touches(p, s, live), Refusals: refusals}
	if s.Serial > 0 {
		saved.Lineage = s.Lineage
	}
	return saved
}

// Complete puts what follows from the manifest into a plan that was read from
// a file: how its switches are made, and what is asked of its bindings. golden
// has the SHA-256 of the golden file of each alias. The error is a binding that
// the manifest does not have.
func (s *Plan) Complete(m *manifest.Manifest, golden map[planner.Key]string) error {
	wanted := make(map[planner.Key]manifest.Alias)
	for _, d := range m.Databases {
		for _, a := range d.Aliases {
			wanted[planner.Key{Database: d.Name, Name: a.Name}] = a
		}
	}
	for k, a := range wanted { // an old name is bound as its new one
		if old := (planner.Key{Database: k.Database, Name: a.RenamedFrom}); a.RenamedFrom != "" {
			a.RenamedFrom, a.Protect, a.Displaces = "", false, nil
			wanted[old] = a
		}
	}
	// What `newest` came to is in the plan: a name that its pattern matches.
	for _, n := range s.Plan.Newest {
		want, found := wanted[planner.Key{Database: n.Database, Name: n.Alias}]
		if !found || want.Newest == nil || want.Newest.Match != n.Match || want.Newest.Order != n.Order {
			return fmt.Errorf("its manifest has no such `newest` for alias %q", planner.Key{Database: n.Database, Name: n.Alias})
		}
		if matches, err := path.Match(n.Match, n.Collection); n.Collection != "" && (err != nil || !matches) {
			return fmt.Errorf("its manifest does not bind alias %q to %q", planner.Key{Database: n.Database, Name: n.Alias}, n.Collection)
		}
		want.Collection = n.Collection
		wanted[planner.Key{Database: n.Database, Name: n.Alias}] = want
	}
	targets := make(map[planner.Key]string, len(s.Touches))
	for _, t := range s.Touches {
		targets[planner.Key{Database: t.Database, Name: t.Alias}] = t.Target
	}
	for i := range s.Plan.Steps {
		step := &s.Plan.Steps[i]
		anew := step.Op == planner.Adopt && step.Anew()
		if step.Op.OnCollection() || step.Op == planner.DropAlias || !step.Op.Writes() && !anew {
			continue
		}
		want, found := wanted[step.Key()]
		if !found || step.To != "" && step.To != want.Collection {
			return fmt.Errorf("its manifest does not bind alias %q to %q", step.Key(), step.To)
		}
		if anew {
			s.Plan.Asks = append(s.Plan.Asks, planner.Ask{Database: step.Database, Alias: step.Alias, Golden: golden[step.Key()], Cutover: want.Cutover})
			continue
		}
		step.Cutover = step.Carried(want.Cutover)
		switch {
		case step.Op == planner.VerifyAlias: // what was promised is in the state
			if step.Cutover == nil {
				step.Cutover = &planner.Cutover{}
			}
			s.Plan.Asks = append(s.Plan.Asks, planner.Ask{Database: step.Database, Alias: step.Alias, Cutover: want.Cutover})
		case step.To != "":
			s.Plan.Asks = append(s.Plan.Asks, planner.Ask{Database: step.Database, Alias: step.Alias, Target: targets[step.Key()], Golden: golden[step.Key()], Cutover: want.Cutover})
		}
	}
	return nil
}
