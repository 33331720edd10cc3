//go:build unix

package command

import (
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// What the program does where a person sits in front of it: it asks before an
// apply, shows colour and draws a bar. These tests give it a real terminal.

const question = `Only "yes" does: $`

func TestApplyAsksOnATerminal(t *testing.T) {
	for _, test := range []struct {
		answer  string
		code    int
		applied bool
	}{
		{"yes\r", 0, true},
		{"no\r", 1, false},
		{"y\r", 1, false},
		{"YES\r", 1, false},
		{"\r", 1, false},
		{"yes please\r", 1, false},
		{"\x04", 1, false},   // the end of the input
		{"\x03", 130, false}, // an interrupt
	} {
		t.Run(strings.Trim(test.answer, "\r"), func(t *testing.T) {
			t.Parallel()
			c := newTerminalCluster(t)
			s := c.run(t, nil, "sync", "--apply", "--uri="+c.url)
			s.waitFor(t, `Plan: 1 to create`)
			s.waitFor(t, question)
			s.write(t, test.answer)
			said := s.end(t, test.code)
			if got := c.applied(); got != test.applied {
				t.Errorf("answer %q: applied is %v\n%s", test.answer, got, said)
			}
			if !test.applied {
				c.untouched(t)
				if test.code == 1 && !strings.Contains(said, `not applied`) {
					t.Errorf("answer %q: does not say that nothing was applied:\n%s", test.answer, said)
				}
			}
		})
	}
}

func TestApplyDoesNotAsk(t *testing.T) {
	for name, test := range map[string]struct {
		environment []string
		arguments   []string
	}{
		"with --yes":             {nil, []string{"--yes"}},
		"in CI":                  {[]string{"CI=true"}, nil},
		"in CI, whatever it is":  {[]string{"CI=0"}, nil},
		"when nothing is to do":  {nil, []string{"-f", "nothing.yaml", "--yes=false"}},
		"without a terminal in":  {[]string{"STDIN=/dev/null"}, nil},
		"without a terminal err": {[]string{"STDERR=err.txt"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTerminalCluster(t)
			s := c.run(t, test.environment, append([]string{"sync", "--apply", "--uri=" + c.url}, test.arguments...)...)
			if said := s.end(t, 0); strings.Contains(said, "Only") {
				t.Errorf("it asks:\n%s", said)
			}
		})
	}
}

// A variable that is set to nothing is not set, and no variable says yes.
func TestApplyStillAsks(t *testing.T) {
	for _, environment := range []string{"CI=", "CI= ", "ALIASCTL_YES=true", "ALIASCTL_APPLY=true", "YES=1"} {
		t.Run(environment, func(t *testing.T) {
			t.Parallel()
			c := newTerminalCluster(t)
			s := c.run(t, []string{environment}, "sync", "--apply", "--uri="+c.url)
			s.waitFor(t, question)
			s.write(t, "no\r")
			s.end(t, 1)
			c.untouched(t)
		})
	}
}

// With --log-format json the question is an event, and so is the plan that is
// asked about, where standard output does not have it yet.
func TestApplyAsksInEvents(t *testing.T) {
	for answer, code := range map[string]int{"yes\r": 0, "no\r": 1, "\x03": 130} {
		c := newTerminalCluster(t)
		s := c.run(t, nil, "sync", "--apply", "--log-format=json", "-o=json", "--uri="+c.url)
		s.waitFor(t, `Only \\"yes\\" does:"}\r\n$`)
		var events []string
		for line := range strings.Lines(s.screen.String()) {
			var said struct{ Event, Text string }
			program.Must(t, json.Unmarshal([]byte(line), &said))
			events = append(events, said.Event)
			if len(events) == 2 && !strings.Contains(said.Text, "Plan: 1 to create") {
				t.Errorf("it does not show the plan but %q", said.Text)
			}
		}
		if strings.Join(events, " ") != "plan message message" {
			t.Errorf("the events are %q", events)
		}
		s.write(t, answer)
		if said := s.end(t, code); c.applied() != (code == 0) {
			t.Errorf("answer %q: applied is %v\n%s", answer, c.applied(), said)
		}
	}
}

// A plan that is refused is not worth a question.
func TestRefusedPlanIsNotAskedAbout(t *testing.T) {
	c := newTerminalCluster(t)
	program.Must(t, c.CreateAlias("default", "products", "c2"))
	said := c.run(t, nil, "sync", "--apply", "--uri="+c.url).end(t, 3)
	if strings.Contains(said, "Only") || !strings.Contains(said, "--take-over") {
		t.Errorf("it says\n%s", said)
	}
	c.untouched(t)
}

var (
	colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	escape = regexp.MustCompile(`\x1b`)
)

func TestColourOnATerminalOnly(t *testing.T) {
	for _, test := range []struct {
		environment string
		arguments   []string
		coloured    bool
	}{
		{"", nil, true},
		{"", []string{"-o", "diff"}, true},
		{"", []string{"-o", "json"}, false},
		{"NO_COLOR=1", nil, false},
		{"NO_COLOR=1", []string{"-o", "diff"}, false},
		{"NO_COLOR=", nil, true},
		{"TERM=dumb", nil, false},
		{"", []string{"--no-color"}, false},
		{"ALIASCTL_NO_COLOR=true", nil, false},
		{"ALIASCTL_NO_COLOR= ", nil, true},
		{"CI=true", nil, false},
		{"CI=true", []string{"-o", "diff"}, false},
		{"CI=false", nil, true},
	} {
		t.Run(test.environment+strings.Join(test.arguments, " "), func(t *testing.T) {
			t.Parallel()
			c := newTerminalCluster(t)
			said := c.run(t, []string{test.environment}, append([]string{"sync", "--uri=" + c.url}, test.arguments...)...).end(t, 0)
			if got := colour.MatchString(said); got != test.coloured {
				t.Errorf("coloured is %v:\n%q", got, said)
			}
		})
	}
}

// A terminal gets a bar, which is gone at the end; a log gets lines.
func TestProgressOnATerminalIsABar(t *testing.T) {
	for _, test := range []struct {
		name        string
		environment []string
		bar         bool
	}{
		{"terminal", nil, true},
		{"log", []string{"STDERR=err.txt"}, false},
		{"terminal without colour", []string{"NO_COLOR=1"}, true},
		{"terminal of a CI runner", []string{"CI=true"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newTerminalCluster(t)
			said := c.run(t, test.environment, "sync", "--apply", "--yes", "--uri="+c.url).end(t, 0)
			log, _ := os.ReadFile(filepath.Join(c.dir, "err.txt"))
			if lines := strings.Contains(said+string(log), "step 1 of 1"); lines == test.bar {
				t.Errorf("lines for a log: %v\n%s\n%s", lines, said, log)
			}
			if escape.Match(log) {
				t.Errorf("a log with escapes: %q", log)
			}
			if test.environment != nil && test.bar && colour.MatchString(said) {
				t.Errorf("coloured against NO_COLOR: %q", said)
			}
		})
	}
}

// terminalCluster is a cluster on which one alias is to be created.
type terminalCluster struct {
	*testkit.Cluster
	dir, url string
}

func newTerminalCluster(t *testing.T) *terminalCluster {
	t.Helper()
	c := &terminalCluster{Cluster: testkit.New(emulator.V26), dir: t.TempDir()}
	program.Must(t, c.CreateCollection("default", "c1"))
	program.Must(t, c.CreateCollection("default", "c2"))
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	for name, text := range map[string]string{
		"aliases.yaml": "version: 1\naliases: {products: c1}\n",
		"nothing.yaml": "version: 1\n",
	} {
		program.Must(t, os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600))
	}
	return c
}

