package command

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aliasctl/internal/emulator"
)

// An ingress serves two clusters behind one host, which differ by their paths
// alone and are copies of one another, so that their ids are the same: the path is
// part of the address for the state, the saved plan, drift and every report.
func TestThePathIsPartOfTheAddress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	seed := filepath.Join(dir, "cluster.yaml")
	write("cluster.yaml", "databases:\n  default:\n    collections: [p_v1, p_v2]\n    aliases: {p: p_v1}\n")
	cluster, err := emulator.Open(seed, emulator.V26) // one catalogue, as two copies have one content
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	var writes []string // the paths of requests that write
	record := func(name string) http.Handler {
		return http.StripPrefix(name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/alter") {
				writes = append(writes, name)
			}
			cluster.ServeHTTP(w, r)
		}))
	}
	mux := http.NewServeMux()
	mux.Handle("/milvus/prod/", record("/milvus/prod"))
	mux.Handle("/milvus/staging/", record("/milvus/staging"))
	mux.Handle("/v2/", record(""))
	server := httptest.NewServer(mux)
	defer server.Close()
	prod, staging := server.URL+"/milvus/prod", server.URL+"/milvus/staging"
	run := func(want int, args ...string) string {
		t.Helper()
		c := exec.Command("aliasctl", args...)
		c.Dir = dir
		out, _ := c.CombinedOutput()
		if got := c.ProcessState.ExitCode(); got != want {
			t.Errorf("aliasctl %q: exit %d, want %d\n%s", args, got, want, out)
		}
		return string(out)
	}
	write("m.yaml", "version: 1\naliases: {p: p_v1}\n")
	write("next.yaml", "version: 1\naliases: {p: p_v2}\n")

	if out := run(0, "sync", "--apply", "-f", "m.yaml", "--uri", prod); !strings.Contains(out, "Cluster "+prod+"\n") {
		t.Errorf("the report names no path:\n%s", out)
	}
	for _, same := range []string{prod + "/", server.URL + "//milvus/./prod", server.URL + "/milvus/%70rod", server.URL + "/milvus/x/../prod"} {
		run(0, "drift", "--state", "m.state.json", "--uri", same)
	}
	for _, other := range []string{staging, server.URL, server.URL + "/"} {
		for _, args := range [][]string{{"sync", "--apply", "-f", "next.yaml"}, {"sync", "-f", "m.yaml"}, {"drift"}} {
			out := run(3, append(args, "--state", "m.state.json", "--uri", other)...)
			if !strings.Contains(out, `the state belongs to "`+prod+`", this run talks to "`+strings.TrimSuffix(other, "/")+`"`) {
				t.Errorf("%q at %s:\n%s", args, other, out)
			}
		}
	}
	run(0, "sync", "-f", "next.yaml", "--state", "m.state.json", "--uri", prod, "--plan-out", "plan.json")
	if out := run(3, "sync", "--apply", "--plan", "plan.json", "--state", "m.state.json", "--uri", staging); !strings.Contains(out, prod) {
		t.Errorf("the saved plan:\n%s", out)
	}
	run(0, "sync", "--apply", "--plan", "plan.json", "--state", "m.state.json", "--uri", prod)
	if len(writes) != 1 || writes[0] != "/milvus/prod" {
		t.Errorf("writes went to %q", writes)
	}

	// A state of the root is not one of a path, and a state of a version that
	// recorded no path goes on: the ids tell whose it is.
	run(0, "sync", "--apply", "-f", "next.yaml", "--state", "root.json", "--uri", server.URL)
	run(3, "drift", "--state", "root.json", "--uri", staging)
	text, err := os.ReadFile(filepath.Join(dir, "root.json"))
	if err != nil || !strings.Contains(string(text), `"`+server.URL+`/"`) {
		t.Fatalf("%v\n%s", err, text)
	}
	write("old.json", strings.Replace(string(text), server.URL+"/", server.URL, 1))
	run(0, "drift", "--state", "old.json", "--uri", prod)
	run(0, "sync", "--apply", "-f", "next.yaml", "--state", "old.json", "--uri", prod)
	run(3, "drift", "--state", "old.json", "--uri", staging)
}
