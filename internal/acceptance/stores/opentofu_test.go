package stores

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/testkit/gateway"
	"aliasctl/internal/testkit/stateserver"
	"aliasctl/internal/testkit/weather"
)

// tofu is OpenTofu in a folder of its own, with its http backend at an address.
type tofu struct{ program, dir string }

// openTofu is the program of OpenTofu. It takes long to build.
func openTofu(t *testing.T) string {
	t.Helper()
	if os.Getenv("STORES") != "all" {
		t.Skip("opentofu takes minutes to build: STORES=all has it too")
	}
	built, err := gateway.Built("opentofu", "github.com/opentofu/opentofu/cmd/tofu")
	switch {
	case err != nil && os.Getenv("CI") != "":
		t.Fatal(err)
	case err != nil:
		t.Skipf("no opentofu to test with: %v", err)
	}
	return built
}

// newTofu is a project whose state is at an address, with an output of this value.
func newTofu(t *testing.T, program string, server *protocol, value string) tofu {
	t.Helper()
	dir := t.TempDir()
	backend := fmt.Sprintf("address = %q\nlock_address = %q\nunlock_address = %q\n", server.state, server.lock, server.lock)
	if server.GitLab {
		backend += "lock_method = \"POST\"\nunlock_method = \"DELETE\"\n"
	}
	text := fmt.Sprintf("terraform {\nbackend \"http\" {\n%s}\n}\noutput \"x\" { value = %q }\n", backend, value)
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	one := tofu{program, dir}
	if out, err := one.run("init"); err != nil {
		t.Fatalf("tofu init: %v\n%s", err, out)
	}
	return one
}

func (o tofu) command(line ...string) *exec.Cmd {
	cmd := exec.Command(o.program, append(line, "-no-color")...)
	cmd.Dir = o.dir
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "TF_") }), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "TF_HTTP_USERNAME=gitlab-ci-token", "TF_HTTP_PASSWORD="+jobToken)
	return cmd
}

func (o tofu) run(line ...string) (string, error) {
	out, err := o.command(line...).CombinedOutput()
	return string(out), err
}

// asks starts an apply that asks for a yes, and returns once it asks: it has the lock.
func (o tofu) asks(t *testing.T) (yes io.WriteCloser, ended func() (string, error), kill func()) {
	t.Helper()
	cmd := o.command("apply")
	yes, err := cmd.StdinPipe()
	program.Must(t, err)
	var mu sync.Mutex
	var out bytes.Buffer
	told := func() string { mu.Lock(); defer mu.Unlock(); return out.String() }
	cmd.Stdout = writer(func(p []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return out.Write(p) })
	cmd.Stderr = cmd.Stdout
	program.Must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	for end := time.Now().Add(time.Minute); !strings.Contains(told(), "Enter a value:"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("tofu asks nothing: %s", told())
		}
	}
	return yes, func() (string, error) { err := cmd.Wait(); return told(), err }, func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// protocol is a server of the tests, with what its clients have sent.
type protocol struct {
	stateserver.Server
	state, lock string // addresses
	location    string // of aliasctl
	environment []string

	mu   sync.Mutex
	sent []sent
}

// sent is a request without what differs from run to run.
type sent struct {
	method  string // as LOCK, also where it is a POST
	path    string
	query   []string // names
	headers []string // names
	keys    []string // of a lock
}

const jobToken = "token-of-the-job"

func newProtocol(t *testing.T, gitlab bool) *protocol {
	s := &protocol{Server: stateserver.Server{GitLab: gitlab}}
	if gitlab {
		s.Token = jobToken
	}
	forward := weather.Forward(strings.TrimPrefix(s.Start(t), "http://"))
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.note(r, body)
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	s.state, s.location = front.URL+"/prod", front.URL+"/prod?insecure=true"
	s.lock, s.environment = s.state, []string{"TF_HTTP_USERNAME=deploy", "TF_HTTP_PASSWORD=" + jobToken}
	if gitlab {
		s.state, s.location = front.URL+"/api/v4"+stateserver.Project+"/terraform/state/prod", "gitlab:prod"
		s.lock = s.state + "/lock"
		s.environment = []string{"CI_API_V4_URL=" + front.URL + "/api/v4", "CI_PROJECT_ID=" + filepath.Base(stateserver.Project), "CI_JOB_TOKEN=" + jobToken}
	}
	return s
}

func (s *protocol) note(r *http.Request, body []byte) {
	one := sent{method: r.Method, path: r.URL.Path, query: slices.Sorted(maps.Keys(r.URL.Query()))}
	var lock map[string]any
	if json.Unmarshal(body, &lock) == nil && lock["Who"] != nil {
		one.keys = slices.Sorted(maps.Keys(lock))
	}
	if locking := strings.HasSuffix(r.URL.Path, "/lock"); locking {
		one.method = map[string]string{http.MethodPost: "LOCK", http.MethodDelete: "UNLOCK"}[r.Method]
	}
	for name := range r.Header {
		if name != "Cache-Control" { // which aliasctl alone sends, so that no cache answers
			one.headers = append(one.headers, name)
		}
	}
	slices.Sort(one.headers)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, one)
}

// takeSent is what was sent since it was last asked for, one of each method.
func (s *protocol) takeSent() map[string]sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]sent)
	for _, one := range s.sent {
		if before, ok := all[one.method]; !ok || len(before.query) < len(one.query) {
			all[one.method] = one
		}
	}
	s.sent = nil
	return all
}

