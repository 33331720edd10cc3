package planner

import (
	"fmt"
	"slices"

	"aliasctl/manifest"
)

// Copying grants
//
// `grants: copy` grants on green what is granted on blue, before the switch: one step
// for each role and privilege that green lacks. Nothing is taken from blue, and
// nothing from green that it has beyond that. What is granted on all collections, or
// holds for the whole database, reaches green already. A switch-back takes back what
// its run has granted.

// Copies are the steps that grant on one name of a database what is granted on
// another one and does not reach it yet, in the order of roles: what a switch from
// the one to the other needs, or a rename.
func (f *GrantFact) Copies(database, from, to string) []Step {
	var steps []Step
	for _, r := range f.Roles {
		first := len(steps)
		for _, g := range r.Grants {
			if !g.on(database, from) || g.Object == anyName || g.Privilege == allPrivileges || f.reaches(r.Grants, g, database, to) {
				continue
			}
			step := Step{
				Op: GrantPrivilege, Database: database, Collection: to, From: from,
				Role: r.Name, Privilege: g.Privilege, ObjectType: g.ObjectType, Delayed: f.Delayed,
			}
			if n := len(steps); n == 0 || steps[n-1] != step { // once with database *
				steps = append(steps, step)
			}
		}
		// What brings others along comes behind them: each step does its own.
		slices.SortStableFunc(steps[first:], func(a, b Step) int { return len(Implied(a.Privilege)) - len(Implied(b.Privilege)) })
	}
	return steps
}

// Implied are the privileges that Milvus grants with one, and revokes with it.
func Implied(privilege string) []string {
	switch privilege {
	case "Load":
		return []string{"GetLoadState", "GetLoadingProgress"}
	case "Flush":
		return []string{"GetFlushState"}
	}
	return nil
}

// reaches reports whether some grants give on a name all that another grant gives.
func (f *GrantFact) reaches(grants []Grant, g Grant, database, name string) bool {
	if slices.ContainsFunc(grants, func(h Grant) bool {
		return h.ObjectType == g.ObjectType && h.Privilege == g.Privilege && h.on(database, name)
	}) {
		return true
	}
	opened := func(privilege string) bool { return f.may(grants, database, []string{name}, privilege) }
	held, isGroup := f.Groups[g.Privilege]
	if g.ObjectType != "Global" || !isGroup {
		return opened(g.Privilege)
	}
	return !slices.ContainsFunc(held, func(privilege string) bool { return !opened(privilege) })
}

// copies are the steps that the switch of an alias asks for: none where it asks for
// nothing, or where nothing is known.
func (f *GrantFact) copies(c *manifest.Cutover, step Step) []Step {
	if _, unknown := f.unknown(); unknown || c == nil || c.Grants != manifest.GrantsCopy {
		return nil
	}
	follows := f.follows(c)
	var steps []Step
	if step.RenamedFrom != "" && follows {
		steps = f.Copies(step.Database, step.RenamedFrom, step.Alias)
	}
	switch {
	case step.From != "":
		steps = append(steps, f.Copies(step.Database, step.From, step.To)...)
	case !follows: // what was granted ahead: the alias will not let it through
		steps = f.Copies(step.Database, step.Alias, step.To)
	}
	return steps
}

// with are the grants after some steps.
func (f *GrantFact) with(steps []Step) *GrantFact {
	if len(steps) == 0 {
		return f
	}
	after := *f
	after.Roles = slices.Clone(f.Roles)
	for i := range after.Roles {
		r := &after.Roles[i]
		for _, s := range steps {
			if s.Role == r.Name {
				r.Grants = append(slices.Clip(r.Grants), Grant{Database: s.Database, ObjectType: s.ObjectType, Object: s.Collection, Privilege: s.Privilege})
			}
		}
	}
	return &after
}

// Ungranted is an alias whose grants are to be copied and cannot be read.
type Ungranted struct {
	Database, Alias string
	Why             string
	Lift            string // what makes them known, "" for nothing known
}

// copyGrants adds the steps that copy the grants of a switch, where its alias asks
// for that.
func (b *builder) copyGrants(e *managed, live *LiveDatabase, step Step) {
	f := live.Grants
	if e.want.Cutover == nil || e.want.Cutover.Grants != manifest.GrantsCopy {
		return
	}
	if b.live == nil {
		b.uncopied = append(b.uncopied, b.qualified(step.Database, step.Alias))
		return
	}
	if why, unknown := f.unknown(); unknown {
		u := Ungranted{Database: step.Database, Alias: step.Alias, Why: why}
		if f != nil {
			u.Lift = f.Lift
		}
		b.plan.Ungranted = append(b.plan.Ungranted, u)
		return
	}
	for _, s := range f.copies(e.want.Cutover, step) {
		it := s
		it.From = ""
		if b.granted[it] { // for another alias that goes there too
			continue
		}
		if b.granted == nil {
			b.granted = make(map[Step]bool)
		}
		b.granted[it] = true
		b.grants = append(b.grants, s)
		b.plan.Summary.Grant++
	}
}

// refusal is that of an alias, as it is named in the plan, whose grants cannot be read.
func (u Ungranted) refusal(alias string) Refusal {
	way := WayOut{Before: "take `grants: copy` out and grant by hand"}
	if u.Lift != "" {
		way.Before = u.Lift + ", or " + way.Before
	}
	return Refusal{Guard: "grants", WayOut: way, Reason: fmt.Sprintf("the grants to copy for alias %q cannot be read: %s", alias, u.Why)}
}
