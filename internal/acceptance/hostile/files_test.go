package hostile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aliasctl/internal/cli"
)

// checkout is a working tree, with a folder that it must not touch beside it.
func checkout(t *testing.T) (outside string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"tree/.git", "out"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(dir, "tree"))
	for _, key := range []string{"MILVUS_TOKEN", "MILVUS_URI", "ALIASCTL_URI", "GITHUB_OUTPUT", "GITHUB_ACTIONS", "CI"} {
		t.Setenv(key, "")
	}
	put(t, "cluster.yaml", "databases: {default: {collections: [c_1, c_2], aliases: {p: c_1}}}\n")
	put(t, "aliases.yaml", "version: 1\naliases: {p: c_2}\n")
	return filepath.Join(dir, "out")
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func run(args ...string) (printed string, code int) {
	var out bytes.Buffer
	code = cli.Main(append([]string{"aliasctl"}, args...), strings.NewReader(""), &out, &out)
	return out.String(), code
}

// What a link leads to is not shown, whatever it is.
func TestAFileThatIsNoManifestIsNotShown(t *testing.T) {
	out := checkout(t)
	for _, text := range []string{
		"root:$6$HARMLESS:19000:0:99999:7:::\n", "HARMLESS\n", "[HARMLESS]\nkey = HARMLESS\n", "*HARMLESS\n", "!HARMLESS x\n", "{\"HARMLESS\": 1}\n",
		"HARMLESS: [\n", "a: \"HARMLESS\n", "- HARMLESS\n", "database: HARMLESS!\n", "cluster: \"#HARMLESS\"\n", "-----BEGIN KEY-----\nHARMLESS==\n", "services: {HARMLESS: 1}\nversion: \"HARMLESS\"\n",
	} {
		put(t, filepath.Join(out, "secret"), text)
		for _, name := range []string{"m.yaml", "g.jsonl", "s.json"} {
			_ = os.Remove(name)
			link(t, filepath.Join(out, "secret"), name)
		}
		put(t, "golden.yaml", "version: 1\naliases: {p: {collection: c_2, golden: {file: g.jsonl}}}\n")
		for _, args := range [][]string{{"validate", "-f", "m.yaml"}, {"validate", "-f", "golden.yaml"}, {"show", "s.json"}, {"state", "show", "--state", "s.json"}, {"state", "push", "s.json"}} {
			printed, code := run(args...)
			if code == 0 || strings.Contains(printed, "HARMLESS") {
				t.Errorf("%q of %q: exit %d\n%s", args, text, code, printed)
			}
		}
	}
}

// In CI, links of the checkout that leave it, or lead into .git, are not read.
func TestLinksThatLeaveTheTree(t *testing.T) {
	out := checkout(t)
	good := "version: 1\naliases: {p: c_2}\n"
	put(t, filepath.Join(out, "m.yaml"), good)
	put(t, filepath.Join(out, "g.jsonl"), "[1]\n")
	put(t, ".git/m.yaml", good)
	put(t, "real.yaml", good)
	link(t, filepath.Join(out, "m.yaml"), "out.yaml")
	link(t, ".git/m.yaml", "git.yaml")
	link(t, "real.yaml", "inside.yaml")
	link(t, out, "dir")
	link(t, filepath.Join(out, "g.jsonl"), "g.jsonl")
	put(t, "golden.yaml", "version: 1\naliases: {p: {collection: c_2, golden: {file: g.jsonl}}}\n")
	t.Setenv("CI", "true")
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"validate", "-f", "out.yaml"}, 3}, {[]string{"validate", "-f", "dir/m.yaml"}, 3}, {[]string{"validate", "-f", "dir"}, 3},
		{[]string{"validate", "-f", "git.yaml"}, 3}, {[]string{"validate", "-f", "golden.yaml"}, 3}, {[]string{"show", "out.yaml"}, 3},
		{[]string{"state", "show", "--state", "out.yaml"}, 3}, {[]string{"sync", "--offline", "--output-file", "text=dir/r"}, 3},
		{[]string{"validate", "-f", "out.yaml", "--follow-links"}, 0}, {[]string{"validate", "-f", "inside.yaml"}, 0},
		{[]string{"validate", "-f", filepath.Join(out, "m.yaml")}, 0},
	} {
		printed, code := run(c.args...)
		if code != c.code || code == 3 && !strings.Contains(printed, "--follow-links") {
			t.Errorf("%q: exit %d, want %d\n%s", c.args, code, c.code, printed)
		}
	}
}

