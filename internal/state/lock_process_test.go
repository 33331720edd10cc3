package state_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
)

// The lock between processes: each is this binary again (see TestMain).

// holding starts another process that takes a lock and keeps it until its input
// ends: child-lock that of a file, child-lease that of an object.
func holding(t *testing.T, as, location string) (cmd *exec.Cmd, in io.Closer, out *bufio.Reader) {
	t.Helper()
	cmd = child(t, as, location)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	out = bufio.NewReader(stdout)
	if line, err := out.ReadString('\n'); line != "locked\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return cmd, stdin, out
}

// lockAndWait is child-lock.
func lockAndWait(path string) {
	if _, err := local.Acquire(context.Background(), path, 0, statefile.Self(os.Args, time.Now())); err != nil {
		panic(err)
	}
	fmt.Println("locked")
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/s.json"
	cmd, _, _ := holding(t, "child-lock", path)
	_, err := local.Acquire(t.Context(), path, 0, deploy)
	var locked *statefile.LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("got %v", err)
	}
	if h := locked.Holder; h.PID != cmd.Process.Pid || !strings.Contains(h.Command, "child-lock") || time.Since(h.Started) > time.Hour {
		t.Errorf("holder %+v", h)
	}
	// A killed holder blocks nobody, and the file with its name does no harm.
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if diff := cmp.Diff([]string{"s.json.lock"}, names(t, dir)); diff != "" {
		t.Errorf("left by the killed holder:\n%s", diff)
	}
	l := acquire(t, path)
	_, err = local.Acquire(t.Context(), path, 0, statefile.Holder{})
	if !errors.As(err, &locked) || !cmp.Equal(locked.Holder, deploy) {
		t.Errorf("the holder is told to be %+v", locked.Holder)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("left in the folder: %v", got)
	}
}

// The trap of removed lock files: with many runs coming and going, a lock on
// a file without a name would let two of them in. Each reads a number, adds
// one and writes it back, so that two at once would lose one.
func TestNoTwoHoldersAtOnce(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/n"
	if err := os.WriteFile(path, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	const processes = 3
	var wg sync.WaitGroup
	for range processes {
		cmd := child(t, "child-count", path)
		wg.Go(func() {
			if out, err := cmd.Output(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	data, err := os.ReadFile(path)
	if want := strconv.Itoa(processes * counters * rounds); err != nil || string(data) != want {
		t.Errorf("counted %s, %v, want %s", data, err, want)
	}
	if diff := cmp.Diff([]string{"n"}, names(t, dir)); diff != "" {
		t.Errorf("left in the folder:\n%s", diff)
	}
}

const (
	counters = 2 // in each process
	rounds   = 60
)

func countUnderLock(path string) {
	var wg sync.WaitGroup
	for range counters {
		wg.Go(func() {
			for range rounds {
				countOnce(path)
			}
		})
	}
	wg.Wait()
	os.Exit(0)
}

func countOnce(path string) {
	for {
		l, err := local.Acquire(context.Background(), path, 0, statefile.Holder{Host: "h"})
		if statefile.IsLocked(err) {
			continue
		}
		if err != nil {
			panic(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		n, err := strconv.Atoi(string(data))
		if err != nil {
			panic(err)
		}
		if err := os.WriteFile(path, []byte(strconv.Itoa(n+1)), 0o600); err != nil {
			panic(err)
		}
		if err := l.Release(); err != nil {
			panic(err)
		}
		return
	}
}
