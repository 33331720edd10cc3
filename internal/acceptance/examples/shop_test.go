package examples

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"aliasctl/internal/emulator"
)

// fakeGh is gh as far as the example asks it: comments are files, and jq was
// asked for those that begin with $MARKER.
const fakeGh = `#!/usr/bin/env bash
set -eu
cd "$(dirname "$0")/../comments"
method=GET body="" place=""
[ "$1" = api ] && shift
[ -n "$GH_TOKEN" ]
while [ $# -gt 0 ]; do
  case "$1" in
    --method) method=$2; shift ;;
    --jq) [[ "$2" == *'startswith(env.MARKER)'*'| .id' ]] || exit 64; shift ;;
    -F) body=${2#body=@}; shift ;;
    --paginate|--silent) ;;
    *) place=$1 ;;
  esac
  shift
done
echo "$method $place" >> log
case "$method $place" in
  "GET repos/shop/search/issues/12/comments")
    for comment in *.md; do
      [ -f "$comment" ] && [ "$(head -n 1 "$comment")" = "$MARKER" ] && echo "${comment%.md}"
    done
    true ;;
  "POST repos/shop/search/issues/12/comments") cp "$body" 1001.md ;;
  "PATCH repos/shop/search/issues/comments/1001") cp "$body" 1001.md ;;
  *) exit 64 ;;
esac
`

// shop is a repository with aliases.yaml at GitHub, and its cluster.
type shop struct {
	t     *testing.T
	forge *forge
	dir   string
	work  string // a clone on somebody's desk
}

const shopCluster = "databases: {default: {collections: [products_v0, products_v1, products_v2, products_v3]}}\n"

func newShop(t *testing.T) *shop {
	t.Helper()
	bash(t)
	s := &shop{t: t, dir: t.TempDir(), forge: newForge(t)}
	s.work = filepath.Join(s.dir, "desk")
	for _, name := range []string{"temp", "bin", "comments"} {
		s.check(os.Mkdir(filepath.Join(s.dir, name), 0o755))
	}
	s.check(os.WriteFile(filepath.Join(s.dir, "cluster.yaml"), []byte(shopCluster), 0o644))
	s.check(os.WriteFile(filepath.Join(s.dir, "bin", "gh"), []byte(fakeGh), 0o755))
	gitIn(t, s.dir, "clone", "--quiet", s.forge.repository(), "desk")
	return s
}

func (s *shop) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// push commits a manifest to a branch.
func (s *shop) push(branch, manifest string) {
	s.t.Helper()
	gitIn(s.t, s.work, "fetch", "--quiet")
	start := []string{"--orphan", branch}
	for _, base := range []string{"main", branch} {
		if gitIn(s.t, s.work, "branch", "--remotes", "--list", "origin/"+base) != "" {
			start = []string{"-B", branch, "origin/" + base}
		}
	}
	gitIn(s.t, s.work, append([]string{"checkout", "--quiet"}, start...)...)
	s.check(os.WriteFile(filepath.Join(s.work, "aliases.yaml"), []byte(manifest), 0o644))
	gitIn(s.t, s.work, "add", "aliases.yaml")
	gitIn(s.t, s.work, "commit", "--quiet", "--allow-empty", "-m", "aliases")
	gitIn(s.t, s.work, "push", "--quiet", "origin", branch)
}

// merge brings a branch into main.
func (s *shop) merge(branch string) {
	s.t.Helper()
	gitIn(s.t, s.work, "fetch", "--quiet")
	gitIn(s.t, s.work, "checkout", "--quiet", "-B", "main", "origin/main")
	gitIn(s.t, s.work, "merge", "--quiet", "--no-edit", "origin/"+branch)
	gitIn(s.t, s.work, "push", "--quiet", "origin", "main")
}

// machine is a new one for a job of a workflow run.
func (s *shop) machine(values map[string]string) *machine {
	m := newMachine(s.t, s.dir, map[string]string{
		"vars.MILVUS_URI": "embedded:../../cluster.yaml", "github.token": "token", "github.ref_name": "main", "github.repository": "shop/search", "github.server_url": s.forge.URL,
	})
	for name, value := range values {
		m.values[name] = value
	}
	m.env = append(append(m.env, s.forge.environment()...), "GITHUB_WORKSPACE="+m.workspace, "GITHUB_SERVER_URL="+s.forge.URL)
	m.remote = s.forge.repository()
	return m
}

// pullRequest runs the workflow for the pull request of a branch.
func (s *shop) pullRequest(branch string) *machine {
	s.t.Helper()
	m := s.machine(map[string]string{
		"github.ref_name": branch, "github.event.pull_request.number": "12", "github.event.pull_request.head.repo.full_name": "shop/search",
	})
	m.run(decodeFile[workflow](s.t, "examples/github-actions/aliases-plan.yml"), "plan")
	return m
}

// planMerged and apply are the two jobs of the workflow on main.
func (s *shop) planMerged() *machine {
	s.t.Helper()
	return s.planFor("push")
}

func (s *shop) planFor(event string) *machine {
	s.t.Helper()
	m := s.machine(map[string]string{"github.event_name": event})
	m.artifacts = filepath.Join(s.dir, "artifacts")
	m.run(decodeFile[workflow](s.t, "examples/github-actions/aliases-apply.yml"), "plan")
	return m
}

func (s *shop) apply(plan *machine) *machine {
	s.t.Helper()
	m := s.machine(map[string]string{
		"needs.plan.outputs.has-changes": plan.outputs["has-changes"], "github.event_name": plan.values["github.event_name"],
	})
	m.artifacts = plan.artifacts
	m.run(decodeFile[workflow](s.t, "examples/github-actions/aliases-apply.yml"), "apply")
	return m
}

func (s *shop) drift() *machine {
	s.t.Helper()
	m := s.machine(nil)
	m.run(decodeFile[workflow](s.t, "examples/github-actions/aliases-drift.yml"), "drift")
	return m
}

// cluster is what the workflows talk to, for somebody who acts by hand.
func (s *shop) cluster(act func(*emulator.Emulator) error) {
	s.t.Helper()
	e, err := emulator.Open(filepath.Join(s.dir, "cluster.yaml"), emulator.V26)
	s.check(err)
	defer e.Close()
	s.check(act(e))
}

func (s *shop) bound(want string) {
	s.t.Helper()
	s.cluster(func(e *emulator.Emulator) error {
		if got := e.Bindings("default")["products"]; got != want {
			s.t.Errorf("products is bound to %q, want %q", got, want)
		}
		return nil
	})
}

// committed is the state in its branch.
func (s *shop) committed() (state struct {
	Serial   int
	Bindings []struct{ Alias, Collection string }
}) {
	s.t.Helper()
	gitIn(s.t, s.work, "fetch", "--quiet")
	s.check(json.Unmarshal([]byte(gitIn(s.t, s.work, "show", "origin/aliasctl-state:aliases.state.json")), &state))
	return state
}

// comment is the one that the pull request has.
func (s *shop) comment() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "comments", "1001.md"))
	s.check(err)
	return string(text)
}
