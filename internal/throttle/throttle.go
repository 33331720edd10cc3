// Package throttle finds out how much a server takes: how many tasks at once
// (width.go), and how many requests a second once it has refused some
// (pace.go).
//
// internal/milvus makes one for each cluster: its reads and checks run through
// Each, all its requests take a Turn, and the executor runs its steps through
// the same one.
package throttle

import (
	"container/list"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Throttle limits the work on one server. It is safe for concurrent use.
type Throttle struct {
	now   func() time.Time
	fixed bool
	pace  *pace

	mu      sync.Mutex
	width   width
	running int
	queue   list.List // of chan struct{}, closed when its owner may run
}

// New returns a Throttle of a fixed width, or for 0 one that finds its width,
// from 4 up to MaxWidth. now is the clock; nil means the machine's.
func New(fixed int, now func() time.Time) *Throttle {
	if now == nil {
		now = time.Now
	}
	t := &Throttle{now: now, fixed: fixed > 0, pace: newPace(now), width: width{calm: leastCalm}}
	t.width.is = firstWidth
	if t.fixed {
		t.width.is = fixed
	}
	return t
}

// Fixed reports that the width never changes.
func (t *Throttle) Fixed() bool { return t.fixed }

// Most is how many tasks may ever run at once.
func (t *Throttle) Most() int {
	if t.fixed {
		return t.width.is
	}
	return MaxWidth
}

// Restart goes back to the first width, before work of another kind: what reads
// can bear says nothing about writes. What the server refuses stays known.
func (t *Throttle) Restart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.fixed {
		t.width = width{is: firstWidth, calm: leastCalm, began: t.now()}
	}
}

// Trouble reports that the server asked for patience: fewer tasks run from now
// on. Of many reports at once, one counts.
func (t *Throttle) Trouble() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.fixed {
		t.width.trouble(t.running, t.pace.need(), t.now())
	}
}

// Each calls do for 0 to n-1, in that order, as many calls at once as the
// Throttle lets run, and returns when all have returned. After the first error
// no further call begins, the context of the others ends, and Each returns that
// error.
//
// Tasks run in the order in which they ask, whichever Each they belong to: two
// that share a Throttle share its width.
func (t *Throttle) Each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(context.WithValue(ctx, inside{}, t))
	var order sync.Mutex // a task that asks earlier has the lower number
	next := 0
	for range min(n, t.Most()) {
		group.Go(func() error {
			for {
				if err := t.Enter(ctx); err != nil {
					return err
				}
				order.Lock()
				i := next
				next++
				order.Unlock()
				if i >= n {
					t.Leave()
					return nil
				}
				began := t.now()
				err := do(ctx, i)
				t.leave(began)
				if err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// inside is the key of the Throttle whose Each a context is of.
type inside struct{}

// Aside gives the place of a task of Each to others while it waits for another
// try; back takes it again, when there is room or when ctx has ended. ctx is
// what Each gave the task; with another one nothing happens.
func (t *Throttle) Aside(ctx context.Context) (back func()) {
	if ctx.Value(inside{}) != t {
		return func() {}
	}
	t.Leave()
	return func() {
		if t.Enter(ctx) != nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.running++ // the task leaves at once
		}
	}
}

// Enter waits until one more task may run. The error is the cause of the end of
// ctx; the task may not run then.
func (t *Throttle) Enter(ctx context.Context) error {
	t.mu.Lock()
	if ctx.Err() != nil {
		t.mu.Unlock()
		return context.Cause(ctx)
	}
	if t.running < t.width.is && t.queue.Len() == 0 {
		t.run()
		t.mu.Unlock()
		return nil
	}
	admitted := make(chan struct{})
	place := t.queue.PushBack(admitted)
	t.mu.Unlock()

	select {
	case <-admitted:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-admitted: // at the same moment
		t.running--
	default:
		t.queue.Remove(place)
	}
	t.admit()
	return context.Cause(ctx)
}

// Leave makes room for another task.
func (t *Throttle) Leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	t.admit()
}

// leave is Leave for a task that shows how fast the server is.
func (t *Throttle) leave(began time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.fixed {
		t.width.sample(t.running, began, t.now(), t.pace.bound)
	}
	t.running--
	t.admit()
}

func (t *Throttle) admit() {
	for t.running < t.width.is && t.queue.Len() > 0 {
		close(t.queue.Remove(t.queue.Front()).(chan struct{}))
		t.run()
	}
}

func (t *Throttle) run() {
	if t.running == 0 && !t.fixed {
		t.width.begin(t.now())
	}
	t.running++
}
