package contract

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"aliasctl/internal/state"
	"aliasctl/internal/state/stores"
)

func (s suite) lock(t testing.TB, l state.Location) *state.Lock {
	t.Helper()
	lock, err := l.Lock(t.Context(), 0, Holder)
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

func (s suite) locks(t *testing.T) {
	for round := range s.rounds() {
		locks := make([]*state.Lock, runs)
		errs := at(runs, func(i int) (err error) {
			locks[i], err = s.open(t, "locks.json", state.Options{Lease: long}).Lock(t.Context(), 0, Holder)
			return err
		})
		if won := winners(t, fmt.Sprintf("round %d", round), errs, state.IsLocked); won != 1 {
			t.Fatalf("round %d: %d runs hold the lock", round, won)
		}
		for _, lock := range locks {
			if lock == nil {
				continue
			}
			if err := lock.Release(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (s suite) broken(t *testing.T) {
	l := s.open(t, "broken.json", state.Options{Lease: s.short()})
	lock := s.lock(t, l)
	if err := l.Save(t.Context(), State(1, 3)); err != nil {
		t.Fatal(err)
	}
	other := s.open(t, "broken.json", state.Options{Lease: s.short()})
	status, err := other.LockStatus(t.Context())
	if err != nil || !status.Held || status.ID == "" {
		t.Fatalf("the lock: %+v, %v", status, err)
	}
	var notHeld *state.NotHeldError
	if err := other.BreakLock(t.Context(), "not-the-id"); !errors.As(err, &notHeld) {
		t.Errorf("another id: %v", err)
	}
	if err := other.BreakLock(t.Context(), status.ID); err != nil {
		t.Fatal(err)
	}
	next := s.lock(t, other)
	if _, err := other.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := other.Save(t.Context(), State(7, 3)); err != nil {
		t.Fatal(err)
	}
	if err := l.Save(t.Context(), State(2, 3)); !state.IsRace(err) && !state.IsLost(err) {
		t.Errorf("a save of the run that has lost the lock: %v", err)
	}
	if err := lock.Release(); !state.IsLost(err) {
		t.Errorf("its release: %v", err)
	}
	if status, err := other.LockStatus(t.Context()); err != nil || !status.Held {
		t.Errorf("the lock of the next run: %+v, %v", status, err)
	}
	if err := next.Release(); err != nil {
		t.Error(err)
	}
	if got := s.serial(t, "broken.json"); got != 7 {
		t.Errorf("serial %d", got)
	}
}

func (s suite) renewed(t *testing.T) {
	if s.traits[NoExpiry] {
		t.Skip("its leases do not end while a test waits")
	}
	l := s.open(t, "renewed.json", state.Options{Lease: s.short()})
	lock := s.lock(t, l)
	other := s.open(t, "renewed.json", state.Options{Lease: s.short()})
	if _, err := other.Lock(t.Context(), 2*s.short(), Holder); !state.IsLocked(err) {
		t.Errorf("a lock that is renewed: %v", err)
	}
	if err := lock.Err(); err != nil {
		t.Error(err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}

// killed has a process die with the lock.
func (s suite) killed(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^"+strings.Split(t.Name(), "/")[0]+"$")
	cmd.Env = append(os.Environ(), hold+"="+s.location("killed.json"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, _ := out.Read(buf)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if !strings.HasPrefix(string(buf[:n]), "held") {
		t.Fatalf("the child: %s", buf[:n])
	}
	l := s.open(t, "killed.json", state.Options{Lease: s.short()})
	if _, err := l.Lock(t.Context(), 0, Holder); !state.IsLocked(err) {
		t.Errorf("at once: %v", err)
	}
	if s.traits[NoExpiry] {
		status, err := l.LockStatus(t.Context())
		if err != nil || !status.Held {
			t.Fatalf("%+v, %v", status, err)
		}
		if err := l.BreakLock(t.Context(), status.ID); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := l.Lock(t.Context(), 20*s.short(), Holder)
	if err != nil {
		t.Fatalf("after its lease: %v", err)
	}
	if got, err := l.Read(t.Context()); err != nil || got.Serial != 5 {
		t.Errorf("its state: serial %d, %v", got.Serial, err)
	}
	if err := l.Save(t.Context(), State(6, 3)); err != nil {
		t.Error(err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}

func holdUntilKilled(t *testing.T, location string, lease time.Duration) {
	l, err := stores.OpenWith(location, state.Options{Lease: lease})
	if err == nil {
		_, err = l.Lock(t.Context(), 0, Holder)
	}
	if err == nil {
		err = l.Save(t.Context(), State(5, 3))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("held")
	time.Sleep(time.Minute)
	os.Exit(1)
}
