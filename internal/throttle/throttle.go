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
)

// Throttle limits the work on one server. It is safe for concurrent use.
type Throttle struct {
	now   func() time.Time
	fixed bool
	pace  *pace

	mu      sync.Mutex
	width   width
	running int
	queue   list.List // of *seeker
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

// Restart goes back to the first width, before the first writes: what reads
// a server bears says nothing about writes. What the server refuses stays known.
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
// error; when ctx ends before all have begun, its cause.
//
// Calls of Each that share a Throttle share its width: places that become free go
// to them in turn.
func (t *Throttle) Each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	if n <= 0 {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	ctx, end := context.WithCancelCause(context.WithValue(ctx, inside{}, t))
	defer end(nil)
	e := &each{t: t, n: n, do: do, ctx: ctx, end: end}
	e.wants, e.start = n, func() { go e.work(e.latest()) }
	e.running.Add(n)
	t.seek(&e.seeker)
	defer context.AfterFunc(ctx, e.giveUp)()
	e.running.Wait()
	return e.err
}

// each is one call of Each.
type each struct {
	seeker
	t       *Throttle
	n       int
	do      func(ctx context.Context, i int) error
	ctx     context.Context
	end     context.CancelCauseFunc
	running sync.WaitGroup // and those that are to run

	failed sync.Once
	err    error
}

// latest is the task that the place taken last is for.
func (e *each) latest() int { return e.n - 1 - e.wants }

// work does task i, and more as long as its place stays with this Each: that
// wakes nothing.
func (e *each) work(i int) {
	for more := true; more; {
		began := e.t.now()
		if err := e.do(e.ctx, i); err != nil {
			e.fail(err)
		}
		i, more = e.t.next(e, began)
		e.running.Done()
	}
}

// fail ends the tasks that run, and forgoes the others.
func (e *each) fail(err error) {
	e.failed.Do(func() { e.err = err })
	e.end(err)
	e.giveUp()
}

// giveUp forgoes the tasks that have not begun, when the context has ended.
func (e *each) giveUp() {
	if missed := e.t.forgo(&e.seeker); missed > 0 {
		e.failed.Do(func() { e.err = context.Cause(e.ctx) })
		e.running.Add(-missed)
	}
}

// next is the end of a task, which shows how fast the server is. Its place goes to
// whoever's turn it is: when that is e itself, with the task to go on with.
func (t *Throttle) next(e *each, began time.Time) (i int, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.fixed {
		t.width.sample(t.running, began, t.now(), t.pace.bound)
	}
	if t.running > t.width.is || t.queue.Len() == 0 {
		t.running--
		return 0, false
	}
	if s := t.take(); s == &e.seeker {
		i, more = e.latest(), true
	} else {
		s.start()
	}
	t.admit()
	return i, more
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
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	admitted := make(chan struct{})
	s := &seeker{wants: 1, start: func() { close(admitted) }}
	t.seek(s)
	select {
	case <-admitted:
		return nil
	case <-ctx.Done():
	}
	if t.forgo(s) == 0 { // admitted at the same moment
		t.Leave()
	}
	return context.Cause(ctx)
}

// Leave makes room for another task.
func (t *Throttle) Leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	t.admit()
}

// seeker wants places.
type seeker struct {
	wants int
	start func()        // uses a place; called with mu held
	place *list.Element // in the queue
}

func (t *Throttle) seek(s *seeker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.place = t.queue.PushBack(s)
	t.admit()
}

// forgo ends the seeking, and returns how many places s has not got.
func (t *Throttle) forgo(s *seeker) (missed int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	missed, s.wants = s.wants, 0
	if missed > 0 {
		t.queue.Remove(s.place)
	}
	return missed
}

// take is one place for the seeker whose turn it is; it then stands last.
func (t *Throttle) take() *seeker {
	s := t.queue.Front().Value.(*seeker)
	if s.wants--; s.wants > 0 {
		t.queue.MoveToBack(s.place)
	} else {
		t.queue.Remove(s.place)
	}
	return s
}

// admit gives away all places that are free.
func (t *Throttle) admit() {
	for t.running < t.width.is && t.queue.Len() > 0 {
		if t.running == 0 && !t.fixed {
			t.width.begin(t.now())
		}
		t.running++
		t.take().start()
	}
}
