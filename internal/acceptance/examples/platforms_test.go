package examples

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// desk is a machine of a platform in a clone of the repository: the lines of an example
// run on it as that platform runs them.
type desk struct {
	*shop
	env  []string
	url  string // of `aliasctl dev`
	said string // by the last script
}

// newDesk has a cluster with products_v0 to products_v3 in `aliasctl dev`, and a
// release to install.
func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{shop: newShop(t)}
	dev := program.NewChild(d.dir, "aliasctl", "dev", "--listen", "127.0.0.1:0", "--seed", filepath.Join(d.dir, "cluster.yaml"))
	program.Must(t, dev.Start())
	t.Cleanup(dev.Die)
	at := regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)
	dev.Prints(func(said string) bool { d.url = at.FindString(said); return d.url != "" })
	bin := filepath.Join(d.work, ".bin")
	for name := range d.forge.files {
		if !strings.HasSuffix(name, "checksums.txt") {
			sums := strings.Fields(string(d.forge.files[strings.TrimSuffix(name, filepath.Base(name))+"checksums.txt"]))
			d.env = append(d.env, "RELEASE_URL="+d.forge.URL+name, "RELEASE_SHA256="+sums[2])
		}
	}
	// Where a platform has put the program into the PATH of later steps.
	path := []string{filepath.Join(d.dir, "bin"), bin, filepath.Join(d.work, ".aliasctl-bin"), filepath.Join(d.dir, "home", "bin"), os.Getenv("PATH")}
	d.env = append(append(program.Environment("HOME="+filepath.Join(d.dir, "home"), "PATH="+strings.Join(path, string(os.PathListSeparator)),
		"MILVUS_URI="+d.url, "ALIASCTL_STATE="+filepath.Join(d.dir, "aliases.state.json"), "MILVUS_READ_TOKEN=reader", "MILVUS_TOKEN=writer", "CI=true",
		"PLANFILE="+filepath.Join(d.dir, "default.tfplan"), "BITBUCKET_CLONE_DIR="+d.work, "BITBUCKET_REPO_FULL_NAME=shop/search", "BITBUCKET_COMMIT=0f1e",
		"AGENT_TEMPDIRECTORY="+filepath.Join(d.dir, "temp"), "PIPELINE_WORKSPACE="+filepath.Join(d.dir, "pipeline"), "BASH_ENV="+filepath.Join(d.dir, "bash_env")),
		d.forge.environment()...), d.env...)
	program.Must(t, os.Mkdir(filepath.Join(d.dir, "home"), 0o755))
	program.Must(t, os.WriteFile(filepath.Join(d.dir, "bash_env"), nil, 0o644))
	d.push("main", "version: 1\ncluster: prod\naliases: {products: products_v1}\n")
	return d
}

// write changes the manifest of the clone.
func (d *desk) write(manifest string) {
	d.t.Helper()
	program.Must(d.t, os.WriteFile(filepath.Join(d.work, "aliases.yaml"), []byte(manifest), 0o644))
}

// run runs a script with a shell and its flags, and requires how it ends.
func (d *desk) run(code int, script string, shell ...string) {
	d.t.Helper()
	command := exec.Command(shell[0], append(shell[1:], script)...)
	command.Dir, command.Env = d.work, d.env
	d.ends(code, command, script)
}

func (d *desk) ends(code int, command *exec.Cmd, what string) {
	d.t.Helper()
	said, err := command.CombinedOutput()
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		d.t.Fatal(err)
	}
	if d.said = string(said); got != code {
		d.t.Fatalf("exit code %d, want %d, of\n%s\n%s", got, code, what, said)
	}
}

// story plans and applies a manifest, then one whose plan fails: plan and apply are the
// scripts of an example.
func (d *desk) story(plan, apply func(code int)) {
	d.t.Helper()
	plan(0)
	requires(d.t, d.said, "Plan: 1 to create")
	apply(0)
	requires(d.t, d.said, "Applied: 1 applied")
	if answer := program.Ask(d.t, d.url, "", "/v2/vectordb/aliases/describe", map[string]any{"aliasName": "products"}); !answer.OK() {
		d.t.Errorf("products is not bound: %+v", answer)
	}
	// The plan that was carried out is no plan any more.
	apply(4)
	d.write("version: 1\ncluster: prod\naliases: {products: products-v2}\n")
	plan(64)
	requires(d.t, d.said, "aliases.yaml:3:21: error: ")
}

