package executor

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// remote is a cluster behind a network: every call takes its delay, and then
// waits for one of its servers, which needs so long for it.
type remote struct {
	Cluster
	delay   time.Duration
	service time.Duration
	servers int   // 0 for any number
	limit   int32 // of writes at once, beyond which it asks for patience; 0 for none

	busy          chan struct{} // one for each server at work
	writing, most atomic.Int32
	patience      atomic.Int32
}

func (r *remote) call() {
	time.Sleep(r.delay)
	if r.servers > 0 {
		r.busy <- struct{}{}
		time.Sleep(r.service)
		<-r.busy
	}
}

func (r *remote) AliasTarget(ctx context.Context, db, alias string) (string, bool, error) {
	r.call()
	return r.Cluster.AliasTarget(ctx, db, alias)
}

func (r *remote) AlterAlias(ctx context.Context, db, alias, collection string) error {
	n := r.writing.Add(1)
	defer r.writing.Add(-1)
	for most := r.most.Load(); n > most && !r.most.CompareAndSwap(most, n); most = r.most.Load() {
	}
	r.call()
	if r.limit > 0 && n > r.limit {
		r.patience.Add(1)
		return errTransient
	}
	return r.Cluster.AlterAlias(ctx, db, alias, collection)
}

// switches is how long n switches take on a cluster, in virtual time.
func switches(t *testing.T, n int, r *remote, parallel int) time.Duration {
	t.Helper()
	var took time.Duration
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("v1", "v2")
		for i := range n {
			name := fmt.Sprintf("alias%d", i)
			w.own(name, "v1")
			w.want.aliases[name] = "v2"
		}
		r.Cluster, r.busy = w, make(chan struct{}, r.servers)
		began := time.Now()
		report, err := Apply(t.Context(), w.plan(), w.stored, r, w, Options{Parallel: parallel})
		took = time.Since(began)
		if err != nil || !report.Counts.Complete() {
			t.Fatal(err, report.Counts)
		}
	})
	return took
}

func TestOverANetworkAThousandSwitchesAreManyTimesFasterThanOneAtATime(t *testing.T) {
	one := switches(t, 1000, &remote{delay: 20 * time.Millisecond}, 1)
	r := &remote{delay: 20 * time.Millisecond}
	many := switches(t, 1000, r, 0)
	t.Logf("one at a time %v, adaptive %v: %.0f times faster, %d at once", one, many, float64(one)/float64(many), r.most.Load())
	if many*20 > one || r.most.Load() != maxWidth {
		t.Errorf("%v against %v with %d at once", many, one, r.most.Load())
	}
}

func TestAWidthThatBringsNothingIsGivenUp(t *testing.T) {
	// One server of 1 ms a call: four at once keep it busy.
	r := &remote{service: time.Millisecond, servers: 1}
	took := switches(t, 1000, r, 0)
	if r.most.Load() > 2*firstWidth || took > 3100*time.Millisecond {
		t.Errorf("%d at once, %v for 3,000 ms of work", r.most.Load(), took)
	}
}

func TestAClusterThatAsksForPatienceGetsIt(t *testing.T) {
	r := &remote{delay: 20 * time.Millisecond, limit: 10}
	switches(t, 2000, r, 0)
	if r.most.Load() <= r.limit || r.patience.Load() > 200 {
		t.Errorf("%d at once, asked for patience %d times", r.most.Load(), r.patience.Load())
	}
	fixed := &remote{delay: 20 * time.Millisecond, limit: 10}
	switches(t, 100, fixed, 12)
	if fixed.most.Load() != 12 {
		t.Errorf("a fixed width became %d", fixed.most.Load())
	}
}

func TestAThrottleFollowsTheCluster(t *testing.T) {
	w := newWorld()
	th := newThrottle(0, w)
	// steps reports n steps at a rate per second, each of a latency.
	steps := func(n int, rate float64, latency time.Duration) {
		for range n {
			w.advance(time.Duration(float64(time.Second) / rate))
			th.sample(latency)
		}
	}
	window := func() int { return max(2*th.width, leastWindow) }
	expect := func(what string, width int) {
		t.Helper()
		if th.width != width {
			t.Errorf("%s: width %d, want %d", what, th.width, width)
		}
	}
	expect("at first", 4)
	steps(window(), 100, 40*time.Millisecond)
	expect("after a first look", 8)
	steps(window(), 190, 42*time.Millisecond)
	expect("it was worth it", 16)
	steps(window(), 195, 80*time.Millisecond)
	expect("it was not", 8)
	steps(window(), 190, 42*time.Millisecond)
	expect("all is calm", 8)
	steps(window(), 60, 140*time.Millisecond)
	expect("the cluster became slow", 4)
	th.trouble()
	th.trouble()
	expect("it asks for patience", 1)
	for range calm {
		steps(window(), 30, 30*time.Millisecond)
		expect("it recovers", 1)
	}
	steps(window(), 30, 30*time.Millisecond)
	expect("long after that", 2)
	for range 10 {
		steps(window(), 1e4*float64(th.width), time.Millisecond)
	}
	expect("at the upper end", maxWidth)
	for range 3 * calm {
		steps(window(), 1e4, time.Millisecond)
	}
	expect("and it stays there", maxWidth)
}

func TestManyWhoAskForPatienceAtOnceCountOnce(t *testing.T) {
	w := newWorld()
	th := newThrottle(0, w)
	for range 4 {
		th.enter()
	}
	for range 4 {
		th.trouble()
	}
	if th.width != 2 {
		t.Errorf("width %d", th.width)
	}
}
