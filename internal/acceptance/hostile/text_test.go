package hostile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"aliasctl/internal/cli"
)

// hostile are values that a stranger may choose, each harmless in itself: what
// commands a runner, drives a terminal, hides text or forges a line of a report.
var hostile = []string{
	"::stop-commands::tok",
	"x ::add-mask::true y",
	"##[add-mask]true",
	"a##[error]b",
	"##vso[task.setvariable variable=x]y",
	"##teamcity[buildStop]",
	"section_start:1:s\r\x1b[0Kx",
	"a\nPlan: 0 to create, 0 to switch, 0 to drop, 0 to retire; 1 unchanged, 0 conflicts.",
	"a\r::error::forged",
	"\x1b[2J\x1b]0;own\a",
	"\u009b31m\u0085b",
	"a\u2028::warning::b\u2029c",
	"\u202egnp.exe\u2066",
	"pro\u200bducts\ufeff",
	"cut\xe7\xb4",
}

// acts is what a runner acts upon at the beginning of a line, or anywhere.
var acts = regexp.MustCompile(`(?m)^\s*::[a-z]|##[a-z]*\[|^section_(start|end):`)

// checkPrinted fails when what was printed commands a runner or a terminal. The
// annotations of GitHub are ours, and one a line.
func checkPrinted(t *testing.T, what, printed string) {
	t.Helper()
	for line := range strings.Lines(printed) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ours := strings.CutPrefix(line, "::error file="); ours {
			line = rest
		}
		for _, r := range line {
			if unicode.IsControl(r) || r >= utf8.RuneSelf && !unicode.IsPrint(r) {
				t.Errorf("%s prints %q: %q", what, r, line)
			}
		}
		if !utf8.ValidString(line) {
			t.Errorf("%s prints no UTF-8: %q", what, line)
		}
		if found := acts.FindString(line); found != "" {
			t.Errorf("%s prints the command %q: %q", what, found, line)
		}
	}
	if n := len(regexp.MustCompile(`(?m)^Plan: `).FindAllString(printed, -1)); n > 1 {
		t.Errorf("%s prints %d lines `Plan:`:\n%s", what, n, printed)
	}
}

// hostileServer answers everything with one value, as names, ids and messages.
func hostileServer(t *testing.T, value string, fails bool) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Milvus-Trace-Id", strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, value))
		var data any
		switch {
		case fails:
			_ = json.NewEncoder(w).Encode(map[string]any{"code": 1100, "message": "bad " + value + " " + value})
			return
		case strings.HasSuffix(r.URL.Path, "/list"):
			data = []string{value, "p"}
		case strings.HasSuffix(r.URL.Path, "/describe"):
			data = map[string]any{"dbName": "default", "aliasName": "p", "collectionName": value, "collectionID": value, "aliases": []string{value}, "fields": []any{map[string]any{"name": value, "type": value}}}
		default:
			data = map[string]any{"has": true, "loadState": value}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"code": 0, "data": data, "message": value})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestNothingForeignCommandsARunner walks every command and format with hostile
