package milvus

import (
	"fmt"
	"testing"

	"aliasctl/internal/emulator"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// colours is a cluster with a collection that readers leave and one that they
// are sent to: both with rows, of another dimension and metric, and green with
// a field more that is a vector without an index.
func colours(t *testing.T, k *cluster) {
	t.Helper()
	k.post(t, "collections/create", `{"collectionName":"blue","dimension":2}`)
	k.post(t, "collections/create", `{"collectionName":"green","schema":{"autoId":false,"enableDynamicField":false,"fields":[
		{"fieldName":"id","dataType":"Int64","isPrimary":true},
		{"fieldName":"dense","dataType":"FloatVector","elementTypeParams":{"dim":"3"}},
		{"fieldName":"title","dataType":"VarChar","elementTypeParams":{"max_length":"20"}}]},
		"indexParams":[{"fieldName":"dense","indexName":"dense_ix","metricType":"L2","indexType":"HNSW"}]}`)
	k.post(t, "collections/create", `{"collectionName":"bare","schema":{"autoId":true,"enableDynamicField":true,"fields":[
		{"fieldName":"pk","dataType":"VarChar","isPrimary":true,"elementTypeParams":{"max_length":"64"}},
		{"fieldName":"v","dataType":"FloatVector","elementTypeParams":{"dim":"4"}}]}}`)
	k.post(t, "entities/insert", `{"collectionName":"blue","data":[{"id":1,"vector":[1,0]},{"id":2,"vector":[0,1]}]}`)
	k.post(t, "entities/insert", `{"collectionName":"green","data":[{"id":1,"dense":[1,0,0],"title":"one"}]}`)
	do(t, k.CreateAlias("default", "products", "blue"))
}

// fill makes a collection of two dimensions with the rows of some ids, spread
// over the circle by id.
func fill(t *testing.T, k *cluster, name string, ids ...int) {
	t.Helper()
	k.post(t, "collections/create", fmt.Sprintf(`{"collectionName":%q,"dimension":2,"metricType":"L2"}`, name))
	for _, id := range ids {
		k.post(t, "entities/insert", fmt.Sprintf(`{"collectionName":%q,"data":[{"id":%d,"vector":[%d,0],"title":"t%d"}]}`, name, id, id, id))
	}
}

// liveOf is what a read of some collections of the default database leaves.
func liveOf(collections ...string) *planner.Live {
	d := &planner.LiveDatabase{Collections: map[string]planner.LiveCollection{}}
	for _, name := range collections {
		d.Collections[name] = planner.LiveCollection{}
	}
	return &planner.Live{Databases: map[string]*planner.LiveDatabase{"default": d}}
}

// inspect inspects and hides the ids behind the word "id".
func inspect(t *testing.T, c *Client, needs planner.Needs, live *planner.Live, vectors ...[]float64) *planner.LiveDatabase {
	t.Helper()
	err := Inspect(t.Context(), c, needs, live, func(*manifest.Golden) ([]GoldenQuery, error) { return bare(vectors...), nil })
	if err != nil {
		t.Fatal(err)
	}
	d := live.Databases["default"]
	for name, collection := range d.Collections {
		if collection.ID != "" {
			collection.ID = "id"
			d.Collections[name] = collection
		}
	}
	return d
}

func withUser(t *testing.T, p emulator.Profile, privileges ...string) (*cluster, *Client) {
	t.Helper()
	k := newCluster(t, p)
	colours(t, k)
	const root = "root:Milvus1"
	k.RequireToken(root)
	k.post(t, "users/create", `{"userName":"bob","password":"secret_1"}`, root)
	k.post(t, "roles/create", `{"roleName":"r"}`, root)
	k.post(t, "users/grant_role", `{"userName":"bob","roleName":"r"}`, root)
	for _, name := range privileges {
		k.post(t, "roles/grant_privilege", fmt.Sprintf(`{"roleName":"r","objectType":"Global","objectName":"*","privilege":%q}`, name), root)
	}
	return k, newClient(t, k.uri, func(cfg *Config) { cfg.Token = "bob:secret_1" })
}
