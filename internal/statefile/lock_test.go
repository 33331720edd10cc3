package statefile_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/internal/statefile"
)

var deploy = statefile.Holder{Host: "ci-7", PID: 4711, User: "deploy", Command: "aliasctl sync --apply", Started: noon}

func acquire(t *testing.T, path string) *statefile.Lock {
	t.Helper()
	l, err := statefile.Acquire(t.Context(), path, 0, deploy)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestASecondRunIsToldWhoHoldsTheLock(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/s.json"
	l := acquire(t, path)
	_, err := statefile.Acquire(t.Context(), path, 0, statefile.Self(os.Args, noon))
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
	if _, err := statefile.Acquire(t.Context(), path, 0, deploy); !statefile.IsLocked(err) {
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
	if _, err := statefile.Acquire(t.Context(), f.Path(), 0, deploy); !statefile.IsLocked(err) {
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
		second, err := statefile.Acquire(context.Background(), path, time.Minute, deploy)
		if err == nil {
			err = second.Release()
		}
		got <- err
	}()
	if _, err := statefile.Acquire(t.Context(), path, 120*time.Millisecond, deploy); !statefile.IsLocked(err) {
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
	_, err := statefile.Acquire(ctx, path, time.Hour, deploy)
	var failed *statefile.LockError
	if !errors.As(err, &failed) || !errors.Is(err, context.Canceled) || statefile.IsLocked(err) {
		t.Errorf("got %T: %v", err, err)
	}
}

// The holder is read from a file that another process writes at that time.
func TestAHolderThatCannotBeRead(t *testing.T) {
	whole, err := json.Marshal(deploy)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ content, want string }{
		{"", "another process, which has not told its name"},
		{string(whole[:20]), "another process, which has not told its name"},
		{"\x00\xff garbage", "another process, which has not told its name"},
		{string(whole) + "\n" + `old","started":"2020-01-01T00:00:00Z"}`, `"deploy" on host "ci-7"`},
		{`{"user":"a\u001b[2Jb\nc"}`, `"a\x1b[2Jb\nc" on host ""`},
	} {
		path := t.TempDir() + "/s.json"
		l := acquire(t, path)
		if err := os.WriteFile(path+".lock", []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := statefile.Acquire(t.Context(), path, 0, deploy)
		if !statefile.IsLocked(err) || !strings.Contains(err.Error(), "is locked by "+tt.want) {
			t.Errorf("%q: %v", tt.content, err)
		}
		_ = l.Release()
	}
}

func TestSelf(t *testing.T) {
	h := statefile.Self([]string{"/usr/bin/aliasctl", "sync", "--only", "a b", "-f", "it's.yaml"}, noon.In(time.FixedZone("", 3600)))
	if h.PID != os.Getpid() || h.Host == "" || h.User == "" || !h.Started.Equal(noon) {
		t.Errorf("got %+v", h)
	}
	if want := `/usr/bin/aliasctl sync --only 'a b' -f 'it'\''s.yaml'`; h.Command != want {
		t.Errorf("got %s, want %s", h.Command, want)
	}
	long := statefile.Self([]string{strings.Repeat("é", 4000)}, noon)
	if len(long.Command) > 1010 || !strings.HasSuffix(long.Command, "é...") {
		t.Errorf("%d bytes, ending in %q", len(long.Command), long.Command[len(long.Command)-10:])
	}
}

func TestNoPlaceForALock(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/s.json.lock", 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir + "/missing/s.json": "no such file or directory",
		dir + "/s.json":         "is a directory",
	} {
		_, err := statefile.Acquire(t.Context(), path, 0, deploy)
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
	if _, err := statefile.Acquire(t.Context(), dir+"/real.json", 0, deploy); !statefile.IsLocked(err) {
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

// holding starts another process that takes the lock and keeps it.
func holding(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	cmd := child(t, "child-lock", path)
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
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "locked\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return cmd
}

func lockAndWait(path string) {
	if _, err := statefile.Acquire(context.Background(), path, 0, statefile.Self(os.Args, time.Now())); err != nil {
		panic(err)
	}
	fmt.Println("locked")
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/s.json"
	cmd := holding(t, path)
	_, err := statefile.Acquire(t.Context(), path, 0, deploy)
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
	_, err = statefile.Acquire(t.Context(), path, 0, statefile.Holder{})
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

func TestTheHolderTellsItsRunInCI(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{nil, ""},
		{map[string]string{"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "shop/search", "GITHUB_RUN_ID": "42"}, "https://github.example/shop/search/actions/runs/42"},
		{map[string]string{"GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "42"}, ""},
		{map[string]string{"CI_JOB_URL": "https://gitlab.example/shop/search/-/jobs/7"}, "https://gitlab.example/shop/search/-/jobs/7"},
		{map[string]string{"CI_JOB_URL": "https://ci:token@gitlab.example/jobs/7"}, ""},
		{map[string]string{"CI_JOB_URL": "https://gitlab.example/jobs/7?private_token=x"}, ""},
		{map[string]string{"CI_JOB_URL": "7"}, ""},
	} {
		for _, name := range []string{"GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "CI_JOB_URL"} {
			t.Setenv(name, tt.env[name])
		}
		h := statefile.Self(nil, noon)
		if h.Run != tt.want {
			t.Errorf("%v: got %q, want %q", tt.env, h.Run, tt.want)
		}
		if tt.want != "" && !strings.HasSuffix(h.String(), fmt.Sprintf(" (%q)", tt.want)) {
			t.Errorf("the run is not told: %s", h)
		}
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
		l, err := statefile.Acquire(context.Background(), path, 0, statefile.Holder{Host: "h"})
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