// value is what stands at a path of names and numbers in a document.
func value(t *testing.T, node *yaml.Node, path ...any) *yaml.Node {
	t.Helper()
	for _, at := range path {
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		switch at := at.(type) {
		case int:
			node = node.Content[at]
		case string:
			i := 0
			for i < len(node.Content) && node.Content[i].Value != at {
				i += 2
			}
			if i >= len(node.Content) {
				t.Fatalf("there is no %q of %v", at, path)
			}
			node = node.Content[i+1]
		}
	}
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

func root(t *testing.T, path string) *yaml.Node {
	t.Helper()
	return documents(t, path)[0].Content[0]
}

func TestExamplesOfPlatformsAreShort(t *testing.T) {
	for _, dir := range []string{"jenkins", "azure-pipelines", "bitbucket", "circleci", "argocd", "tekton", "atlantis", "kubernetes"} {
		files, err := filepath.Glob(filepath.Join("examples", dir, "*"))
		program.Must(t, err)
		if len(files) == 0 {
			t.Errorf("examples/%s is empty", dir)
		}
		for _, path := range files {
			text, err := os.ReadFile(path)
			program.Must(t, err)
			if n := bytes.Count(text, []byte("\n")); n > 60 {
				t.Errorf("%s has %d lines", path, n)
			}
		}
	}
}

func TestJenkinsExample(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	text, err := os.ReadFile("examples/jenkins/Jenkinsfile")
	program.Must(t, err)
	if strings.Count(string(text), "{") != strings.Count(string(text), "}") {
		t.Error("the braces do not match")
	}
	steps := regexp.MustCompile(`(?s)sh '''(.*?)'''|sh '([^']*)'`).FindAllStringSubmatch(string(text), -1)
	if len(steps) != 3 {
		t.Fatalf("%d steps, want to install, plan and apply", len(steps))
	}
	shell := func(code int, i int) { d.run(code, steps[i][1]+steps[i][2], "sh", "-xec") }
	shell(0, 0)
	d.story(func(code int) { shell(code, 1) }, func(code int) { shell(code, 2) })
	report, err := os.ReadFile(filepath.Join(d.work, "mistakes.xml"))
	program.Must(t, err)
	requires(t, string(report), `<failure `, `type="invalid-name"`)
}

func TestAzurePipelinesExample(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	pipeline := root(t, "examples/azure-pipelines/azure-pipelines.yml")
	plan := value(t, pipeline, "stages", 0, "jobs", 0, "steps")
	apply := value(t, pipeline, "stages", 1, "jobs", 0, "strategy", "runOnce", "deploy", "steps")
	step := func(code int, steps *yaml.Node, i int) {
		d.run(code, value(t, steps, i, "bash").Value, "bash", "-eo", "pipefail", "-c")
	}
	step(0, plan, 0)
	bin := regexp.MustCompile(`##vso\[task\.prependpath\](.*)`).FindStringSubmatch(d.said)
	if bin == nil {
		t.Fatalf("nothing is put into the PATH:\n%s", d.said)
	}
	d.env = append(d.env, "PATH="+bin[1]+string(os.PathListSeparator)+os.Getenv("PATH"))
	if first, second := value(t, plan, 0, "bash").Value, value(t, apply, 2, "bash").Value; first != second {
		t.Error("the two stages install in different ways")
	}
	d.story(func(code int) {
		step(code, plan, 1)
		if code == 0 {
			step(0, plan, 2)
			requires(t, d.said, "##vso[task.uploadsummary]")
			program.Must(t, os.MkdirAll(filepath.Join(d.dir, "pipeline", "plan"), 0o755))
			copyFile(t, filepath.Join(d.work, "plan.json"), filepath.Join(d.dir, "pipeline", "plan", "plan.json"))
		}
	}, func(code int) { step(code, apply, 3) })
	requires(t, d.said, "##vso[task.logissue type=error;sourcepath=aliases.yaml;linenumber=3;columnnumber=21;code=invalid-name]")
	step(64, plan, 2)
	report, err := os.ReadFile(filepath.Join(d.dir, "temp", "plan.md"))
	program.Must(t, err)
	requires(t, string(report), "the manifest cannot be used")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	program.Must(t, err)
	program.Must(t, os.WriteFile(to, text, 0o644))
}

func TestBitbucketExample(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("no jq on this machine: the example of Bitbucket is not run")
	}
	d := newDesk(t)
	var asked []string
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { // as the proxy of the pipeline
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		asked = append(asked, r.Method+" "+r.URL.String()+" "+body.String())
	}))
	t.Cleanup(api.Close)
	curl, err := exec.LookPath("curl")
	program.Must(t, err)
	proxy := fmt.Sprintf("#!/bin/sh\nfor a; do shift; [ \"$a\" = http://localhost:29418 ] && a=%s; set -- \"$@\" \"$a\"; done\nexec %s \"$@\"\n", api.URL, curl)
	program.Must(t, os.WriteFile(filepath.Join(d.dir, "bin", "curl"), []byte(proxy), 0o755))

	pipelines := value(t, root(t, "examples/bitbucket/bitbucket-pipelines.yml"), "pipelines")
	step := func(code int, script *yaml.Node) {
		var lines []string
		for i := range script.Content {
			lines = append(lines, value(t, script, i).Value)
		}
		d.run(code, strings.Join(lines, "\n"), "bash", "-ec")
	}
	pull := value(t, pipelines, "pull-requests", "**", 0, "step", "script")
	plan, apply := value(t, pipelines, "branches", "main", 0, "step", "script"), value(t, pipelines, "branches", "main", 1, "step", "script")
	step(0, pull)
	if len(asked) != 1 || !strings.Contains(asked[0], `"PASSED"`) {
		t.Errorf("a good manifest: %q", asked)
	}
	d.story(func(code int) { step(code, plan) }, func(code int) { step(code, apply) })
	asked = nil
	step(64, pull)
	if len(asked) != 2 || !strings.HasPrefix(asked[0], "PUT http://api.bitbucket.org/2.0/repositories/shop/search/commit/0f1e/reports/aliasctl ") ||
		!strings.Contains(asked[0], `"FAILED"`) || !strings.HasPrefix(asked[1], "POST ") || !strings.Contains(asked[1], `"line": 3`) || !strings.Contains(asked[1], `"path": "aliases.yaml"`) {
		t.Errorf("asked of Bitbucket: %q", asked)
	}
}

