package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/cli"
	"aliasctl/internal/emulator"
	statefile "aliasctl/internal/state"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// sweep says how much the tests of the promises cover:
//
//	go test .              every request and every kind of fault, in two minutes
//	go test . -sweep=full  all server versions, all sides, more actors
var sweep = flag.String("sweep", "ci", "how much the sweeps cover: ci or full")

func fullSweep() bool { return *sweep == "full" }

// story is a cluster and what is to become of it. Names are DATABASE/NAME.
type story struct {
	collections []string
	ours        map[string]string // aliases that an earlier apply bound
	others      map[string]string // aliases that it did not
	want        map[string]string // aliases of the manifest
	retire      []string
}

// richStory has every kind of step in two databases, with the same names in
// both: create, switch, drop, retire, adopt, and what is to stay.
var richStory = story{
	collections: []string{
		"default/products_v1", "default/products_v2", "default/products_v3", "default/reviews_v1",
		"default/images_v1", "default/legacy_v1", "default/old_v1", "default/foreign_v1",
		"search/products_v1", "search/products_v2", "search/queries_v1", "search/gone_v1",
	},
	ours: map[string]string{
		"default/products": "products_v1", "default/reviews": "reviews_v1", "default/old": "old_v1",
		"search/products": "products_v1", "search/gone": "gone_v1",
	},
	others: map[string]string{
		"default/legacy": "legacy_v1", "default/foreign": "foreign_v1", "search/other": "products_v2",
	},
	want: map[string]string{
		"default/products": "products_v2", "default/reviews": "reviews_v1", "default/images": "images_v1",
		"default/legacy": "legacy_v1", "search/products": "products_v2", "search/queries": "queries_v1",
	},
	retire: []string{"default/products_v1", "default/old_v1", "search/products_v1"},
}

// with is the story with another manifest. A want of "" takes the alias out;
// a retiree with "-" in front is not retired any more.
func (s story) with(want map[string]string, retire ...string) story {
	s.want, s.retire = maps.Clone(s.want), slices.Clone(s.retire)
	for alias, to := range want {
		if s.want[alias] = to; to == "" {
			delete(s.want, alias)
		}
	}
	for _, name := range retire {
		if kept, ok := strings.CutPrefix(name, "-"); ok {
			s.retire = slices.DeleteFunc(s.retire, func(r string) bool { return r == kept })
		} else {
			s.retire = append(s.retire, name)
		}
	}
	return s
}

// unmanaged are the aliases that no run may touch.
func (s story) unmanaged() map[string]string {
	left := maps.Clone(s.others)
	maps.DeleteFunc(left, func(alias, _ string) bool { return s.want[alias] != "" })
	return left
}

// document is the manifest of the story.
func (s story) document() string {
	var text strings.Builder
	for i, database := range s.databases() {
		if i > 0 {
			text.WriteString("---\n")
		}
		fmt.Fprintf(&text, "version: 1\ndatabase: %s\naliases:\n", database)
		for _, alias := range slices.Sorted(maps.Keys(s.want)) {
			if db, name := place(alias); db == database {
				fmt.Fprintf(&text, "  %s: %s\n", name, s.want[alias])
			}
		}
		head := "retire:\n"
		for _, retiree := range s.retire {
			if db, name := place(retiree); db == database {
				fmt.Fprintf(&text, "%s  - %s\n", head, name)
				head = ""
			}
		}
	}
	return text.String()
}

