package statefile_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/internal/statefile"
	"aliasctl/internal/statefile/faultfs"
)

// The disk of this test is full in earnest: the bytes go to /dev/full.
func TestAFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full on this system")
	}
	dir := t.TempDir()
	f := open(t, dir+"/s.json")
	save(t, f, numbered(1))
	full, err := statefile.OpenFS(f.Path(), fullFS{statefile.OS})
	if err != nil {
		t.Fatal(err)
	}
	err = full.Save(t.Context(), numbered(2))
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "cannot write the temporary file beside it: no space left on device; the old state is untouched") {
		t.Errorf("got %v", err)
	}
	if got := serial(t, f); got != 1 {
		t.Errorf("serial %d is on disk", got)
	}
	if diff := cmp.Diff([]string{"s.json"}, names(t, dir)); diff != "" {
		t.Errorf("left in the folder:\n%s", diff)
	}
}

type fullFS struct{ statefile.FS }

func (f fullFS) CreateTemp(dir, pattern string) (statefile.TempFile, error) {
	t, err := f.FS.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	return fullFile{t, full}, err
}

type fullFile struct {
	statefile.TempFile
	full *os.File
}

func (f fullFile) Write(p []byte) (int, error) { return f.full.Write(p) }
func (f fullFile) Close() error                { return errors.Join(f.full.Close(), f.TempFile.Close()) }

// Every operation of a save fails once, alone and with all that follow. The
// state on disk is always wholly the old or wholly the new one, the error
// says which, and no temporary file stays unless its removal failed too.
func TestSweepOfFailures(t *testing.T) {
	count := faultfs.On(statefile.OS)
	recorder, err := statefile.OpenFS(t.TempDir()+"/s.json", count)
	if err != nil {
		t.Fatal(err)
	}
	save(t, recorder, numbered(1))
	ops := count.Ops()
	if diff := cmp.Diff([]string{"readlink", "stat", "create", "chmod", "write", "sync", "close", "rename", "sync-dir"}, ops); diff != "" {
		t.Fatalf("operations of a save:\n%s", diff)
	}
	broken := errors.New("input/output error")
	failures := 0
	for _, first := range []bool{true, false} {
		for kind, fail := range map[string]func(statefile.FS, int, error) *faultfs.FS{"once": faultfs.FailAt, "from there on": faultfs.FailFrom} {
			for n := 2; n <= len(ops); n++ { // a failed readlink means: no link
				dir := t.TempDir()
				sound := open(t, dir+"/s.json")
				if !first {
					save(t, sound, numbered(1))
				}
				f, err := statefile.OpenFS(sound.Path(), fail(statefile.OS, n, broken))
				if err != nil {
					t.Fatal(err)
				}
				err = f.Save(t.Context(), numbered(2))
				failures++
				var failed *statefile.SaveError
				if !errors.As(err, &failed) || !errors.Is(err, broken) {
					t.Fatalf("%s fails %s: got %v", ops[n-1], kind, err)
				}
				if failed.Replaced != (ops[n-1] == "sync-dir") {
					t.Errorf("%s fails %s: replaced: %v", ops[n-1], kind, failed.Replaced)
				}
				switch {
				case failed.Replaced:
					if got := serial(t, sound); got != 2 {
						t.Errorf("%s fails %s: serial %d", ops[n-1], kind, got)
					}
				case first:
					if _, err := sound.Read(t.Context()); !statefile.IsAbsent(err) {
						t.Errorf("%s fails %s: %v", ops[n-1], kind, err)
					}
				default:
					if got := serial(t, sound); got != 1 {
						t.Errorf("%s fails %s: serial %d", ops[n-1], kind, got)
					}
				}
				left := slices.DeleteFunc(names(t, dir), func(name string) bool { return name == "s.json" })
				if kind == "once" && len(left) > 0 {
					t.Errorf("%s fails %s: left %v", ops[n-1], kind, left)
				}
				// What is left is harmless, and gone after the next run.
				l, err := sound.Lock(t.Context(), 0, statefile.Holder{})
				if err != nil {
					t.Fatal(err)
				}
				save(t, sound, numbered(3))
				if err := l.Release(); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{"s.json"}, names(t, dir)); diff != "" {
					t.Errorf("%s fails %s: left after the next run:\n%s", ops[n-1], kind, diff)
				}
			}
		}
	}
	t.Logf("%d failures over %d operations: %s", failures, len(ops), strings.Join(ops, " "))
}

func TestKilledWhileSaving(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir+"/s.json")
	save(t, f, numbered(0))
	var last uint64
	temps := 0
	const kills = 40
	for i := range kills {
		cmd := child(t, "child-save", f.Path())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Kill once the child has saved at least once, at a place that differs.
		for deadline := time.Now().Add(30 * time.Second); serial(t, f) == last; {
			if time.Now().After(deadline) {
				t.Fatal("the child saves nothing")
			}
		}
		time.Sleep(time.Duration(i) * 100 * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		now := serial(t, f) // fails unless it is whole
		if now <= last {
			t.Fatalf("serial %d after %d", now, last)
		}
		last = now
		temps += len(names(t, dir)) - 1
		l, err := f.Lock(t.Context(), 0, statefile.Holder{})
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Release()
		if diff := cmp.Diff([]string{"s.json"}, names(t, dir)); diff != "" {
			t.Fatalf("left after the next lock:\n%s", diff)
		}
	}
	t.Logf("%d kills in %d saves, %d of them with a temporary file open", kills, last, temps)
}

func saveForever(path string) {
	f, err := statefile.Open(path)
	if err != nil {
		panic(err)
	}
	s, err := f.Read(context.Background())
	for err == nil {
		err = f.Save(context.Background(), numbered(s.Serial+1))
		s.Serial++
	}
	panic(err)
}
