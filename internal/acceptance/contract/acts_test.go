package contract

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aliasctl/internal/acceptance/program"
)

// acts are short stories of their own, each with its own state.
var acts = []func(*testing.T, *client){keepsByID, movesAGroup, asksACanary, obeysARole}

// apply writes a manifest, with PREFIX replaced, and applies it. Manifests in one
// folder share a state.
func (c *client) apply(t *testing.T, dir, manifest string, flags ...string) program.Ending {
	t.Helper()
	path := filepath.Join(dir, "aliases.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(manifest, "PREFIX", c.prefix)), 0o644); err != nil {
		t.Fatal(err)
	}
	return c.run(t, append([]string{"sync", "--apply", "-f", path, "-o", "json", "--drain", "0s"}, flags...)...)
}

// ends requires an exit code, and what aliases are bound to then.
func (c *client) ends(t *testing.T, what string, e program.Ending, code int, live map[string]string) {
	t.Helper()
	if e.Code != code {
		t.Errorf("%s: exit code %d, want %d\n%v", what, e.Code, code, e)
	}
	for alias, want := range live {
		if got := c.target(t, alias); got != want {
			t.Errorf("%s: alias %s is bound to %q, want %q", what, alias, got, want)
		}
	}
}

// keepsByID retires by the order of ids: k_v1 is made last, whatever its name.
func keepsByID(t *testing.T, c *client) {
	for _, name := range []string{"k_v2", "k_v3", "k_v4", "k_v5", "k_v1"} {
		c.makeCollection(t, name)
	}
	dir := t.TempDir()
	c.ends(t, "keep: first", c.apply(t, dir, "version: 1\naliases: {PREFIXk: PREFIXk_v4}\n"), 0, map[string]string{"k": "k_v4"})
	c.ends(t, "keep", c.apply(t, dir, "version: 1\naliases:\n  PREFIXk: {collection: PREFIXk_v5, keep: 0, match: PREFIXk_v*}\n"), 0, map[string]string{"k": "k_v5"})
	for name, want := range map[string]bool{"k_v2": false, "k_v3": false, "k_v4": true, "k_v5": true, "k_v1": true} {
		if got := c.has(t, name); got != want {
			t.Errorf("keep: collection %s: is there %v, want %v", name, got, want)
		}
	}
}

// movesAGroup switches two aliases as one, and neither where one cannot be.
func movesAGroup(t *testing.T, c *client) {
	for _, name := range []string{"g1_v1", "g2_v1", "g1_v2", "g2_v2"} {
		c.makeCollection(t, name)
	}
	manifest := func(version int, second string) string {
		return fmt.Sprintf("version: 1\naliases:\n  PREFIXg1: {collection: PREFIXg1_v%d, group: catalog}\n  PREFIXg2: {collection: PREFIX%s, group: catalog}\n", version, second)
	}
	dir := t.TempDir()
	c.ends(t, "group: first", c.apply(t, dir, manifest(1, "g2_v1")), 0, map[string]string{"g1": "g1_v1", "g2": "g2_v1"})
	c.ends(t, "group: one target is missing", c.apply(t, dir, manifest(2, "g2_v9")), 3, map[string]string{"g1": "g1_v1", "g2": "g2_v1"})
	c.ends(t, "group", c.apply(t, dir, manifest(2, "g2_v2")), 0, map[string]string{"g1": "g1_v2", "g2": "g2_v2"})
}

// asksACanary asks real queries through an alias; it needs a server that answers
// with the rows that were put in.
func asksACanary(t *testing.T, c *client) {
	for _, name := range []string{"q_v1", "q_v2"} {
		body := c.body("collectionName=" + name)
		body["dimension"], body["params"] = 8, map[string]any{"consistencyLevel": "Strong"}
		if !c.try(t, "collections/create", body) {
			t.Fatalf("cannot create %s", name)
		}
		var rows []map[string]any
		for id := range 5 {
			rows = append(rows, map[string]any{"id": id, "vector": []float64{1, float64(id), 0, 0, 0, 0, 0, 0}})
		}
		body = c.body("collectionName=" + name)
		body["data"] = rows
		if !c.try(t, "entities/insert", body) || !c.shows(t, name, len(rows)) {
			c.untried = append(c.untried, "canary: the server does not answer queries with what was put in")
			return
		}
	}
	manifest := func(version int, filter string) string {
		return fmt.Sprintf("version: 1\naliases:\n  PREFIXq: {collection: PREFIXq_v%d, canary: {query: {filter: %q, limit: 3}}}\n", version, filter)
	}
	dir := t.TempDir()
	c.ends(t, "canary: first", c.apply(t, dir, manifest(1, "id >= 0")), 0, map[string]string{"q": "q_v1"})
	c.ends(t, "canary that finds nothing", c.apply(t, dir, manifest(2, "id > 100000")), 7, map[string]string{"q": "q_v1"})
	c.ends(t, "canary", c.apply(t, dir, manifest(2, "id >= 0")), 0, map[string]string{"q": "q_v2"})
}

