// Package clients has clients that nobody of this project wrote talk to the
// emulator, as `aliasctl dev` serves it: the official Node client and curl.
package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit/gateway"
)

func TestMain(m *testing.M) { program.Main(m) }

const token = "root:Milvus-of-the-tests"

// serve starts `aliasctl dev` and returns its address.
func serve(t *testing.T, profile string) (uri string) {
	t.Helper()
	dir := t.TempDir()
	secret := filepath.Join(dir, "token")
	program.Must(t, os.WriteFile(secret, []byte(token+"\n"), 0o600))
	p := program.NewChild(dir, "aliasctl", "dev", "--listen", "127.0.0.1:0", "--profile", profile, "--token-file", secret)
	program.Must(t, p.Start())
	t.Cleanup(p.Kill)
	address := regexp.MustCompile(`at (http://\S+)\n`)
	p.Prints(func(written string) bool { return address.MatchString(written) })
	found := address.FindStringSubmatch(p.Stdout.String())
	if found == nil {
		t.Fatalf("dev does not serve:\n%s%s", &p.Stdout, &p.Stderr)
	}
	return found[1]
}

func overProfiles(t *testing.T, test func(t *testing.T, profile, uri string)) {
	for _, p := range emulator.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			test(t, p.Name, serve(t, p.Name))
		})
	}
}

// The client sends its JSON as text/plain, names the default database in each
// call and asks for ids as strings.
func TestTheNodeClient(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed: the Node client is not tried")
	}
	packages, err := gateway.Installed("milvus2-sdk-node")
	if err != nil {
		t.Skipf("@zilliz/milvus2-sdk-node is not tried: %v", err)
	}
	story, err := filepath.Abs("testdata/milvus2-sdk-node/story.cjs")
	program.Must(t, err)
	want := `createCollection ok
insert ok 1
createCollection ok
insert ok 1
createAlias ok
createAlias refused
describeAlias ok products_v1
hasCollection ok true
describeCollection ok products
loadCollection ok
search ok 1
alterAlias refused
alterAlias ok
describeAlias ok products_v2
listAliases ok products
dropCollection refused
dropAlias ok
describeAlias refused
dropCollection ok
listCollections ok products_v1
`
	overProfiles(t, func(t *testing.T, profile, uri string) {
		node := exec.Command("node", story)
		node.Env = append(os.Environ(), "PACKAGES="+packages, "URI="+uri, "TOKEN="+token)
		out, err := node.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		want := want
		if profile == emulator.V23.Name { // it drops what an alias reaches
			want = strings.Replace(want, "dropCollection refused", "dropCollection ok", 1)
		}
		if diff := cmp.Diff(want, string(out)); diff != "" {
			t.Error(diff)
		}
	})
}

// The lines that people paste: a body, a bearer token, and what comes back.
func TestCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	lines := []struct{ route, body, want string }{
		{"collections/create", `{"collectionName": "products_v1", "dimension": 2}`, `"code":0`},
		{"collections/create", `{"collectionName": "products_v2", "dimension": 2}`, `"code":0`},
		{"aliases/create", `{"aliasName": "products", "collectionName": "products_v1"}`, `"code":0`},
		{"aliases/describe", `{"aliasName": "products"}`, `"collectionName":"products_v1"`},
		{"aliases/alter", `{"aliasName": "products", "collectionName": "products_v2"}`, `"code":0`},
		{"aliases/list", `{}`, `"data":["products"]`},
		{"aliases/list", `{"collectionName": "products_v1"}`, `"data":[]`},
		{"collections/describe", `{"collectionName": "products"}`, `"collectionName":"products"`},
		{"collections/list", `{}`, `products_v1`},
		{"aliases/drop", `{"aliasName": "products"}`, `"code":0`},
		{"collections/drop", `{"collectionName": "products_v2"}`, `"code":0`},
	}
	overProfiles(t, func(t *testing.T, profile, uri string) {
		for _, line := range lines {
			out, err := exec.Command("curl", "--silent", "--show-error", "--request", "POST", "--url", uri+"/v2/vectordb/"+line.route,
				"--header", "Authorization: Bearer "+token, "--header", "Content-Type: application/json", "--data", line.body).CombinedOutput()
			if text := strings.ReplaceAll(string(out), `"code":200`, `"code":0`); err != nil || !strings.Contains(text, line.want) {
				t.Errorf("%s %s: %v %s, want %s in it", line.route, line.body, err, out, line.want)
			}
		}
		out, err := exec.Command("curl", "--silent", "--show-error", "--output", os.DevNull, "--write-out", "%{http_code}", "--http2-prior-knowledge", uri).CombinedOutput()
		if err == nil {
			t.Errorf("a client of HTTP/2 without TLS was served: %s", out)
		}
	})
}
