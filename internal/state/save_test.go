package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
	"aliasctl/internal/testkit/faultfs"
	"aliasctl/planner"
)

// The disk of this test is full in earnest: the bytes go to /dev/full.
func TestAFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full on this system")
	}
	dir := t.TempDir()
	f := open(t, dir+"/s.json")
	save(t, f, numbered(1))
	full, err := local.OpenFS(f.Path(), fullFS{local.OS})
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

type fullFS struct{ local.FS }

func (f fullFS) CreateTemp(dir, pattern string) (local.TempFile, error) {
	t, err := f.FS.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	return fullFile{t, full}, err
}

type fullFile struct {
	local.TempFile
	full *os.File
}

func (f fullFile) Write(p []byte) (int, error) { return f.full.Write(p) }
func (f fullFile) Close() error                { return errors.Join(f.full.Close(), f.TempFile.Close()) }

// Every operation of a save fails once, alone and with all that follow, for a
// first state, for one that is replaced, and where files cannot have a second
// name. The state on disk is always wholly the old or wholly the new one, the
// error reports which, and no temporary file stays unless its removal failed too.
// A backup that cannot be made stops nothing, and is whole or not there.
func TestSweepOfFailures(t *testing.T) {
	begin := []string{"readlink", "stat", "create", "chmod", "write", "sync", "close"}
	link := []string{"remove", "link", "rename", "remove"}
	duplicate := []string{"remove", "link", "read", "create", "chmod", "write", "sync", "close", "rename", "remove"}
	end := []string{"rename", "sync-dir"}
	for _, tt := range []struct {
		name   string
		inner  local.FS
		saved  int // before
		backup []string
	}{
		{"a first state", local.OS, 0, nil},
		{"a replaced state", local.OS, 2, link},
		{"no second names", noLinks{local.OS}, 2, duplicate},
	} {
		t.Run(tt.name, func(t *testing.T) { sweepFailures(t, tt.inner, tt.saved, begin, tt.backup, end) })
	}
}

// noLinks is a file system on which a file has one name.
type noLinks struct{ local.FS }

func (noLinks) Link(string, string) error { return errors.ErrUnsupported }

func sweepFailures(t *testing.T, inner local.FS, saved int, begin, backup, end []string) {
	prepare := func() *local.File {
		f := open(t, t.TempDir()+"/s.json")
		for n := range saved {
			save(t, f, numbered(uint64(n)))
		}
		return f
	}
	on := func(f *local.File, fsys local.FS) *local.File {
		faulty, err := local.OpenFS(f.Path(), fsys)
		if err != nil {
			t.Fatal(err)
		}
		return faulty
	}
	count := faultfs.On(inner)
	save(t, on(prepare(), count), numbered(2))
	ops := count.Ops()
	if diff := cmp.Diff(slices.Concat(begin, backup, end), ops); diff != "" {
		t.Fatalf("operations of a save:\n%s", diff)
	}
	broken := errors.New("input/output error")
	failures := 0
	for kind, fail := range map[string]func(local.FS, int, error) *faultfs.FS{"once": faultfs.FailAt, "from there on": faultfs.FailFrom} {
		for n := 2; n <= len(ops); n++ { // a failed readlink means: no link
			what := fmt.Sprintf("%d, %s, fails %s", n, ops[n-1], kind)
			sound := prepare()
			dir := filepath.Dir(sound.Path())
			err := on(sound, fail(inner, n, broken)).Save(t.Context(), numbered(2))
			failures++
			comfort := kind == "once" && n > len(begin) && n <= len(begin)+len(backup)
			var failed *statefile.SaveError
			switch {
			case comfort && err != nil:
				t.Fatalf("%s: %v", what, err)
			case !comfort && (!errors.As(err, &failed) || !errors.Is(err, broken)):
				t.Fatalf("%s: got %v", what, err)
			case !comfort && failed.Replaced != (n == len(ops)):
				t.Errorf("%s: replaced: %v", what, failed.Replaced)
			}
			switch {
			case comfort || failed.Replaced:
				if got := serial(t, sound); got != 2 {
					t.Errorf("%s: serial %d", what, got)
				}
			case saved == 0:
				if _, err := sound.Read(t.Context()); !statefile.IsAbsent(err) {
					t.Errorf("%s: %v", what, err)
				}
			default:
				if got := serial(t, sound); got != uint64(saved-1) {
					t.Errorf("%s: serial %d", what, got)
				}
			}
			if saved > 0 { // there was an older backup: it or a newer one is there
				if got := serial(t, open(t, sound.Path()+".backup")); got > 1 {
					t.Errorf("%s: the backup has serial %d", what, got)
				}
			}
			if left := others(t, dir); kind == "once" && len(left) > 0 && ops[n-1] != "remove" {
				t.Errorf("%s: left %v", what, left)
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
			if left := others(t, dir); len(left) > 0 {
				t.Errorf("%s: left after the next run: %v", what, left)
			}
		}
	}
	t.Logf("%d failures over %d operations: %s", failures, len(ops), strings.Join(ops, " "))
}

// others lists what is in a folder beside a state and its backup.
func others(t *testing.T, dir string) []string {
	t.Helper()
	return slices.DeleteFunc(names(t, dir), func(name string) bool { return name == "s.json" || name == "s.json.backup" })
}

func TestTheReplacedStateIsKept(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir+"/s.json")
	save(t, f, numbered(1))
	if diff := cmp.Diff([]string{"s.json"}, names(t, dir)); diff != "" {
		t.Errorf("after a first save:\n%s", diff)
	}
	for n := uint64(2); n < 5; n++ {
		save(t, f, numbered(n))
		if got := serial(t, open(t, dir+"/s.json.backup")); got != n-1 {
			t.Errorf("the backup of serial %d has serial %d", n, got)
		}
		if info, err := os.Stat(dir + "/s.json.backup"); err != nil || info.Mode() != 0o600 {
			t.Errorf("the backup: %v, %v", info.Mode(), err)
		}
	}
	if diff := cmp.Diff([]string{"s.json", "s.json.backup"}, names(t, dir)); diff != "" {
		t.Errorf("left in the folder:\n%s", diff)
	}
}

