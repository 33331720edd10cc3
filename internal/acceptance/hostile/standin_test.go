package hostile_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aliasctl/internal/state"
	"aliasctl/internal/state/local"
)

var formats = []string{"text", "diff", "json", "markdown", "html"}

// Whatever a run ends with, no report of an earlier one, and no file that somebody
// has committed in its place, is left where a pipeline looks for the report.
func TestEveryOutcomeWritesItsReports(t *testing.T) {
	const down = "http://127.0.0.1:1"
	seed := []string{"--uri", "embedded:cluster.yaml"}
	lock := func(t *testing.T, path string) {
		file, err := local.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		held, err := file.Lock(context.Background(), 0, state.Self(nil, noon))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = held.Release() })
	}
	for name, c := range map[string]struct {
		args []string
		code int
		make func(t *testing.T)
		says string // in every report
	}{
		"a bad manifest":   {args: []string{"sync"}, code: 64, make: func(t *testing.T) { put(t, "aliases.yaml", "version: 1\ncluster: prod\naliases: {p: }\n") }, says: "aliases.yaml:3:14"},
		"no manifest":      {args: []string{"sync", "-f", "none.yaml"}, code: 64, says: "none.yaml"},
		"an unknown flag":  {args: []string{"sync", "--nope"}, code: 64, says: "--nope"},
		"flags that fight": {args: []string{"sync", "--apply", "--dry-run"}, code: 64, says: "--dry-run"},
		"a bad value":      {args: []string{"sync", "--timeout", "soon"}, code: 64, says: "soon"},
		"a bad seed":       {args: []string{"sync", "--uri", "embedded:none.yaml"}, code: 64, says: "none.yaml"},
		"a refused link": {args: []string{"sync", "-f", "out.yaml"}, code: 3, says: "--follow-links", make: func(t *testing.T) {
			t.Setenv("CI", "true")
			link(t, "/etc/hostname", "out.yaml")
		}},
		"a conflict":       {args: append([]string{"sync"}, seed...), code: 3, says: "never ours"},
		"another digest":   {args: append([]string{"sync", "--take-over", "all", "--expect-digest", "abc"}, seed...), code: 4, says: "abc"},
		"a lock":           {args: append([]string{"sync", "--apply", "--yes"}, seed...), code: 6, says: "locked", make: func(t *testing.T) { lock(t, "aliases.state.json") }},
		"no server":        {args: []string{"sync", "--uri", down, "--retries", "0"}, code: 1, says: "127.0.0.1:1"},
		"a broken state":   {args: append([]string{"sync"}, seed...), code: 1, says: "corrupt", make: func(t *testing.T) { put(t, "aliases.state.json", `{"version": 1, "bindings": `) }},
		"a directory":      {args: append([]string{"sync", "--plan-out", "."}, seed...), code: 1, says: "directory"},
		"no rollback":      {args: append([]string{"rollback"}, seed...), code: 1, says: "no state"},
		"no drift":         {args: append([]string{"drift"}, seed...), code: 1, says: "no state"},
		"drift, no server": {args: []string{"drift", "--uri", down, "--retries", "0"}, code: 1, says: "127.0.0.1:1", make: applied},
		"drift, bad file":  {args: append([]string{"drift", "-f", "bad.yaml", "--state", "aliases.state.json"}, seed...), code: 64, says: "bad.yaml:1", make: func(t *testing.T) { applied(t); put(t, "bad.yaml", "x: 1\n") }},
		"drift": {args: append([]string{"drift"}, seed...), code: 8, says: "c_1", make: func(t *testing.T) {
			applied(t)
			if err := os.RemoveAll(".aliasctl"); err != nil { // the cluster as its seed has it
				t.Fatal(err)
			}
		}},
		"no such plan":    {args: append([]string{"sync", "--apply", "--plan", "none.json"}, seed...), code: 64, says: "none.json"},
		"no plan to show": {args: []string{"show", "none.json"}, code: 64, says: "none.json"},
	} {
		t.Run(name, func(t *testing.T) {
			checkout(t)
			t.Setenv("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567")
			if c.make != nil {
				c.make(t)
			}
			args := c.args
			for _, format := range formats {
				put(t, "report."+format, "FORGED")
				args = append(args, "--output-file", format+"=report."+format)
			}
			put(t, "report.env", "FORGED")
			args = append(args, "--output-file", "dotenv=report.env")
			put(t, "gh", "")
			t.Setenv("GITHUB_OUTPUT", "gh")
			printed, code := run(args...)
			if code != c.code {
				t.Fatalf("exit %d, want %d\n%s", code, c.code, printed)
			}
			for _, format := range formats {
				text, err := os.ReadFile("report." + format)
				if err != nil || len(text) == 0 || strings.Contains(string(text), "FORGED") || !strings.Contains(string(text), c.says) {
					t.Errorf("%s: %v\n%s", format, err, text)
				}
				if strings.Contains(string(text), "there is no report") && !strings.Contains(string(text), "0123456789abcdef") {
					t.Errorf("%s: no commit\n%s", format, text)
				}
				if format == "json" && !json.Valid(text) {
					t.Errorf("no JSON: %s", text)
				}
			}
			told, err := os.ReadFile("gh")
			if err != nil {
				t.Fatal(err)
			}
			variables, err := os.ReadFile("report.env")
			if err != nil {
				t.Fatal(err)
			}
			name, variable := "digest<<", "ALIASCTL_DIGEST="
			if c.args[0] == "drift" {
				name, variable = "has-drift<<", "ALIASCTL_HAS_DRIFT="
			}
			if !strings.Contains(string(told), name) || !strings.HasPrefix(string(variables), "ALIASCTL_") || !strings.Contains(string(variables), variable) {
				t.Errorf("outputs of the workflow: %s\nof the pipeline: %s", told, variables)
			}
		})
	}
}

