package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"
)

// TestMain builds the program once, as a user would, and puts it first in
// PATH: scripts and terminal tests run the real binary, not a function of it.
// Under the race detector the binary has it too.
func TestMain(m *testing.M) {
	code, err := withProgram(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withProgram(tests func() int) (int, error) {
	dir, err := os.MkdirTemp("", "aliasctl-program-*")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	args := []string{"build", "-buildvcs=false", "-o", filepath.Join(dir, "aliasctl")}
	if built("-race") == "true" {
		args = append(args, "-race")
		// A program under the detector waits a second at its end, by default.
		if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
			return 0, err
		}
	}
	if said, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("cannot build the program: %w\n%s", err, said)
	}
	if err := os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return 0, err
	}
	return tests(), nil
}

// programEnvironment is what the program sees of the machine in a test: where programs
// are, and no more. A binary with the race detector waits a second before it
// ends, unless told otherwise.
func programEnvironment(more ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), quickRace}, more...)
}

const quickRace = "GORACE=atexit_sleep_ms=0"

// built is a setting that this test binary was built with.
func built(setting string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == setting {
			return s.Value
		}
	}
	return ""
}