// OpenTofu's own backend, which nobody here has written, uses the server of these
// tests: that must not accept or refuse what real ones would not. It shares an address
// with the program: each meets the lock of the other, names its holder, and sends the
// same.
func TestOpenTofu(t *testing.T) {
	tofu := openTofu(t)
	for name, gitlab := range map[string]bool{"plain": false, "gitlab": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newProtocol(t, gitlab)
			cluster := newStandingCluster(t)
			apply := func(flags ...string) (int, string) {
				line := append([]string{"sync", "--apply", "-f", cluster.manifest, "--uri", cluster.URL, "--state", s.location}, flags...)
				code, _, told := run(t, s.environment, line...)
				return code, told
			}
			one := newTofu(t, tofu, s, "1")

			// Ours meets its lock.
			_, _, kill := one.asks(t)
			code, told := apply()
			id := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).FindString(told)
			if host, _ := os.Hostname(); code != 6 || id == "" || !strings.Contains(told, host) || strings.Contains(told, `""`) || !gitlab && !strings.Contains(told, "OperationTypeApply 1.12.4") {
				t.Errorf("at the lock of tofu: exit code %d: %s", code, told)
			}
			kill()
			if code, _, told := run(t, s.environment, "lock", "release", id, "--state", s.location); code != 0 {
				t.Fatalf("the lock of a tofu that was killed: exit code %d: %s", code, told)
			}
			// The same by tofu itself.
			_, _, kill = one.asks(t)
			kill()
			_, shown, _ := run(t, s.environment, "lock", "show", "--state", s.location)
			fields := strings.Fields(shown[max(0, strings.Index(shown, "\nid ")):])
			if len(fields) < 2 {
				t.Fatalf("lock show: %s", shown)
			}
			if out, err := one.run("force-unlock", "-force", fields[1]); err != nil {
				t.Fatalf("tofu force-unlock: %v\n%s", err, out)
			}
			s.takeSent()

			// What it writes is no state of ours, and is not overwritten.
			if out, err := one.run("apply", "-auto-approve"); err != nil {
				t.Fatalf("tofu apply: %v\n%s", err, out)
			}
			theirs := s.takeSent()
			if out, err := one.run("plan", "-detailed-exitcode"); err != nil {
				t.Errorf("tofu plan: %v\n%s", err, out)
			}
			pulled, err := one.run("state", "pull")
			var tofus struct {
				Serial  int
				Lineage string
			}
			if jsonErr := json.Unmarshal([]byte(pulled), &tofus); err != nil || jsonErr != nil || tofus.Serial != 1 || tofus.Lineage == "" {
				t.Errorf("tofu state pull: %v, %v\n%s", err, jsonErr, pulled)
			}
			if code, told = apply(); code != 1 || !strings.Contains(told, "holds a state of Terraform or OpenTofu") {
				t.Errorf("over a state of tofu: exit code %d: %s", code, told)
			}
			forced, another := filepath.Join(t.TempDir(), "forced.json"), newStandingCluster(t)
			if code, _, told := run(t, nil, "sync", "--apply", "-f", another.manifest, "--uri", another.URL, "--state", forced); code != 0 {
				t.Fatal(told)
			}
			if code, _, told := run(t, s.environment, "state", "push", "--force", forced, "--state", s.location); code == 0 {
				t.Errorf("by force: %s", told)
			}
			if again, _ := one.run("state", "pull"); again != pulled {
				t.Errorf("the state of tofu was changed: %s", again)
			}
			s.takeSent()

			// Its applies, two at once: one wins, or one after the other.
			two := newTofu(t, tofu, s, "2")
			outs, errs := make([]string, 2), make([]error, 2)
			var both sync.WaitGroup
			for i, at := range []*exec.Cmd{one.command("apply", "-auto-approve"), two.command("apply", "-auto-approve")} {
				both.Go(func() {
					out, err := at.CombinedOutput()
					outs[i], errs[i] = string(out), err
				})
			}
			both.Wait()
			for i, err := range errs {
				if err != nil && !strings.Contains(outs[i], "already locked") {
					t.Errorf("two at once: %v\n%s", err, outs[i])
				}
			}

			// The other way round, at an address that has a state of ours.
			s = newProtocol(t, gitlab)
			three := newTofu(t, tofu, s, "3")
			s.takeSent()
			release := cluster.hold()
			done := make(chan string)
			go func() {
				code, told := apply("--timeout", "2m")
				done <- fmt.Sprintf("exit code %d: %s", code, told)
			}()
			cluster.waitHeld(t)
			out, err := three.run("apply", "-auto-approve")
			if err == nil || !strings.Contains(out, "already locked") || !gitlab && !strings.Contains(out, "Operation: aliasctl") { // GitLab shows the caller's
				t.Errorf("tofu at our lock: %v\n%s", err, out)
			}
			release()
			if told := <-done; !strings.HasPrefix(told, "exit code 0") {
				t.Fatal(told)
			}
			ours := s.takeSent()
			out, err = three.run("apply", "-auto-approve")
			if err == nil {
				t.Errorf("tofu takes our state for its own: %s", out)
			}
			if code, _, told := run(t, s.environment, "state", "show", "--state", s.location); code != 0 {
				t.Errorf("our state after it: %s", told)
			}

			for _, method := range []string{http.MethodGet, http.MethodPost, "LOCK", "UNLOCK"} {
				if a, b := fmt.Sprint(theirs[method]), fmt.Sprint(ours[method]); a != b || a == fmt.Sprint(sent{}) {
					t.Errorf("OpenTofu sends %s\naliasctl sends %s", a, b)
				}
			}
		})
	}
}
