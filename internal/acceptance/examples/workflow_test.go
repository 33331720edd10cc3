package examples

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"aliasctl/internal/acceptance/program"
)

// What GitHub makes of a workflow, as far as the examples use it: each job on
// a machine of its own that vanishes, its shell steps run by bash as GitHub
// runs them, the few actions that it uses played. An expression that is not
// known here fails the test.

type workflow struct {
	Env  map[string]string
	Jobs map[string]job
}

type job struct {
	If      string
	Env     map[string]string
	Outputs map[string]string
	Steps   []workflowStep
}

type workflowStep struct {
	ID               string `yaml:"id"`
	Name             string
	If               string
	Uses             string
	With             map[string]string
	Shell            string
	WorkingDirectory string `yaml:"working-directory"`
	Env              map[string]string
	Run              string
}

type compositeAction struct {
	Inputs map[string]struct{ Default string }
	// Outputs are expressions over the steps.
	Outputs map[string]struct{ Value string }
	Runs    struct{ Steps []workflowStep }
}

func decodeFile[T any](t *testing.T, path string) T {
	t.Helper()
	var v T
	text, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// machine runs one job.
type machine struct {
	t         *testing.T
	dir       string // of the machine
	workspace string
	remote    string            // what is checked out
	artifacts string            // of the workflow run
	values    map[string]string // of expressions
	env       []string          // of every step
	path      []string          // what $GITHUB_PATH has added

	outputs map[string]string
	failed  bool
	code    int             // of the first step that failed
	said    strings.Builder // by all steps
	summary strings.Builder // of the job
}

// newMachine has a workspace two folders below dir, whatever the machine, so
// that they all find the same things there. What is in dir/bin is in its PATH.
func newMachine(t *testing.T, dir string, values map[string]string) *machine {
	t.Helper()
	own, err := os.MkdirTemp(dir, "machine-")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, dir: own, workspace: filepath.Join(own, "work"), values: map[string]string{}, path: []string{filepath.Join(dir, "bin")}}
	for name, value := range values {
		m.values[name] = value
	}
	if err := os.Mkdir(m.workspace, 0o755); err != nil {
		t.Fatal(err)
	}
	m.env = program.Environment("GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"CI=true", "GITHUB_ACTIONS=true", "RUNNER_TEMP="+filepath.Join(dir, "temp"),
		"GITHUB_REPOSITORY=shop/search", "GITHUB_WORKFLOW=Aliases", "GITHUB_RUN_NUMBER=7", "GITHUB_ACTOR=ada")
	m.env = append(m.env, program.BuildEnvironment()...)
	return m
}

// run runs the job of a workflow and evaluates its outputs.
func (m *machine) run(w workflow, name string) {
	m.t.Helper()
	j, found := w.Jobs[name]
	if !found {
		m.t.Fatalf("there is no job %q", name)
	}
	if j.If != "" && !m.holds(j.If) {
		m.t.Fatalf("job %q does not run: %s", name, j.If)
	}
	m.setEnvironment(w.Env)
	m.setEnvironment(j.Env)
	m.steps(j.Steps)
	m.outputs = map[string]string{}
	for name, value := range j.Outputs {
		m.outputs[name] = m.expand(value)
	}
}

func (m *machine) setEnvironment(env map[string]string) {
	for name, value := range env {
		m.env = append(m.env, name+"="+m.expand(value))
	}
}

func (m *machine) steps(steps []workflowStep) {
	for _, s := range steps {
		condition := s.If
		if condition == "" {
			condition = "success()"
		}
		if !m.holds(condition) {
			continue
		}
		before := m.env
		m.setEnvironment(s.Env)
		if s.Uses != "" {
			m.use(s)
		} else {
			m.shell(s)
		}
		m.env = before
	}
}

