package contract

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"aliasctl/internal/acceptance/program"
)

// client is another client of the server, without any of our rooms.
type client struct {
	uri, token string
	prefix     string
}

func (c *client) ask(t *testing.T, path string, body map[string]any) program.Answered {
	t.Helper()
	return program.Ask(t, c.uri, c.token, path, body)
}

// do makes a call of v2 that has to succeed. Names are NAME or DATABASE/NAME.
func (c *client) do(t *testing.T, route string, fields ...string) {
	t.Helper()
	if a := c.ask(t, "/v2/vectordb/"+route, c.body(fields...)); !a.OK() {
		t.Fatalf("%s %q: %d %s", route, fields, a.Code, a.Message)
	}
}

// body reads "field=DATABASE/NAME"; the prefix goes before every name but that
// of the default database.
func (c *client) body(fields ...string) map[string]any {
	body := map[string]any{}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		db, bare := program.Place(value)
		if db != "default" {
			body["dbName"] = c.prefix + db
		}
		body[name] = c.prefix + bare
	}
	return body
}

func (c *client) makeCollection(t *testing.T, name string) {
	t.Helper()
	body := c.body("collectionName=" + name)
	body["dimension"] = 8
	if a := c.ask(t, "/v2/vectordb/collections/create", body); !a.OK() {
		t.Fatalf("collection %s: %d %s", name, a.Code, a.Message)
	}
}

// target is what an alias is bound to, "" for nothing.
func (c *client) target(t *testing.T, alias string) string {
	t.Helper()
	a := c.ask(t, "/v2/vectordb/aliases/describe", c.body("aliasName="+alias))
	if a.Code == 1600 {
		return ""
	}
	var data struct{ CollectionName string }
	if err := json.Unmarshal(a.Data, &data); err != nil || !a.OK() {
		t.Fatalf("describe %s: %d %s %v", alias, a.Code, a.Message, err)
	}
	return strings.TrimPrefix(data.CollectionName, c.prefix)
}

func (c *client) has(t *testing.T, collection string) bool {
	t.Helper()
	var data struct{ Has bool }
	a := c.ask(t, "/v2/vectordb/collections/has", c.body("collectionName="+collection))
	if err := json.Unmarshal(a.Data, &data); err != nil || !a.OK() {
		t.Fatalf("has %s: %d %s %v", collection, a.Code, a.Message, err)
	}
	return data.Has
}

// version tells the server by calls that versions answer differently
// (milvus-rest section 13). It has to have a collection "x" with an alias "y".
func (c *client) version(t *testing.T) string {
	t.Helper()
	unknown := c.ask(t, "/v2/vectordb/collections/has", map[string]any{"dbName": c.prefix + "nowhere", "collectionName": "x"})
	missing := c.ask(t, "/v2/vectordb/aliases/create", c.body("aliasName=z", "collectionName=nothing"))
	aliased := c.ask(t, "/v2/vectordb/collections/drop", c.body("collectionName=x"))
	switch {
	case aliased.OK():
		return "one without a guard (before 2.4.23 or 2.5.5)"
	case unknown.OK():
		return "2.4"
	case strings.HasPrefix(missing.Message, "timestamp = "):
		return "2.5"
	case aliased.Code == 65535:
		return "2.6"
	case aliased.Code == 1100:
		return "3.0"
	}
	return fmt.Sprintf("none that is known (has %d, create %d, drop %d)", unknown.Code, missing.Code, aliased.Code)
}

func (c *client) mustDatabase(t *testing.T) {
	t.Helper()
	if a := c.ask(t, "/v2/vectordb/databases/create", map[string]any{"dbName": c.prefix + "side"}); !a.OK() {
		t.Fatalf("cannot create a database: %d %s", a.Code, a.Message)
	}
}

// cleanUp drops everything with the prefix. What is not there is no error.
func (c *client) cleanUp(t *testing.T, collections []string) {
	for _, alias := range []string{"a", "b", "ads", "found", "other", "y", "z", "a2", "side/a"} {
		c.ask(t, "/v2/vectordb/aliases/drop", c.body("aliasName="+alias))
	}
	for _, name := range collections {
		c.ask(t, "/v2/vectordb/collections/drop", c.body("collectionName="+name))
		if c.has(t, name) {
			t.Errorf("collection %s%s is left behind", c.prefix, name)
		}
	}
	if a := c.ask(t, "/v2/vectordb/databases/drop", map[string]any{"dbName": c.prefix + "side"}); !a.OK() {
		t.Errorf("database %sside is left behind: %d %s", c.prefix, a.Code, a.Message)
	}
}
