package examples

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit/gateway"
)

// missing skips a test of a real runner with one line that names what is not there.
// .ci/run installs all of it, so with CI set it fails.
func missing(t *testing.T, what string, err error) {
	t.Helper()
	skip := t.Skipf
	if os.Getenv("CI") != "" {
		skip = t.Fatalf
	}
	skip("%s is missing, the examples are not run on it: %v", what, err)
}

// needs skips a test where one of these programs is not installed.
func needs(t *testing.T, runner string, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			missing(t, runner+" needs "+name+", which", err)
		}
	}
}

// runner is nektos/act with the real actions of GitHub that the examples use.
type runner struct {
	*shop
	act     string
	actions []string // --local-repository of each
}

// The actions as the examples name them, and the modules that have their sources.
var actions = map[string]string{
	"actions/checkout@v5":          "github.com/actions/checkout",
	"actions/upload-artifact@v4":   "github.com/actions/upload-artifact",
	"actions/download-artifact@v5": "github.com/actions/download-artifact",
	"actions/setup-go@v6":          "github.com/actions/setup-go",
}

func newRunner(t *testing.T) *runner {
	t.Helper()
	needs(t, "act", "bash", "git", "node", "curl")
	act, err := gateway.Built("act", "github.com/nektos/act")
	if err != nil {
		missing(t, "act", err)
	}
	here, err := os.Getwd()
	program.Must(t, err)
	r := &runner{shop: newShop(t), act: act, actions: []string{"--local-repository", "your-org/aliasctl@v1=" + here}}
	for name, module := range actions {
		list := exec.Command("go", "mod", "download", "-json", module)
		list.Dir = filepath.Join("testdata", "act")
		list.Env = append(os.Environ(), "GOWORK=off")
		text, err := list.Output()
		var source struct{ Dir string }
		if err == nil {
			err = json.Unmarshal(text, &source)
		}
		if err != nil {
			missing(t, "the action "+name, fmt.Errorf("%w: %s", err, text))
		}
		r.actions = append(r.actions, "--local-repository", name+"="+source.Dir)
	}
	program.Must(t, os.MkdirAll(filepath.Join(r.work, ".github", "workflows"), 0o755))
	for _, name := range []string{"aliases-plan.yml", "aliases-apply.yml", "aliases-drift.yml"} {
		text, err := os.ReadFile(filepath.Join("examples", "github-actions", name))
		program.Must(t, err)
		program.Must(t, os.WriteFile(filepath.Join(r.work, ".github", "workflows", name), text, 0o644))
	}
	return r
}

// run runs a workflow for an event of GitHub on the branch that is checked out.
// ok is whether every job has to succeed. It returns the log.
func (r *runner) run(ok bool, workflow, event string, payload map[string]any) string {
	r.t.Helper()
	payload["repository"] = map[string]any{"full_name": "shop/search", "default_branch": "main"}
	text, err := json.Marshal(payload)
	r.check(err)
	file := filepath.Join(r.dir, "event.json")
	r.check(os.WriteFile(file, text, 0o644))
	where, err := url.Parse(r.forge.URL)
	r.check(err)
	args := append([]string{event, "--workflows", ".github/workflows/" + workflow, "--eventpath", file,
		"--platform", "ubuntu-latest=-self-hosted", "--no-skip-checkout", "--github-instance", forgeHost + ":" + where.Port(),
		"--artifact-server-path", filepath.Join(r.dir, "artifacts"), "--artifact-server-addr", "127.0.0.1", "--artifact-server-port", freePort(r.t),
		"--action-cache-path", filepath.Join(r.dir, "act"), "--no-cache-server", "--pull=false", "--actor", "ada", "--env", "GITHUB_REPOSITORY=shop/search", "--env", "GITHUB_REPOSITORY_OWNER=shop",
		"--var", "MILVUS_URI=embedded:" + filepath.Join(r.dir, "cluster.yaml"),
		"--secret", "GITHUB_TOKEN=token", "--secret", "MILVUS_READ_TOKEN=reader", "--secret", "MILVUS_TOKEN=writer"}, r.actions...)
	command := exec.Command(r.act, args...)
	command.Dir = r.work
	command.Env = append(program.Environment("HOME="+r.dir, "PATH="+filepath.Join(r.dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"),
		"GIT_CONFIG_NOSYSTEM=1"), r.forge.environment()...)
	start := time.Now()
	said, err := command.CombinedOutput()
	r.t.Logf("%s for %s: %v", workflow, event, time.Since(start).Round(time.Millisecond))
	if (err == nil) != ok {
		r.t.Fatalf("act %s %s: %v\n%s", event, workflow, err, said)
	}
	return string(said)
}

// pull runs the workflow of pull requests for a branch.
func (r *runner) pull(ok bool, branch string) string {
	r.t.Helper()
	sha := strings.TrimSpace(gitIn(r.t, r.work, "rev-parse", branch))
	gitIn(r.t, r.work, "push", "--quiet", "--force", "origin", branch+":refs/pull/12/merge")
	return r.run(ok, "aliases-plan.yml", "pull_request", map[string]any{"number": 12, "pull_request": map[string]any{
		"number": 12, "base": map[string]any{"ref": "main"},
		"head": map[string]any{"ref": branch, "sha": sha, "repo": map[string]any{"full_name": "shop/search"}},
	}})
}

// freePort is a port of loopback that nobody listens at.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	program.Must(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	program.Must(t, err)
	return port
}

