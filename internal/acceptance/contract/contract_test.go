// Package contract plays one story against a server: the emulated versions, or a
// real one.
package contract

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aliasctl/executor"
	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/cli"
	"aliasctl/internal/emulator"
)

// TestContract plays one long story against a server, as users do: through the
// program, with another client at work between the runs. By itself it runs
// against the emulator as each of its versions; with
//
//	ALIASCTL_TEST_URI=http://127.0.0.1:19530 ALIASCTL_TEST_TOKEN=root:Milvus go test ./internal/acceptance/contract -v
//
// against that one. All names begin with a random prefix, everything is
// dropped in the end, and the answers tell which version it is.
func TestContract(t *testing.T) {
	if uri := os.Getenv("ALIASCTL_TEST_URI"); uri != "" {
		told := contract(t, &client{uri: strings.TrimRight(uri, "/"), token: os.Getenv("ALIASCTL_TEST_TOKEN")})
		t.Logf("%s answers as Milvus %s", uri, told)
		return
	}
	for _, profile := range emulator.Profiles() {
		t.Run(profile.Name, func(t *testing.T) {
			server, err := emulator.Start(emulator.New(profile), "127.0.0.1:0", emulator.ServerOptions{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { server.Close() })
			if told := contract(t, &client{uri: server.URL()}); told != profile.Name {
				t.Errorf("its answers are told as those of %s", told)
			}
		})
	}
}

// chapter is one part of the story: what another client does, what the
// manifest says then, and how the run ends.
type chapter struct {
	name     string
	meantime func(*testing.T, *client)
	want     map[string]string // changes of the manifest, "" takes an alias out
	retire   []string          // with "-" in front: not any more
	flags    []string
	code     int
	steps    string            // the operations of the plan, in order
	kinds    string            // of the conflicts
	live     map[string]string // what is bound afterwards
	there    map[string]bool   // which collections exist afterwards
}

var chapters = []chapter{
	{name: "create in two databases", want: map[string]string{"a": "v1", "b": "v1", "side/a": "v1"}, steps: "create-alias create-alias create-alias",
		live: map[string]string{"a": "v1", "b": "v1", "side/a": "v1", "other": "v4"}},
	{name: "nothing to do", live: map[string]string{"a": "v1", "b": "v1"}},
	{name: "switch", want: map[string]string{"a": "v2", "side/a": "v2"}, steps: "alter-alias alter-alias", live: map[string]string{"a": "v2", "b": "v1", "side/a": "v2"}},
	{name: "switch and retire", want: map[string]string{"b": "v2"}, retire: []string{"v1", "side/v1"}, steps: "alter-alias drop-collection drop-collection",
		live: map[string]string{"a": "v2", "b": "v2"}, there: map[string]bool{"v1": false, "side/v1": false, "v2": true, "side/v2": true}},
	{name: "adopt", meantime: func(t *testing.T, c *client) { c.do(t, "aliases/create", "aliasName=found", "collectionName=v3") },
		want: map[string]string{"found": "v3"}, steps: "adopt", live: map[string]string{"found": "v3"}},
	{name: "drift is a conflict", meantime: func(t *testing.T, c *client) { c.do(t, "aliases/alter", "aliasName=a", "collectionName=v3") },
		code: 3, kinds: "drift", live: map[string]string{"a": "v3"}},
	{name: "drift overwritten", flags: []string{"--overwrite-drift", "PREFIXfound", "--overwrite-drift", "default/PREFIXa"}, steps: "alter-alias", live: map[string]string{"a": "v2"}},
	{name: "an alias that was never ours", meantime: func(t *testing.T, c *client) { c.do(t, "aliases/create", "aliasName=ads", "collectionName=v3") },
		want: map[string]string{"ads": "v2"}, code: 3, kinds: "not-ours", live: map[string]string{"ads": "v3"}},
	{name: "taken over", flags: []string{"--take-over", "PREFIXads"}, steps: "alter-alias", live: map[string]string{"ads": "v2"}},
	{name: "an alias that another client has dropped", meantime: func(t *testing.T, c *client) { c.do(t, "aliases/drop", "aliasName=a") },
		steps: "create-alias", live: map[string]string{"a": "v2"}},
	{name: "drop", want: map[string]string{"ads": "", "found": ""}, steps: "drop-alias drop-alias", live: map[string]string{"ads": "", "found": "", "a": "v2", "other": "v4"}},
	{name: "switch by drop and create", want: map[string]string{"a": "v3"}, flags: []string{"--switch", "recreate"}, steps: "drop-alias create-alias", live: map[string]string{"a": "v3"}},
	{name: "a retiree that an unmanaged alias reaches", retire: []string{"v4"}, code: 3, kinds: "still-aliased", live: map[string]string{"other": "v4"}, there: map[string]bool{"v4": true}},
	{name: "a retiree that nobody reaches any more", meantime: func(t *testing.T, c *client) { c.do(t, "aliases/drop", "aliasName=other") },
		steps: "drop-collection", there: map[string]bool{"v4": false}},
	{name: "a retiree that came back", meantime: func(t *testing.T, c *client) { c.makeCollection(t, "v4") }, code: 3, kinds: "retiree-came-back", there: map[string]bool{"v4": true}},
	{name: "retired again", flags: []string{"--retire-again", "PREFIXv4"}, steps: "drop-collection", there: map[string]bool{"v4": false}},
	{name: "a target that does not exist", want: map[string]string{"b": "v9"}, code: 3, kinds: "target-missing", live: map[string]string{"b": "v2"}},
	{name: "a target that is an alias", want: map[string]string{"b": "a2"}, meantime: func(t *testing.T, c *client) { c.do(t, "aliases/create", "aliasName=a2", "collectionName=v3") },
		code: 3, kinds: "target-is-alias", live: map[string]string{"b": "v2"}},
	{name: "an alias named like a collection", want: map[string]string{"b": "v2", "x": "v2"}, code: 3, kinds: "alias-is-collection", there: map[string]bool{"x": true}},
	{name: "back in order", want: map[string]string{"x": ""}, live: map[string]string{"a": "v3", "b": "v2", "side/a": "v2", "a2": "v3"}},
}

// contract plays the chapters and returns what version the server is.
func contract(t *testing.T, c *client) (version string) {
	c.prefix = fmt.Sprintf("t_aliasctl_%08x_", rand.Uint32())
	dir := t.TempDir()
	collections := []string{"v4", "v1", "v2", "v3", "x", "side/v1", "side/v2"}
	c.mustDatabase(t)
	t.Cleanup(func() { c.cleanUp(t, collections) })
	for _, name := range collections {
		c.makeCollection(t, name)
	}
	c.do(t, "aliases/create", "aliasName=other", "collectionName=v4")
	c.do(t, "aliases/create", "aliasName=y", "collectionName=x")
	version = c.version(t)
	if strings.HasPrefix(version, "one without") {
		c.makeCollection(t, "x")
	}

	s := scene.Story{Existing: []string{"default/v1", "side/v1"}, Want: map[string]string{}}
	for _, ch := range chapters {
		if ch.meantime != nil {
			ch.meantime(t, c)
		}
		want := map[string]string{}
		for alias, to := range ch.want {
			db, name := program.Place(alias)
			want[db+"/"+name] = to
		}
		var retire []string
		for _, name := range ch.retire {
			db, bare := program.Place(name)
			retire = append(retire, db+"/"+bare)
		}
		s = s.With(want, retire...)
		if !c.chapter(t, ch, s, dir) {
			t.Fatalf("the story ends here")
		}
	}
	return version
}

// chapter writes the manifest, runs the program, and looks at the server.
func (c *client) chapter(t *testing.T, ch chapter, s scene.Story, dir string) bool {
	path := filepath.Join(dir, "aliases.yaml")
	if err := os.WriteFile(path, []byte(c.document(s)), 0o644); err != nil {
		t.Fatal(err)
	}
	line := []string{"aliasctl", "sync", "--apply", "-f", path, "--uri", c.uri, "-o", "json", "--drain", "0s"}
	if c.token != "" {
		token := filepath.Join(dir, "token")
		if err := os.WriteFile(token, []byte(c.token), 0o600); err != nil {
			t.Fatal(err)
		}
		line = append(line, "--token-file", token)
	}
	for _, flag := range ch.flags {
		line = append(line, strings.ReplaceAll(flag, "PREFIX", c.prefix))
	}
	var stdout, stderr bytes.Buffer
	code := cli.Main(line, strings.NewReader(""), &stdout, &stderr)
	e := program.NewEnding(code, stdout.String(), stderr.String(), 0)

	fine := true
	differ := func(format string, args ...any) {
		t.Errorf("%s: %s\n%v", ch.name, fmt.Sprintf(format, args...), e)
		fine = false
	}
	if e.Code != ch.code {
		differ("exit code %d, want %d", e.Code, ch.code)
	}
	if ch.code == 0 {
		var ops []string
		for _, step := range e.Report.Steps {
			ops = append(ops, string(step.Op))
		}
		if got := strings.Join(ops, " "); got != ch.steps {
			differ("the steps are %q, want %q", got, ch.steps)
		}
		for _, r := range e.Report.Results {
			if r.Outcome != executor.Applied {
				differ("%s %s: %s", r.Op, cmp.Or(r.Alias, r.Collection), r.Outcome)
			}
		}
	}
	var kinds []string
	for _, conflict := range e.Report.Conflicts {
		kinds = append(kinds, string(conflict.Kind))
	}
	if got := strings.Join(kinds, " "); got != ch.kinds {
		differ("the conflicts are %q, want %q", got, ch.kinds)
	}
	for _, alias := range slices.Sorted(maps.Keys(ch.live)) {
		if got := c.target(t, alias); got != ch.live[alias] {
			differ("alias %s is bound to %q, want %q", alias, got, ch.live[alias])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ch.there)) {
		if got := c.has(t, name); got != ch.there[name] {
			differ("collection %s: is there %v, want %v", name, got, ch.there[name])
		}
	}
	return fine
}

// document is the manifest of a story with every name prefixed.
func (c *client) document(s scene.Story) string {
	p := scene.Story{Want: map[string]string{}}
	name := func(full string) string {
		db, bare := program.Place(full)
		if db != "default" {
			db = c.prefix + db
		}
		return db + "/" + c.prefix + bare
	}
	for _, full := range s.Existing {
		p.Existing = append(p.Existing, name(full))
	}
	for alias, to := range s.Want {
		p.Want[name(alias)] = c.prefix + to
	}
	for _, full := range s.Retire {
		p.Retire = append(p.Retire, name(full))
	}
	return p.Document()
}