// Links at the names of outputs overwrite nothing elsewhere.
func TestOutputsFollowNoLinkOut(t *testing.T) {
	out := checkout(t)
	for name, args := range map[string][]string{
		"plan.json":               {"sync", "--plan-out", "plan.json"},
		"report.md":               {"sync", "--output-file", "markdown=report.md"},
		"aliases.state.json.lock": {"sync", "--apply", "--yes"},
		"aliases.state.json":      {"sync", "--apply", "--yes"},
	} {
		victim := filepath.Join(out, name)
		put(t, victim, "ORIGINAL")
		if strings.HasSuffix(name, "state.json") {
			if err := os.Remove(victim); err != nil {
				t.Fatal(err)
			}
		}
		link(t, victim, name)
		printed, code := run(append(args, "--uri", "embedded:cluster.yaml", "--take-over", "all")...)
		if code != 3 || !strings.Contains(printed, "remove the link") {
			t.Errorf("%s: exit %d\n%s", name, code, printed)
		}
		if text, err := os.ReadFile(victim); err == nil && string(text) != "ORIGINAL" || err == nil && strings.HasSuffix(name, "state.json") {
			t.Errorf("%s was written: %q", name, text)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// An address with a password is refused before anything of it is written.
func TestThePasswordOfAnAddressIsNotInTheLock(t *testing.T) {
	checkout(t)
	for _, flag := range []string{"--uri", "--verify-uri"} {
		args := []string{"sync", "--apply", "--yes", "--uri", "http://127.0.0.1:1", flag, "http://root:SECRETPW@127.0.0.1:1"}
		if printed, code := run(args...); code != 64 || strings.Contains(printed, "SECRETPW") {
			t.Errorf("%s: exit %d\n%s", flag, code, printed)
		}
		if _, err := os.Lstat("aliases.state.json.lock"); err == nil {
			t.Errorf("%s: a lock was made", flag)
		}
	}
}

// The folder with the copy of an embedded cluster, and the files in it, follow no link
// out, and nothing that a link leads to is shown.
func TestTheCopyFollowsNoLinkOut(t *testing.T) {
	for name, plant := range map[string]func(t *testing.T, out string){
		"the folder":   func(t *testing.T, out string) { link(t, out, ".aliasctl") },
		"a new folder": func(t *testing.T, out string) { link(t, filepath.Join(out, "new"), ".aliasctl") },
		"into .git":    func(t *testing.T, out string) { link(t, ".git/hooks", ".aliasctl") },
		"the copy":     func(t *testing.T, out string) { link(t, filepath.Join(out, "secret"), ".aliasctl/cluster.yaml.json") },
		"a new copy":   func(t *testing.T, out string) { link(t, filepath.Join(out, "new"), ".aliasctl/cluster.yaml.json") },
		"the lock": func(t *testing.T, out string) {
			link(t, filepath.Join(out, "secret"), ".aliasctl/cluster.yaml.json.lock")
		},
		"a new lock":     func(t *testing.T, out string) { link(t, filepath.Join(out, "new"), ".aliasctl/cluster.yaml.json.lock") },
		"no snapshot":    func(t *testing.T, out string) { put(t, ".aliasctl/cluster.yaml.json", "HARMLESS: x\n") },
		"the ignore":     func(t *testing.T, out string) { link(t, filepath.Join(out, "new"), ".aliasctl/.gitignore") },
		"a device there": func(t *testing.T, out string) { link(t, "/dev/zero", ".aliasctl/cluster.yaml.json") },
	} {
		t.Run(name, func(t *testing.T) {
			out := checkout(t)
			put(t, filepath.Join(out, "secret"), "HARMLESS")
			if err := os.MkdirAll(".git/hooks", 0o755); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(name, "folder") && name != "into .git" {
				if err := os.Mkdir(".aliasctl", 0o755); err != nil {
					t.Fatal(err)
				}
			}
			plant(t, out)
			printed, code := run("sync", "--apply", "--yes", "--take-over", "all", "--uri", "embedded:cluster.yaml")
			refused := 3
			switch name {
			case "no snapshot":
				refused = 1
			case "the ignore":
				refused = 0
			}
			if code != refused || strings.Contains(printed, "HARMLESS") || refused == 3 && !strings.Contains(printed, "remove the link") {
				t.Errorf("exit %d\n%s", code, printed)
			}
			if text, err := os.ReadFile(filepath.Join(out, "secret")); err != nil || string(text) != "HARMLESS" {
				t.Errorf("the file outside has %q (%v)", text, err)
			}
			found, _ := filepath.Glob(filepath.Join(out, "*"))
			hooks, _ := filepath.Glob(".git/hooks/*")
			if len(found) != 1 || len(hooks) > 0 {
				t.Errorf("made outside: %q %q", found, hooks)
			}
		})
	}
}