// values in every place that a stranger can fill.
func TestNothingForeignCommandsARunner(t *testing.T) {
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chdir(cwd) })
	t.Setenv("GITHUB_ACTIONS", "true")
	for _, key := range []string{"MILVUS_TOKEN", "MILVUS_URI", "ALIASCTL_URI", "GITHUB_OUTPUT"} {
		t.Setenv(key, "")
	}
	for i, value := range hostile {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Chdir(dir); err != nil {
				t.Fatal(err)
			}
			write := func(name, text string) {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			run := func(args ...string) {
				t.Helper()
				var out, errs bytes.Buffer
				code := cli.Main(append([]string{"aliasctl"}, args...), strings.NewReader(""), &out, &errs)
				if code == 70 {
					t.Errorf("%q panicked", args)
				}
				checkPrinted(t, fmt.Sprintf("%q", args), out.String())
				checkPrinted(t, fmt.Sprintf("%q on stderr", args), errs.String())
			}
			quoted := yamlQuoted(value)

			// Manifests, their names and seeds.
			write("label.yaml", "version: 1\ncluster: "+quoted+"\naliases: {p: c_2}\n")
			write("field.yaml", "version: 1\n"+quoted+": 1\naliases: {p: c_2}\n")
			write("alias.yaml", "version: 1\naliases: {"+quoted+": c_2, p: "+quoted+"}\nretire: ["+quoted+"]\n")
			write("kind.yaml", quoted+": ["+quoted+"]\n")
			write("vars.yaml", "version: 1\nvars: {"+quoted+": "+quoted+"}\naliases: {p: {collection: c_2, group: "+quoted+", golden: {file: "+quoted+"}}}\n")
			write("aliases.yaml", "version: 1\naliases: {p: c_2}\n")
			write("seed.yaml", "databases: {default: {collections: [c_1, c_2], aliases: {p: c_1}}}\n")
			write("bad-seed.yaml", "databases: {default: {collections: ["+quoted+"], aliases: {"+quoted+": c_1}}}\n")
			name := strings.Map(func(r rune) rune {
				if r == '/' || r == 0 {
					return -1
				}
				return r
			}, value) + ".yaml"
			write(name, "nonsense: 1\n")
			for _, f := range []string{"label.yaml", "field.yaml", "alias.yaml", "kind.yaml", "vars.yaml", name, value} {
				run("validate", "-f", f)
				run("sync", "-f", f, "--offline", "--state", "none.json")
				run("sync", "-f", f, "--log-format", "json", "--uri", "embedded:seed.yaml", "--take-over", "all")
			}
			run("sync", "-f", "aliases.yaml", "--uri", "embedded:bad-seed.yaml")

			// A state and its lock.
			text, err := json.Marshal(map[string]any{
				"version": 1, "serial": 3, "lineage": "0b0e7fd7-1c9e-4a2b-8a54-51f9e5f7f000", "updated_at": "2026-01-01T00:00:00Z",
				"cluster":  map[string]any{"uri": "http://milvus:19530", "label": value},
				"bindings": []any{map[string]any{"database": value, "alias": value, "collection": value, "collection_id": value, "since": "2026-01-01T00:00:00Z"}},
				"retired":  []any{}, "pending": []any{},
			})
			if err != nil {
				t.Fatal(err)
			}
			write("aliases.state.json", string(text))
			for _, args := range [][]string{{"state", "show"}, {"state", "list"}, {"state", "pull"}, {"history"}, {"history", "-o", "json"}, {"state", "rm", value},
				{"state", "mv", "p", value}, {"state", "push", value}, {"lock", "show"}, {"lock", "release", value}, {"rollback"}, {"sync", "--offline"}, {"drift", "--uri", "embedded:seed.yaml"},
				{"state", "show", "--state", value}, {"show", value}, {"show", "aliases.state.json"}, {value}, {"sync", value}, {"sync", "--" + value}, {"sync", "-o", value},
				{"sync", "--timeout", value}, {"sync", "--uri", value}, {"sync", "--only", value}, {"sync", "--var", value}, {"sync", "--token-file", value, "--uri", "http://127.0.0.1:1"},
				{"sync", "--offline", "--output-file", "text=" + value}, {"sync", "--offline", "--plan-out", value}, {"doctor"}, {"--generate-bash-completion"}, {"sync", "--only", "--generate-bash-completion"}} {
				run(args...)
			}
			if err := os.Remove("aliases.state.json"); err != nil {
				t.Fatal(err)
			}
			if found, _ := filepath.Glob("*.lock"); len(found) > 0 {
				t.Errorf("left: %q", found)
			}

			// A server.
			for _, fails := range []bool{false, true} {
				uri := hostileServer(t, value, fails)
				for _, format := range []string{"text", "diff", "json", "markdown", "html"} {
					run("sync", "-f", "aliases.yaml", "--uri", uri, "-o", format, "--retries", "0")
				}
				run("sync", "-f", "aliases.yaml", "--uri", uri, "--log-format", "json", "--retries", "0")
				run("export", "--uri", uri, "--retries", "0")
				run("export", "--all-databases", "--uri", uri, "--retries", "0")
				run("doctor", "--uri", uri, "--retries", "0")
				run("doctor", "--uri", uri, "--retries", "0", "-o", "json")
			}
		})
	}
}

// yamlQuoted is a value between double quotes; bytes that YAML cannot hold become
// something that it can.
func yamlQuoted(value string) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}
