//go:build unix

package command

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"aliasctl/internal/acceptance/program"
)

// pipeCommands are the commands, in every format of those that have several, with
// the exit code that each has when its output is read. $URI is a cluster.
var pipeCommands = []struct {
	code int
	line string
}{
	{0, "--help"}, {0, "--version"}, {0, "help sync"}, {0, "sync --help"}, {0, "state"}, {0, "version"}, {0, "man"}, {0, "schema"},
	{0, "completion bash"}, {0, "validate"}, {64, "validate -f wrong.yaml"}, {64, "nonsense"}, {64, "sync --nonsense"},
	{0, "sync --offline"}, {0, "sync --uri $URI"}, {2, "sync --detailed-exitcode --uri $URI"}, {3, "sync -f conflict.yaml --uri $URI"},
	{0, "sync --uri $URI -o diff"}, {0, "sync --uri $URI -o json"}, {0, "sync --uri $URI -o markdown"}, {0, "sync --uri $URI -o html"},
	{0, "sync --uri $URI --log-format json"}, {1, "sync --uri http://127.0.0.1:1 --retries 0"},
	{0, "sync --apply --uri $URI"}, {0, "sync --apply --uri $URI -o diff"}, {0, "sync --apply --uri $URI -o json"},
	{0, "sync --apply --uri $URI -o markdown"}, {0, "sync --apply --uri $URI -o html"}, {0, "sync --apply --uri $URI --log-format json"},
	{0, "sync --apply --uri $URI --log-format json -o json"}, {1, "rollback --uri $URI"},
	{1, "export --uri $URI"}, {0, "doctor --uri $URI"}, {0, "doctor --uri $URI -o json"}, {1, "history"}, {1, "state show"},
	{0, "history --state old.json"}, {0, "history --state old.json -o json"}, {0, "state show --state old.json"},
	{0, "state list --state old.json"}, {0, "state pull --state old.json"}, {0, "lock show --state old.json"},
	{0, "drift --state old.json --uri $URI"}, {0, "drift --state old.json --uri $URI -o diff"}, {0, "drift --state old.json --uri $URI -o json"},
	{0, "drift --state old.json --uri $URI -o markdown"}, {0, "drift --state old.json --uri $URI -o html"},
	{0, "rollback --allow-empty default --state old.json --uri $URI"}, {0, "rollback --apply --allow-empty default --state old.json --uri $URI"},
	{0, "state rm --state old.json other"},
}

// A reader that goes away (`aliasctl history | head -1`) is no error: whatever the
// command, its exit code is that of a run whose output is read, and an apply ends
// and saves.
func TestAClosedPipeIsNoError(t *testing.T) {
	for _, test := range pipeCommands {
		for _, closed := range []string{"stdout", "stderr"} {
			t.Run(strings.ReplaceAll(test.line, "/", "|")+" "+closed, func(t *testing.T) {
				t.Parallel()
				c := newTerminalCluster(t)
				program.Must(t, os.WriteFile(filepath.Join(c.dir, "wrong.yaml"), []byte("version: 1\naliases: {a: }\n"), 0o600))
				program.Must(t, os.WriteFile(filepath.Join(c.dir, "conflict.yaml"), []byte("version: 1\naliases: {a: missing}\n"), 0o600))
				program.Must(t, os.WriteFile(filepath.Join(c.dir, "old.yaml"), []byte("version: 1\naliases: {other: c2}\n"), 0o600))
				if strings.Contains(test.line, "old.json") {
					old := exec.Command("aliasctl", "sync", "--apply", "-f", "old.yaml", "--state", "old.json", "--uri", c.url)
					old.Dir, old.Env = c.dir, program.Environment()
					if said, err := old.CombinedOutput(); err != nil {
						t.Fatalf("%v\n%s", err, said)
					}
				}
				command := exec.Command("aliasctl", strings.Fields(strings.ReplaceAll(test.line, "$URI", c.url))...)
				command.Dir, command.Env = c.dir, program.Environment()
				var stdout, stderr program.Output
				command.Stdout, command.Stderr = &stdout, &stderr
				if strings.Contains(closed, "stdout") {
					command.Stdout = nobodyReads(t)
				}
				if strings.Contains(closed, "stderr") {
					command.Stderr = nobodyReads(t)
				}
				_ = command.Run() // the exit code says it
				if code := command.ProcessState.ExitCode(); code != test.code {
					t.Errorf("exit code %d, want %d\n%s", code, test.code, stderr.String())
				}
				if said := stdout.String() + stderr.String(); strings.Contains(said, "broken pipe") {
					t.Errorf("it speaks of the pipe:\n%s", said)
				}
				if strings.Contains(test.line, "sync --apply") {
					if _, err := os.Stat(filepath.Join(c.dir, "aliases.state.json")); err != nil || !c.applied() {
						t.Errorf("applied is %v, saved: %v", c.applied(), err)
					}
				}
			})
		}
	}
}

// nobodyReads is a pipe whose reader has gone away.
func nobodyReads(t *testing.T) *os.File {
	t.Helper()
	read, write, err := os.Pipe()
	program.Must(t, err)
	program.Must(t, read.Close())
	t.Cleanup(func() { write.Close() })
	return write
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
