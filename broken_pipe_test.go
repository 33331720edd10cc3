//go:build unix

package main

import (
	"os"
	"os/exec"
	"testing"
)

// A log that nobody reads any more (`aliasctl sync --apply 2>&1 | head -1`)
// does not end an apply in the middle.
func TestBrokenPipeDoesNotStopAnApply(t *testing.T) {
	for _, stream := range []string{"stdout", "stderr"} {
		t.Run(stream, func(t *testing.T) {
			c := newTerminalCluster(t)
			read, write, err := os.Pipe()
			must(t, err)
			must(t, read.Close())
			defer write.Close()
			command := exec.Command("aliasctl", "sync", "--apply", "--uri="+c.url)
			command.Dir, command.Env = c.dir, programEnvironment()
			if stream == "stdout" {
				command.Stdout = write
			} else {
				command.Stderr = write
			}
			err = command.Run()
			if stream == "stderr" && (err != nil || !c.applied()) {
				t.Errorf("ended with %v, applied is %v", err, c.applied())
			}
			// stdout is the answer: without it the run is refused, by an exit
			// code and not by a signal.
			if stream == "stdout" && command.ProcessState.ExitCode() != 1 {
				t.Errorf("ended with %v", err)
			}
		})
	}
}
