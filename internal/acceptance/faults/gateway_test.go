package faults

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// What stands in front of Milvus answers in its place when it likes to. Such an
// answer is no word of Milvus, whatever its status: it is no proof that a proxy
// of the cluster is there, that green can serve, that a verification failed, or
// that a server is old.

// eachForeign does something for every status and, in turn, every body; with
// -sweep=full for every pair. What has the form of a failure of Milvus is left
// out: nothing tells it from one.
func eachForeign(t *testing.T, do func(status int, body string) error) {
	t.Helper()
	bodies := slices.Sorted(maps.Keys(testkit.ForeignBodies))
	var group errgroup.Group
	group.SetLimit(scene.Abreast)
	cases := 0
	for i, status := range scene.ForeignStatuses {
		for j, name := range bodies {
			if (i+j)%len(scene.ForeignStatuses) != 0 && !scene.FullSweep() {
				continue
			}
			if cases++; scene.LeftOut(cases) {
				continue
			}
			body := scene.Foreign(testkit.Match{}, testkit.ForeignBodies[name], status, testkit.Before).Body
			if alike(status, body) {
				continue
			}
			group.Go(func() error {
				if err := do(status, body); err != nil {
					t.Errorf("http %d, %s (%q): %v", status, name, body, err)
				}
				return nil
			})
		}
	}
	_ = group.Wait()
	t.Logf("%d answers of %d bodies with %d statuses", cases, len(bodies), len(scene.ForeignStatuses))
}

// alike reports that Milvus writes such an answer too.
func alike(status int, body string) bool {
	var fields map[string]json.RawMessage
	if status == 404 && body == "404 page not found" {
		return true
	}
	if json.Unmarshal([]byte(body), &fields) != nil || len(fields) != 2 || !strings.HasPrefix(string(fields["message"]), `"`) {
		return false
	}
	code, err := strconv.Atoi(string(fields["code"]))
	return err == nil && code > 0 && code != status && code != 200
}

// gateway answers every request in place of Milvus.
func gateway(status int, body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
}

// A gateway at the address of a proxy is no proxy of the cluster, also on a first
// run, when no id can tell.
func TestAGatewayIsNoWitness(t *testing.T) {
	dir := scene.Shared(t)
	c, err := verifiedSwitches[0].play(dir, passing)
	if err != nil {
		t.Fatal(err)
	}
	defer c.End()
	eachForeign(t, func(status int, body string) error {
		g := gateway(status, body)
		defer g.Close()
		line := []string{"aliasctl", "sync", "--dry-run", "--take-over", "products", "-f", filepath.Join(c.Dir, "aliases.yaml"), "--state", filepath.Join(c.Dir, "none.json"), "--uri", c.Server.URL(), "--verify-uri", g.URL, "--retries", "0"}
		if e := program.Perform(c.Dir, line...); e.Code != 1 || !strings.Contains(e.Stderr, "cannot ask --verify-uri") {
			return fmt.Errorf("a dry run: %v", e)
		}
		line = []string{"aliasctl", "doctor", "--uri", c.Server.URL(), "--verify-uri", g.URL, "--retries", "0"}
		if e := program.Perform(c.Dir, line...); e.Code == 0 || !regexp.MustCompile(`(?m)^fail +verify-uri`).MatchString(e.Stdout) {
			return fmt.Errorf("doctor: %v", e)
		}
		return nil
	})
}

