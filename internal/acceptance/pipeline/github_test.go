package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aliasctl/internal/acceptance/program"
)

// GitHub looks for a file from the root of the repository, wherever the job runs.
func TestAnnotationsNameFilesFromTheRoot(t *testing.T) {
	root, dir := folder(t, bad)
	program.Must(t, os.Symlink("aliases.yaml", filepath.Join(dir, "link.yaml")))
	elsewhere := t.TempDir()
	put(t, elsewhere, "aliases.yaml", bad)
	linked := filepath.Join(t.TempDir(), "linked") // a workspace behind a link
	program.Must(t, os.Symlink(root, linked))
	for _, tt := range []struct{ name, dir, file, workspace, want string }{
		{"working directory", dir, "aliases.yaml", root, "services/search/aliases.yaml"},
		{"root", root, "services/search/aliases.yaml", root, "services/search/aliases.yaml"},
		{"absolute", t.TempDir(), filepath.Join(dir, "aliases.yaml"), root, "services/search/aliases.yaml"},
		{"up and down", filepath.Join(root, "services"), "../services/./search/aliases.yaml", root, "services/search/aliases.yaml"},
		{"workspace behind a link", dir, "aliases.yaml", linked, "services/search/aliases.yaml"},
		{"outside", dir, filepath.Join(elsewhere, "aliases.yaml"), root, filepath.ToSlash(filepath.Join(elsewhere, "aliases.yaml"))},
		{"no workspace", dir, "aliases.yaml", "", "aliases.yaml"},
	} {
		for _, log := range []string{"text", "json"} {
			code, stdout, stderr := run(t, tt.dir, []string{"GITHUB_ACTIONS=true", "GITHUB_WORKSPACE=" + tt.workspace}, "sync", "-f", tt.file, "--log-format", log)
			if want := "::error file=" + tt.want + ",line=3,col=21::"; code != 64 || !strings.Contains(stdout, want) {
				t.Errorf("%s, %s: exit code %d, want %q in:\n%s%s", tt.name, log, code, want, stdout, stderr)
			}
		}
	}
}

// What a step wrote into its summary before stays, of good runs and of failed ones.
func TestSummariesAreAddedTo(t *testing.T) {
	_, dir := folder(t, good)
	summary := []string{"GITHUB_STEP_SUMMARY=" + filepath.Join(dir, "summary.md")}
	put(t, dir, "summary.md", "## Checked by hand\n")
	report := "markdown=summary.md" // by another name than the variable has
	seed := []string{"--uri", "embedded:cluster.yaml", "--output-file", report}
	for n, tt := range []struct {
		args []string
		code int
		want string
	}{
		{append([]string{"sync"}, seed...), 0, "### aliasctl: 1 change"},
		{append([]string{"sync", "--apply"}, seed...), 0, "### aliasctl: applied, 1 step done"},
		{append([]string{"drift"}, seed...), 0, "### aliasctl: no drift"},
		{append([]string{"sync", "--nope"}, seed...), 64, "### aliasctl: sync failed"},
	} {
		before := text(t, dir, "summary.md")
		code, stdout, stderr := run(t, dir, summary, tt.args...)
		after := text(t, dir, "summary.md")
		added, kept := strings.CutPrefix(after, before+"\n")
		if code != tt.code || !kept || strings.Count(added, tt.want) != 1 || strings.Count(added, "### aliasctl") != 1 {
			t.Errorf("%d: exit code %d, the summary was\n%s\nand is\n%s\n%s%s", n, code, before, after, stdout, stderr)
		}
	}
	// Elsewhere a report takes the place of the last one.
	for range 2 {
		run(t, dir, nil, append([]string{"sync"}, seed...)...)
	}
	if got := text(t, dir, "summary.md"); strings.Count(got, "### aliasctl") != 1 || strings.Contains(got, "by hand") {
		t.Errorf("a file that is no summary holds\n%s", got)
	}
}

// Each manifest and state has a comment of its own, which every outcome finds again.
func TestMarkersTellManifestsAndStatesApart(t *testing.T) {
	root, dir := folder(t, good)
	other := filepath.Join(root, "services", "shop")
	program.Must(t, os.MkdirAll(other, 0o755))
	put(t, other, "aliases.yaml", good)
	put(t, dir, "other.yaml", good)
	workspace := []string{"GITHUB_WORKSPACE=" + root}
	marker := func(dir string, environment []string, args ...string) string {
		t.Helper()
		run(t, dir, append(environment, workspace...), append(args, "--output-file", "markdown=c.md")...)
		first, _, _ := strings.Cut(text(t, dir, "c.md"), "\n")
		program.Must(t, os.Remove(filepath.Join(dir, "c.md")))
		if !strings.HasPrefix(first, "<!-- aliasctl-") || !strings.HasSuffix(first, " -->") {
			t.Fatalf("%q: a report begins with %q", args, first)
		}
		return first
	}
	different := map[string][]string{}
	for name, got := range map[string]string{
		"default":           marker(dir, nil, "sync"),
		"another folder":    marker(other, nil, "sync"),
		"another manifest":  marker(dir, nil, "sync", "-f", "other.yaml"),
		"two manifests":     marker(dir, nil, "sync", "-f", "aliases.yaml", "--file=other.yaml", "--state", "x.json"),
		"another state":     marker(dir, nil, "sync", "--state", "x.json"),
		"a state elsewhere": marker(dir, nil, "sync", "--state", "s3://b/x.json?endpoint=127.0.0.1:1&insecure=true"),
		"drift":             marker(dir, nil, "drift"),
		"a name":            marker(dir, nil, "sync", "--marker", "prod of --> us"),
		"another name":      marker(dir, nil, "sync", "--marker=prod of them"),
	} {
		different[got] = append(different[got], name)
	}
	for marker, names := range different {
		if len(names) > 1 {
			t.Errorf("%q have one marker: %s", names, marker)
		}
		if strings.Contains(strings.TrimSuffix(marker, "-->"), ">") {
			t.Errorf("%q end the comment early: %s", names, marker)
		}
	}
	for _, same := range [][]string{
		{marker(dir, nil, "sync"), marker(dir, nil, "sync", "-f", "aliases.yaml"), marker(dir, nil, "sync", "--file=./aliases.yaml"),
			marker(dir, nil, "sync", "-f", filepath.Join(dir, "aliases.yaml")), marker(root, nil, "sync", "-f", "services/search/aliases.yaml"),
			marker(dir, nil, "sync", "--uri", "http://127.0.0.1:1", "--retries=0"), marker(dir, nil, "sync", "--nope")},
		{marker(dir, nil, "sync", "--state", "x.json"), marker(dir, []string{"ALIASCTL_STATE=x.json"}, "sync"), marker(dir, nil, "sync", "--state=./x.json", "--timeout", "soon")},
		{marker(dir, nil, "sync", "--marker", "me"), marker(other, nil, "sync", "--marker=me", "--nope")},
	} {
		for _, got := range same[1:] {
			if got != same[0] {
				t.Errorf("one source, two markers: %s and %s", same[0], got)
			}
		}
	}
	was := marker(dir, nil, "sync")
	put(t, dir, "aliases.yaml", bad)
	if got := marker(dir, nil, "sync"); got != was {
		t.Errorf("a broken manifest has the marker %s, a good one %s", got, was)
	}
}
