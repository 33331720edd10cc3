package executor

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aliasctl/internal/throttle"
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
	if many*20 > one || r.most.Load() != throttle.MaxWidth {
		t.Errorf("%v against %v with %d at once", many, one, r.most.Load())
	}
}

func TestAWidthThatBringsNothingIsGivenUp(t *testing.T) {
	// One server of 1 ms a call: four at once keep it busy.
	r := &remote{service: time.Millisecond, servers: 1}
	took := switches(t, 1000, r, 0)
	if r.most.Load() > 8 || took > 3100*time.Millisecond {
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
