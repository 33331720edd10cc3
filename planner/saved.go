package planner

import (
	"fmt"
	"time"

	"aliasctl/manifest"
)

// Saved is a plan in a file: what was reviewed, and the manifest that it was
// made from. It is never carried out as it is: whoever can write the file could
// write anything into it. An apply makes the plan again, from that manifest and
// under the same choices, and carries that one out when the two are equal.
//
// It holds no secret: no token, no password, no header.
type Saved struct {
	MadeAt  time.Time
	Lineage string // of the state, "" for a first run
	// Origin is the manifest, with everything that it needs.
	Origin manifest.Origin
	Plan   Plan
	// Touches is what the plan was made from, of what it touches alone.
	Touches []Touch
	// Refusals are the limits that the plan exceeded.
	Refusals []Refusal
}

// Save packs a plan with what it was made from.
func Save(p Plan, o manifest.Origin, s State, live *Live, refusals []Refusal, now time.Time) Saved {
	saved := Saved{MadeAt: now, Origin: o, Plan: p, Touches: touches(p, s, live), Refusals: refusals}
	if s.Serial > 0 {
		saved.Lineage = s.Lineage
	}
	return saved
}

// Complete puts what follows from the manifest into a plan that was read from
// a file: how its switches are made, and what is asked of its bindings. golden
// has the SHA-256 of the golden file of each alias. The error is a binding that
// the manifest does not have.
func (s *Saved) Complete(m *manifest.Manifest, golden map[Key]string) error {
	wanted := make(map[Key]manifest.Alias)
	for _, d := range m.Databases {
		for _, a := range d.Aliases {
			wanted[Key{d.Name, a.Name}] = a
		}
	}
	targets := make(map[Key]string, len(s.Touches))
	for _, t := range s.Touches {
		targets[Key{t.Database, t.Alias}] = t.Target
	}
	for i := range s.Plan.Steps {
		step := &s.Plan.Steps[i]
		anew := step.Op == Adopt && step.Anew()
		if step.Op == DropCollection || step.Op == DropAlias || !step.Op.Writes() && !anew {
			continue
		}
		want, found := wanted[step.key()]
		if !found || step.To != "" && step.To != want.Collection {
			return fmt.Errorf("its manifest does not bind alias %q to %q", step.key(), step.To)
		}
		if anew {
			s.Plan.Asks = append(s.Plan.Asks, Ask{Database: step.Database, Alias: step.Alias, Golden: golden[step.key()], Cutover: want.Cutover})
			continue
		}
		step.Cutover = cutoverOf(want.Cutover)
		switch {
		case step.Op == VerifyAlias: // what was promised is in the state
			if step.Cutover == nil {
				step.Cutover = &Cutover{}
			}
			s.Plan.Asks = append(s.Plan.Asks, Ask{Database: step.Database, Alias: step.Alias, Cutover: want.Cutover})
		case step.To != "":
			s.Plan.Asks = append(s.Plan.Asks, Ask{step.Database, step.Alias, targets[step.key()], golden[step.key()], want.Cutover})
		}
	}
	return nil
}
