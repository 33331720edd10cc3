package contract

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"aliasctl/internal/emulator"
)

// sweep drops everything whose name begins with a prefix: users, roles, and the
// aliases and collections of all databases, then the databases. What cannot be
// listed has none.
func (c *client) sweep(t *testing.T, prefix string) {
	t.Helper()
	for _, user := range c.names(t, "users/list", nil, prefix) {
		c.try(t, "users/drop", map[string]any{"userName": user})
	}
	for _, role := range c.names(t, "roles/list", nil, prefix) {
		c.dropRole(t, role)
	}
	databases := c.names(t, "databases/list", nil, prefix)
	for _, db := range append([]string{""}, databases...) {
		body := func(field, name string) map[string]any {
			b := map[string]any{field: name}
			if db != "" {
				b["dbName"] = db
			}
			return b
		}
		for _, alias := range c.names(t, "aliases/list", body("collectionName", ""), prefix) {
			c.try(t, "aliases/drop", body("aliasName", alias))
		}
		for _, collection := range c.names(t, "collections/list", body("collectionName", ""), prefix) {
			c.try(t, "collections/drop", body("collectionName", collection))
		}
	}
	for _, db := range databases { // its collections may take a moment to be gone
		eventually(patience, func() bool { return c.try(t, "databases/drop", map[string]any{"dbName": db}) })
	}
}

// left names what a sweep would drop.
func (c *client) left(t *testing.T, prefix string) []string {
	t.Helper()
	var all []string
	for _, route := range []string{"users/list", "roles/list", "databases/list", "aliases/list", "collections/list"} {
		for _, name := range c.names(t, route, nil, prefix) {
			all = append(all, strings.TrimSuffix(route, "s/list")+" "+name)
		}
	}
	return all
}

// names asks a list for the names that begin with a prefix.
func (c *client) names(t *testing.T, route string, body map[string]any, prefix string) []string {
	t.Helper()
	if body == nil {
		body = map[string]any{}
	}
	a := c.ask(t, "/v2/vectordb/"+route, body)
	var all []string
	if !a.OK() || json.Unmarshal(a.Data, &all) != nil {
		return nil
	}
	all = slices.DeleteFunc(all, func(name string) bool { return !strings.HasPrefix(name, prefix) })
	slices.Sort(all)
	return all
}

// try makes a call and logs a refusal.
func (c *client) try(t *testing.T, route string, body map[string]any) bool {
	t.Helper()
	a := c.ask(t, "/v2/vectordb/"+route, body)
	if !a.OK() {
		t.Logf("%s %v: %d %s", route, body, a.Code, a.Message)
	}
	return a.OK()
}

// dropRole takes a role's grants first: servers before 2.6 refuse to drop a role
// that has one.
func (c *client) dropRole(t *testing.T, role string) {
	t.Helper()
	var grants []struct{ DbName, ObjectType, ObjectName, Privilege string }
	a := c.ask(t, "/v2/vectordb/roles/describe", map[string]any{"roleName": role, "dbName": "*"})
	if a.OK() && json.Unmarshal(a.Data, &grants) == nil {
		for _, g := range grants {
			if g.ObjectType == "Global" { // a group; the other call takes it for none
				c.try(t, "roles/revoke_privilege_v2", map[string]any{"roleName": role, "dbName": g.DbName, "collectionName": g.ObjectName, "privilege": g.Privilege})
			}
			c.try(t, "roles/revoke_privilege", map[string]any{"roleName": role, "dbName": g.DbName,
				"objectType": g.ObjectType, "objectName": g.ObjectName, "privilege": g.Privilege})
		}
	}
	c.try(t, "roles/drop", map[string]any{"roleName": role})
}

// A run that was killed leaves names of any kind; the next one drops them all,
// and nothing else.
func TestTheNextRunSweepsWhatAKilledOneLeft(t *testing.T) {
	for _, profile := range emulator.Profiles() {
		t.Run(profile.Name, func(t *testing.T) {
			e := emulator.New(profile)
			e.RequireToken("root:Milvus")
			server, err := emulator.Start(e, "127.0.0.1:0", emulator.ServerOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			killed := &client{uri: server.URL(), token: "root:Milvus", prefix: family + "0badf00d_"}
			killed.makeDatabase(t)
			for _, name := range []string{"v1", "side/v1"} {
				killed.makeCollection(t, name)
				alias := strings.Replace(name, "v1", "a", 1)
				killed.do(t, "aliases/create", "aliasName="+alias, "collectionName="+name)
			}
			killed.makeUser(t)
			if profile.Name != "2.3" { // which has no groups
				killed.try(t, "roles/grant_privilege_v2", map[string]any{"roleName": killed.prefix + "role", "privilege": "CollectionReadOnly", "dbName": "default", "collectionName": killed.prefix + "v1"})
			}
			if err := e.CreateCollection("default", "products_v1"); err != nil {
				t.Fatal(err)
			}
			next := &client{uri: server.URL(), token: "root:Milvus"}
			if left := next.left(t, family); len(left) < 5 {
				t.Fatalf("nothing to sweep: %q", left)
			}
			next.sweep(t, family)
			if left := next.left(t, family); left != nil {
				t.Errorf("left behind: %q", left)
			}
			if all := slices.Collect(maps.Keys(e.Collections("default"))); !slices.Equal(all, []string{"products_v1"}) {
				t.Errorf("collections: %q", all)
			}
		})
	}
}
