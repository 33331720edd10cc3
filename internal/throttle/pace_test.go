package throttle

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// limiter is a server that takes so many requests a second.
type limiter struct {
	rate   float64
	burst  float64 // saved up at most; 0 counts whole seconds by the clock instead
	after  time.Duration
	delay  time.Duration
	jitter time.Duration

	mu      sync.Mutex
	tokens  float64
	at      time.Time
	taken   int
	refused int
	most    int
	running int
}

func (l *limiter) call() (ok bool) {
	l.mu.Lock()
	l.running++
	l.most = max(l.most, l.running)
	l.mu.Unlock()
	time.Sleep(l.delay/2 + time.Duration(rand.Int64N(int64(l.jitter)+1)))
	defer func() {
		time.Sleep(l.delay / 2)
		l.mu.Lock()
		l.running--
		l.mu.Unlock()
	}()
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.burst == 0 {
		if second := now.Truncate(time.Second); second != l.at {
			l.at, l.tokens = second, l.rate
		}
	} else {
		if l.at.IsZero() {
			l.at, l.tokens = now, l.burst
		}
		l.tokens = min(l.tokens+l.rate*now.Sub(l.at).Seconds(), l.burst)
		l.at = now
	}
	if l.tokens < 1 {
		l.refused++
		return false
	}
	l.tokens--
	l.taken++
	return true
}

// read is a read that is tried again as the client does it.
func (l *limiter) read(ctx context.Context, t *Throttle) error {
	pause := 250 * time.Millisecond
	for range 5 {
		turn, err := t.Turn(ctx)
		if err != nil {
			return err
		}
		if l.call() {
			turn.Done(Answered, 0)
			return nil
		}
		turn.Done(Refused, l.after)
		back := t.Aside(ctx)
		time.Sleep(l.after + pause/2 + time.Duration(rand.Int64N(int64(pause))))
		back()
		pause *= 2
	}
	return errors.New("refused too often")
}

func TestAServerThatLimitsRequestsIsUsedToItsLimit(t *testing.T) {
	const n = 10_000
	for _, delay := range []time.Duration{200 * time.Microsecond, 5 * time.Millisecond, 20 * time.Millisecond} {
		for _, c := range []struct {
			burst float64 // 0 counts by whole seconds
			after time.Duration
			most  float64 // of the limit's own time
		}{
			{burst: 0, most: 1.1},
			{burst: 20, most: 1.1},
			{burst: 50, most: 1.1},
			{burst: 200, most: 1.1},
			{burst: 400, most: 1.1},
			{burst: 200, after: time.Second, most: 1.1},
			{burst: 400, after: time.Second, most: 1.1},
			// Every refusal costs a second for which the server saves nothing up.
			{burst: 0, after: time.Second, most: 1.4},
			{burst: 50, after: time.Second, most: 1.3},
		} {
			t.Run(fmt.Sprintf("delay %v, burst %v, asks for %v", delay, c.burst, c.after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := &limiter{rate: 200, burst: c.burst, after: c.after, delay: delay, jitter: delay / 10}
					th := New(0, nil)
					began := time.Now()
					if err := th.Each(t.Context(), n, func(ctx context.Context, i int) error { return l.read(ctx, th) }); err != nil {
						t.Fatal(err)
					}
					ratio := time.Since(began).Seconds() / ((n - c.burst) / l.rate)
					share := float64(l.refused) / float64(l.taken+l.refused)
					t.Logf("%.3f of the limit's own time, %.2f %% refused", ratio, 100*share)
					if ratio > c.most || share > 0.02 {
						t.Errorf("%.3f of the limit's own time, want %v; %.2f %% refused, want 2", ratio, c.most, 100*share)
					}
				})
			})
		}
	}
}

func TestALimitThatIsLiftedIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limiter{rate: 200, burst: 200, delay: 20 * time.Millisecond}
		th := New(0, nil)
		read := func(n int) time.Duration {
			began := time.Now()
			if err := th.Each(t.Context(), n, func(ctx context.Context, i int) error { return l.read(ctx, th) }); err != nil {
				t.Fatal(err)
			}
			return time.Since(began)
		}
		read(2000)
		l.mu.Lock()
		l.rate, l.burst = 1e6, 1e6
		l.mu.Unlock()
		read(20_000)
		if took := read(3200); took > 3*time.Second { // 50 rounds at full width are one second
			t.Errorf("3,200 requests took %v", took)
		}
	})
}

func TestAfterARefusalOneRequestTriesAndTheOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New(0, nil)
		first, _ := th.Turn(t.Context())
		first.Done(Refused, 3*time.Second)
		refused := time.Now()
		var mu sync.Mutex
		var out []time.Duration
		var turns []Turn
		for range 3 {
			go func() {
				turn, _ := th.Turn(t.Context())
				mu.Lock()
				defer mu.Unlock()
				out, turns = append(out, time.Since(refused)), append(turns, turn)
			}()
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if len(out) != 1 || out[0] < 3*time.Second || out[0] > 3100*time.Millisecond {
			t.Fatalf("requests went out after %v, want one after the 3 s that the server asks for", out)
		}
		turns[0].Done(Answered, 0)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if len(out) != 3 {
			t.Errorf("%d of 3 requests went out after an answer", len(out))
		}
	})
}

func TestATryWithoutAnAnswerIsFollowedByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New(0, nil)
		first, _ := th.Turn(t.Context())
		first.Done(Refused, 0)
		try, _ := th.Turn(t.Context())
		try.Done(Silent, 0)
		began := time.Now()
		if _, err := th.Turn(t.Context()); err != nil || time.Since(began) > time.Second {
			t.Errorf("the next request waited %v: %v", time.Since(began), err)
		}
	})
}

func TestAServerThatRefusesEverythingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New(0, nil)
		began := time.Now()
		tries := 0
		for {
			turn, err := th.Turn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tries++
			turn.Done(Refused, 0)
			if turn.Vain {
				break
			}
		}
		if took := time.Since(began); took < patience || took > patience+longestHold || tries > 50 {
			t.Errorf("given up after %v and %d tries", took, tries)
		}
	})
}

func TestAWaitForATurnEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New(0, nil)
		first, _ := th.Turn(t.Context())
		first.Done(Refused, 5*time.Second)
		why := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		began := time.Now()
		if _, err := th.Turn(ctx); !errors.Is(err, why) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestAWriteDoesNotWaitAndCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limiter{rate: 200, burst: 50, delay: 5 * time.Millisecond}
		th := New(0, nil)
		if err := th.Each(t.Context(), 2000, func(ctx context.Context, i int) error { return l.read(ctx, th) }); err != nil {
			t.Fatal(err)
		}
		turn, _ := th.Turn(t.Context()) // now the next one waits for an interval
		turn.Done(Answered, 0)
		began := time.Now()
		for range 20 {
			th.TurnNow().Done(Answered, 0)
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("20 writes waited %v", took)
		}
		if _, err := th.Turn(t.Context()); err != nil || time.Since(began) < 80*time.Millisecond {
			t.Errorf("a read went out %v after 20 writes, at 200 requests a second", time.Since(began))
		}
	})
}
