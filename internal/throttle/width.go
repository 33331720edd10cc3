package throttle

import "time"

// MaxWidth is how many tasks run at once at most, where nothing fixes it.
const MaxWidth = 64

const (
	firstWidth  = 4
	worthwhile  = 1.1 // what more at once must bring to stay
	leastCalm   = 2   // windows without a change, after which more is tried again
	mostCalm    = 16
	leastWindow = 8                    // tasks
	briefest    = 5 * time.Millisecond // a window; less shows chance
)

// width is how many tasks may run at once.
//
// More at once is faster for as long as time is lost on the way to the
// server: over a network nearly in proportion, on loopback hardly at all,
// because the coordinator of Milvus takes writes one after the other
// (milvus-rest section 13.2). So the width is found by trying: it is doubled
// while the tasks per second grow by a tenth or more, and goes back to what it
// was when they do not. It is halved at once when the server asks for patience,
// and when tasks take twice as long as before without more of them being done.
type width struct {
	is int

	// A window is so many tasks that they show what a width is worth. Those that
	// were under way when the width changed are left out of it.
	skip  int
	began time.Time
	tasks int
	spent time.Duration

	// What the last window showed; 0 before the first one.
	rate    float64 // tasks per second
	latency time.Duration
	raised  bool // the width has just been doubled
	quiet   int  // windows since the last change
	wary    bool // the server has asked for patience since the last try
	calm    int  // windows to wait for before the next try; more after each vain one
}

// begin starts a comparison after a time without tasks: those that come may be
// of another kind.
func (w *width) begin(now time.Time) {
	w.rate, w.latency, w.raised = 0, 0, false
	w.open(0, now)
}

// sample reports a task that is over. bound reports whether requests waited for
// their turn since it was last asked: the width decides nothing then.
func (w *width) sample(running int, began, now time.Time, bound func() bool) {
	if w.skip > 0 {
		if w.skip--; w.skip == 0 {
			w.began = now
		}
		return
	}
	w.tasks++
	w.spent += now.Sub(began)
	elapsed := now.Sub(w.began)
	if w.tasks < w.enough() || elapsed < briefest {
		return
	}
	if bound() {
		w.begin(now)
		return
	}
	w.judge(running, float64(w.tasks)/elapsed.Seconds(), w.spent/time.Duration(w.tasks), now)
}

// enough is how many tasks make a window: one round of all, and two where
// nothing is being tried.
func (w *width) enough() int {
	if w.rate == 0 || w.raised {
		return max(w.is, leastWindow)
	}
	return max(2*w.is, leastWindow)
}

// judge draws the conclusion from a window.
func (w *width) judge(running int, rate float64, latency time.Duration, now time.Time) {
	first := w.rate == 0
	grew := rate >= worthwhile*w.rate
	slower := !first && latency > 2*w.latency
	if grew && w.raised {
		w.calm = leastCalm
	}
	switch {
	case !grew && (w.raised || slower):
		w.calm = min(2*w.calm, mostCalm)
		w.change(w.is/2, running, now)
	case w.is < MaxWidth && (first && !w.wary || w.raised || w.quiet >= w.calm):
		w.rate, w.latency = rate, latency
		w.change(2*w.is, running, now)
		w.raised, w.wary = true, false
	default:
		w.rate, w.latency, w.raised = rate, latency, false
		w.quiet++
		w.open(0, now)
	}
}

// trouble halves the width, but for what the pace of the server needs.
func (w *width) trouble(running, need int, now time.Time) {
	if w.skip > 0 {
		return
	}
	w.calm, w.wary = mostCalm, true
	w.change(max(w.is/2, min(need, w.is)), running, now)
}

// change sets another width and begins a window.
func (w *width) change(is, running int, now time.Time) {
	w.is = min(max(is, 1), MaxWidth)
	w.raised, w.quiet = false, 0
	w.open(running, now)
}

func (w *width) open(skip int, now time.Time) {
	w.skip, w.tasks, w.spent, w.began = skip, 0, 0, now
}
