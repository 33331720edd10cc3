package throttle

import (
	"context"
	"math"
	"sync"
	"time"
)

const (
	patience    = 10 * time.Second      // without an answer, the server is not busy but gone
	firstHold   = 25 * time.Millisecond // after a refusal, doubled while they go on
	longestHold = 250 * time.Millisecond
	catchUp     = 5 * time.Millisecond // that late may be made up for
	below       = 0.97                 // of the rate that the server took
	fastest     = 20_000               // requests a second: no pace at all
	firstRaise  = 0.02
	firstQuiet  = time.Second // without a refusal, before the pace is raised
	longQuiet   = 8 * time.Second
)

// pace is how fast requests may begin. Nothing limits them until the server
// refuses one.
//
// A server that limits requests per second refuses more the faster its answers
// are, however few run at once. After a refusal nothing begins for a moment, or
// for as long as the server asks. Then one request tries, and when it is
// answered all go on, at the rate that the server has been seen to take: what it
// answered between two refusals, over the time between them. The rate is raised
// again, slowly at first, until the next refusal or until it means nothing.
type pace struct {
	now  func() time.Time
	line chan struct{} // has the request whose turn is next

	mu   sync.Mutex
	rate float64   // requests a second, 0 for no limit
	next time.Time // when the next one may begin

	closed  bool
	since   time.Time     // when it was last closed, or the counting began
	until   time.Time     // no request before it
	hold    time.Duration // of the last refusal
	trying  bool          // a request is under way that shows whether to open
	changed chan struct{} // closed when one of the above has changed

	opened   time.Time // when it was last opened
	answered int       // since then
	latency  time.Duration

	base   float64 // the rate after the last refusal
	raise  float64 // of the next growth
	quiet  time.Duration
	growAt time.Time
	waited bool // a request has waited since the rate last grew
	paced  bool // a request has waited since bound was last asked
}

func newPace(now func() time.Time) *pace {
	return &pace{now: now, line: make(chan struct{}, 1), changed: make(chan struct{}), quiet: firstQuiet}
}

// Outcome is what the answer to a request says about the pace.
type Outcome int

const (
	// Silent is no answer of the server, or one that says nothing about it.
	Silent Outcome = iota
	// Answered is any answer, good or bad, but a refusal.
	Answered
	// Refused is a request that the server had no room for.
	Refused
)

// Turn is one request under way.
type Turn struct {
	// Vain reports that the server has refused everything for so long that waiting
	// is no use: the request goes out, and is the last.
	Vain bool

	t    *Throttle
	sent time.Time
	try  bool
}

// Turn waits until the next request may begin, which is at once as long as the
// server has refused none. Done has to follow. The error is the cause of the
// end of ctx.
func (t *Throttle) Turn(ctx context.Context) (Turn, error) {
	p := t.pace
	if p.free() {
		return Turn{t: t, sent: p.now()}, nil
	}
	select {
	case p.line <- struct{}{}:
		defer func() { <-p.line }()
	case <-ctx.Done():
		return Turn{}, context.Cause(ctx)
	}
	for {
		turn, wait, changed := p.due()
		if wait <= 0 {
			turn.t = t
			return turn, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return Turn{}, context.Cause(ctx)
		}
	}
}

// TurnNow is a Turn that does not wait, for a write: its reads have waited.
func (t *Throttle) TurnNow() Turn {
	p := t.pace
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rate > 0 {
		p.next = p.next.Add(p.interval())
	}
	return Turn{t: t, sent: p.now()}
}

// Done reports what became of the request, and of a refusal how long the server
// asks to be left alone, 0 for unsaid.
func (u Turn) Done(o Outcome, retryAfter time.Duration) {
	switch p := u.t.pace; o {
	case Refused:
		if p.refused(u, retryAfter) {
			u.t.Trouble()
		}
	case Answered:
		p.took(u)
	default:
		p.lost(u)
	}
}

func (p *pace) free() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since.IsZero() {
		p.since = p.now()
		p.opened = p.since
	}
	return !p.closed && p.rate == 0
}

