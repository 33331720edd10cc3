package examples

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit/gateway"
)

// gitlab stands in for the states of GitLab ("Terraform states"): one state with its
// lock, for jobs of project 7.
type gitlab struct {
	mu    sync.Mutex
	state []byte
	lock  string // its ID
	told  string // to the webhook of Slack
	notes notes  // of the merge request
}

const stateOfGitLab = "/api/v4/projects/7/terraform/state/aliases"

func (g *gitlab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var asked struct{ ID string }
	_ = json.Unmarshal(body, &asked)
	g.mu.Lock()
	defer g.mu.Unlock()
	user, password, _ := r.BasicAuth()
	switch route := r.Method + " " + strings.TrimPrefix(r.URL.Path, stateOfGitLab); {
	case r.URL.Path == "/slack":
		g.told = string(body)
	case r.URL.Path == "/api/v4/user" || strings.HasPrefix(r.URL.Path, notesOfTwelve):
		r.Body = io.NopCloser(bytes.NewReader(body))
		g.notes.ServeHTTP(w, r)
	case user != "gitlab-ci-token" || password != "token-of-the-job":
		w.WriteHeader(http.StatusUnauthorized)
	case route == "GET " && g.state == nil:
		w.WriteHeader(http.StatusNotFound)
	case route == "GET ":
		_, _ = w.Write(g.state)
	case route == "POST /lock" && g.lock == "":
		g.lock = asked.ID
	case route == "DELETE /lock" && g.lock == asked.ID:
		g.lock = ""
	case route == "POST " && g.lock != "" && g.lock == r.URL.Query().Get("ID"):
		g.state = body
	default:
		w.WriteHeader(http.StatusConflict)
	}
}

// pipelines runs the pipelines of examples/gitlab on gitlab-ci-local.
type pipelines struct {
	*shop
	states  *gitlab
	command []string
	env     []string
}

func newPipelines(t *testing.T) *pipelines {
	t.Helper()
	needs(t, "gitlab-ci-local", "bash", "git", "node", "rsync", "curl", "sha256sum")
	made, err := gateway.Installed("gitlab-ci-local")
	if err != nil {
		missing(t, "gitlab-ci-local", err)
	}
	p := &pipelines{shop: newShop(t), states: &gitlab{notes: notes{list: []note{}}}}
	server := httptest.NewServer(p.states)
	t.Cleanup(server.Close)
	p.check(os.CopyFS(p.work, os.DirFS(filepath.Join("examples", "gitlab"))))
	p.check(os.WriteFile(filepath.Join(p.work, ".gitignore"), []byte(".gitlab-ci-local/\n"), 0o644))
	p.command = []string{"node", filepath.Join(made, "node_modules", "gitlab-ci-local", "dist", "index.js"),
		"--force-shell-executor", "--no-color", "--concurrency", "2", "--no-evaluate-rule-changes", "--home", p.dir}
	for name, value := range map[string]string{
		"CI_API_V4_URL": server.URL + "/api/v4", "CI_PROJECT_ID": "7", "CI_JOB_TOKEN": "token-of-the-job", "CI_MERGE_REQUEST_IID": "12", "NOTE_TOKEN": noteToken,
		"MILVUS_URI": "embedded:" + filepath.Join(p.dir, "cluster.yaml"), "SLACK_WEBHOOK": server.URL + "/slack", "MILVUS_READ_TOKEN": "reader", "MILVUS_TOKEN": "writer",
	} {
		p.command = append(p.command, "--variable", name+"="+value)
	}
	for name := range p.forge.files {
		if !strings.HasSuffix(name, "checksums.txt") {
			sums := strings.Fields(string(p.forge.files[strings.TrimSuffix(name, filepath.Base(name))+"checksums.txt"]))
			p.command = append(p.command, "--variable", "RELEASE_URL="+p.forge.URL+name, "--variable", "RELEASE_SHA256="+sums[2])
		}
	}
	p.env = append(program.Environment("HOME="+p.dir, "GIT_CONFIG_NOSYSTEM=1", "PATH="+os.Getenv("PATH")), p.forge.environment()...)
	return p
}

// run runs a pipeline that a source started, or a job of it. It returns the log.
func (p *pipelines) run(ok bool, source string, more ...string) string {
	p.t.Helper()
	args := append(append(p.command[1:len(p.command):len(p.command)], "--variable", "CI_PIPELINE_SOURCE="+source), more...)
	command := exec.Command(p.command[0], args...)
	command.Dir, command.Env = p.work, p.env
	start := time.Now()
	said, err := command.CombinedOutput()
	p.t.Logf("%s %q: %v", source, more, time.Since(start).Round(time.Millisecond))
	if (err == nil) != ok {
		p.t.Fatalf("gitlab-ci-local for %s %q: %v\n%s", source, more, err, said)
	}
	return string(said)
}