// How long a real server may take: for rows and grants to count, for room for a call,
// and to load a collection.
const (
	patience = 30 * time.Second
	loading  = 3 * time.Minute
)

// shows waits until a query finds that many rows.
func (c *client) shows(t *testing.T, collection string, rows int) bool {
	t.Helper()
	return eventually(patience, func() bool {
		body := c.body("collectionName=" + collection)
		body["filter"], body["outputFields"] = "id >= 0", []string{"id"}
		a := c.ask(t, "/v2/vectordb/entities/query", body)
		var found []map[string]any
		return a.OK() && json.Unmarshal(a.Data, &found) == nil && len(found) == rows
	})
}

func eventually(within time.Duration, holds func() bool) bool {
	for end := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		if holds() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// needed are the privileges of docs/milvus.md: their object's type, and name, and a
// call that asks for each and changes nothing.
var needed = []struct {
	object, privilege string
	probe             []string
}{
	{"Global", "CreateAlias", []string{"aliases/create", "aliasName=r_probe", "collectionName=r_v1"}},
	{"Global", "DropAlias", []string{"aliases/drop", "aliasName=r_nothing"}},
	{"Global", "DescribeAlias", []string{"aliases/describe", "aliasName=r_probe"}},
	{"Global", "ListAliases", []string{"aliases/list", "collectionName=r_v1"}},
	{"Global", "DescribeCollection", []string{"collections/describe", "collectionName=r_v1"}},
	{"Global", "DropCollection", []string{"collections/drop", "collectionName=r_nothing"}},
	{"Collection", "GetLoadState", []string{"collections/get_load_state", "collectionName=r_v1"}},
	{"Collection", "GetStatistics", []string{"collections/get_stats", "collectionName=r_v1"}},
}

// obeysARole works as a user with just those privileges, and says which is
// missing after one was taken away.
func obeysARole(t *testing.T, c *client) {
	// Without authorization a server takes a token that nobody has.
	stranger := &client{uri: c.uri, token: "nobody:" + c.prefix}
	if c.token == "" || stranger.ask(t, "/v2/vectordb/aliases/list", map[string]any{}).OK() {
		c.untried = append(c.untried, "roles: the server asks for no token")
		return
	}
	for _, name := range []string{"r_v1", "r_v2"} {
		c.makeCollection(t, name)
	}
	user := c.makeUser(t)
	if user == nil {
		return
	}
	c.do(t, "aliases/create", "aliasName=r_probe", "collectionName=r_v1")
	// Servers before 2.6 let each grant count when they come to it.
	for _, p := range needed {
		probe := p.probe
		if !eventually(patience, func() bool { return user.ask(t, "/v2/vectordb/"+probe[0], c.body(probe[1:]...)).OK() }) {
			t.Errorf("roles: %s does not count %s after it was granted", p.privilege, patience)
			return
		}
	}
	dir := t.TempDir()
	manifest := func(version int) string {
		return fmt.Sprintf("version: 1\naliases: {PREFIXr: PREFIXr_v%d}\n", version)
	}
	c.ends(t, "roles: create", user.apply(t, dir, manifest(1)), 0, map[string]string{"r": "r_v1"})
	c.ends(t, "roles: switch", user.apply(t, dir, manifest(2)), 0, map[string]string{"r": "r_v2"})
	c.grant(t, "revoke_privilege", "Global", "CreateAlias")
	denied := func() bool {
		return !user.ask(t, "/v2/vectordb/aliases/create", c.body("aliasName=r_probe", "collectionName=r_v1")).OK()
	}
	if !eventually(patience, denied) {
		t.Errorf("roles: what was revoked still counts after %s", patience)
		return
	}
	e := user.apply(t, dir, manifest(1))
	c.ends(t, "roles: denied", e, e.Code, map[string]string{"r": "r_v2"})
	if e.Code == 0 || !strings.Contains(e.Stdout+e.Stderr, "CreateAlias") {
		t.Errorf("roles: a denied switch does not name the privilege\n%v", e)
	}
	c.copiesGrants(t, user, dir)
}

// copiesGrants switches r, which is at r_v2, as one who may: first the reader would be
// locked out, then the grants go along.
func (c *client) copiesGrants(t *testing.T, reader *client, dir string) {
	role := c.prefix + "role"
	for _, privilege := range []string{"Query", "Search"} {
		if !c.try(t, "roles/grant_privilege", map[string]any{"roleName": role, "objectType": "Collection", "objectName": c.prefix + "r_v2", "privilege": privilege}) {
			t.Errorf("grants: %s on a collection is refused", privilege)
			return
		}
	}
	// Servers before 2.4.18 have no groups.
	group := c.try(t, "roles/grant_privilege_v2", map[string]any{"roleName": role, "privilege": "CollectionReadOnly", "dbName": "default", "collectionName": c.prefix + "r_v2"})
	reads := func(collection string) bool {
		body := c.body("collectionName=" + collection)
		body["filter"], body["outputFields"] = "id >= 0", []string{"id"}
		return reader.ask(t, "/v2/vectordb/entities/query", body).OK()
	}
	if !eventually(patience, func() bool { return reads("r_v2") }) || reads("r_v1") {
		t.Error("grants: the reader reads r_v1, or does not read r_v2")
		return
	}
	manifest := func(more string) string {
		return "version: 1\naliases:\n  PREFIXr: {collection: PREFIXr_v1, require: {same_grants: true}" + more + "}\n"
	}
	e := c.apply(t, dir, manifest(""))
	c.ends(t, "grants: locked out", e, 3, map[string]string{"r": "r_v2"})
	if want := "loses Query and Search"; !strings.Contains(e.Stdout, want) || !strings.Contains(e.Stdout, role) {
		t.Errorf("grants: it does not report that %s %s\n%v", role, want, e)
	}
	e = c.apply(t, dir, manifest(", grants: copy"))
	c.ends(t, "grants: copied", e, 0, map[string]string{"r": "r_v1"})
	if n, want := strings.Count(e.Stdout, `"op":"grant-privilege"`), map[bool]int{false: 4, true: 6}[group]; n != want { // in steps and results
		t.Errorf("grants: %d grants are shown, want %d\n%v", n, want, e)
	}
	if !reads("r_v1") { // whatever time the server takes was waited for
		t.Error("grants: the reader is locked out of r_v1")
	}
	if group && !strings.Contains(string(c.ask(t, "/v2/vectordb/roles/describe", map[string]any{"roleName": role}).Data), c.prefix+`r_v1","objectType":"Global"`) {
		t.Error("grants: the group is not granted")
	}
}

// makeUser makes a user whose role has the privileges that aliasctl needs, nil
// where the server refuses to.
func (c *client) makeUser(t *testing.T) *client {
	t.Helper()
	name, password := c.prefix+"user", fmt.Sprintf("Pw_%016x", rand.Uint64())
	role := c.prefix + "role"
	if !c.try(t, "users/create", map[string]any{"userName": name, "password": password}) ||
		!c.try(t, "roles/create", map[string]any{"roleName": role}) ||
		!c.try(t, "users/grant_role", map[string]any{"userName": name, "roleName": role}) {
		c.untried = append(c.untried, "roles: the token may not make users and roles")
		return nil
	}
	for _, p := range needed {
		c.grant(t, "grant_privilege", p.object, p.privilege)
	}
	user := *c
	user.token = name + ":" + password
	return &user
}

func (c *client) grant(t *testing.T, call, object, privilege string) {
	t.Helper()
	if !c.try(t, "roles/"+call, map[string]any{"roleName": c.prefix + "role", "objectType": object, "objectName": "*", "privilege": privilege}) {
		t.Errorf("roles: %s %s is refused", call, privilege)
	}
}