func (c *terminalCluster) applied() bool { return c.Bindings("default")["products"] == "c1" }

// untouched requires that no request was sent that writes, and no state saved.
func (c *terminalCluster) untouched(t *testing.T) {
	t.Helper()
	if _, writes := c.Counts(); writes != 0 {
		t.Errorf("%d writing requests were sent", writes)
	}
	if _, err := os.Stat(filepath.Join(c.dir, "aliases.state.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a state: %v", err)
	}
}

// session is a program on a terminal.
type session struct {
	command  *exec.Cmd
	terminal *os.File
	screen   program.Output
	read     chan struct{} // closed when the program has let go of the terminal
}

// run starts the program on a terminal of 80 columns. STDIN=FILE and
// STDERR=FILE in the environment take that stream off the terminal.
func (c *terminalCluster) run(t *testing.T, environment []string, arguments ...string) *session {
	t.Helper()
	terminal, tty, err := pty.Open()
	program.Must(t, err)
	defer tty.Close()
	program.Must(t, pty.Setsize(terminal, &pty.Winsize{Rows: 40, Cols: 80}))

	s := &session{command: exec.Command("aliasctl", arguments...), terminal: terminal, read: make(chan struct{})}
	s.command.Dir = c.dir
	s.command.Env = program.Environment("TERM=xterm-256color")
	s.command.Stdin, s.command.Stdout, s.command.Stderr = tty, tty, tty
	for _, variable := range environment {
		switch name, value, _ := strings.Cut(variable, "="); name {
		case "":
		case "STDIN":
			file, err := os.Open(value)
			program.Must(t, err)
			defer file.Close()
			s.command.Stdin = file
		case "STDERR":
			file, err := os.Create(filepath.Join(c.dir, value))
			program.Must(t, err)
			defer file.Close()
			s.command.Stderr = file
		default:
			s.command.Env = append(s.command.Env, variable)
		}
	}
	s.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1} // 1 is stdout, which is the terminal in every case
	program.Must(t, s.command.Start())
	go func() {
		defer close(s.read)
		io.Copy(&s.screen, terminal) // ends with an error when the program ends
	}()
	t.Cleanup(func() {
		s.command.Process.Kill()
		terminal.Close()
	})
	return s
}

// waitFor waits until the screen matches.
func (s *session) waitFor(t *testing.T, pattern string) {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(program.Patience); !wanted.MatchString(s.screen.String()); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not say %q but\n%s", pattern, s.screen.String())
		}
	}
}

func (s *session) write(t *testing.T, text string) {
	t.Helper()
	_, err := s.terminal.WriteString(text)
	program.Must(t, err)
}

// end waits for the end, requires the exit code and returns what was shown.
func (s *session) end(t *testing.T, code int) string {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		s.command.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(program.Patience):
		t.Fatalf("it does not end; it said\n%s", s.screen.String())
	}
	<-s.read
	said := strings.ReplaceAll(s.screen.String(), "\r\n", "\n")
	if got := s.command.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d:\n%s", got, code, said)
	}
	return said
}