// artifact is a file that a job has left.
func (p *pipelines) artifact(job, name string) string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.work, ".gitlab-ci-local", "artifacts", job, name))
	p.check(err)
	return string(text)
}

// reported is a file of artifacts:reports, which gitlab-ci-local leaves where it is.
func (p *pipelines) reported(name string) string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.work, name))
	p.check(err)
	return string(text)
}

// serial is that of the state, 0 for none.
func (p *pipelines) serial() (n int) {
	p.states.mu.Lock()
	defer p.states.mu.Unlock()
	var state struct {
		State struct{ Serial int } `json:"aliasctl_state"`
	}
	if p.states.state != nil {
		p.check(json.Unmarshal(p.states.state, &state))
	}
	if p.states.lock != "" {
		p.t.Errorf("the lock %s is left", p.states.lock)
	}
	return state.State.Serial
}

// The pipeline of examples/gitlab on gitlab-ci-local, its commands unchanged: the merge
// request, the merge with its approval, and the nightly schedule.
func TestPipelinesOnGitLab(t *testing.T) {
	t.Parallel()
	p := newPipelines(t)
	p.push("main", "version: 1\ncluster: prod\naliases: {products: products_v1}\n")
	requires(t, p.run(true, "push"), "Plan: 1 to create")
	if p.serial() != 0 {
		t.Error("the pipeline has applied without an approval")
	}
	requires(t, p.run(true, "push", "--manual", "apply"), "Applied: 1 applied")
	p.bound("products_v1")
	if n := p.serial(); n != 1 {
		t.Errorf("the state has serial %d: %s", n, p.states.state)
	}

	p.push("rebuild", "version: 1\ncluster: prod\naliases: {products: products_v2}\nretire: [products_v0]\n")
	p.run(true, "merge_request_event")
	requires(t, p.artifact("plan", "plan.html"), "products_v2")
	if got := p.reported("terraform.json"); got != "{\"create\":0,\"update\":1,\"delete\":1}\n" {
		t.Errorf("the merge request shows %s", got)
	}
	if got := p.reported("codequality.json"); got != "[]\n" {
		t.Errorf("the merge request shows %s", got)
	}
	p.bound("products_v1")
	noted := p.states.notes.bodies()
	if len(noted) != 1 {
		t.Fatalf("the merge request has %d notes: %q", len(noted), noted)
	}
	requires(t, noted[0], "project_7_bot: <!-- aliasctl-report prod ", "0 to create, 1 to switch, 0 to drop, 1 to retire", "`products_v2`")

	// The plan of a manifest with a mistake fails, and what stands in the merge request
	// says why.
	p.push("rebuild", "version: 1\ncluster: prod\naliases: {products: products-v2}\n")
	requires(t, p.run(false, "merge_request_event"), "aliases.yaml:3:21: error: ")
	requires(t, p.artifact("plan", "plan.html"), "aliases.yaml:3:21")
	requires(t, p.reported("codequality.json"), `"check_name": "invalid-name"`, `"begin": 3`)
	requires(t, p.reported("terraform.json"), `{"error":`)
	if noted = p.states.notes.bodies(); len(noted) != 1 {
		t.Fatalf("the merge request has %d notes: %q", len(noted), noted)
	}
	requires(t, noted[0], "### aliasctl: sync failed", "`aliases.yaml:3:21`")

	// At night: nothing to do and no drift. Then somebody moves the alias by hand: the
	// plan is refused, and the drift job runs all the same, waits for nobody and says so.
	gitIn(t, p.work, "checkout", "--quiet", "main")
	log := p.run(true, "schedule", "--manual", "apply")
	requires(t, log, "drift", "nothing to apply") // by the variable of plan-merged
	if p.states.told != "" {
		t.Errorf("Slack was told %s", p.states.told)
	}
	p.cluster(func(e *emulator.Emulator) error { return e.AlterAlias("default", "products", "products_v3") })
	log = p.run(false, "schedule")
	requires(t, log, "default/products: last applied products_v1, now products_v3", "FAIL 8")
	requires(t, p.states.told, "drift, 1 alias is not where the state says", "`products`")
}
