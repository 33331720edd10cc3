package throttle

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// work does n tasks, and returns how long they took and how many ran at once at
// most.
func work(t *testing.T, th *Throttle, n int, task func()) (took time.Duration, most int32) {
	t.Helper()
	var running, top atomic.Int32
	began := time.Now()
	err := th.Each(t.Context(), n, func(context.Context, int) error {
		now := running.Add(1)
		for old := top.Load(); now > old && !top.CompareAndSwap(old, now); old = top.Load() {
		}
		task()
		running.Add(-1)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return time.Since(began), top.Load()
}

func TestOverANetworkTheWidthGrowsToItsMostWithinAFewRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 10_000
		took, most := work(t, New(0, nil), n, func() { time.Sleep(20 * time.Millisecond) })
		best, _ := work(t, New(MaxWidth, nil), n, func() { time.Sleep(20 * time.Millisecond) })
		t.Logf("%v, at the full width from the start %v", took, best)
		if most != MaxWidth || took.Seconds() > 1.1*best.Seconds() {
			t.Errorf("%d at once, %v against %v", most, took, best)
		}
	})
}

func TestItStartsSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if _, most := work(t, New(0, nil), 12, func() { time.Sleep(time.Second) }); most != firstWidth {
			t.Errorf("%d at once", most)
		}
	})
}

func TestAFixedWidthStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New(200, nil)
		if _, most := work(t, th, 10_000, func() { time.Sleep(20 * time.Millisecond) }); most != 200 {
			t.Errorf("%d at once", most)
		}
		th.Trouble()
		if _, most := work(t, th, 10_000, func() { time.Sleep(20 * time.Millisecond) }); most != 200 {
			t.Errorf("%d at once after trouble", most)
		}
	})
}

// A coordinator that does one thing at a time.
func TestAWidthThatBringsNothingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := make(chan struct{}, 1)
		th := New(0, nil)
		took, most := work(t, th, 5000, func() {
			busy <- struct{}{}
			time.Sleep(time.Millisecond)
			<-busy
		})
		if most > 2*firstWidth || took > 5010*time.Millisecond {
			t.Errorf("%d at once, %v for 5 s of work", most, took)
		}
	})
}

func TestItFallsBackOnLatencyAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New(0, nil)
		fast := func() { time.Sleep(20 * time.Millisecond) }
		work(t, th, 5000, fast)
		if th.width.is != MaxWidth {
			t.Fatalf("width %d over a network", th.width.is)
		}
		// The server becomes slow while work goes on: 50 a second, whatever comes.
		var n atomic.Int32
		busy := make(chan struct{}, 1)
		least := MaxWidth
		work(t, th, 9000, func() {
			switch i := n.Add(1); {
			case i > 500 && i < 3000:
				busy <- struct{}{}
				time.Sleep(20 * time.Millisecond)
				<-busy
			default:
				fast()
			}
			th.mu.Lock()
			least = min(least, th.width.is)
			th.mu.Unlock()
		})
		if least > MaxWidth/2 {
			t.Errorf("the least width was %d while the server was slow", least)
		}
		if th.width.is != MaxWidth {
			t.Errorf("width %d after it was fast again", th.width.is)
		}
	})
}

func TestTroubleHalvesTheWidthOnceAndItGrowsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New(0, nil)
		task := func() { time.Sleep(20 * time.Millisecond) }
		work(t, th, 5000, task)
		var n atomic.Int32
		work(t, th, 200, func() {
			task()
			if n.Add(1) <= 10 { // at the same moment
				th.Trouble()
			}
		})
		if th.width.is != MaxWidth/2 {
			t.Errorf("width %d after trouble, want half of %d", th.width.is, MaxWidth)
		}
		work(t, th, 5000, task)
		if th.width.is != MaxWidth {
			t.Errorf("width %d, want %d again", th.width.is, MaxWidth)
		}
		for range 100 {
			work(t, th, MaxWidth, task)
			th.Trouble()
		}
		if th.width.is != 1 {
			t.Errorf("width %d after much trouble, want 1", th.width.is)
		}
		var lists sync.WaitGroup
		for range 2 { // that leave the one place to each other
			lists.Go(func() { work(t, th, 2000, task) })
		}
		lists.Wait()
		if th.width.is != MaxWidth {
			t.Errorf("from 1 the width grew to %d, want %d again", th.width.is, MaxWidth)
		}
	})
}

