package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aliasctl/internal/acceptance/program"
)

// client is another client of the server, without any of our rooms.
type client struct {
	uri, token string
	prefix     string
	// noDatabases reports that the server has no calls for databases: what belongs
	// to another database stands in the default one, under a longer name.
	noDatabases bool
	untried     []string // what could not be tried, with the reason
}

// family begins the names of all runs.
const family = "t_aliasctl_"

// ask makes a call, again where the server has no room for it: what an operator
// limits is refused before it is begun.
func (c *client) ask(t *testing.T, path string, body map[string]any) (a program.Answered) {
	t.Helper()
	eventually(patience, func() bool {
		a = program.Ask(t, c.uri, c.token, path, body)
		return !busy(a)
	})
	return a
}

func busy(a program.Answered) bool {
	switch a.Code {
	case 1, 2, 4, 8, 12, http.StatusTooManyRequests:
		return true
	case 1807:
		return strings.Contains(a.Message, "rate limit")
	}
	return false
}

// do makes a call of v2 that has to succeed. Names are NAME or DATABASE/NAME.
func (c *client) do(t *testing.T, route string, fields ...string) {
	t.Helper()
	if a := c.ask(t, "/v2/vectordb/"+route, c.body(fields...)); !a.OK() {
		t.Fatalf("%s %q: %d %s", route, fields, a.Code, a.Message)
	}
}

// place is where NAME or DATABASE/NAME is on the server: its database, "" for
// the default one, and its name, both with the prefix.
func (c *client) place(full string) (database, name string) {
	db, bare := program.Place(full)
	switch {
	case db == "default":
		return "", c.prefix + bare
	case c.noDatabases:
		return "", c.prefix + db + "_" + bare
	}
	return c.prefix + db, c.prefix + bare
}

// body reads "field=DATABASE/NAME".
func (c *client) body(fields ...string) map[string]any {
	body := map[string]any{}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		db, full := c.place(value)
		if db != "" {
			body["dbName"] = db
		}
		body[name] = full
	}
	return body
}

// makeCollection makes a collection by quick setup, and waits until it is loaded:
// from 2.6 on that takes a moment.
func (c *client) makeCollection(t *testing.T, name string) {
	t.Helper()
	body := c.body("collectionName=" + name)
	body["dimension"] = 8
	if a := c.ask(t, "/v2/vectordb/collections/create", body); !a.OK() {
		t.Fatalf("collection %s: %d %s", name, a.Code, a.Message)
	}
	if !eventually(loading, func() bool {
		var data struct{ LoadState string }
		a := c.ask(t, "/v2/vectordb/collections/get_load_state", c.body("collectionName="+name))
		return a.OK() && json.Unmarshal(a.Data, &data) == nil && data.LoadState == "LoadStateLoaded"
	}) {
		t.Fatalf("collection %s is not loaded after %s", name, loading)
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
	db, _ := program.Place(alias)
	return strings.TrimPrefix(strings.TrimPrefix(data.CollectionName, c.prefix), db+"_")
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

// version is that which doctor names. It has to be one of those that answer calls as
// the server does which doctor does not make, because they write (milvus-rest section
// 13). There has to be a collection "x" with an alias "y".
func (c *client) version(t *testing.T) string {
	t.Helper()
	possible := c.answersLike(t)
	e := c.run(t, "doctor", "-o", "json", "--state", filepath.Join(t.TempDir(), "none.json"))
	_, rest, ok := strings.Cut(e.Stdout, "answers like Milvus ")
	if !ok {
		c.untried = append(c.untried, fmt.Sprintf("version: doctor does not recognise it; by its writes it is one of %q", possible))
		return "unknown"
	}
	told, _, _ := strings.Cut(rest, ":")
	if !slices.Contains(possible, told) {
		t.Errorf("doctor names %s, and its writes are answered as by one of %q", told, possible)
	}
	return told
}

// answersLike are the profiles that answer writes as the server does.
func (c *client) answersLike(t *testing.T) []string {
	t.Helper()
	list := c.ask(t, "/v2/vectordb/aliases/list", map[string]any{})
	unknown := c.ask(t, "/v2/vectordb/collections/has", map[string]any{"dbName": c.prefix + "nowhere", "collectionName": "x"})
	missing := c.ask(t, "/v2/vectordb/aliases/create", c.body("aliasName=z", "collectionName=nothing"))
	aliased := c.ask(t, "/v2/vectordb/collections/drop", c.body("collectionName=x"))
	if aliased.OK() { // no guard, as before 2.4.23 and 2.5.5: as it was, but for the alias that is left in the air
		c.do(t, "aliases/drop", "aliasName=y")
		c.makeCollection(t, "x")
		c.do(t, "aliases/create", "aliasName=y", "collectionName=x")
	}
	switch {
	case list.Code == http.StatusOK:
		return []string{"2.3"}
	case unknown.OK():
		return []string{"2.4"}
	case aliased.OK():
		return []string{"2.5"}
	case aliased.Code == 65535 && strings.HasPrefix(missing.Message, "timestamp = "):
		return []string{"2.5", "2.6.18"} // 2.6.1 to 2.6.5 too
	case aliased.Code == 65535:
		return []string{"2.6.18"}
	case aliased.Code == 1100 && c.strictTimeout(t):
		return []string{"3.0"}
	case aliased.Code == 1100:
		return []string{"2.6"}
	}
	t.Logf("no profile answers so: has %d, create %d, drop %d", unknown.Code, missing.Code, aliased.Code)
	return nil
}

// strictTimeout reports whether the server refuses a time limit that is no number.
// It is asked of servers that keep none (milvus-rest section 6).
func (c *client) strictTimeout(t *testing.T) bool {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, c.uri+"/v2/vectordb/collections/list", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Request-Timeout", "abc")
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var a program.Answered
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a.Code == 1100
}

func (c *client) makeDatabase(t *testing.T) {
	t.Helper()
	switch a := c.ask(t, "/v2/vectordb/databases/create", map[string]any{"dbName": c.prefix + "side"}); {
	case a.Missing():
		c.noDatabases = true
		c.untried = append(c.untried, "several databases: the server has no calls for databases")
	case !a.OK(): // a token without the privilege, or a cluster without databases
		c.noDatabases = true
		c.untried = append(c.untried, fmt.Sprintf("several databases: none can be made: %d %s", a.Code, a.Message))
	}
}
