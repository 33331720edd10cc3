package emulator

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func seedFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cluster.yaml")
	must(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestSeedFillsTheCluster(t *testing.T) {
	e := New(V26)
	must(t, e.Fill(seedFile(t, `
databases:
  default:
    collections:
      - products_v1
      - {name: products_v2, rows: 1200, dimension: 16, loaded: false}
      - {name: raw, indexed: false}
    aliases: {products: products_v1, candidate: products_v2}
    dangling: {legacy: products_v0}
    roles: {readers: {products_v1: [Query], products: [CollectionReadOnly], "*": [Insert]}}
  archive:
    collections: [products_v1]
  empty:
`)))
	if diff := cmp.Diff(map[string]string{"products": "products_v1", "candidate": "products_v2"}, e.Bindings("default")); diff != "" {
		t.Error(diff)
	}
	url := serve(t, e)
	for _, c := range []struct{ route, body, want string }{
		{"collections/get_stats", `{"collectionName":"candidate"}`, `{"code":0,"data":{"rowCount":1200}}`},
		{"collections/get_load_state", `{"collectionName":"products_v2"}`, `{"code":0,"data":{"loadState":"LoadStateNotLoad"}}`},
		{"collections/get_load_state", `{"collectionName":"products"}`, `{"code":0,"data":{"loadProgress":100,"loadState":"LoadStateLoaded"},"message":""}`},
		{"indexes/list", `{"collectionName":"raw"}`, `{"code":0,"data":[]}`},
		{"aliases/describe", `{"aliasName":"legacy"}`, `{"code":1600,"message":"alias not found[database=default][alias=legacy]"}`},
		{"aliases/create", `{"aliasName":"legacy","collectionName":"products_v1"}`,
			`{"code":1602,"message":"legacy is alias to another collection: products_v0: alias already exist[database=default][alias=legacy]"}`},
		{"collections/list", `{"dbName":"archive"}`, `{"code":0,"data":["products_v1"]}`},
		{"roles/describe", `{"roleName":"readers"}`, `{"code":0,"data":[` +
			`{"dbName":"default","grantor":"root","objectName":"*","objectType":"Collection","privilege":"Insert"},` +
			`{"dbName":"default","grantor":"root","objectName":"products_v1","objectType":"Collection","privilege":"Query"},` +
			`{"dbName":"default","grantor":"root","objectName":"products_v1","objectType":"Global","privilege":"CollectionReadOnly"}],"description":""}`},
		{"collections/list", `{"dbName":"empty"}`, `{"code":0,"data":[]}`},
	} {
		if got := post(t, url, c.route, c.body); got != c.want {
			t.Errorf("%s %s\n got %s\nwant %s", c.route, c.body, got, c.want)
		}
	}
}

func TestSeedProblemsAllHaveAPlace(t *testing.T) {
	for _, c := range []struct{ name, seed, want string }{
		{"everything at once", `databases:
  default:
    collections: [products_v1, 1st, products_v1]
    aliasses: {products: products_v1}
    aliases:
      products: products_v9
      products_v1: products_v1
      products: products_v1
    dangling: {products: old, gone: products_v1}
  my-db:
tables: {}
`, `S:3:32: error: "1st" is no collection name: the first character of a collection name must be an underscore or letter
S:3:37: error: collection "products_v1" stands here twice
S:4:5: error: unknown field "aliasses"
S:8:7: error: "products" stands here twice
S:6:7: error: alias "products" is bound to "products_v9", which is not under collections
S:7:7: error: alias "products_v1" has the name of a collection
S:9:16: error: "products" cannot be a dangling alias: the name is taken
S:9:31: error: alias "gone" cannot dangle: "products_v1" is under collections
S:10:3: error: "my-db" is no database name: database name can only contain numbers, letters and underscores
S:11:1: error: unknown field "tables"`},
		{"wrong values", "databases:\n  default:\n    collections:\n    - {name: a, rows: many}\n    - {name: b, dimension: 0}\n    - {name: c, loded: true}\n",
			`S:4:23: error: "rows" cannot be "many"
S:5:28: error: "dimension" cannot be "0"
S:6:17: error: unknown field "loded"`},
		{"wrong rows", `databases:
  default:
    collections:
    - {name: a, rows: 5, pending: 6, metric: HAMMING}
    - {name: b, noise: 1.5}
    - {name: c, dimension: 2, entities: [{id: 1}, {id: 1, vector: [1]}, {id: 1, vector: [.nan, 1]}, one]}
    - {name: d, entities: many}
    - {name: e, dimension: 40000}
`, `S:4:46: error: "metric" cannot be "HAMMING"
S:4:7: error: 6 rows cannot be pending, of 5
S:5:24: error: "noise" cannot be "1.5"
S:6:42: error: this cannot be a row: fieldName vector should not be null or missing
S:6:51: error: this cannot be a row: []float32 size 1 doesn't equal to vector dimension 2 of FloatVector: invalid parameter
S:6:73: error: this cannot be a row: json: unsupported value: NaN
S:6:101: error: expected a row as fields with values
S:7:27: error: expected a list of rows
S:8:28: error: "dimension" cannot be "40000"`},
		{"wrong shapes", "databases: {default: {collections: products_v1, aliases: [products]}}",
			`S:1:36: error: expected a list of collections
S:1:58: error: expected the aliases as fields with values`},
		{"wrong roles", "databases:\n  default:\n    roles:\n      1st: {}\n      admin: {p: [Query]}\n      r: {p: Query, p-1: [Query], q: [Nothing, ClusterReadOnly]}\n      s: [Query]\n",
			`S:4:7: error: "1st" is no role name: the first character of a role name must be an underscore or letter
S:5:7: error: role "admin" may do everything already
S:6:14: error: expected a list of privileges
S:6:21: error: "p-1" is no collection name: collection name can only contain numbers, letters and underscores
S:6:39: error: no privilege or built-in group on collections has the name "Nothing"
S:6:48: error: no privilege or built-in group on collections has the name "ClusterReadOnly"
S:7:10: error: expected a role as fields with values`},
		{"not yaml", "databases:\n  default: [", `S:2:1: error: did not find expected node content`},
		{"two documents", "databases: {}\n---\ndatabases: {}\n", `S:2:1: error: a seed is one document`},
		{"a list", "- products", `S:1:1: error: expected the seed as fields with values`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseSeed("S", []byte(c.seed))
			var bad *SeedError
			if !errors.As(err, &bad) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(c.want, bad.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSeedMayBeEmpty(t *testing.T) {
	for _, content := range []string{"", "# nothing yet\n", "databases:\n", "databases: {}\n", "---\n", "databases:\n  default:\n    collections:\n    aliases:\n"} {
		if _, err := parseSeed("S", []byte(content)); err != nil {
			t.Errorf("%q: %v", content, err)
		}
	}
}
