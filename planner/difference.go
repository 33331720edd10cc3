package planner

import (
	"fmt"
	"slices"

	"aliasctl/manifest"
)

// Differences lists every difference between a saved plan and the same plan
// made again from state and live, nothing for one that still holds.
//
// What may differ is what changes by itself: the time, the serial of the state,
// notes, row counts and other measurements. A check whose verdict is worse now
// is no difference but a refusal of the plan made again. A wait that has ended
// is none either (Options.Due), and how long a drop waits for readers (`drain`)
// is the choice of the apply.
func (s Saved) Differences(again Saved, state State, live *Live) []string {
	var d mismatches
	if s.Lineage != "" && s.Lineage != state.Lineage {
		d.add("the plan was made from another state: lineage %s, now %s", s.Lineage, state.Lineage)
	}
	if s.moved(&d, state, live); len(d) > 0 {
		return d // all else follows from it
	}
	for _, c := range again.Plan.Conflicts {
		if !slices.ContainsFunc(s.Plan.Conflicts, c.equal) {
			d.add("%s", c.Reason)
		}
	}
	was, is := s.Plan, again.Plan
	if d.steps(was.Steps, is.Steps); len(d) > 0 {
		return d // likewise
	}
	d.unless(slices.EqualFunc(was.Conflicts, is.Conflicts, Conflict.equal), "its conflicts are not those that there are now")
	d.counts(was.Summary, is.Summary)
	d.checks(was.Checks, is.Checks)
	d.asks(was.Asks, is.Asks)
	d.unless(slices.EqualFunc(guards(s.Refusals), guards(again.Refusals), Refusal.equal), "it was refused by %s, now by %s", words(reasons(s.Refusals)), words(reasons(again.Refusals)))
	d.unless(slices.EqualFunc(shaping(was.Choices), shaping(is.Choices), Choice.equal), "its flags are not those of this run")
	d.unless(slices.EqualFunc(was.Managed, is.Managed, ManagedCount.equal), "it counts other managed aliases than there are now")
	d.unless(slices.Equal(was.Newcomers, is.Newcomers), "the retirees that look like new work are others now")
	d.unless(slices.EqualFunc(was.SplitGroups, is.SplitGroups, SplitGroup.equal), "it splits other groups")
	d.unless(slices.EqualFunc(was.Newest, is.Newest, Newest.equal), "the newest of a pattern is another one now")
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
func (p Plan) Unread(again Plan) (unread []Key) {
	known := make(map[Key]bool)
	for _, a := range again.Asks {
		known[Key{a.Database, a.Alias}] = a.Target != ""
	}
	for _, a := range p.Asks {
		if k := (Key{a.Database, a.Alias}); a.Target != "" && !known[k] {
			unread = append(unread, k)
		}
	}
	return unread
}

// Unlike lists the steps in which the same plan made again differs, nothing for one
// with the same steps. An id that only one of them knows is no difference.
func (p Plan) Unlike(again Plan) []string {
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
func withoutLoaded(steps []Step) []Step {
	bare := slices.Clone(steps)
	for i := range bare {
		if bare[i].Op == LoadCollection {
			bare[i].ID = ""
		}
	}
	return bare
}

// moved compares the state and the cluster where the saved plan touches them.
func (s Saved) moved(d *mismatches, state State, live *Live) {
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
		if step.To == "" || !step.Op.Writes() || step.Op == Displace && step.To == step.RenameTo || live == nil || live.Databases[step.Database] == nil {
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

func (d *mismatches) steps(was, is []Step) {
	count := make(map[Step]int, len(was))
	for _, s := range was {
		count[s.bare()]++
	}
	for _, s := range is {
		if count[s.bare()]--; count[s.bare()] < 0 {
			d.add("%s: a step now, and not one of the plan", s.describe())
		}
	}
	for _, s := range was {
		if count[s.bare()] > 0 {
			count[s.bare()]--
			d.add("%s: a step of the plan, and none now", s.describe())
		}
	}
	sameStep := func(a, b Step) bool { return a.bare() == b.bare() }
	d.unless(len(*d) > 0 || slices.EqualFunc(was, is, sameStep), "its steps stand in another order")
}

func (d *mismatches) counts(was, is Summary) {
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
func (d *mismatches) checks(was, is []Check) {
	same := func(a, b Check) bool {
		return a.Database == b.Database && a.Alias == b.Alias && a.Name == b.Name && (a.Verdict == CheckSkipped) == (b.Verdict == CheckSkipped)
	}
	// Those that every switch is held against are listed when they do not pass.
	implied := func(c Check) bool { return c.Implied }
	for _, c := range was {
		refusedNow := func(now Check) bool { return now.Verdict.refuses() && same(c, now) }
		if c.Implied && c.Verdict.refuses() && !slices.ContainsFunc(is, refusedNow) {
			d.add("check %q of alias %s/%s was %q and passes now", c.Name, c.Database, c.Alias, c.Verdict)
		}
	}
	was, is = slices.DeleteFunc(slices.Clone(was), implied), slices.DeleteFunc(slices.Clone(is), implied)
	// Whether golden queries ask anything of a first binding shows once it is loaded.
	was = slices.DeleteFunc(was, func(c Check) bool {
		return c.Name == manifest.GoldenCheck && c.Verdict == CheckPending && !slices.ContainsFunc(is, func(now Check) bool { return same(c, now) })
	})
	if !slices.EqualFunc(was, is, same) {
		d.add("its checks are not those that the manifest asks for now")
		return
	}
	for i, c := range was {
		if c.Verdict.refuses() && !is[i].Verdict.refuses() {
			d.add("check %q of alias %s/%s was %q and is %q now", c.Name, c.Database, c.Alias, c.Verdict, is[i].Verdict)
		}
	}
}

// asks compares the golden queries: all else that is asked for is in the
// manifest.
func (d *mismatches) asks(was, is []Ask) {
	for i := range min(len(was), len(is)) {
		if was[i].Golden != is[i].Golden {
			d.add("alias %s/%s: its golden queries are not those that were reviewed", is[i].Database, is[i].Alias)
		}
	}
}

// bare is a step without what is measured and what follows from the manifest.
func (s Step) bare() Step {
	s.Rows, s.Order, s.Cutover, s.Loaded, s.Delayed = nil, nil, nil, false, false
	if s.Op == LoadCollection { // its id is that of the target of an alias
		s.ID = ""
	}
	return s
}

// describe is a step in a few words.
func (s Step) describe() string {
	text := fmt.Sprintf("%s %s", s.Op, s.key())
	switch s.Op {
	case LoadCollection:
		return text
	case GrantPrivilege:
		return fmt.Sprintf("%s: %q to role %q, as on %q", text, s.Privilege, s.Role, s.From)
	}
	if s.Op.Retires() {
		return text + " (id " + orUnknown(s.ID) + ")"
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
func guards(refusals []Refusal) []Refusal {
	return slices.DeleteFunc(slices.Clone(refusals), func(r Refusal) bool { return r.Guard == PreflightGuard })
}

func reasons(refusals []Refusal) []string {
	var out []string
	for _, r := range guards(refusals) {
		out = append(out, r.Guard+": "+r.Reason)
	}
	return out
}

// shaping are the choices but `drain`.
func shaping(choices []Choice) []Choice {
	return slices.DeleteFunc(slices.Clone(choices), func(c Choice) bool { return c.Flag == DrainFlag })
}

func (c Choice) equal(other Choice) bool {
	return c.Flag == other.Flag && slices.Equal(c.Values, other.Values)
}

func (r Refusal) equal(other Refusal) bool {
	return r.Guard == other.Guard && r.Reason == other.Reason && r.WayOut.String() == other.WayOut.String()
}

func (c Conflict) equal(other Conflict) bool {
	return c.Kind == other.Kind && c.Database == other.Database && c.Alias == other.Alias && c.Collection == other.Collection &&
		c.Reason == other.Reason && c.Want == other.Want && c.Last == other.Last && c.Live == other.Live && slices.EqualFunc(c.WaysOut, other.WaysOut, func(a, b WayOut) bool { return a.String() == b.String() })
}

func (m ManagedCount) equal(other ManagedCount) bool {
	return m.Database == other.Database && m.InState == other.InState && m.Live == other.Live && m.Released == other.Released &&
		m.Dropped == other.Dropped && m.LeftOut == other.LeftOut && slices.Equal(m.Protected, other.Protected)
}

// equal leaves out what was passed over: it changes by itself.
func (n Newest) equal(other Newest) bool {
	return n.Database == other.Database && n.Alias == other.Alias && n.Match == other.Match && n.Order == other.Order && n.Collection == other.Collection
}

func (g SplitGroup) equal(other SplitGroup) bool {
	return g.Database == other.Database && g.Group == other.Group && slices.Equal(g.Missing, other.Missing)
}

// holds reports whether what a plan touched is as it was. The id of a target that
// was not built yet was not reviewed.
func (t Touch) holds(now Touch) bool {
	return t.Database == now.Database && t.Alias == now.Alias && t.Collection == now.Collection && t.Live == now.Live && t.To == now.To &&
		(t.Target == now.Target || t.Target == "") && t.RolledBackFrom == now.RolledBackFrom &&
		slices.Equal(t.Ours, now.Ours) && slices.Equal(t.Reached, now.Reached)
}