// applied makes a state in which p is bound to c_2.
func applied(t *testing.T) {
	t.Helper()
	if printed, code := run("sync", "--apply", "--yes", "--take-over", "all", "--uri", "embedded:cluster.yaml"); code != 0 {
		t.Fatalf("exit %d\n%s", code, printed)
	}
}

// The comment of a failure is that of the plan: also when the manifest is broken.
func TestTheCommentOfAFailureIsThatOfThePlan(t *testing.T) {
	checkout(t)
	first := func(text string) string {
		put(t, "aliases.yaml", text)
		run("sync", "--offline", "--state", "none.json", "--output-file", "markdown=r.md")
		report, err := os.ReadFile("r.md")
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(string(report), "\n")
		return line
	}
	for _, label := range []string{"cluster: prod eu\n", "cluster: \"prod eu\"\n", "cluster: 'prod eu' # ours\n", ""} {
		good, bad := first("version: 1\n"+label+"aliases: {p: c_2}\n"), first("version: 1\n"+label+"aliases: {p: }\n")
		if good != bad || !strings.HasPrefix(good, "<!-- aliasctl-report") {
			t.Errorf("%q: %q and %q", label, good, bad)
		}
	}
}

// A failure is written over no file that the run reads or keeps, and through no link.
func TestAFailureOverwritesNothingElse(t *testing.T) {
	out := checkout(t)
	applied(t)
	put(t, "golden.json", "[1]\n")
	put(t, "golden.yaml", "version: 1\naliases: {p: {collection: c_2, golden: {file: golden.json}}}\n")
	put(t, "bad.yaml", "version: 1\naliases: {p: }\n")
	put(t, "token", "root:Milvus")
	put(t, "other.json", "{}")
	for _, c := range []struct {
		path string
		args []string
	}{
		{"aliases.yaml", []string{"sync"}}, {"bad.yaml", []string{"sync", "-f", "bad.yaml"}}, {"aliases.yaml", []string{"sync", "--nope"}},
		{"aliases.state.json", []string{"sync", "-f", "bad.yaml"}}, {"aliases.state.json", []string{"sync"}},
		{"other.json", []string{"sync", "--state", "other.json"}}, {"other.json", []string{"sync", "--state=./other.json", "--nope"}},
		{"token", []string{"sync", "--token-file", "token", "-f", "bad.yaml"}}, {"cluster.yaml", []string{"sync", "--uri", "embedded:cluster.yaml", "--nope"}},
		{"golden.json", []string{"sync", "-f", "golden.yaml"}}, {"other.json", []string{"sync", "--apply", "--plan", "other.json"}},
		{"aliases.state.json.backup", []string{"sync", "--nope"}},
	} {
		before, err := os.ReadFile(c.path)
		if err != nil && !strings.HasSuffix(c.path, ".backup") {
			t.Fatal(err)
		}
		printed, code := run(append(c.args, "--output-file", "json="+c.path)...)
		after, _ := os.ReadFile(c.path)
		if code == 0 || string(after) != string(before) {
			t.Errorf("%q over %s: exit %d\n%s\n%s", c.args, c.path, code, printed, after)
		}
	}

	// The link itself is replaced, what it leads to stays.
	put(t, ".git/config", "ORIGINAL")
	put(t, filepath.Join(out, "victim"), "ORIGINAL")
	link(t, out, "dir")
	for _, ci := range []string{"", "true"} {
		t.Setenv("CI", ci)
		for name, target := range map[string]string{"a.md": ".git/config", "b.md": filepath.Join(out, "victim")} {
			_ = os.Remove(name)
			link(t, target, name)
			for _, manifest := range []string{"bad.yaml", "aliases.yaml"} {
				run("sync", "-f", manifest, "--offline", "--output-file", "markdown="+name)
				if text, err := os.ReadFile(target); err != nil || string(text) != "ORIGINAL" {
					t.Errorf("CI=%q: %s has %q (%v)", ci, target, text, err)
				}
				if text, err := os.ReadFile(name); err != nil || !strings.HasPrefix(string(text), "<!-- aliasctl-report") {
					t.Errorf("CI=%q: %s has %q (%v)", ci, name, text, err)
				}
			}
		}
	}
	run("sync", "-f", "bad.yaml", "--output-file", "markdown=dir/victim")
	if text, err := os.ReadFile(filepath.Join(out, "victim")); err != nil || string(text) != "ORIGINAL" {
		t.Errorf("written through a directory: %q (%v)", text, err)
	}
}

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