func (s story) databases() []string {
	var list []string
	for _, name := range s.collections {
		db, _ := place(name)
		list = append(list, db)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// build makes the cluster of the story, as it is before the run.
func (s story) build(profile emulator.Profile) *emulator.Emulator {
	e := emulator.New(profile)
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	for _, db := range s.databases() {
		if db != manifest.DefaultDatabase {
			must(e.CreateDatabase(db))
		}
	}
	for _, name := range s.collections {
		must(e.CreateCollection(place(name)))
	}
	for _, bindings := range []map[string]string{s.ours, s.others} {
		for _, alias := range slices.Sorted(maps.Keys(bindings)) {
			db, name := place(alias)
			must(e.CreateAlias(db, name, bindings[alias]))
		}
	}
	return e
}

// state is what the earlier apply has stored.
func (s story) state(e *emulator.Emulator, uri string) planner.State {
	state := statefile.New(planner.Cluster{URI: uri})
	state.Serial, state.UpdatedAt = 7, time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	for _, alias := range slices.Sorted(maps.Keys(s.ours)) {
		db, name := place(alias)
		state.Bindings = append(state.Bindings, planner.Binding{
			Database: db, Alias: name, Collection: s.ours[alias], Since: state.UpdatedAt,
			CollectionID: strconv.FormatInt(e.Collections(db)[s.ours[alias]], 10),
		})
	}
	return state
}

// scene is a story that is being played: a cluster that listens, a manifest
// and a state in a folder.
type scene struct {
	*emulator.Emulator
	story
	server *emulator.Server
	dir    string
	fixed  []string // flags of every run

	mu       sync.Mutex
	breaches []string // of what must hold at every instant, each at its first
}

func play(s story, profile emulator.Profile, parent string, flags ...string) (*scene, error) {
	dir, err := os.MkdirTemp(parent, "scene-*")
	if err != nil {
		return nil, err
	}
	c := &scene{Emulator: s.build(profile), story: s, dir: dir, fixed: flags}
	if c.server, err = emulator.Start(c, "127.0.0.1:0", emulator.ServerOptions{}); err != nil {
		return nil, err
	}
	store, err := statefile.Open(c.statePath())
	if err == nil {
		err = store.Save(context.Background(), s.state(c.Emulator, c.server.URL()))
	}
	if err == nil {
		err = c.write(s)
	}
	return c, err
}

// end throws the scene away.
func (c *scene) end() {
	c.server.Close()
	os.RemoveAll(c.dir)
}

func (c *scene) statePath() string { return filepath.Join(c.dir, "aliases.state.json") }

// write puts the manifest of a story in place; from now on it is the one that
// has to come true.
func (c *scene) write(s story) error {
	c.story = s
	return os.WriteFile(filepath.Join(c.dir, "aliases.yaml"), []byte(s.document()), 0o644)
}

// command is the command line of every run.
func (c *scene) command(flags ...string) []string {
	line := []string{"aliasctl", "sync", "--apply", "-f", filepath.Join(c.dir, "aliases.yaml"), "--uri", c.server.URL(), "-o", "json", "--drain", "0s"}
	return slices.Concat(line, c.fixed, flags)
}

// ending is how a run ended.
type ending struct {
	code           int
	stdout, stderr string
	report         answerJSON
	writes         int64
}

// answerJSON is the part of the JSON that the laws look at.
type answerJSON struct {
	Steps     []planner.Step     `json:"steps"`
	Conflicts []planner.Conflict `json:"conflicts"`
	Results   []struct {
		planner.Step
		Outcome executor.Outcome `json:"outcome"`
		Error   string           `json:"error"`
	} `json:"results"`
}

// run is one run of the program.
func (c *scene) run(flags ...string) ending {
	_, before := c.Counts()
	e := perform(c.dir, c.command(flags...)...)
	_, after := c.Counts()
	e.writes = after - before
	return e
}

// perform runs one command line: in this process, because that is quick; with
// the race detector in one of its own, because urfave/cli keeps its help flag
// in a global variable, which runs side by side would write to.
func perform(dir string, line ...string) ending {
	if raced {
		e, err := newChild(dir, line...).whole()
		if err != nil {
			return ending{code: -1, stderr: err.Error()}
		}
		return e
	}
	var stdout, stderr bytes.Buffer
	code := cli.Main(line, strings.NewReader(""), &stdout, &stderr)
	return newEnding(code, stdout.String(), stderr.String(), 0)
}

// raced says that the race detector is at work.
var raced = built("-race") == "true"

// leftOut is what sweeps skip while the detector makes everything ten times
// as slow: all but every 24th case. Without it they skip nothing.
func leftOut(i int) bool { return raced && !fullSweep() && i%24 != 0 }

func newEnding(code int, stdout, stderr string, writes int64) ending {
	e := ending{code: code, stdout: stdout, stderr: stderr, writes: writes}
	if json.Unmarshal([]byte(stdout), &e.report) != nil {
		e.report = answerJSON{}
	}
	return e
}

func (e ending) String() string {
	return fmt.Sprintf("exit code %d\n%s%s", e.code, e.stdout, e.stderr)
}

// live is what an alias is bound to now, "" for nothing.
func (c *scene) live(alias string) string {
	db, name := place(alias)
	return c.Bindings(db)[name]
}

// bindings are all aliases of the cluster.
func (c *scene) bindings() map[string]string {
	all := map[string]string{}
	for _, db := range c.databases() {
		for alias, to := range c.Bindings(db) {
			all[db+"/"+alias] = to
		}
	}
	return all
}

func (c *scene) exists(collection string) bool {
	db, name := place(collection)
	_, there := c.Collections(db)[name]
	return there
}

// stored is the state on disk.
func (c *scene) stored() (planner.State, error) {
	file, err := statefile.Open(c.statePath())
	if err != nil {
		return planner.State{}, err
	}
	return file.Read(context.Background())
}

// tally counts what a sweep has done, for its last line.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (t *tally) count(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]int{}
	}
	t.n[what]++
}

// text lists the counts with their names, in order.
func (t *tally) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(t.n)) {
		parts = append(parts, fmt.Sprintf("%s: %d", name, t.n[name]))
	}
	return strings.Join(parts, ", ")
}

// shared is a folder for many scenes.
func shared(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "aliasctl-sweep-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
