package saved

import (
	"cmp"
	"fmt"
	"slices"

	"aliasctl/internal/quantity"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// Differences lists every difference between a saved plan and the same plan
// made again from state and live, nothing for one that still holds.
//
// What may differ is what changes by itself: the time, the serial of the state,
// notes, row counts and other measurements. A check whose verdict is worse now
// is no difference but a refusal of the plan made again. A wait that has ended
// is none either (Options.Due), and how long a drop waits for readers (`drain`)
// is the choice of the apply.
func (s Plan) Differences(again Plan, state planner.State, live *planner.Live) []string {
	var d mismatches
	if s.Lineage != "" && s.Lineage != state.Lineage {
		d.add("the plan was made from another state: lineage %s, now %s", s.Lineage, state.Lineage)
	}
	if s.moved(&d, state, live); len(d) > 0 {
		return d // all else follows from it
	}
	for _, c := range again.Plan.Conflicts {
		if !slices.ContainsFunc(s.Plan.Conflicts, func(was planner.Conflict) bool { return sameConflict(was, c) }) {
			d.add("%s", c.Reason)
		}
	}
	was, is := s.Plan, again.Plan
	if d.steps(was.Steps, is.Steps); len(d) > 0 {
		return d // likewise
	}
	d.unless(slices.EqualFunc(was.Conflicts, is.Conflicts, sameConflict), "its conflicts are not those that there are now")
	d.counts(was.Summary, is.Summary)
	d.checks(was.Checks, is.Checks)
	d.asks(was.Asks, is.Asks)
	d.unless(slices.EqualFunc(guards(s.Refusals), guards(again.Refusals), sameRefusal), "it was refused by %s, now by %s", words(reasons(s.Refusals)), words(reasons(again.Refusals)))
	d.unless(slices.EqualFunc(shaping(was.Choices), shaping(is.Choices), sameChoice), "its flags are not those of this run")
	d.unless(slices.EqualFunc(was.Managed, is.Managed, sameCount), "the managed aliases that it counts are not those that there are now")
	d.unless(slices.Equal(was.Newcomers, is.Newcomers), "the retirees that look like new work are others now")
	d.unless(slices.EqualFunc(was.SplitGroups, is.SplitGroups, sameSplit), "it splits other groups")
	d.unless(slices.EqualFunc(was.Newest, is.Newest, sameNewest), "the newest of a pattern is another one now")
	d.unless(slices.Equal(was.Before, is.Before), "the bindings before it are not those that there are now")
	d.unless(slices.Equal(was.After, is.After), "the bindings after it are not those that follow now")
	d.unless(slices.EqualFunc(s.Touches, again.Touches, Touch.holds), "what it touches is not as it is now")
	d.unless(slices.Equal(was.Manifests, is.Manifests), "it is made from %s, its manifests are %s", words(was.Manifests), words(is.Manifests))
	d.unless(was.Live == is.Live, "the cluster was not read for it")
	d.unless(was.Cluster.Same(is.Cluster), "it is for cluster %q (%q), this run for %q (%q)", was.Cluster.URI, was.Cluster.Label, is.Cluster.URI, is.Cluster.Label)
	d.unless(was.Version == is.Version, "it is of another version")
	return d
}

// Unread lists the collections whose id a plan knows, and the same plan made again
// does not: what answered then proves nothing about them.
func Unread(p, again planner.Plan) (unread []planner.Key) {
	known := make(map[planner.Key]bool)
	for _, a := range again.Asks {
		known[planner.Key{Database: a.Database, Name: a.Alias}] = a.Target != ""
	}
	for _, a := range p.Asks {
		if k := (planner.Key{Database: a.Database, Name: a.Alias}); a.Target != "" && !known[k] {
			unread = append(unread, k)
		}
	}
	return unread
}

// Unlike lists the steps in which the same plan made again differs, nothing for one
// with the same steps. An id that only one of them knows is no difference.
func Unlike(p, again planner.Plan) []string {
	var d mismatches
	for _, c := range again.Conflicts {
		d.add("%s", c.Reason)
	}
	d.steps(p.Steps, again.Steps)
	p.Steps, again.Steps = withoutLoaded(p.Steps), withoutLoaded(again.Steps)
	if len(p.Asks) == len(again.Asks) {
		p.Asks, again.Asks = slices.Clone(p.Asks), slices.Clone(again.Asks)
		for i := range p.Asks {
			if was, is := &p.Asks[i].Target, &again.Asks[i].Target; *was == "" || *is == "" {
				*was, *is = "", ""
			}
		}
	}
	d.unless(len(d) > 0 || p.Digest() == again.Digest(), "its digest is not that of the plan that was shown: a collection was made anew")
	return d
}

// withoutLoaded are steps without the ids of what is loaded: each is that of the
// target of an alias.
func withoutLoaded(steps []planner.Step) []planner.Step {
	bare := slices.Clone(steps)
	for i := range bare {
		if bare[i].Op == planner.LoadCollection {
			bare[i].ID = ""
		}
	}
	return bare
}

// moved compares the state and the cluster where the saved plan touches them.
func (s Plan) moved(d *mismatches, state planner.State, live *planner.Live) {
	now := touches(s.Plan, state, live)
	for i, was := range s.Touches[:min(len(s.Touches), len(now))] {
		is := now[i]
		if was.Database != is.Database || was.Alias != is.Alias || was.Collection != is.Collection {
			continue // not the touches of these steps
		}
		if !slices.Equal(was.Ours, is.Ours) {
			d.add("%s: in the state %s when planned, %s now", was.name(), words(was.Ours), words(is.Ours))
		}
		if was.RolledBackFrom != is.RolledBackFrom && is.RolledBackFrom != "" {
			d.add("%s: it was rolled back from %q since", was.name(), is.RolledBackFrom)
		}
		if was.Live != is.Live {
			d.add("%s: in the cluster %s when planned, %s now", was.name(), word(was.Live), word(is.Live))
		}
		if was.Target != "" && is.Target != "" && was.Target != is.Target {
			d.add("%s: its target %q had id %s and has id %s now: it was made anew", was.name(), was.To, was.Target, is.Target)
		}
		if !slices.Equal(was.Reached, is.Reached) {
			d.add("%s: it was reached by %s and is reached by %s now", was.name(), words(was.Reached), words(is.Reached))
		}
	}
	for _, step := range s.Plan.Steps {
		if step.To == "" || !step.Op.Writes() || step.Op == planner.Displace && step.To == step.RenameTo || live == nil || live.Databases[step.Database] == nil {
			continue
		}
		if _, exists := live.Databases[step.Database].Collections[step.To]; !exists {
			d.add("collection %s/%s, the target of alias %s, is gone", step.Database, step.To, step.Alias)
		}
	}
}

// mismatches are lines about a saved plan.
type mismatches []string

func (d *mismatches) add(format string, args ...any) {
	*d = append(*d, fmt.Sprintf(format, args...))
}

func (d *mismatches) unless(equal bool, format string, args ...any) {
	if !equal {
		d.add(format, args...)
	}
}

func (d *mismatches) steps(was, is []planner.Step) {
	count := make(map[planner.Step]int, len(was))
	for _, s := range was {
		count[bare(s)]++
	}
	for _, s := range is {
		if count[bare(s)]--; count[bare(s)] < 0 {
			d.add("%s: a step now, but not in the plan", describe(s))
		}
	}
	for _, s := range was {
		if count[bare(s)] > 0 {
			count[bare(s)]--
			d.add("%s: in the plan, but no step now", describe(s))
		}
	}
	sameStep := func(a, b planner.Step) bool { return bare(a) == bare(b) }
	d.unless(len(*d) > 0 || slices.EqualFunc(was, is, sameStep), "its steps stand in another order")
}

func (d *mismatches) counts(was, is planner.Summary) {
	for _, c := range []struct {
		was, is int
		what    string
	}{
		{was.Create, is.Create, "to create"}, {was.Switch, is.Switch, "to switch"}, {was.Drop, is.Drop, "to drop"},
		{was.Retire, is.Retire, "to retire"}, {was.Adopt, is.Adopt, "to adopt"}, {was.Forget, is.Forget, "to forget"}, {was.Verify, is.Verify, "to verify"}, {was.Load, is.Load, "to load"}, {was.Grant, is.Grant, "to grant"}, {was.Release, is.Release, "to release"}, {was.Displace, is.Displace, "to displace"},
		{was.Unchanged, is.Unchanged, "unchanged"}, {was.Conflicts, is.Conflicts, "in conflict"},
	} {
		d.unless(c.was == c.is, "it counts %d %s, now %d", c.was, c.what, c.is)
	}
}

// checks compares which checks were made, and those that refused the plan: one
// that does not now was not reviewed as passed.
func (d *mismatches) checks(was, is []planner.Check) {
	same := func(a, b planner.Check) bool {
		return a.Database == b.Database && a.Alias == b.Alias && a.Name == b.Name && (a.Verdict == planner.CheckSkipped) == (b.Verdict == planner.CheckSkipped)
	}
	// Those that every switch is held against are listed when they do not pass.
	implied := func(c planner.Check) bool { return c.Implied }
	for _, c := range was {
		refusedNow := func(now planner.Check) bool { return now.Verdict.Refuses() && same(c, now) }
		if c.Implied && c.Verdict.Refuses() && !slices.ContainsFunc(is, refusedNow) {
			d.add("check %q of alias %s/%s was %q and passes now", c.Name, c.Database, c.Alias, c.Verdict)
		}
	}
	was, is = slices.DeleteFunc(slices.Clone(was), implied), slices.DeleteFunc(slices.Clone(is), implied)
	// Whether golden queries ask anything of a first binding shows once it is loaded.
	was = slices.DeleteFunc(was, func(c planner.Check) bool {
		return c.Name == manifest.GoldenCheck && c.Verdict == planner.CheckPending && !slices.ContainsFunc(is, func(now planner.Check) bool { return same(c, now) })
	})
	if !slices.EqualFunc(was, is, same) {
		d.add("its checks are not those that the manifest asks for now")
		return
	}
	for i, c := range was {
		if c.Verdict.Refuses() && !is[i].Verdict.Refuses() {
			d.add("check %q of alias %s/%s was %q and is %q now", c.Name, c.Database, c.Alias, c.Verdict, is[i].Verdict)
		}
	}
}

// asks compares the golden queries: all else that is asked for is in the
// manifest.
func (d *mismatches) asks(was, is []planner.Ask) {
	for i := range min(len(was), len(is)) {
		if was[i].Golden != is[i].Golden {
			d.add("alias %s/%s: its golden queries are not those that were reviewed", is[i].Database, is[i].Alias)
		}
	}
}

// bare is a step without what is measured and what follows from the manifest.
func bare(s planner.Step) planner.Step {
	s.Rows, s.Order, s.Cutover, s.Loaded, s.Delayed = nil, nil, nil, false, false
	if s.Op == planner.LoadCollection { // its id is that of the target of an alias
		s.ID = ""
	}
	return s
}

// describe is a step in a few words.
func describe(s planner.Step) string {
	text := fmt.Sprintf("%s %s", s.Op, s.Key())
	switch s.Op {
	case planner.LoadCollection:
		return text
	case planner.GrantPrivilege:
		return fmt.Sprintf("%s: %q to role %q, as on %q", text, s.Privilege, s.Role, s.From)
	}
	if s.Op.Retires() {
		return text + " (id " + cmp.Or(s.ID, "unknown") + ")"
	}
	if s.From != "" {
		text += fmt.Sprintf(" from %q", s.From)
	}
	if s.To != "" {
		text += fmt.Sprintf(" to %q", s.To)
	}
	return text
}

// guards are the refusals but those by checks, which are compared one by one.
func guards(refusals []planner.Refusal) []planner.Refusal {
	return slices.DeleteFunc(slices.Clone(refusals), func(r planner.Refusal) bool { return r.Guard == planner.PreflightGuard })
}

func reasons(refusals []planner.Refusal) []string {
	var out []string
	for _, r := range guards(refusals) {
		out = append(out, r.Guard+": "+r.Reason)
	}
	return out
}

// shaping are the choices but `drain`.
func shaping(choices []planner.Choice) []planner.Choice {
	return slices.DeleteFunc(slices.Clone(choices), func(c planner.Choice) bool { return c.Flag == planner.DrainFlag })
}

func sameChoice(c, other planner.Choice) bool {
	return c.Flag == other.Flag && slices.Equal(c.Values, other.Values)
}

func sameRefusal(r, other planner.Refusal) bool {
	return r.Guard == other.Guard && r.Reason == other.Reason && r.WayOut.String() == other.WayOut.String()
}

func sameConflict(c, other planner.Conflict) bool {
	return c.Kind == other.Kind && c.Database == other.Database && c.Alias == other.Alias && c.Collection == other.Collection &&
		c.Reason == other.Reason && c.Want == other.Want && c.Last == other.Last && c.Live == other.Live && slices.EqualFunc(c.WaysOut, other.WaysOut, func(a, b planner.WayOut) bool { return a.String() == b.String() })
}

func sameCount(m, other planner.ManagedCount) bool {
	return m.Database == other.Database && m.InState == other.InState && m.Live == other.Live && m.Released == other.Released &&
		m.Dropped == other.Dropped && m.LeftOut == other.LeftOut && slices.Equal(m.Protected, other.Protected)
}

// sameNewest leaves out what was passed over: it changes by itself.
func sameNewest(n, other planner.Newest) bool {
	return n.Database == other.Database && n.Alias == other.Alias && n.Match == other.Match && n.Order == other.Order && n.Collection == other.Collection
}

func sameSplit(g, other planner.SplitGroup) bool {
	return g.Database == other.Database && g.Group == other.Group && slices.Equal(g.Missing, other.Missing)
}

func word(s string) string {
	if s == "" {
		return "absent"
	}
	return fmt.Sprintf("%q", s)
}

func words(names []string) string { return cmp.Or(quantity.Quoted(names), "nothing") }
