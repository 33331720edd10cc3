package faults

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/testkit"
)

// mountSmall puts a file system of 64 KiB over a folder.
func mountSmall(dir string) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=777")
}

// TestDiskOfRealProgram takes the disk away from the real program between its
// two saves: by permission, and by a full file system. The new state is
// printed and kept elsewhere, exit code 5, and the command that is printed
// puts it in place (promise "Disk").
func TestDiskOfRealProgram(t *testing.T) {
	t.Run("read-only directory", func(t *testing.T) {
		if os.Getuid() == 0 {
			lostDisk(t, &syscall.Credential{Uid: 65534, Gid: 65534}, func(dir string) error { return os.Chmod(dir, 0o555) },
				func(dir string) error { return os.Chmod(dir, 0o777) })
			return
		}
		lostDisk(t, nil, func(dir string) error { return os.Chmod(dir, 0o555) }, func(dir string) error { return os.Chmod(dir, 0o777) })
	})
	t.Run("full disk", func(t *testing.T) {
		probe := t.TempDir()
		if err := mountSmall(probe); err != nil {
			t.Skipf("no file system can be mounted here to fill it: %v", err)
		}
		syscall.Unmount(probe, 0)
		ballast := ""
		lostDisk(t, nil, func(dir string) error {
			ballast = filepath.Join(dir, "ballast")
			f, err := os.Create(ballast)
			if err != nil {
				return err
			}
			defer f.Close()
			for block := make([]byte, 4096); err == nil; {
				_, err = f.Write(block)
			}
			if errors.Is(err, syscall.ENOSPC) {
				return nil
			}
			return err
		}, func(string) error { return os.Remove(ballast) }, mountSmall)
	})
}

// lostDisk runs the program as somebody, loses the disk of its folder before
// the first write to the cluster, and mends it afterwards.
func lostDisk(t *testing.T, as *syscall.Credential, lose, mend func(string) error, prepare ...func(string) error) {
	parent := scene.Shared(t)
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := scene.Play(scene.RichStory, emulator.V26, parent, "--parallel", "1")
	if err != nil {
		t.Fatal(err)
	}
	defer c.End()
	for _, p := range prepare {
		if err := p(c.Dir); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Unmount(c.Dir, syscall.MNT_DETACH) })
		store, err := stores.Open(c.StatePath())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(store.Save(context.Background(), c.State(c.Emulator, c.Server.URL())), c.Write(c.Story)); err != nil {
			t.Fatal(err)
		}
	}
	for path, mode := range map[string]os.FileMode{c.Dir: 0o777, c.StatePath(): 0o666, filepath.Join(c.Dir, "aliases.yaml"): 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	p := c.Spawn()
	program, err := publicProgram(parent)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(parent, "elsewhere")
	if err := errors.Join(os.Mkdir(elsewhere, 0o777), os.Chmod(elsewhere, 0o777)); err != nil {
		t.Fatal(err)
	}
	p.Command.Path, p.Command.Dir, p.Command.Err = program, elsewhere, nil
	if as != nil {
		p.Command.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	}
	var lost error
	c.AddHook(testkit.Hook{Match: testkit.Match{Writes: true, Nth: 1}, Do: func(testkit.Request) { lost = lose(c.Dir) }})
	before, err := os.ReadFile(c.StatePath())
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.Whole()
	if err := errors.Join(err, lost); err != nil {
		t.Fatal(err)
	}
	if err := mend(c.Dir); err != nil {
		t.Fatal(err)
	}
	if e.Code != 5 {
		t.Fatalf("exit code %d, want 5: %v", e.Code, e)
	}
	after, err := c.Stored()
	if err != nil || len(after.Pending) == 0 {
		t.Errorf("the state on disk is not the announced one: %v %+v\n%s", err, after, before)
	}
	_, errored, found := strings.Cut(e.Stderr, "put it in place: ")
	if !found {
		t.Fatalf("there is no command that puts it in place: %s", e.Stderr)
	}
	command, _, _ := strings.Cut(strings.TrimPrefix(errored, "`"), "`")
	if !strings.Contains(command, "errored.aliases.state.json") || !strings.Contains(e.Stderr, `"bindings"`) {
		t.Errorf("the state is not kept, or not printed: %s", e.Stderr)
	}
	run := exec.Command("sh", "-c", command)
	run.Dir = elsewhere
	if said, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, said)
	}
	if err := c.Rests(); err != nil {
		t.Error(err)
	}
}

// publicProgram is a copy of the program where everybody may run it.
func publicProgram(dir string) (string, error) {
	found, err := exec.LookPath("aliasctl")
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(found)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "aliasctl")
	return path, os.WriteFile(path, content, 0o755)
}
