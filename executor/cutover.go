package executor

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"aliasctl/planner"
)

// A cutover is one switch or several that count only together: readers that
// join the answers of several aliases must not find some on the old side and
// some on the new one for longer than it takes to say so.
//
// Milvus cannot switch two aliases in one call, so three things stand in for
// that. Everything that can be known before is looked at before: all members
// are read, and when one is not where the plan expects it, none is written.
// Then all writes go out at once. And when a member fails, or the verification
// of any, those that we switched go back. What remains is reported, never
// hidden: how long the members were on both sides, and where each one stands.
//
// Only what this run switched goes back, and only while it is still where this
// run put it: a move by another client is never undone. The announcements
// hold both values of every member, so a run that is killed on the way there
// or back leaves nothing that the next one would not know for ours; the next
// one finishes what the manifest asks for.

// groupWidth is how many members of a group are worked on at once where Parallel
// does not matter: they stay together.
const groupWidth = 64

// width is how many members, or loads, are worked on at once.
func (r *run) width() int { return cmp.Or(r.opts.Parallel, groupWidth) }

// sharing gives the place of a cutover among the steps of the run to its
// members, where Parallel limits all of them together. The function it returns
// takes it back.
func (c *cutover) sharing() (over func()) {
	if !c.throttle.Fixed() {
		return func() {}
	}
	c.throttle.Leave()
	return func() { _ = c.throttle.Enter(context.Background()) } // which has no end
}

// inTurn does something for one member when it is its turn.
func (c *cutover) inTurn(do func()) {
	if c.throttle.Fixed() {
		_ = c.throttle.Enter(context.Background()) // which has no end
		defer c.throttle.Leave()
	}
	do()
}

// Cutover is how a cutover went.
type Cutover struct {
	Database string
	Group    string // "" for an alias alone
	Members  []Member
	// Mixed is how long readers could find members of a group on both sides:
	// from the first write until the last member was seen switched, or seen
	// back. 0 for an alias alone.
	Mixed time.Duration
	// Split reports that the members of a group are not all on one side now.
	Split bool
	// Unverified reports that all members were switched, and that the verification
	// of one failed.
	Unverified bool
	// Err is why the cutover failed; nil when every member is switched and
	// verified.
	Err error
}

// cutover is a Cutover at work.
type cutover struct {
	*run
	group   string
	members []*member
	back    bool  // undo what was switched when something fails
	err     error // why it failed
	culprit *member

	unverified bool
	verified   bool // every witness and canary confirmed
	mixed      time.Duration
}