func TestCircleCIExample(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	config := root(t, "examples/circleci/config.yml")
	run := func(code int, at ...any) { d.run(code, value(t, config, at...).Value, "bash", "-eo", "pipefail", "-c") }
	run(0, "commands", "install", "steps", 0, "run")
	d.story(func(code int) { run(code, "jobs", "plan", "steps", 2, "run") }, func(code int) { run(code, "jobs", "apply", "steps", 3, "run") })
	for _, name := range []string{"mistakes.xml", "plan.html"} {
		text, err := os.ReadFile(filepath.Join(d.work, "reports", name))
		program.Must(t, err)
		requires(t, string(text), "aliases.yaml:3:21")
	}
	// Every job of the workflow is there, and the apply waits for the approval.
	jobs := value(t, config, "workflows", "aliases", "jobs")
	if len(jobs.Content) != 3 || value(t, jobs, 1, "approve", "type").Value != "approval" || value(t, jobs, 2, "apply", "requires", 0).Value != "approve" {
		t.Error("the apply does not wait for the approval")
	}
}

func TestAtlantisExample(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	workflow := value(t, root(t, "examples/atlantis/repos.yaml"), "workflows", "aliasctl")
	run := func(code int, stage string) {
		d.run(code, value(t, workflow, stage, "steps", 0, "run").Value, "sh", "-c")
	}
	d.story(func(code int) { run(code, "plan") }, func(code int) { run(code, "apply") })
}

func TestTektonExample(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tasks := documents(t, "examples/tekton/task.yaml")
	if len(tasks) != 2 {
		t.Fatalf("%d tasks", len(tasks))
	}
	step := func(code int, task, i int) {
		var args []string
		program.Must(t, value(t, tasks[task].Content[0], "spec", "steps", i, "args").Decode(&args))
		d.container(code, args)
	}
	d.story(func(code int) {
		step(code, 0, 0)
		if code == 0 {
			step(0, 0, 1)
		}
	}, func(code int) { step(code, 1, 0) })
}

// container runs the image of aliasctl, whose entry point is the program.
func (d *desk) container(code int, args []string) {
	d.t.Helper()
	args = slices.Clone(args)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "/manifests/", d.work+"/")
	}
	command := exec.Command("aliasctl", args...)
	command.Dir, command.Env = d.work, d.env
	d.ends(code, command, "aliasctl "+strings.Join(args, " "))
}
