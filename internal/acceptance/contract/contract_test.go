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

// TestContract plays one long story and some short acts against a server, as
// users do: through the program, with another client at work between the runs.
// By itself it runs against the emulator as each of its versions; with
//
//	ALIASCTL_TEST_URI=http://127.0.0.1:19530 ALIASCTL_TEST_TOKEN=root:Milvus \
//	go test ./internal/acceptance/contract -run '^TestContract$' -count=1 -v -timeout 30m
//
// against that one. All names begin with a random prefix and are dropped in the
// end. A run that was killed leaves its names to the next one, which drops them
// first: run one at a time. At the end stand the version that the answers show
// and what could not be tried.
func TestContract(t *testing.T) {
	if uri := os.Getenv("ALIASCTL_TEST_URI"); uri != "" {
		c := &client{uri: strings.TrimRight(uri, "/"), token: os.Getenv("ALIASCTL_TEST_TOKEN")}
		told := contract(t, c)
		t.Logf("%s answers as Milvus %s", uri, told)
		for _, what := range c.untried {
			t.Logf("not tried: %s", what)
		}
		return
	}
	for _, profile := range emulator.Profiles() {
		t.Run(profile.Name, func(t *testing.T) {
			c := emulated(t, profile, "root:Milvus")
			if told := contract(t, c); told != profile.Name {
				t.Errorf("its answers are told as those of %s", told)
			}
			want := map[string]int{"2.3": 1}[profile.Name] // no databases
			if len(c.untried) != want {
				t.Errorf("not tried: %q", c.untried)
			}
		})
	}
	t.Run("without authorization", func(t *testing.T) {
		c := emulated(t, emulator.V26, "")
		contract(t, c)
		if len(c.untried) != 1 || !strings.HasPrefix(c.untried[0], "roles: ") {
			t.Errorf("not tried: %q", c.untried)
		}
	})
}

// emulated is another client of a new emulated server.
func emulated(t *testing.T, profile emulator.Profile, token string) *client {
	e := emulator.New(profile)
	if token != "" {
		e.RequireToken(token)
	}
	server, err := emulator.Start(e, "127.0.0.1:0", emulator.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return &client{uri: server.URL(), token: token}
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

// contract plays the chapters and the acts, and returns what version the server
// is.
func contract(t *testing.T, c *client) (version string) {
	c.prefix = fmt.Sprintf("%s%08x_", family, rand.Uint32())
	dir := t.TempDir()
	c.sweep(t, family)
	c.makeDatabase(t)
	t.Cleanup(func() {
		c.sweep(t, c.prefix)
		for _, left := range c.left(t, c.prefix) {
			t.Errorf("%s is left behind", left)
		}
	})
	for _, name := range []string{"v4", "v1", "v2", "v3", "x", "side/v1", "side/v2"} {
		c.makeCollection(t, name)
	}
	c.do(t, "aliases/create", "aliasName=other", "collectionName=v4")
	c.do(t, "aliases/create", "aliasName=y", "collectionName=x")
	version = c.version(t)

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
	for _, act := range acts {
		act(t, c)
	}
	return version
}

// chapter writes the manifest, runs the program, and looks at the server.
func (c *client) chapter(t *testing.T, ch chapter, s scene.Story, dir string) bool {
	path := filepath.Join(dir, "aliases.yaml")
	if err := os.WriteFile(path, []byte(c.document(s)), 0o644); err != nil {
		t.Fatal(err)
	}
	e := c.run(t, append([]string{"sync", "--apply", "-f", path, "-o", "json", "--drain", "0s"}, ch.flags...)...)

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

// run runs the program against the server, with PREFIX in the flags replaced.
func (c *client) run(t *testing.T, args ...string) program.Ending {
	t.Helper()
	line := []string{"aliasctl"}
	for _, arg := range args {
		line = append(line, strings.ReplaceAll(arg, "PREFIX", c.prefix))
	}
	line = append(line, "--uri", c.uri)
	t.Setenv("MILVUS_TOKEN", c.token) // no file: a run that is killed must not leave it on the disk
	var stdout, stderr bytes.Buffer
	code := cli.Main(line, strings.NewReader(""), &stdout, &stderr)
	return program.NewEnding(code, stdout.String(), stderr.String(), 0)
}

// document is the manifest of a story with every name prefixed.
func (c *client) document(s scene.Story) string {
	p := scene.Story{Want: map[string]string{}}
	name := func(full string) string {
		db, bare := c.place(full)
		return cmp.Or(db, "default") + "/" + bare
	}
	for _, full := range s.Existing {
		p.Existing = append(p.Existing, name(full))
	}
	for alias, to := range s.Want {
		db, _ := program.Place(alias)
		_, target := c.place(db + "/" + to)
		p.Want[name(alias)] = target
	}
	for _, full := range s.Retire {
		p.Retire = append(p.Retire, name(full))
	}
	return p.Document()
}
