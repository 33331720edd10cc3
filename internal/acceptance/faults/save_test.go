package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"aliasctl/executor"
	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/testkit"
	"aliasctl/internal/testkit/faultfs"
	"aliasctl/planner"
)

// TestSweepDisk lets every file operation of an apply fail, once and from then
// on, in every way a disk knows (promise "Disk"). The state on disk is the whole
// old or the whole new one, nothing is applied that was not announced, and the
// next run gets everything to its end.
func TestSweepDisk(t *testing.T) {
	operations, err := diskRun(nil)
	if err != nil {
		t.Fatal(err)
	}
	troubles := []error{syscall.EIO, syscall.ENOSPC, syscall.EROFS, syscall.EACCES, syscall.EDQUOT}
	runs := 0
	for n := 1; n <= len(operations); n++ {
		for _, trouble := range troubles {
			for name, fail := range map[string]func(local.FS, int, error) *faultfs.FS{"once": faultfs.FailAt, "from then on": faultfs.FailFrom} {
				runs++
				if _, err := diskRun(func() *faultfs.FS { return fail(local.OS, n, trouble) }); err != nil {
					t.Errorf("operation %d (%s) fails %s with %q:\n%v", n, operations[n-1], name, trouble, err)
				}
			}
		}
	}
	t.Logf("file operations of an apply: %d; failures: %d; runs: %d", len(operations), runs, 3*runs)
}

// A state that cannot be saved is one event of --log-format json, from which
// it can be put in place. The folder of the state is gone in the middle of it.
func TestAStateThatCannotBeSavedIsAnEvent(t *testing.T) {
	c, err := scene.Play(scene.RichStory, emulator.V26, scene.Shared(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.End()
	p := c.Spawn("--log-format", "json")
	p.Command.Dir = t.TempDir() // where it is saved instead
	var lost error
	c.AddHook(testkit.Hook{Match: testkit.Match{Writes: true, Nth: 1}, Do: func(testkit.Request) { lost = os.Rename(c.Dir, c.Dir+".away") }})
	e, err := p.Whole()
	if err := errors.Join(err, lost); err != nil || e.Code != 5 {
		t.Fatalf("%v: %v", err, e)
	}
	var unsaved []byte
	for line := range strings.Lines(e.Stderr) {
		var said struct {
			Event, State string
			Content      json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &said); err != nil || said.Event == "" {
			t.Errorf("this is no event: %s", line)
		}
		if said.Event == "state-unsaved" && said.State == c.StatePath() {
			unsaved = said.Content
		}
	}
	state, err := statefile.Decode("event", unsaved)
	if err != nil {
		t.Fatalf("%v\n%s", err, e.Stderr)
	}
	kept, err := os.ReadFile(filepath.Join(p.Command.Dir, "errored.aliases.state.json"))
	if err != nil {
		t.Fatal(err)
	}
	if saved, err := statefile.Decode("errored", kept); err != nil || !sameState(state, saved) {
		t.Errorf("%v: the event has %+v, the file %+v", err, state, saved)
	}
}

// diskRun is one apply whose state is on a disk that fails.
func diskRun(fail func() *faultfs.FS) (operations []string, err error) {
	s := &stage{Emulator: scene.RichStory.Build(emulator.V26), Story: scene.RichStory, states: map[string]bool{}}
	dir, err := os.MkdirTemp("", "aliasctl-disk-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "aliases.state.json")
	whole, err := stores.Open(path)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	s.store = s.State(s.Emulator, "http://127.0.0.1:19530")
	if err := whole.Save(ctx, s.store); err != nil {
		return nil, err
	}
	old, untouched := s.store, s.bindings()

	disk := faultfs.On(local.OS)
	if fail != nil {
		disk = fail()
	}
	faulty, err := local.OpenFS(path, disk)
	if err != nil {
		return nil, err
	}
	plan, _ := s.plan(planner.Options{})
	report, applyErr := executor.Apply(ctx, plan, old, s, faulty, executor.Options{Clock: s, Parallel: 1})
	operations = disk.Ops()

	now, err := whole.Read(ctx)
	if err != nil {
		return operations, fmt.Errorf("the state on disk is not whole: %w", err)
	}
	announced := executor.Announce(old, plan, false, s.now)
	isOld, isAnnounced, isNew := sameState(now, old), sameState(now, announced), sameState(now, report.State)
	var announce *executor.AnnounceError
	var save *executor.SaveError
	switch {
	case errors.As(applyErr, &announce):
		if !isOld && !isAnnounced {
			return operations, fmt.Errorf("the announcement failed, and the state is neither old nor announced: %+v", now)
		}
		if fmt.Sprint(s.bindings()) != fmt.Sprint(untouched) {
			return operations, errors.New("the cluster was changed although nothing could be announced")
		}
	case errors.As(applyErr, &save):
		if !isAnnounced && !sameState(now, save.State) {
			return operations, fmt.Errorf("the last save failed, and the state is neither announced nor new: %+v", now)
		}
		if err := keepsErrored(faulty, save.State, now); err != nil {
			return operations, err
		}
	case applyErr != nil:
		return operations, applyErr
	case !isNew:
		return operations, fmt.Errorf("the apply succeeded, and its state is not on disk: %+v", now)
	}

	// The disk is well again.
	for range 2 {
		if s.store, err = whole.Read(ctx); err != nil {
			return operations, err
		}
		next, _ := s.plan(planner.Options{})
		if _, err := executor.Apply(ctx, next, s.store, s, whole, executor.Options{Clock: s, Parallel: 1}); err != nil || len(next.Conflicts) > 0 {
			return operations, fmt.Errorf("the next run: %v, %v", err, next.Conflicts)
		}
	}
	if s.store, err = whole.Read(ctx); err != nil {
		return operations, err
	}
	if last, _ := s.plan(planner.Options{}); len(last.Steps) > 0 || len(s.store.Pending) > 0 || !last.Housekeeping.Empty() {
		return operations, fmt.Errorf("one more run is not empty: %+v, announced %+v", last.Steps, s.store.Pending)
	}
	return operations, nil
}

// keepsErrored saves a state elsewhere, and puts it in place.
func keepsErrored(file *local.File, state, now planner.State) error {
	if sameState(now, state) {
		return nil // only its durability was in doubt
	}
	path, err := file.SaveErrored(state)
	if err != nil {
		return nil // a disk that is gone altogether; it was printed
	}
	defer os.Remove(path)
	errored, err := stores.Open(path)
	if err != nil {
		return err
	}
	if kept, err := errored.Read(context.Background()); err != nil || !sameState(kept, state) {
		return fmt.Errorf("what was saved elsewhere is not the new state: %w", err)
	}
	return nil
}

func sameState(a, b planner.State) bool {
	return a.Serial == b.Serial && fmt.Sprint(a.Bindings, a.Retired, a.Pending) == fmt.Sprint(b.Bindings, b.Retired, b.Pending)
}
