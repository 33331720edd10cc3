package executor

import (
	"sync"
	"time"
)

// Limits of an adaptive throttle.
const (
	firstWidth  = 4   // steps at once, to begin with
	maxWidth    = 64  // never more
	worthwhile  = 1.1 // what more at once must bring to stay
	calm        = 16  // windows without a change, after which more is tried again
	leastWindow = 16  // steps
)

// throttle says how many steps may run at once.
//
// More at once is faster for as long as time is lost on the way to the
// cluster: over a network nearly in proportion, on loopback hardly at all,
// because the coordinator of Milvus takes writes one after the other
// (milvus-rest section 13.2). Nobody knows the place beforehand, so it is
// found: the width is doubled while the steps per second grow by a tenth or
// more, and goes back to what it was when they do not. It is halved at once
// when the cluster asks for patience, and when steps take twice as long as
// before without more of them being done.
type throttle struct {
	clock Clock
	fixed bool

	mu      sync.Mutex
	room    *sync.Cond // signalled when one leaves, and to all when the width changes
	width   int
	running int

	// A window is so many steps that they show what a width is worth. Those that
	// were under way when the width changed are left out of it.
	skip    int
	began   time.Time
	steps   int
	spent   time.Duration
	windows int

	// What the last window showed.
	rate    float64 // steps per second
	latency time.Duration
	raised  bool // the width has just been doubled
	quiet   int  // windows since the last change
}

// newThrottle is one of a fixed width, or an adaptive one for 0.
func newThrottle(width int, clock Clock) *throttle {
	t := &throttle{clock: clock, fixed: width > 0, width: width, began: clock.Now()}
	if !t.fixed {
		t.width = firstWidth
	}
	t.room = sync.NewCond(&t.mu)
	return t
}

// most is how many may ever run at once.
func (t *throttle) most() int {
	if t.fixed {
		return t.width
	}
	return maxWidth
}

// enter waits until one more may run.
func (t *throttle) enter() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wait()
}

func (t *throttle) wait() {
	for t.running >= t.width {
		t.room.Wait()
	}
	t.running++
}

// leave makes room for another one.
func (t *throttle) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	t.room.Signal()
}

// giveWay waits, after a step, for as long as there are more than may run.
// Whoever may go on does so without waking anybody.
func (t *throttle) giveWay() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running > t.width {
		t.running--
		t.wait()
	}
}

// sample tells of a step that is over and took so long.
func (t *throttle) sample(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fixed {
		return
	}
	if t.skip > 0 {
		if t.skip--; t.skip == 0 {
			t.began = t.clock.Now()
		}
		return
	}
	t.steps++
	t.spent += took
	if t.steps < max(2*t.width, leastWindow) {
		return
	}
	elapsed := max(t.clock.Now().Sub(t.began), time.Microsecond)
	t.judge(float64(t.steps)/elapsed.Seconds(), t.spent/time.Duration(t.steps))
}

// trouble says that the cluster asked for patience. Of many that say so at
// once, one counts.
func (t *throttle) trouble() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.fixed && t.skip == 0 {
		t.windows++
		t.change(t.width / 2)
	}
}

// judge draws the conclusion from a window.
func (t *throttle) judge(rate float64, latency time.Duration) {
	grew := rate >= worthwhile*t.rate
	slower := t.latency > 0 && latency > 2*t.latency
	first := t.windows == 0
	t.windows++
	switch {
	case !grew && (t.raised || slower):
		t.change(t.width / 2)
	case t.width < maxWidth && (first || t.raised || t.quiet >= calm):
		t.rate, t.latency = rate, latency
		t.change(2 * t.width)
		t.raised = true
	default:
		t.rate, t.latency = rate, latency
		t.raised = false
		t.quiet++
		t.open(0)
	}
}

// change sets another width and begins a window.
func (t *throttle) change(width int) {
	t.width = min(max(width, 1), maxWidth)
	t.raised, t.quiet = false, 0
	t.open(t.running)
	t.room.Broadcast()
}

func (t *throttle) open(skip int) {
	t.skip, t.steps, t.spent, t.began = skip, 0, 0, t.clock.Now()
}