// due is how long the next request has to wait, until changed at most. One that
// need not wait counts as sent.
func (p *pace) due() (turn Turn, wait time.Duration, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	turn.sent = now
	switch {
	case p.closed && now.Sub(p.since) >= patience:
		turn.try, turn.Vain = true, true
		return turn, 0, nil
	case p.closed && p.trying:
		wait = patience - now.Sub(p.since)
	case p.closed && now.Before(p.until):
		wait = p.until.Sub(now)
	case p.closed:
		p.trying, turn.try = true, true
		return turn, 0, nil
	case p.rate == 0:
		return turn, 0, nil
	default:
		if late := now.Add(-catchUp); p.next.Before(late) {
			p.next = late
		}
		if wait = p.next.Sub(now); wait <= 0 {
			p.next = p.next.Add(p.interval())
			return turn, 0, nil
		}
	}
	p.waited, p.paced = true, true
	return turn, wait, p.changed
}

func (p *pace) interval() time.Duration {
	return time.Duration(float64(time.Second) / p.rate)
}

// took counts an answer.
func (p *pace) took(u Turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.closed {
		if u.sent.Before(p.since) {
			return
		}
		p.closed, p.trying = false, false
		p.opened, p.next, p.growAt = now, u.sent.Add(p.interval()), now.Add(p.quiet)
		p.signal()
	}
	p.answered++
	took := now.Sub(u.sent)
	p.latency += (took - p.latency) / time.Duration(min(p.answered, 16))
	switch {
	case p.rate == 0:
		// Only the last seconds count.
		if long := now.Sub(p.since); long > 2*time.Second {
			p.answered /= 2
			p.since = p.since.Add(long / 2)
			p.opened = p.since
		}
	case p.waited && now.After(p.growAt):
		p.grow(now)
	}
}

func (p *pace) grow(now time.Time) {
	p.rate *= 1 + p.raise
	p.raise = min(2*p.raise, 1)
	if p.rate > 2*p.base {
		p.quiet = firstQuiet
	}
	if p.growAt, p.waited = now.Add(p.quiet), false; p.rate > fastest {
		p.rate = 0
	}
}

// refused closes, and reports whether this is news: not one of several that were
// under way.
func (p *pace) refused(u Turn, retryAfter time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	defer p.signal()
	switch {
	case p.closed && u.try:
		p.trying = false
		p.hold = min(2*p.hold, longestHold)
		p.until = now.Add(max(p.hold, retryAfter))
		return false
	case p.closed || u.sent.Before(p.since):
		if until := now.Add(retryAfter); until.After(p.until) {
			p.until = until
		}
		return false
	}
	p.estimate(now)
	p.closed, p.trying, p.since, p.answered = true, false, now, 0
	p.hold = firstHold
	p.until = now.Add(max(p.hold, retryAfter))
	return true
}

// estimate sets the rate from what was answered since the last refusal. That
// over the time since it is exact when the server saves up room meanwhile,
// and too low when it saves less than the time without requests would fill;
// over the time since requests went on it is too high by what was saved.
func (p *pace) estimate(now time.Time) {
	n := float64(max(p.answered, 1))
	high := n / max(now.Sub(p.opened), time.Millisecond).Seconds()
	low := n / max(now.Sub(p.since), time.Millisecond).Seconds()
	switch doubt := high / low; {
	case p.rate == 0:
		p.rate = 0.9 * high
	case doubt > 1.25 && p.opened.Sub(p.since) > 4*firstHold: // it saved too little for that time, most likely
		p.rate = min(math.Sqrt(low*high), 0.9*p.rate)
	case doubt > 1.25:
		p.rate = min(low*math.Pow(doubt, 0.25), 0.95*p.rate)
	default:
		p.rate = min(below*math.Sqrt(low*high), p.rate)
		p.quiet = min(2*p.quiet, longQuiet)
	}
	p.rate = max(p.rate, 1)
	p.base, p.raise, p.waited = p.rate, firstRaise, false
}

// lost ends a try that had no answer.
func (p *pace) lost(u Turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if u.try && p.closed && p.trying {
		p.trying = false
		p.until = p.now().Add(p.hold)
		p.signal()
	}
}

// signal wakes the request whose turn is next.
func (p *pace) signal() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// bound reports whether a request has waited since it was last asked.
func (p *pace) bound() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.paced
	p.paced = false
	return was
}

// need is how many requests at once the pace takes, 0 where there is none.
func (p *pace) need() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(math.Ceil(1.25 * p.rate * p.latency.Seconds()))
}
