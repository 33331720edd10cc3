package executor

import (
	"context"
	"time"

	"aliasctl/internal/throttle"
	"aliasctl/planner"
)

// Defaults of Options.
const (
	DefaultRetries = 4
	DefaultSettle  = 15 * time.Second
	// DefaultPatience outlasts the restart of a Milvus that was killed: about 35
	// seconds, the lifetime of its session.
	DefaultPatience = time.Minute
)

// Options are the choices of a run that change how a plan is carried out,
// never what it does. The zero value is usable.
type Options struct {
	// Parallel is how many steps of one phase run side by side. 0 finds it out:
	// from 4 up to 64, as long as more at once is faster and the cluster does
	// not ask for patience, and for the members of a group 64. A Throttle has to
	// be of the same number.
	Parallel int
	// Throttle is what the reads of the same cluster have found out, and keeps
	// the steps to what the server takes; nil makes one of Parallel.
	Throttle *throttle.Throttle
	// Retries is how often a write is tried again after an answer that allows
	// it; 0 means DefaultRetries, less than 0 none.
	Retries int
	// Settle is how long a change may take to show after a write whose answer
	// was lost; 0 means DefaultSettle. Servers were seen to carry such a
	// request out seconds later (milvus-rest section 13.1).
	Settle time.Duration
	// Patience is how long a step waits for a cluster that cannot be reached; 0
	// means DefaultPatience, less than 0 that it does not wait. After it one probe
	// decides whether the run goes on. A request that is under way is not cut
	// short by it.
	Patience time.Duration
	// Drain is the least wait between the last alias leaving a collection in
	// this run and the drop of that collection: proxies that still resolve the
	// alias to it must have noticed. 0 means no wait.
	Drain time.Duration
	// Witnesses must have seen a switch that asks for confirmations.
	Witnesses []Witness
	// Author is who applies, for the history of the state; HistoryLimit is how
	// many applies it remembers, 0 means DefaultHistoryLimit.
	Author       Author
	HistoryLimit int
	// Held is asked directly before each write to the cluster: an error means
	// that the lock of the state is lost and that another run may be at work.
	// Nothing is written then, but for the create half of a switch by drop and
	// create: without it the alias would stay unbound. nil means that nothing
	// can be lost.
	Held func() error
	// Ready is asked when everything is loaded, before anything else is written: an
	// error means that nothing is. It is not asked for a plan without loads; nil
	// for nothing to ask.
	Ready func(ctx context.Context) error
	// Stop, when closed, ends the run in good order: no new step starts, the
	// running ones finish, the state is saved. Cancelling the context instead
	// ends it at once.
	Stop <-chan struct{}
	// Observer hears of each step as it starts and ends; nil for none.
	Observer Observer
	// Clock is the time of the run; nil means the machine's.
	Clock Clock
}

func (o Options) withDefaults() Options {
	o.Parallel = max(o.Parallel, 0)
	switch {
	case o.Retries == 0:
		o.Retries = DefaultRetries
	case o.Retries < 0:
		o.Retries = 0
	}
	if o.Settle <= 0 {
		o.Settle = DefaultSettle
	}
	switch {
	case o.Patience == 0:
		o.Patience = DefaultPatience
	case o.Patience < 0:
		o.Patience = 0
	}
	if o.Held == nil {
		o.Held = func() error { return nil }
	}
	if o.Clock == nil {
		o.Clock = machineClock{}
	}
	return o
}

// Observer hears of the progress of a run. Its methods are called one at a
// time, from several goroutines, in the order of events; i is the index of the
// step in the plan. A step that is not reached is not heard of.
type Observer interface {
	StepStarted(i int, step planner.Step)
	StepDone(i int, result Result)
}

// DrainObserver is an Observer that also hears of the wait before drops.
type DrainObserver interface {
	Observer
	// Draining reports that the drops of these steps wait so long for the readers
	// of their collections.
	Draining(steps []planner.Step, wait time.Duration)
}

// Clock reads and spends time.
type Clock interface {
	Now() time.Time
	// Sleep returns after d, or at once with the context's error when that
	// ends first.
	Sleep(ctx context.Context, d time.Duration) error
}

type machineClock struct{}

var _ Clock = machineClock{}

func (machineClock) Now() time.Time { return time.Now() }

func (machineClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
