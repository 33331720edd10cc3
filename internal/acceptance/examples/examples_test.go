package examples

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"aliasctl/internal/acceptance/program"
)

// exampleFiles are the files of examples/ and the action.
func exampleFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, root := range []string{"examples", ".github/actions"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && entry.Name() == ".aliasctl":
				return filepath.SkipDir
			case !entry.IsDir():
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// documents are those of a YAML file.
func documents(t *testing.T, path string) []*yaml.Node {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document yaml.Node
		switch err := decoder.Decode(&document); err {
		case nil:
			all = append(all, &document)
		case io.EOF:
			return all
		default:
			t.Fatalf("%s: %v", path, err)
		}
	}
}

func isYAML(path string) bool {
	return slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path))
}

// Whoever copies an example gets what the program has: each command and each
// flag that is written down anywhere in it exists, and so does each variable.
func TestExamplesUseWhatThereIs(t *testing.T) {
	help := helpPages{}
	stores, err := os.ReadFile("docs/stores.md") // the credentials of each kind of store
	program.Must(t, err)
	pipelines, err := os.ReadFile("docs/pipelines.md") // the outputs for later jobs
	program.Must(t, err)
	commands, variables := 0, 0
	for _, path := range exampleFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := commandLines(string(text))
		if isYAML(path) {
			for _, document := range documents(t, path) {
				lines = append(lines, argumentsIn(document)...)
			}
		}
		for _, line := range lines {
			commands++
			if problem := help.problem(t, line); problem != "" {
				t.Errorf("%s: aliasctl %s: %s", path, strings.Join(line, " "), problem)
			}
		}
		for _, name := range regexp.MustCompile(`\b(ALIASCTL|MILVUS)_[A-Z_]+\b`).FindAllString(string(text), -1) {
			variables++
			if !strings.Contains(help.of(t, "sync"), "$"+name) && !strings.Contains(string(stores)+string(pipelines), "`"+name+"`") && name != "MILVUS_READ_TOKEN" {
				t.Errorf("%s: there is no variable %s", path, name)
			}
		}
	}
	if commands < 20 || variables < 10 {
		t.Errorf("found only %d commands and %d variables: the examples are not read as they should be", commands, variables)
	}
}

// The check of the examples finds what it is for.
func TestExampleChecksFindMistakes(t *testing.T) {
	help := helpPages{}
	for line, want := range map[string]string{
		"sync --dry-run -f aliases.yaml":  "",
		"show plan.json -o markdown":      "",
		"sync --aply -f aliases.yaml":     "there is no flag --aply",
		"sink --apply":                    "there is no such command",
		"sync aliases.yaml":               "too many words",
		"lock hide":                       "there is no such command",
		"sync --output-file=html=p.html":  "",
		"sync --dry-run --state":          "--state has no value",
		"drift --plan-out plan.json":      "there is no flag --plan-out",
		"rollback --to 3 --apply --yes":   "",
		"validate -f a.yaml -f b.yaml -x": "there is no flag -x",
	} {
		if got := help.problem(t, strings.Fields(line)); got != want {
			t.Errorf("aliasctl %s: said %q, want %q", line, got, want)
		}
	}
	script := "# aliasctl is a word here\n#   go run . sync -f a \\\n#   b\nx=1 && aliasctl drift || code=$?\n- aliasctl show p | head\n"
	got := commandLines(script)
	if want := [][]string{{"sync", "-f", "a", "#", "b"}, {"drift"}, {"show", "p"}}; len(got) != len(want) ||
		!slices.Equal(got[1], want[1]) || !slices.Equal(got[2], want[2]) {
		t.Errorf("found %q", got)
	}
}

// A person who has just cloned the project copies the first command that an
// example shows, and it works.
func TestFirstCommandOfEachExample(t *testing.T) {
	first := regexp.MustCompile(`(?m)^#   go run \. (.*)$`)
	for _, path := range exampleFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		commands := first.FindAllSubmatch(text, -1)
		if len(commands) == 0 {
			continue
		}
		t.Run(path, func(t *testing.T) {
			clone := t.TempDir()
			if err := os.CopyFS(filepath.Join(clone, "examples"), sources{os.DirFS("examples")}); err != nil {
				t.Fatal(err)
			}
			for _, command := range commands {
				run := exec.Command("aliasctl", strings.Fields(string(command[1]))...)
				run.Dir, run.Env = clone, program.Environment()
				if said, err := run.CombinedOutput(); err != nil {
					t.Errorf("aliasctl %s: %v\n%s", command[1], err, said)
				}
			}
		})
	}
}

