//go:build unix

package command

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"aliasctl/internal/acceptance/program"
)

// A log that nobody reads any more (`aliasctl sync --apply 2>&1 | head -1`)
// does not end an apply in the middle.
func TestBrokenPipeDoesNotStopAnApply(t *testing.T) {
	for _, stream := range []string{"stdout", "stderr"} {
		t.Run(stream, func(t *testing.T) {
			c := newTerminalCluster(t)
			read, write, err := os.Pipe()
			program.Must(t, err)
			program.Must(t, read.Close())
			defer write.Close()
			command := exec.Command("aliasctl", "sync", "--apply", "--uri="+c.url)
			command.Dir, command.Env = c.dir, program.Environment()
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

// A log that nobody reads, and nobody has closed, does not keep a signal from
// ending a run.
func TestASignalWithAFullPipe(t *testing.T) {
	for _, mode := range []string{"--dry-run", "--apply"} {
		t.Run(mode, func(t *testing.T) {
			c := newTerminalCluster(t)
			read, write, err := os.Pipe()
			program.Must(t, err)
			defer read.Close()
			program.Must(t, write.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
			if _, err := write.Write(make([]byte, 1<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("the pipe is not full: %v", err)
			}
			p := program.NewChild(c.dir, "aliasctl", "sync", mode)
			ended := make(chan bool, 1)
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				p.Signalled(syscall.SIGINT)
				select {
				case <-r.Context().Done():
					ended <- true
				case <-time.After(program.Patience / 3):
					ended <- false
				}
			}))
			defer server.Close()
			p.Command.Env, p.Command.Stderr = append(p.Command.Env, "MILVUS_URI="+server.URL), write
			program.Must(t, p.Start())
			program.Must(t, write.Close())
			if !<-ended {
				t.Error("the run goes on with its request after a signal")
			}
			io.Copy(io.Discard, read) // somebody reads again
			e, err := p.Ending()
			program.Must(t, err)
			if e.Code != 130 {
				t.Errorf("exit code %d, want 130", e.Code)
			}
		})
	}
}