// shell runs the script of a step.
func (m *machine) shell(s workflowStep) {
	m.t.Helper()
	if s.Shell != "bash" {
		m.t.Fatalf("step %q says no shell: bash with pipefail is what is tested", s.Name)
	}
	file := func(name, text string) string {
		path := filepath.Join(m.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			m.t.Fatal(err)
		}
		return path
	}
	script, output, path, summary := file("script", s.Run), file("output", ""), file("path", ""), file("summary", "")
	command := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", script)
	command.Dir = filepath.Join(m.workspace, m.expand(s.WorkingDirectory))
	command.Env = append(append([]string{}, m.env...), "GITHUB_OUTPUT="+output, "GITHUB_PATH="+path, "GITHUB_STEP_SUMMARY="+summary,
		"PATH="+strings.Join(append(m.path, os.Getenv("PATH")), string(os.PathListSeparator)))
	said, err := command.CombinedOutput()
	m.said.Write(said)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatalf("step %q: %v", s.Name, err)
	}
	if err != nil && !m.failed {
		m.failed, m.code = true, exit.ExitCode()
	}
	outputs := m.lines(output)
	for i := 0; i < len(outputs); i++ {
		name, value, _ := strings.Cut(outputs[i], "=")
		if n, delimiter, ok := strings.Cut(outputs[i], "<<"); ok {
			end := i + 1 + slices.Index(outputs[i+1:], delimiter)
			name, value = n, strings.Join(outputs[i+1:end], "\n")
			i = end
		}
		m.values["steps."+s.ID+".outputs."+name] = value
	}
	m.path = append(m.lines(path), m.path...)
	for _, line := range m.lines(summary) {
		fmt.Fprintln(&m.summary, line)
	}
}

func (m *machine) lines(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		m.t.Fatal(err)
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}

// use plays an action.
func (m *machine) use(s workflowStep) {
	m.t.Helper()
	with := map[string]string{}
	for name, value := range s.With {
		with[name] = m.expand(value)
	}
	name, version, _ := strings.Cut(s.Uses, "@")
	if version == "" {
		m.t.Fatalf("%s has no version", s.Uses)
	}
	switch name {
	case "actions/checkout":
		branch := with["ref"]
		if branch == "" {
			branch = m.value("github.ref_name")
		}
		m.git("clone", "--quiet", "--branch", branch, m.remote, m.workspace)
	case "actions/setup-go":
		if with["cache"] != "false" { // no file outside of the workspace can be its key
			m.t.Errorf("%s has a cache", s.Uses)
		}
	case "actions/upload-artifact":
		found, err := filepath.Glob(filepath.Join(m.workspace, with["path"]))
		if err != nil || len(found) == 0 && with["if-no-files-found"] != "ignore" {
			m.t.Fatalf("nothing to upload at %s: %v", with["path"], err)
		}
		for _, file := range found {
			m.copy(file, filepath.Join(m.artifacts, with["name"]))
		}
	case "actions/download-artifact":
		found, err := filepath.Glob(filepath.Join(m.artifacts, with["name"], "*"))
		if err != nil || len(found) == 0 {
			m.t.Fatalf("there is no artifact %q: %v", with["name"], err)
		}
		for _, file := range found {
			m.copy(file, m.workspace)
		}
	case "your-org/aliasctl/.github/actions/aliasctl":
		m.composite(s.ID, ".github/actions/aliasctl", with)
	default:
		m.t.Fatalf("action %s is not played", name)
	}
}

// composite runs the steps of an action, which see its inputs and steps alone.
func (m *machine) composite(id, dir string, with map[string]string) {
	m.t.Helper()
	a := decodeFile[compositeAction](m.t, filepath.Join(dir, "action.yml"))
	path, err := filepath.Abs(dir)
	if err != nil {
		m.t.Fatal(err)
	}
	outside, env := m.values, m.env
	m.values = map[string]string{"github.action_path": path, "github.action_ref": "v1", "github.action_repository": "your-org/aliasctl"}
	m.env = append(m.env, "GITHUB_ACTION_PATH="+path)
	for name, input := range a.Inputs {
		m.values["inputs."+name] = input.Default
	}
	for name, value := range with {
		if _, known := a.Inputs[name]; !known {
			m.t.Errorf("%s has no input %q", dir, name)
		}
		m.values["inputs."+name] = value
	}
	m.steps(a.Runs.Steps)
	for name, output := range a.Outputs {
		outside["steps."+id+".outputs."+name] = m.expand(output.Value)
	}
	m.values, m.env = outside, env
}

func (m *machine) git(args ...string) { gitIn(m.t, m.dir, args...) }

// gitIn runs git with nothing of the machine's settings.
func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.Command("git", args...)
	command.Dir = dir
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=ada", "GIT_COMMITTER_EMAIL=ada@example.com"}
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return string(said)
}

func (m *machine) copy(file, dir string) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o644)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// ends requires the end of a job.
func (m *machine) ends(code int) {
	m.t.Helper()
	if m.failed != (code != 0) || m.code != code {
		m.t.Fatalf("want exit code %d; %s", code, m.told())
	}
}

// told is what the steps said, for a failed test.
func (m *machine) told() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "exit code %d, and said:\n%s", m.code, m.said.String())
	return b.String()
}