// Two runs at once are what the lock prevents, until somebody removes its file.
// Then the state tells it: a save replaces what its run has read, or has saved
// itself, and nothing else, be it of the same serial.
func TestASaveReplacesOnlyWhatItsRunHasSeen(t *testing.T) {
	absent := func(f *local.File) { _ = os.Remove(f.Path()) }
	announced := func(s planner.State) planner.State {
		s.Pending = append(s.Pending, planner.Announcement{Op: planner.AlterAlias, Database: "default", Alias: "of_the_other", To: "products_v9", At: noon})
		return s
	}
	for name, tt := range map[string]struct {
		before func(*local.File)
		saved  bool // by this run, after its read
		other  func(*local.File)
		first  bool
		ok     bool
	}{
		"nobody else":             {ok: true},
		"nobody else, announced":  {saved: true, ok: true},
		"nobody else, first":      {before: absent, ok: true},
		"a first one, announced":  {before: absent, saved: true, ok: true},
		"replaced":                {other: func(f *local.File) { save(t, f, numbered(2)) }},
		"replaced, same serial":   {other: func(f *local.File) { save(t, f, announced(numbered(1))) }},
		"replaced, announced":     {saved: true, other: func(f *local.File) { save(t, f, numbered(2)) }},
		"another first one":       {before: absent, other: func(f *local.File) { save(t, f, numbered(1)) }, first: true},
		"damaged":                 {other: func(f *local.File) { _ = os.WriteFile(f.Path(), []byte("{"), 0o600) }},
		"touched":                 {other: func(f *local.File) { save(t, f, numbered(1)) }, ok: true},
		"removed":                 {other: absent, ok: true},
		"removed, then announced": {saved: true, other: absent, ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir() + "/s.json"
			run, other := open(t, path), open(t, path)
			save(t, open(t, path), numbered(1))
			if tt.before != nil {
				tt.before(other)
			}
			if _, err := run.Read(t.Context()); err != nil && !statefile.IsAbsent(err) {
				t.Fatal(err)
			}
			if tt.saved {
				save(t, run, announced(numbered(1)))
			}
			if tt.other != nil {
				tt.other(other)
			}
			there, _ := os.ReadFile(path)
			err := run.Save(t.Context(), numbered(3))
			if tt.ok {
				if err != nil || serial(t, open(t, path)) != 3 {
					t.Error(err)
				}
				return
			}
			var race *statefile.RaceError
			if !errors.As(err, &race) || race.First != tt.first {
				t.Errorf("got %v", err)
			}
			if now, _ := os.ReadFile(path); string(now) != string(there) {
				t.Errorf("it was replaced by %.80s", now)
			}
			if diff := cmp.Diff([]string{}, others(t, filepath.Dir(path))); diff != "" {
				t.Errorf("left in the folder:\n%s", diff)
			}
		})
	}
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
		temps += len(others(t, dir))
		l, err := f.Lock(t.Context(), 0, statefile.Holder{})
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Release()
		if left := others(t, dir); len(left) > 0 {
			t.Fatalf("left after the next lock: %v", left)
		}
	}
	t.Logf("%d kills in %d saves, %d of them with a temporary file open", kills, last, temps)
}

func saveForever(path string) {
	f, err := local.OpenFS(path, local.OS)
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
