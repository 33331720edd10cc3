package install

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"aliasctl/internal/acceptance/program"
)

// built is what `aliasctl version -o json` prints.
type built struct {
	Version string         `json:"version"`
	Commit  string         `json:"commit"`
	Date    string         `json:"date"`
	Dirty   bool           `json:"dirty"`
	Go      string         `json:"go"`
	OS      string         `json:"os"`
	Arch    string         `json:"arch"`
	Formats map[string]int `json:"formats"`
}

func versionOf(t *testing.T, binary string) built {
	t.Helper()
	var b built
	if err := json.Unmarshal([]byte(run(t, exec.Command(binary, "version", "-o", "json"))), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// run is the standard output of a command that has to succeed.
func run(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	if command.Env == nil {
		command.Env = program.Environment()
	}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(command.Args, " "), err, &stdout, &stderr)
	}
	return stdout.String()
}

// clone is a clone of this repository at its last commit.
func clone(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed: no commit can be built")
	}
	root, err := program.Root()
	program.Must(t, err)
	dir := filepath.Join(t.TempDir(), "clone")
	cmd := exec.Command("git", "-c", "safe.directory=*", "clone", "--quiet", "--no-hardlinks", root, dir)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("this is no clone: no commit can be built: %s", out)
	}
	return dir
}

// compile builds a clone as a release does.
func compile(t *testing.T, dir, release string) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "aliasctl")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w -buildid= -X aliasctl/internal/cli.release="+release, "-o", binary, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	run(t, build)
	return binary
}

// A commit has one binary, wherever it is built, and the binary names the commit.
func TestTwoBuildsOfACommitAreTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("links the program three times")
	}
	one, two := clone(t), clone(t)
	first, second := compile(t, one, "1.2.3"), compile(t, two, "1.2.3")
	a, err := os.ReadFile(first)
	program.Must(t, err)
	b, err := os.ReadFile(second)
	program.Must(t, err)
	if !bytes.Equal(a, b) {
		t.Errorf("two builds of one commit differ: %d and %d bytes", len(a), len(b))
	}
	if bytes.Contains(a, []byte(one)) {
		t.Error("the binary holds the path of its build")
	}
	head := strings.TrimSpace(run(t, exec.Command("git", "-C", one, "rev-parse", "HEAD")))
	got := versionOf(t, first)
	if got.Version != "1.2.3" || got.Commit != head || got.Dirty || !regexp.MustCompile(`^\d{4}-\d\d-\d\dT`).MatchString(got.Date) || !strings.HasPrefix(got.Go, "go1.") {
		t.Errorf("a build of %s is %+v", head, got)
	}
	text := run(t, exec.Command(first, "version"))
	if want := "aliasctl 1.2.3 " + got.Go + " " + got.OS + "/" + got.Arch + "\ncommit " + head + "\ndate " + got.Date + "\n"; text != want {
		t.Errorf("prints %q, want %q", text, want)
	}

	readme, err := os.OpenFile(filepath.Join(one, "README.md"), os.O_APPEND|os.O_WRONLY, 0)
	program.Must(t, err)
	_, err = readme.WriteString("changed\n")
	program.Must(t, err)
	program.Must(t, readme.Close())
	changed := compile(t, one, "")
	if got := versionOf(t, changed); !got.Dirty || got.Commit != head || !strings.Contains(got.Version, head[:12]) || !strings.HasSuffix(got.Version, "dirty") {
		t.Errorf("a build with changes is %+v", got)
	}
	if text := run(t, exec.Command(changed, "version")); !strings.Contains(text, head+", with changes that are not committed\n") {
		t.Errorf("prints %q", text)
	}
}

// A variable that chooses a format of reports is not meant for the version.
func TestVersionTakesNoVariable(t *testing.T) {
	command := exec.Command("aliasctl", "version")
	command.Env = program.Environment("ALIASCTL_OUTPUT=markdown")
	if text := run(t, command); !strings.HasPrefix(text, "aliasctl ") {
		t.Errorf("prints %q", text)
	}
}