// cutover carries out the cutover of a unit.
func (r *run) cutover(ctx context.Context, u unit) {
	c := r.newCutover(u)
	if c.look(ctx) {
		c.switchAll(ctx)
		if c.err == nil {
			c.verify(ctx)
		}
		if c.err != nil && c.back {
			c.switchBack(ctx)
		}
	}
	for _, m := range c.members {
		if m.step.Op == planner.VerifyAlias && m.verdict.outcome == AlreadyDone && c.verified {
			m.verdict.outcome = Applied
		}
		r.conclude(m.index, m.verdict)
		result := &r.results[m.index]
		result.Unverified = !c.verified && result.Done()
		result.Converged = m.proxies
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cutovers = append(r.cutovers, c.report())
}

func (r *run) newCutover(u unit) *cutover {
	c := &cutover{run: r}
	for _, i := range u.steps {
		m := &member{index: i, step: r.results[i].Step}
		m.verdict.outcome = NotReached
		c.group = m.step.Cutover.Group
		c.back = c.back || m.step.Cutover.SwitchBack
		c.members = append(c.members, m)
	}
	return c
}

// look reads where the members of a group are, and returns false when that
// keeps the whole group from being switched. A member alone is looked at by its
// own switch.
func (c *cutover) look(ctx context.Context) bool {
	if len(c.members) == 1 {
		return true
	}
	c.together(func(m *member) {
		s, _, err := c.reading(m.step, 0, (&binding{cluster: c.cluster, step: m.step}).look)
		c.stopOnFatal(err)
		switch {
		case err != nil && ctx.Err() != nil:
			m.verdict = verdict{outcome: NotReached, err: context.Cause(ctx)}
		case is[*UnreachableError](err):
			m.verdict = verdict{outcome: NotReached, err: err}
		case err != nil:
			m.verdict = verdict{outcome: Failed, err: err}
		case s.place == elsewhere:
			m.verdict = verdict{outcome: Failed, err: s.why}
		case s.place == asWanted:
			m.verdict.outcome = AlreadyDone
		}
		m.seen = &s
	})
	for _, m := range c.members {
		if m.seen == nil {
			m.verdict.err = c.bug() // nothing else keeps the look from its end
		}
		if m.verdict.err != nil {
			c.fail(m, m.verdict.err)
		}
	}
	for _, m := range c.members {
		if c.err != nil && m.verdict.outcome == NotReached && m.verdict.err == nil {
			m.verdict.err = c.because(m)
		}
	}
	return c.err == nil
}

// switchAll sends the writes of all members at once.
func (c *cutover) switchAll(ctx context.Context) {
	c.together(func(m *member) {
		m.verdict = verdict{outcome: Undecided} // should the write panic
		switch m.step.Op {
		case planner.RecreateAlias:
			m.verdict = c.recreate(ctx, m.step)
		case planner.Displace:
			m.verdict = c.displace(ctx, m.step)
		default:
			m.verdict = c.carryOut(ctx, c.change(m, m.step))
		}
		m.ended = c.opts.Clock.Now()
	})
	for _, m := range c.members {
		if m.verdict.outcome == Undecided && m.verdict.err == nil {
			m.verdict.err = c.bug()
		}
		if m.verdict.outcome != Applied && m.verdict.outcome != AlreadyDone {
			c.fail(m, m.verdict.err)
		}
	}
	c.measure()
}

// change is the write of a member that notes when it goes out. While it does,
// the reads that all members took together count as the look directly before
// it; a group that is too wide for that looks once more.
func (c *cutover) change(m *member, step planner.Step) *move {
	v := &move{binding: binding{cluster: c.cluster, step: step}, clock: c.opts.Clock, sent: &m.sent}
	if m.seen != nil && len(c.members) <= c.width() {
		v.seen, m.seen = m.seen, nil
	}
	return v
}

// measure adds up how long the members have been on both sides.
func (c *cutover) measure() {
	if len(c.members) == 1 {
		return
	}
	var first, last time.Time
	moved := false
	for _, m := range c.members {
		moved = moved || m.verdict.outcome != Failed && m.verdict.outcome != NotReached && m.verdict.outcome != AlreadyDone
		if !m.sent.IsZero() && (first.IsZero() || m.sent.Before(first)) {
			first = m.sent
		}
		if m.ended.After(last) {
			last = m.ended
		}
	}
	if moved && !first.IsZero() {
		c.mixed = last.Sub(first)
	}
}

// verify asks the witnesses and the canaries of all members, until one of them
// fails.
func (c *cutover) verify(ctx context.Context) {
	defer c.sharing()()
	var mu sync.Mutex
	workers, asking := errgroup.WithContext(ctx)
	workers.SetLimit(c.width())
	for _, m := range c.members {
		workers.Go(func() (err error) {
			defer func() {
				if value := recover(); value != nil {
					err = c.caught(value)
				}
				if err != nil {
					mu.Lock()
					defer mu.Unlock()
					c.fail(m, err)
				}
			}()
			c.inTurn(func() {
				if m.proxies, err = c.converge(asking, m); err == nil {
					err = c.canary(asking, m.step)
				}
			})
			return err
		})
	}
	_ = workers.Wait() // the first error is in c
	c.verified = c.culprit == nil
	if c.culprit != nil {
		c.unverified = true
		c.culprit.verdict.err = c.err
	}
}

// switchBack undoes what this run switched. A member whose switch is unknown
// is looked at too: if it went, it goes back.
func (c *cutover) switchBack(ctx context.Context) {
	c.together(func(m *member) {
		earlier := m.step.Op == planner.VerifyAlias && m.verdict.outcome == AlreadyDone
		if m.verdict.outcome != Applied && m.verdict.outcome != Undecided && !earlier {
			return
		}
		undo := m.step.Undo()
		if undo.Op == planner.RecreateAlias {
			c.recreateBack(ctx, m, undo)
			return
		}
		c.wentBack(m, c.carryOut(ctx, &binding{cluster: c.cluster, step: undo}), true)
	})
	c.measure()
}

// recreateBack undoes a switch by drop and create in the same way. One that is
// unknown is undone only where it shows: recreate puts the old binding back by
// itself.
func (c *cutover) recreateBack(ctx context.Context, m *member, undo planner.Step) {
	if m.verdict.outcome == Undecided {
		s, _, err := c.reading(undo, 0, (&binding{cluster: c.cluster, step: undo}).look)
		if c.stopOnFatal(err); err != nil || s.place != asExpected {
			return
		}
	}
	back := c.recreate(ctx, undo)
	c.wentBack(m, back, !back.unbound)
	_, moved := back.err.(*MovedError)
	m.verdict.unbound = back.unbound && !moved
}

// wentBack judges a member by its way back. there: it is still on
// green when nothing was done.
func (c *cutover) wentBack(m *member, back verdict, there bool) {
	cause := c.because(m)
	failed := &SwitchBackError{Database: m.step.Database, Alias: m.step.Alias, Collection: m.step.Blue(), Cause: cause, Err: back.err}
	seen := &BackError{Database: m.step.Database, Alias: m.step.Alias, Collection: m.step.Blue(), Cause: cause}
	undecided := m.verdict.outcome == Undecided
	m.ended = c.opts.Clock.Now()
	switch {
	case back.outcome == AlreadyDone && undecided:
		return // on blue, and it may still move
	case (back.outcome == Applied || back.outcome == AlreadyDone) && m.verdict.lost != nil:
		m.verdict.outcome, m.verdict.err = Undecided, &UndecidedError{Lost: m.verdict.lost, Seen: seen, Settle: c.opts.Settle}
	case back.outcome == Applied || back.outcome == AlreadyDone:
		m.verdict.outcome, m.verdict.err = SwitchedBack, cause
	case back.outcome == Undecided || undecided:
		m.verdict.outcome, m.verdict.err = Undecided, failed
	case interfered(back.err) || !there:
		m.verdict.outcome, m.verdict.err = Failed, failed
	default:
		m.verdict.outcome, m.verdict.err = Applied, failed
	}
}

// fail notes the first member that went wrong.
func (c *cutover) fail(m *member, err error) {
	if c.err == nil {
		c.err, c.culprit = err, m
	}
}

// because is why a member shares the fate of its cutover.
func (c *cutover) because(m *member) error {
	if m == c.culprit {
		return c.err
	}
	return &GroupError{Database: m.step.Database, Group: c.group, Member: c.culprit.step.Alias, Err: c.err}
}

// together does something for all members side by side.
func (c *cutover) together(do func(m *member)) {
	defer c.sharing()()
	c.sideBySide(len(c.members), c.width(), func(i int) {
		c.inTurn(func() { do(c.members[i]) })
	})
}

// report reports where the members stand.
func (c *cutover) report() Cutover {
	report := Cutover{Database: c.members[0].step.Database, Group: c.group, Mixed: c.mixed, Unverified: c.unverified, Err: c.err}
	for _, m := range c.members {
		stands, at := m.standing()
		report.Members = append(report.Members, Member{Step: m.index, Alias: m.step.Alias, Stands: stands, At: at})
	}
	first := report.Members[0].Stands
	report.Split = len(c.members) > 1 && (first == Elsewhere || first == Uncertain ||
		slices.ContainsFunc(report.Members, func(m Member) bool { return m.Stands != first }))
	return report
}
