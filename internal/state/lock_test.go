package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
)

func acquire(t *testing.T, path string) *statefile.Lock {
	t.Helper()
	l, err := local.Acquire(t.Context(), path, 0, deploy)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestASecondRunIsToldWhoHoldsTheLock(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/s.json"
	l := acquire(t, path)
	_, err := local.Acquire(t.Context(), path, 0, statefile.Self(os.Args, noon))
	var locked *statefile.LockedError
	if !errors.As(err, &locked) || !statefile.IsLocked(err) {
		t.Fatalf("got %T: %v", err, err)
	}
	if diff := cmp.Diff(deploy, locked.Holder); diff != "" {
		t.Errorf("holder (-want +got):\n%s", diff)
	}
	want := fmt.Sprintf(`state %q is locked by "deploy" on host "ci-7", pid 4711, since 2026-03-01T12:00:00Z: "aliasctl sync --apply"`, path)
	if err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("left in the folder: %v", got)
	}
	next := acquire(t, path)
	if err := l.Release(); err != nil { // again: must not touch the lock of the next
		t.Error(err)
	}
	if _, err := local.Acquire(t.Context(), path, 0, deploy); !statefile.IsLocked(err) {
		t.Errorf("after a second release of the first lock: %v", err)
	}
	if err := next.Release(); err != nil {
		t.Error(err)
	}
}

func TestTheStateItselfIsNotLocked(t *testing.T) {
	f := open(t, t.TempDir()+"/s.json")
	l := acquire(t, f.Path())
	defer l.Release()
	save(t, f, numbered(1)) // replaced under the lock: the lock must stay
	if _, err := local.Acquire(t.Context(), f.Path(), 0, deploy); !statefile.IsLocked(err) {
		t.Errorf("after a save: %v", err)
	}
	if got := serial(t, f); got != 1 { // a dry run reads without a lock
		t.Errorf("read serial %d", got)
	}
}

func TestWaitingForTheLock(t *testing.T) {
	path := t.TempDir() + "/s.json"
	l := acquire(t, path)
	got := make(chan error, 1)
	go func() {
		second, err := local.Acquire(context.Background(), path, time.Minute, deploy)
		if err == nil {
			err = second.Release()
		}
		got <- err
	}()
	if _, err := local.Acquire(t.Context(), path, 120*time.Millisecond, deploy); !statefile.IsLocked(err) {
		t.Errorf("after the timeout: %v", err)
	}
	select {
	case err := <-got:
		t.Fatalf("the lock was given twice: %v", err)
	default:
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-got:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("still waiting for a lock that is free")
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	path := t.TempDir() + "/s.json"
	defer acquire(t, path).Release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := local.Acquire(ctx, path, time.Hour, deploy)
	var failed *statefile.LockError
	if !errors.As(err, &failed) || !errors.Is(err, context.Canceled) || statefile.IsLocked(err) {
		t.Errorf("got %T: %v", err, err)
	}
}

func TestNoPlaceForALock(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/s.json.lock", 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir + "/missing/s.json": "no such file or directory",
		dir + "/s.json":         "it is a directory, not a file",
	} {
		_, err := local.Acquire(t.Context(), path, 0, deploy)
		var failed *statefile.LockError
		if !errors.As(err, &failed) || statefile.IsLocked(err) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Two names of one state have one lock.
func TestALinkedStateIsLockedAtItsTarget(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("real.json", dir+"/link.json"); err != nil {
		t.Fatal(err)
	}
	defer acquire(t, dir+"/link.json").Release()
	if _, err := local.Acquire(t.Context(), dir+"/real.json", 0, deploy); !statefile.IsLocked(err) {
		t.Errorf("got %v", err)
	}
}

func TestLockSweepsTemporaryFilesOfItsStateOnly(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".s.json.tmp-123", ".s.json.tmp-9", ".other.s.json.tmp-1", "s.json.tmp-1", ".s.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := open(t, dir+"/s.json").Lock(t.Context(), 0, deploy)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Release()
	if diff := cmp.Diff([]string{".other.s.json.tmp-1", ".s.json", "s.json.tmp-1"}, names(t, dir)); diff != "" {
		t.Errorf("left in the folder:\n%s", diff)
	}
}

func TestTheStatusOfALock(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir+"/s.json")
	free := func(when string) {
		t.Helper()
		if status, err := f.LockStatus(t.Context()); err != nil || status != (statefile.LockStatus{}) {
			t.Errorf("%s: %+v, %v", when, status, err)
		}
		var none *statefile.NotHeldError
		if err := f.BreakLock(t.Context(), "x"); !errors.As(err, &none) {
			t.Errorf("%s: %v", when, err)
		}
	}
	free("without a lock")
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("looking made %v", got)
	}
	l := acquire(t, f.Path())
	status, err := f.LockStatus(t.Context())
	if diff := cmp.Diff(statefile.LockStatus{Held: true, Holder: deploy}, status); diff != "" || err != nil {
		t.Errorf("held: %v\n%s", err, diff)
	}
	var kept *statefile.UnbreakableError
	if err := f.BreakLock(t.Context(), ""); !errors.As(err, &kept) || !strings.Contains(err.Error(), "pid 4711") {
		t.Errorf("break it: %v", err)
	}
	select {
	case <-l.Lost():
		t.Error("the lock of a file is lost")
	default:
	}
	if l.Err() != nil {
		t.Errorf("the lock of a file is lost: %v", l.Err())
	}
	_ = l.Release()
	// What a killed run leaves is a name, and no lock.
	if err := os.WriteFile(f.Path()+".lock", []byte(`{"user":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	free("after a killed run")
}
