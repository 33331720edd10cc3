package hostile_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// What whoever writes to a store puts into a lock, its holder and its id, is shown by
// every command that meets the lock.
func TestHoldersInAStore(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "HTTP_PROXY": "", "http_proxy": "", "TF_HTTP_USERNAME": "", "ALIASCTL_HTTP_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
	for i, value := range hostile {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			checkout(t)
			t.Setenv("GITHUB_ACTIONS", "true")
			holder := map[string]any{"host": value, "pid": 7, "user": value, "command": value, "started": "2026-05-01T12:00:00Z", "run": value}
			held := map[string]any{"id": value, "holder": holder, "lease_seconds": 3600, "renewals": 1}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				text, _ := json.Marshal(held)
				w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
				w.Header().Set("Date", "Fri, 01 May 2026 12:00:01 GMT")
				w.Header().Set("Last-Modified", "Fri, 01 May 2026 12:00:00 GMT")
				switch {
				case r.Method == "LOCK" || r.Method == "UNLOCK":
					info, _ := json.Marshal(map[string]any{"ID": value, "Who": value, "Operation": value, "Info": value, "Created": value, "Path": value, "id": value, "holder": holder})
					w.WriteHeader(http.StatusLocked)
					_, _ = w.Write(info)
				case strings.HasSuffix(r.URL.Path, ".lock"):
					_, _ = w.Write(text)
				case r.Method == http.MethodGet:
					w.WriteHeader(http.StatusNotFound)
					fmt.Fprintf(w, "<Error><Code>NoSuchKey</Code><Message>%s</Message></Error>", "x")
				default:
					w.WriteHeader(http.StatusForbidden)
					fmt.Fprintf(w, "<Error><Code>AccessDenied</Code><Message>%s</Message></Error>", strings.Map(func(r rune) rune {
						if strings.ContainsRune("<>&", r) {
							return -1
						}
						return r
					}, value))
				}
			}))
			t.Cleanup(server.Close)
			for _, location := range []string{
				"s3://bucket/key?region=r&insecure=true&endpoint=" + strings.TrimPrefix(server.URL, "http://"),
				server.URL + "/state?insecure=true",
			} {
				for _, args := range [][]string{
					{"lock", "show"}, {"lock", "release", value}, {"state", "show"}, {"state", "list"}, {"history"}, {"doctor", "--uri", "embedded:cluster.yaml"},
					{"sync", "--offline"}, {"sync", "--apply", "--yes", "--uri", "embedded:cluster.yaml"},
					{"sync", "--apply", "--yes", "--uri", "embedded:cluster.yaml", "--log-format", "json"}, {"rollback", "--apply", "--yes", "--uri", "embedded:cluster.yaml"},
				} {
					printed, code := run(append(args, "--state", location)...)
					if code == 70 {
						t.Errorf("%q panicked", args)
					}
					checkPrinted(t, fmt.Sprintf("%q", args), printed)
				}
			}
		})
	}
}

// What an earlier apply, or whoever wrote the state, left in the history is shown by
// history and rollback, and every event of an apply is safe too.
func TestHistoriesAndEvents(t *testing.T) {
	for i, value := range hostile {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			checkout(t)
			t.Setenv("GITHUB_ACTIONS", "true")
			t.Setenv("GITHUB_ACTOR", value)
			t.Setenv("GITHUB_SHA", value)
			apply := []string{"sync", "--apply", "--yes", "--uri", "embedded:cluster.yaml", "--take-over", "all", "--log-format", "json"}
			show := func(args ...string) {
				t.Helper()
				printed, code := run(args...)
				if code == 70 {
					t.Errorf("%q panicked", args)
				}
				checkPrinted(t, fmt.Sprintf("%q", args), printed)
			}
			if strings.ContainsRune(value, 0) {
				t.Skip("no variable has it")
			}
			show(apply...)
			put(t, "aliases.yaml", "version: 1\naliases: {p: c_1, q: "+yamlQuoted(value)+"}\n")
			show(apply...)
			put(t, "aliases.yaml", "version: 1\naliases: {p: c_1}\n")
			show(apply...)
			text, err := os.ReadFile("aliases.state.json")
			if err != nil {
				t.Fatal(err)
			}
			var state map[string]any
			if err := json.Unmarshal(text, &state); err != nil {
				t.Fatal(err)
			}
			entries, ok := state["history"].([]any)
			if !ok {
				t.Fatalf("no history:\n%s", text)
			}
			for _, e := range entries {
				entry := e.(map[string]any)
				entry["user"], entry["host"], entry["commit"], entry["manifests_before"] = value, value, value, []string{value}
			}
			state["manifests"] = []string{value}
			if text, err = json.Marshal(state); err != nil {
				t.Fatal(err)
			}
			put(t, "aliases.state.json", string(text))
			for _, args := range [][]string{
				{"history"}, {"history", "-o", "json"}, {"state", "show"}, {"state", "pull"}, {"sync", "--uri", "embedded:cluster.yaml"},
				{"rollback", "--uri", "embedded:cluster.yaml"}, {"rollback", "--uri", "embedded:cluster.yaml", "-o", "markdown"}, {"rollback", "--to", "1", "--uri", "embedded:cluster.yaml", "-o", "html"},
				{"rollback", "--apply", "--yes", "--uri", "embedded:cluster.yaml", "--log-format", "json"}, {"history"}, {"drift", "--uri", "embedded:cluster.yaml"},
			} {
				show(args...)
			}
		})
	}
}