// The workflows of examples/github-actions on nektos/act, their commands unchanged, with
// the real actions: the release is installed, the repository checked out and the plan
// handed from job to job as on GitHub.
func TestWorkflowsOnAct(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	r.push("main", "version: 1\ncluster: prod\naliases: {products: products_v1}\n")
	log := r.run(true, "aliases-apply.yml", "push", map[string]any{"ref": "refs/heads/main"})
	requires(t, log, "Plan: 1 to create", "Applied: 1 applied")
	r.bound("products_v1")
	if state := r.committed(); state.Serial != 1 {
		t.Errorf("the state in its branch is %+v", state)
	}
	if strings.Contains(log, "::warning") || strings.Contains(log, "cache") && strings.Contains(log, "not resolved") {
		t.Errorf("the action warns:\n%s", log)
	}

	// A pull request; and a push to it with a mistake, whose comment takes the place of
	// the plan.
	r.push("rebuild", "version: 1\ncluster: prod\naliases: {products: products_v2}\nretire: [products_v0]\n")
	r.pull(true, "rebuild")
	requires(t, r.comment(), "<!-- aliasctl-report prod aliases.yaml", "`products_v2`", "**1 collection dropped for good:**")
	r.push("rebuild", "version: 1\ncluster: prod\naliases: {products: products-v2}\n")
	log = r.pull(false, "rebuild")
	requires(t, log, "file=aliases.yaml,line=3,col=21")
	requires(t, r.comment(), "<!-- aliasctl-report prod aliases.yaml", "the manifest cannot be used", "`aliases.yaml:3:21`")

	// The night: green, then somebody moves the alias by hand.
	gitIn(t, r.work, "checkout", "--quiet", "main")
	r.run(true, "aliases-drift.yml", "schedule", map[string]any{})
	r.cluster(func(e *emulator.Emulator) error { return e.AlterAlias("default", "products", "products_v3") })
	log = r.run(false, "aliases-drift.yml", "schedule", map[string]any{})
	requires(t, log, "default/products: last applied products_v1, now products_v3")
}

// A job in a folder of the repository, on nektos/act: annotations name the file from the
// root, and the report stands below what the step wrote into its summary before.
func TestWorkingDirectoryOnAct(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	r.check(os.WriteFile(filepath.Join(r.work, ".github", "workflows", "folder.yml"), []byte(`on: push
jobs:
  plan:
    runs-on: ubuntu-latest
    defaults:
      run:
        shell: bash
        working-directory: services/search
    steps:
      - uses: actions/checkout@v5
      - uses: your-org/aliasctl/.github/actions/aliasctl@v1
        with: {version: `+released+`}
      - run: |
          echo "## Checked by hand" >> "$GITHUB_STEP_SUMMARY"
          aliasctl sync --uri "$MILVUS" --output-file markdown="$GITHUB_STEP_SUMMARY"
          sed 's/^/summary: /' "$GITHUB_STEP_SUMMARY"
        env: {MILVUS: "${{ vars.MILVUS_URI }}"}
      - run: aliasctl validate -f bad.yaml
`), 0o644))
	folder := filepath.Join(r.work, "services", "search")
	r.check(os.MkdirAll(folder, 0o755))
	for name, text := range map[string]string{"aliases.yaml": "products_v1", "bad.yaml": ""} {
		r.check(os.WriteFile(filepath.Join(folder, name), []byte("version: 1\naliases: {products: "+text+"}\n"), 0o644))
	}
	gitIn(t, r.work, "add", "services")
	r.push("main", "version: 1\naliases: {products: products_v1}\n")
	log := r.run(false, "folder.yml", "push", map[string]any{"ref": "refs/heads/main"})
	requires(t, log, "summary: ## Checked by hand", "summary: ### aliasctl: 1 change", "file=services/search/bad.yaml,line=2,col=")
}
