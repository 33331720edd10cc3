package state_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/stores"
)

// shortLease is short for a test, and long enough for a machine with a lot to do.
const shortLease = 3 * time.Second

// leaseAndWait is child-lease. When its input ends, it saves.
func leaseAndWait(location string) {
	o, err := stores.OpenWith(location, statefile.Options{Lease: shortLease})
	if err != nil {
		panic(err)
	}
	if _, err := o.Lock(context.Background(), 0, statefile.Self(os.Args, time.Now())); err != nil {
		panic(err)
	}
	fmt.Println("locked")
	_, _ = io.Copy(io.Discard, os.Stdin)
	err = o.Save(context.Background(), numbered(99))
	fmt.Printf("lost: %t\n", statefile.IsLost(err))
	os.Exit(0)
}

// A process that is stopped, as a virtual machine can be, and goes on when its
// lease is long over, does not write any more.
func TestAHolderThatSleptDoesNotSave(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	cmd, in, out := holding(t, "child-lease", g.location("s.json"))
	if err := cmd.Process.Signal(stopSignal); err != nil {
		t.Fatal(err)
	}
	o := g.object(t, "s.json", shortLease)
	l, err := o.Lock(t.Context(), 30*time.Second, deploy)
	if err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	if err := cmd.Process.Signal(continueSignal); err != nil {
		t.Fatal(err)
	}
	if line, err := out.ReadString('\n'); line != "lost: true\n" {
		t.Errorf("the child says %q, %v", line, err)
	}
	if err := o.Save(t.Context(), numbered(1)); err != nil {
		t.Error(err)
	}
	if got := stateAt(t, o); got != 1 {
		t.Errorf("serial %d", got)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

// A real process holds the lock for longer than its lease, is killed, and is
// taken over by one of many that wait.
func TestAKilledHolderIsTakenOver(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	cmd, _, _ := holding(t, "child-lease", g.location("s.json"))
	// While it lives, it renews: nobody gets the lock, however long one waits.
	o := g.object(t, "s.json", shortLease)
	_, err := o.Lock(t.Context(), 2*shortLease, deploy)
	var locked *statefile.LockedError
	if !errors.As(err, &locked) || locked.Holder.PID != cmd.Process.Pid {
		t.Fatalf("while the holder lives: %v", err)
	}
	if status, err := o.LockStatus(t.Context()); err != nil || !status.Held || status.Expired {
		t.Errorf("status: %+v, %v", status, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if _, err := g.object(t, "s.json", shortLease).Lock(t.Context(), 0, deploy); !statefile.IsLocked(err) {
		t.Errorf("before the lease is over: %v", err)
	}
	const waiting = 8
	var mu sync.Mutex
	var won []*statefile.Lock
	var wg sync.WaitGroup
	for range waiting {
		wg.Go(func() {
			l, err := g.object(t, "s.json", shortLease).Lock(t.Context(), 4*shortLease, deploy)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won = append(won, l)
			case !statefile.IsLocked(err):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 || won[0].Err() != nil {
		t.Fatalf("%d of %d have taken it over", len(won), waiting)
	}
	if err := won[0].Release(); err != nil {
		t.Error(err)
	}
}

// The lock of a run that died long ago costs no wait: the store itself says
// how old it is.
func TestALongDeadHolderIsTakenOverAtOnce(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	const lease = 200 * time.Millisecond
	p := g.through(t)
	dead, err := object(t, p.location("s.json"), lease).Lock(t.Context(), 0, deploy)
	if err != nil {
		t.Fatal(err)
	}
	p.inject(func(int, *http.Request) storeFault { return cutBefore })
	o := g.object(t, "s.json", lease)
	eventually(t, "the lock has expired", func() bool {
		status, err := o.LockStatus(t.Context())
		return err == nil && status.Held && status.Expired
	})
	l, err := o.Lock(t.Context(), 0, deploy)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	if err := dead.Release(); !statefile.IsLost(err) {
		t.Errorf("the release of the dead one: %v", err)
	}
}

// A run that is cut off from its store gives up before others may begin, and
// cannot save when the store is back.
func TestARunThatLostItsLockStops(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	p := g.through(t)
	o := object(t, p.location("s.json"), shortLease)
	l, err := o.Lock(t.Context(), 0, deploy)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Save(t.Context(), numbered(1)); err != nil {
		t.Fatal(err)
	}
	p.inject(func(int, *http.Request) storeFault { return cutBefore })
	other := g.object(t, "s.json", shortLease)
	next, err := other.Lock(t.Context(), 30*time.Second, statefile.Holder{User: "other"})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-l.Lost():
	default:
		t.Error("another run has the lock, and this one does not know")
	}
	if err := l.Err(); !statefile.IsLost(err) || !strings.Contains(err.Error(), "it could not be renewed within its lease of "+shortLease.String()) {
		t.Errorf("why: %v", err)
	}
	p.inject(func(int, *http.Request) storeFault { return none })
	err = o.Save(t.Context(), numbered(2))
	if !statefile.IsLost(err) || !strings.HasSuffix(err.Error(), "the old state is untouched") {
		t.Errorf("save: %v", err)
	}
	if err := l.Release(); !statefile.IsLost(err) {
		t.Errorf("release: %v", err)
	}
	if requests := p.requests(); len(requests) > 2 { // of the release, which frees nothing
		t.Errorf("a run without a lock sent %q", requests)
	}
	if status, err := other.LockStatus(t.Context()); err != nil || status.Holder.User != "other" {
		t.Errorf("the lock of the other: %+v, %v", status, err)
	}
	if got := stateAt(t, other); got != 1 {
		t.Errorf("serial %d", got)
	}
	if err := next.Release(); err != nil {
		t.Error(err)
	}
}

func TestALockIsReleasedByItsID(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	o := g.object(t, "s.json", shortLease)
	l, err := o.Lock(t.Context(), 0, deploy)
	if err != nil {
		t.Fatal(err)
	}
	outside := g.object(t, "s.json", shortLease)
	status, err := outside.LockStatus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var none *statefile.NotHeldError
	if err := outside.BreakLock(t.Context(), "another"); !errors.As(err, &none) || none.Now != status.ID {
		t.Errorf("by another id: %v", err)
	}
	if err := outside.BreakLock(t.Context(), status.ID); err != nil {
		t.Fatal(err)
	}
	select {
	case <-l.Lost():
	case <-time.After(30 * time.Second):
		t.Fatal("the holder does not find out")
	}
	if err := l.Err(); !statefile.IsLost(err) || !strings.HasSuffix(err.Error(), "is lost: it was released from outside") {
		t.Errorf("why: %v", err)
	}
	if err := o.Save(t.Context(), numbered(1)); !statefile.IsLost(err) {
		t.Errorf("save: %v", err)
	}
	if err := outside.BreakLock(t.Context(), status.ID); !errors.As(err, &none) || none.Now != "" {
		t.Errorf("again: %v", err)
	}
	if keys := g.keys(t); !cmp.Equal(keys, []string{"s.json.lock"}) {
		t.Errorf("in the bucket: %v", keys)
	}
	_ = l.Release()
}

// A lock object that somebody has damaged is waited for like that of a dead
// run, and then taken over.
func TestADamagedLockIsTakenOver(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	store.put("s.json.lock", []byte("not a lock"))
	o := object(t, store.location("s.json"), shortLease)
	if _, err := o.Lock(t.Context(), 0, deploy); !statefile.IsLocked(err) || !strings.Contains(err.Error(), "left no name") {
		t.Errorf("at once: %v", err)
	}
	store.age("s.json.lock", time.Hour)
	l, err := o.Lock(t.Context(), 0, deploy)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	store.put("s.json.lock", make([]byte, 1<<20))
	var failed *statefile.LockError
	if _, err := o.Lock(t.Context(), 0, deploy); !errors.As(err, &failed) || !strings.Contains(err.Error(), "larger than 64 KiB") {
		t.Errorf("a huge one: %v", err)
	}
}

func TestWaitingForALeaseEndsWithItsContext(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	l, err := object(t, store.location("s.json"), longLease).Lock(t.Context(), 0, deploy)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = object(t, store.location("s.json"), longLease).Lock(ctx, time.Hour, deploy)
	if !errors.Is(err, context.DeadlineExceeded) || statefile.IsLocked(err) {
		t.Errorf("got %T: %v", err, err)
	}
}
