package pipeline

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
)

// parsed are the variables that GitLab takes from a file of artifacts:reports:dotenv. Its
// rules refuse any other line, also an empty one (docs.gitlab.com, "artifacts:reports:dotenv").
func parsed(t *testing.T, file string) map[string]string {
	t.Helper()
	if len(file) == 0 || len(file) >= 5<<10 {
		t.Errorf("GitLab takes no file of %d bytes", len(file))
	}
	found := map[string]string{}
	for line := range strings.Lines(file) {
		match := regexp.MustCompile(`^([A-Za-z0-9_]+)=([^\s"'$#]*)\n$`).FindStringSubmatch(line)
		if match == nil {
			t.Fatalf("GitLab does not take %q in\n%s", line, file)
		}
		found[match[1]] = match[2]
	}
	return found
}

// workflowOutputs are those of a step of GitHub.
func workflowOutputs(t *testing.T, file string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^([a-z-]+)<<(\S+)\n(.*)\n(\S+)\n`).FindAllStringSubmatch(file, -1) {
		if match[2] != match[4] {
			t.Fatalf("no end of %s in\n%s", match[1], file)
		}
		found[match[1]] = match[3]
	}
	return found
}

// alter is what another client does to the alias.
func alter(t *testing.T, seed string) {
	t.Helper()
	cluster, err := emulator.Open(seed, emulator.V26)
	program.Must(t, err)
	defer cluster.Close()
	program.Must(t, cluster.AlterAlias("default", "products", "products_v2"))
}

// GitLab gets what GitHub gets, of every outcome, and nothing of an earlier run is left.
func TestOutputsForLaterJobs(t *testing.T) {
	_, dir := folder(t, good)
	seed := []string{"--uri", "embedded:cluster.yaml"}
	with := func(args ...string) []string { return append(args, seed...) }
	digest := ""
	for n, tt := range []struct {
		before func()
		args   []string
		code   int
		want   map[string]string // DIGEST is only compared with GitHub's
	}{
		{nil, with("sync", "--dry-run", "--plan-out", "plan.json"), 0, map[string]string{"HAS_CHANGES": "true", "HAS_DROPS": "false"}},
		{nil, with("sync", "--dry-run", "--detailed-exitcode"), 2, map[string]string{"HAS_CHANGES": "true", "HAS_DROPS": "false"}},
		{nil, []string{"show", "plan.json"}, 0, map[string]string{"HAS_CHANGES": "true", "HAS_DROPS": "false"}},
		{nil, []string{"show", "none.json"}, 64, map[string]string{"HAS_CHANGES": "", "HAS_DROPS": "", "DIGEST": ""}},
		{nil, with("drift"), 1, map[string]string{"HAS_DRIFT": ""}},
		{nil, with("sync", "--apply", "--plan", "plan.json"), 0, map[string]string{"HAS_CHANGES": "true", "HAS_DROPS": "false"}},
		{nil, with("sync", "--apply", "--plan", "plan.json"), 4, map[string]string{"HAS_CHANGES": "", "HAS_DROPS": "", "DIGEST": ""}},
		{nil, with("sync"), 0, map[string]string{"HAS_CHANGES": "false", "HAS_DROPS": "false"}},
		{nil, with("drift"), 0, map[string]string{"HAS_DRIFT": "false"}},
		{func() { put(t, dir, "aliases.yaml", good+"retire: [products_v2]\n") }, with("sync"), 3, map[string]string{"HAS_CHANGES": "true", "HAS_DROPS": "true"}},
		{func() { put(t, dir, "aliases.yaml", bad) }, with("sync"), 64, map[string]string{"HAS_CHANGES": "", "HAS_DROPS": "", "DIGEST": ""}},
		{nil, with("rollback", "--nope"), 64, map[string]string{"HAS_CHANGES": "", "HAS_DROPS": "", "DIGEST": ""}},
		{func() { alter(t, filepath.Join(dir, "cluster.yaml")) }, with("drift", "--state", "aliases.state.json"), 8, map[string]string{"HAS_DRIFT": "true"}},
	} {
		if tt.before != nil {
			tt.before()
		}
		put(t, dir, "later.env", "ALIASCTL_HAS_DROPS=false\n")
		put(t, dir, "github", "")
		code, stdout, stderr := run(t, dir, []string{"GITHUB_OUTPUT=" + filepath.Join(dir, "github")}, append(tt.args, "--output-file", "dotenv=later.env")...)
		got := parsed(t, text(t, dir, "later.env"))
		if code != tt.code {
			t.Errorf("%d: exit code %d, want %d\n%s%s", n, code, tt.code, stdout, stderr)
		}
		same := map[string]string{}
		for name, value := range workflowOutputs(t, text(t, dir, "github")) {
			same["ALIASCTL_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))] = value
		}
		if d := cmp.Diff(same, got); d != "" {
			t.Errorf("%d: (-GitHub +GitLab):\n%s", n, d)
		}
		want := map[string]string{"ALIASCTL_EXIT_CODE": fmt.Sprint(code)}
		for name, value := range tt.want {
			want["ALIASCTL_"+name] = value
		}
		if _, told := want["ALIASCTL_DIGEST"]; !told && got["ALIASCTL_DIGEST"] != "" {
			digest = got["ALIASCTL_DIGEST"]
			want["ALIASCTL_DIGEST"] = digest
		}
		if !maps.Equal(got, want) {
			t.Errorf("%d: %q: %v, want %v", n, tt.args, got, want)
		}
	}
	if len(digest) != 64 {
		t.Errorf("the digest is %q", digest)
	}
}