// Two lists of work, as of two databases or of a cluster and a check, have the
// same share, however much of it the other one has in front.
func TestTwoWhoShareAThrottleAreServedAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New(8, nil)
		var done [2]atomic.Int32
		list := func(i int) {
			_ = th.Each(t.Context(), 2000, func(context.Context, int) error {
				time.Sleep(10 * time.Millisecond)
				done[i].Add(1)
				return nil
			})
		}
		go list(0)
		time.Sleep(200 * time.Millisecond) // the other one was first
		go list(1)
		before := done[0].Load()
		time.Sleep(time.Second)
		a, b := done[0].Load()-before, done[1].Load()
		if a+b < 780 || a > 2*b || b > 2*a {
			t.Errorf("of %d tasks one had %d and the other %d", a+b, a, b)
		}
		time.Sleep(time.Minute)
	})
}

// Nothing waits for ever: what asks is served, at any width, in the order of
// asking.
func TestTasksRunInTheOrderInWhichTheyAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New(1, nil)
		if err := th.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		var order []int
		for i := range 20 {
			go func() {
				if th.Enter(t.Context()) == nil {
					order = append(order, i) // one runs at a time
					th.Leave()
				}
			}()
			synctest.Wait()
		}
		th.Leave()
		synctest.Wait()
		for i, got := range order {
			if i != got {
				t.Fatalf("order %v", order)
			}
		}
		if len(order) != 20 {
			t.Errorf("%d of 20 ran", len(order))
		}
	})
}

func TestWhoGivesUpWaitingTakesNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New(1, nil)
		_ = th.Enter(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		for range 5 {
			go func() {
				if th.Enter(ctx) == nil {
					t.Error("entered")
				}
			}()
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		th.Leave()
		if err := th.Enter(t.Context()); err != nil {
			t.Error(err)
		}
		if th.Enter(ctx) == nil {
			t.Error("entered with a context that has ended")
		}
		if th.running != 1 || th.queue.Len() != 0 {
			t.Errorf("%d running, %d waiting", th.running, th.queue.Len())
		}
	})
}

func TestTheFirstErrorEndsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New(4, nil)
		bad := errors.New("bad")
		var began atomic.Int32
		err := th.Each(t.Context(), 1000, func(ctx context.Context, i int) error {
			began.Add(1)
			if i == 10 {
				return bad
			}
			select {
			case <-time.After(10 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if !errors.Is(err, bad) || began.Load() > 16 {
			t.Errorf("%v after %d tasks", err, began.Load())
		}
		if th.running != 0 {
			t.Errorf("%d still running", th.running)
		}
	})
}

func TestEachBeginsInOrderAndDoesEverythingOnce(t *testing.T) {
	var begun []int
	th := New(1, nil)
	_ = th.Each(t.Context(), 100, func(_ context.Context, i int) error {
		begun = append(begun, i)
		return nil
	})
	for i, got := range begun {
		if i != got {
			t.Fatal(begun)
		}
	}
	var times [500]atomic.Int32
	_ = New(0, nil).Each(t.Context(), len(times), func(_ context.Context, i int) error {
		times[i].Add(1)
		return nil
	})
	for i := range times {
		if n := times[i].Load(); n != 1 {
			t.Errorf("task %d ran %d times", i, n)
		}
	}
}

// Work of another kind begins its own comparison: a slow kind after a fast one
// is no reason to fall back.
func TestAPauseForgetsWhatTheLastWorkShowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New(0, nil)
		work(t, th, 5000, func() { time.Sleep(5 * time.Millisecond) })
		time.Sleep(time.Minute)
		if _, most := work(t, th, 500, func() { time.Sleep(50 * time.Millisecond) }); most != MaxWidth {
			t.Errorf("%d at once", most)
		}
		if th.width.is != MaxWidth {
			t.Errorf("width %d", th.width.is)
		}
		th.Restart()
		if th.width.is != firstWidth {
			t.Errorf("width %d after Restart", th.width.is)
		}
	})
}