// Whether green is loaded, and has rows, is not known from what a gateway says.
func TestAGatewayDoesNotVouchForGreen(t *testing.T) {
	dir := scene.Shared(t)
	for _, tt := range []struct {
		route string
		check string
	}{{"collections/get_load_state", "loaded"}, {"collections/get_stats", "min_rows"}} {
		eachForeign(t, func(status int, body string) error {
			c, err := verifiedSwitches[0].play(dir, "")
			if c != nil {
				defer c.End()
			}
			if err != nil {
				return err
			}
			c.AddFault(scene.Foreign(testkit.Match{Route: tt.route, Times: -1}, body, status, testkit.Before))
			if tt.check == "min_rows" {
				c.AddFault(scene.Foreign(testkit.Match{Route: "entities/query", Times: -1}, body, status, testkit.Before))
			}
			e := c.Run("--retries", "0")
			if e.Code != 3 || e.Writes > 0 || !strings.Contains(e.Stdout, `check \"`+tt.check+`\"`) {
				return fmt.Errorf("%s: %d writes: %v", tt.route, e.Writes, e)
			}
			if status == 502 { // the way out
				if e = c.Run("--retries", "0", "--skip-check", tt.check); e.Code != 0 {
					return fmt.Errorf("%v", e)
				}
			}
			return nil
		})
	}
}

// An answer of a gateway does not fail a verification that Milvus would let
// pass a moment later, and does not end the run.
func TestAGatewayFailsNoVerification(t *testing.T) {
	dir := scene.Shared(t)
	eachForeign(t, func(status int, body string) error {
		c, err := verifiedSwitches[0].play(dir, passing)
		if c != nil {
			defer c.End()
		}
		if err != nil {
			return err
		}
		proxy := testkit.Around(c.Emulator)
		server, err := emulator.Start(proxy, "127.0.0.1:0", emulator.ServerOptions{})
		if err != nil {
			return err
		}
		defer server.Close()
		text := strings.Replace(v2Verified, "FILTER", passing, 1)
		if err := os.WriteFile(filepath.Join(c.Dir, "aliases.yaml"), []byte(text), 0o600); err != nil {
			return err
		}
		c.AddFault(scene.Foreign(testkit.Match{Route: "entities/query", Alias: "", Nth: 1, Times: 3}, body, status, testkit.Before))
		proxy.AddFault(scene.Foreign(testkit.Match{Route: "aliases/describe", Alias: "products", Nth: 1, Times: 2}, body, status, testkit.Before))
		if e := c.Run("--verify-uri", server.URL(), "--retries", "0", "--settle", "5s"); e.Code != 0 {
			return fmt.Errorf("%v", e)
		}
		if at := c.Bindings("default")["products"]; at != "products_v2" {
			return fmt.Errorf("the alias is at %q", at)
		}
		return nil
	})
}

const v2Verified = `version: 1
aliases:
  products: {collection: products_v2, verify: {confirmations: 2}, canary: {query: {filter: "FILTER", limit: 3}}}
`

// A call that a gateway hides is not one that the server does not have.
func TestAGatewayMakesNoServerOld(t *testing.T) {
	dir := scene.Shared(t)
	c, err := verifiedSwitches[0].play(dir, passing)
	if err != nil {
		t.Fatal(err)
	}
	defer c.End()
	version := regexp.MustCompile(`(?m)^\w+ +version +(?:answers like Milvus ([0-9.]+):|not recognised)`)
	line := []string{"aliasctl", "doctor", "--uri", c.Server.URL(), "--retries", "0"}
	e := program.Perform(c.Dir, line...)
	told := version.FindStringSubmatch(e.Stdout)
	if told == nil || told[1] == "" {
		t.Fatal(e)
	}
	for _, route := range []string{"resource_groups/list", "databases/list", "roles/describe"} {
		for _, status := range scene.ForeignStatuses {
			for _, name := range []string{"html", "go", "detail"} {
				c.ClearFaults()
				c.AddFault(scene.Foreign(testkit.Match{Route: route, Times: -1}, testkit.ForeignBodies[name], status, testkit.Before))
				e := program.Perform(c.Dir, line...)
				if found := version.FindStringSubmatch(e.Stdout); found != nil && found[1] != "" && found[1] != told[1] {
					t.Errorf("%s, http %d, %s: %v", route, status, name, e)
				}
				if strings.Contains(e.Stdout, "the server has no calls") {
					t.Errorf("%s, http %d, %s: %v", route, status, name, e)
				}
			}
		}
	}
}