// sources are the files of an example without what trying it out has left.
type sources struct{ fs.FS }

func (s sources) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(s.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return e.Name() == ".aliasctl" || strings.Contains(e.Name(), ".state.json")
	}), err
}

// What other programs read of an example has the parts that they look for.
func TestShapeOfExamples(t *testing.T) {
	for path, want := range map[string][]string{
		"examples/github-actions/aliases-plan.yml":  {"on.pull_request", "jobs.plan.steps", "permissions.pull-requests"},
		"examples/github-actions/aliases-apply.yml": {"on.push", "jobs.apply.environment", "jobs.apply.concurrency.group", "jobs.apply.needs"},
		"examples/github-actions/aliases-drift.yml": {"on.schedule", "jobs.drift.steps"},
		"examples/gitlab/.gitlab-ci.yml":            {"plan.script", "plan.after_script", "plan-merged.artifacts.reports.dotenv", "apply.resource_group", "apply.environment", "drift.rules", "drift.needs"},
		"examples/kubernetes/config.yaml":           {"data.MILVUS_URI", "data.aliases\x00yaml"},
		"examples/kubernetes/cronjob.yaml":          {"spec.concurrencyPolicy", "spec.jobTemplate.spec.podFailurePolicy"},
		".github/actions/aliasctl/action.yml":       {"inputs.args", "outputs.has-changes", "outputs.has-drops", "outputs.digest", "outputs.has-drift", "outputs.exit-code", "runs.steps"},
	} {
		for _, place := range want {
			if !slices.ContainsFunc(documents(t, path), func(d *yaml.Node) bool { return hasPlace(d.Content[0], strings.Split(place, ".")) }) {
				t.Errorf("%s has no %s", path, strings.ReplaceAll(place, "\x00", "."))
			}
		}
	}
}

// hasPlace reports whether there is a value at a path of names.
func hasPlace(node *yaml.Node, path []string) bool {
	if len(path) == 0 {
		return true
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == strings.ReplaceAll(path[0], "\x00", ".") {
			return hasPlace(node.Content[i+1], path[1:])
		}
	}
	return false
}

// The manifests in ConfigMaps are manifests.
func TestManifestsInKubernetes(t *testing.T) {
	checked := 0
	for _, document := range documents(t, "examples/kubernetes/config.yaml") {
		var object struct{ Data map[string]string }
		if err := document.Decode(&object); err != nil {
			t.Fatal(err)
		}
		for name, text := range object.Data {
			if !isYAML(name) {
				continue
			}
			checked++
			validate := exec.Command("aliasctl", "validate", "-f", "-")
			validate.Stdin, validate.Env = strings.NewReader(text), program.Environment()
			if said, err := validate.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", name, err, said)
			}
		}
	}
	if checked == 0 {
		t.Error("there is no manifest")
	}
}

// The script for Zilliz Cloud, against a cluster that asks for a token.
func TestZillizScript(t *testing.T) {
	bash(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, sources{os.DirFS("examples/zilliz-cloud")}); err != nil {
		t.Fatal(err)
	}
	seed := "databases: {default: {collections: [products_v42]}}\n"
	for name, text := range map[string]string{"seed.yaml": seed, ".zilliz-token": "key\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ flag, want string }{
		{"", "Plan: 1 to create"},
		{"--apply", "Applied: 1 applied"},
		{"--apply", "Nothing to do"},
	} {
		script := exec.Command("bash", slices.DeleteFunc([]string{filepath.Join(dir, "sync.sh"), c.flag}, func(s string) bool { return s == "" })...)
		script.Env = program.Environment("HOME="+dir, "MILVUS_URI=embedded:seed.yaml")
		said, err := script.CombinedOutput()
		if err != nil || !strings.Contains(string(said), c.want) {
			t.Errorf("sync.sh %s: %v, want %q in:\n%s", c.flag, err, c.want, said)
		}
	}
}

// bash skips a test where there is none.
func bash(t *testing.T) {
	t.Helper()
	for _, program := range []string{"bash", "git"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s on this machine: the scripts of the examples are not run", program)
		}
	}
}
