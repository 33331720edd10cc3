package milvus

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"aliasctl/internal/emulator"
	"aliasctl/manifest"
	"aliasctl/planner"

	"github.com/google/go-cmp/cmp"
)

// everything asks for all facts of a collection.
func everything(collection string) planner.Inspection {
	return planner.Inspection{Database: "default", Collection: collection, Load: true, Rows: true, Indexes: true, Schema: true}
}

func TestInspect(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		colours(t, k)
		c := newClient(t, k.uri, nil)
		do(t, c.ReleaseCollection(t.Context(), "default", "green"))
		got := inspect(t, c, planner.Needs{Facts: []planner.Inspection{
			everything("bare"), everything("blue"), everything("green"),
		}}, liveOf("bare", "blue", "green"))
		want := map[string]planner.LiveCollection{
			"blue": {ID: "id", Facts: &planner.Facts{
				Load:    &planner.LoadFact{State: planner.Loaded, Progress: 100},
				Rows:    &planner.RowsFact{Count: 2, Source: "count(*)"},
				Indexes: &planner.IndexFact{Fields: []planner.VectorIndex{{Field: "vector", Index: "vector", State: "Finished", Type: "AUTOINDEX", Metric: "COSINE"}}},
				Schema: &planner.SchemaFact{Dynamic: true, Fields: []planner.Field{
					{Name: "id", Type: "Int64", Primary: true},
					{Name: "vector", Type: "FloatVector", Dim: "2", Metric: "COSINE", Index: "AUTOINDEX"},
				}},
			}},
			// Released: it is not counted, and growing rows are not seen.
			"green": {ID: "id", Facts: &planner.Facts{
				Load:    &planner.LoadFact{State: "LoadStateNotLoad"},
				Rows:    &planner.RowsFact{Count: 0, Source: "get_stats"},
				Indexes: &planner.IndexFact{Fields: []planner.VectorIndex{{Field: "dense", Index: "dense_ix", State: "Finished", Type: "HNSW", Metric: "L2"}}},
				Schema: &planner.SchemaFact{Fields: []planner.Field{
					{Name: "dense", Type: "FloatVector", Dim: "3", Metric: "L2", Index: "HNSW"},
					{Name: "id", Type: "Int64", Primary: true},
					{Name: "title", Type: "VarChar"},
				}},
			}},
			"bare": {ID: "id", Facts: &planner.Facts{
				Load:    &planner.LoadFact{State: "LoadStateNotLoad"},
				Rows:    &planner.RowsFact{Count: 0, Source: "get_stats"},
				Indexes: &planner.IndexFact{Fields: []planner.VectorIndex{{Field: "v"}}},
				Schema: &planner.SchemaFact{Dynamic: true, Fields: []planner.Field{
					{Name: "pk", Type: "VarChar", Primary: true},
					{Name: "v", Type: "FloatVector", Dim: "4"},
				}},
			}},
		}
		if diff := cmp.Diff(want, got.Collections); diff != "" {
			t.Error(diff)
		}
	})
}

func TestInspectAsksOnlyForWhatIsNeeded(t *testing.T) {
	k := newCluster(t, emulator.V26)
	colours(t, k)
	c := newClient(t, k.uri, nil)
	for _, tt := range []struct {
		name string
		of   planner.Inspection
		want []string
	}{
		{"id", planner.Inspection{}, []string{`collections/describe {"collectionName":"blue"}`}},
		{"load", planner.Inspection{Load: true}, []string{
			`collections/describe {"collectionName":"blue"}`,
			`collections/get_load_state {"collectionName":"blue"}`}},
		{"rows", planner.Inspection{Rows: true}, []string{
			`collections/describe {"collectionName":"blue"}`,
			`entities/query {"collectionName":"blue","filter":"","outputFields":["count(*)"],"consistencyLevel":"Strong"}`}},
		{"schema", planner.Inspection{Schema: true}, []string{
			`collections/describe {"collectionName":"blue"}`,
			`indexes/describe {"collectionName":"blue","indexName":"vector"}`,
			`indexes/list {"collectionName":"blue"}`}},
	} {
		tt.of.Database, tt.of.Collection = "default", "blue"
		k.took()
		live := liveOf("blue")
		inspect(t, c, planner.Needs{Facts: []planner.Inspection{tt.of}}, live)
		if diff := cmp.Diff(tt.want, k.took()); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		// What is known already is not asked for again.
		inspect(t, c, planner.Needs{Facts: []planner.Inspection{{Database: "default", Collection: "blue"}}}, live)
		if calls := k.took(); len(calls) != 0 {
			t.Errorf("%s: asked again: %q", tt.name, calls)
		}
	}
	if err := Inspect(t.Context(), c, planner.Needs{}, liveOf(), nil); err != nil || len(k.took()) != 0 {
		t.Errorf("nothing: %v", err)
	}
}

// What a pattern retires was not read before: its id and all its aliases are.
func TestInspectRetirees(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		colours(t, k)
		do(t, k.CreateAlias("default", "analytics", "blue"))
		needs := planner.Needs{
			Facts:    []planner.Inspection{{Database: "default", Collection: "blue", Rows: true}, {Database: "default", Collection: "gone", Rows: true}},
			Retirees: []planner.Key{{Database: "default", Name: "blue"}, {Database: "default", Name: "gone"}, {Database: "default", Name: "green"}},
		}
		got := inspect(t, newClient(t, k.uri, nil), needs, liveOf())
		want := map[string]planner.LiveCollection{
			"blue":  {ID: "id", Aliases: []string{"analytics", "products"}, Facts: &planner.Facts{Rows: &planner.RowsFact{Count: 2, Source: "count(*)"}}},
			"green": {ID: "id", Aliases: []string{}},
		}
		if diff := cmp.Diff(want, got.Collections); diff != "" {
			t.Error(diff)
		}
	})
}

// A retiree of which the aliases are not known must not look unused.
func TestInspectFailsWhenARetireeStaysUnknown(t *testing.T) {
	for _, route := range []string{collectionsDescribe, aliasesList} {
		k := newCluster(t, emulator.V26)
		colours(t, k)
		k.meddleWith(route, answerWith(403, jsonType, `{"code":65535,"message":"PrivilegeX: permission deny to bob"}`))
		live := liveOf()
		err := Inspect(t.Context(), newClient(t, k.uri, nil), planner.Needs{Retirees: []planner.Key{{Database: "default", Name: "blue"}}}, live, nil)
		if !IsDenied(err) {
			t.Errorf("%s: %v", route, err)
		}
		if diff := cmp.Diff(liveOf(), live); diff != "" {
			t.Errorf("%s: live was changed: %s", route, diff)
		}
	}
}

// One fact that the server does not give leaves the others as they are.
func TestInspectSaysWhyAFactIsUnknown(t *testing.T) {
	const (
		denied = `{"code":65535,"message":"rpc error: code = PermissionDenied desc = PrivilegeX: permission deny to bob in the ` + "`default`" + ` database"}`
		why    = `missing privilege "PrivilegeX": rpc error: code = PermissionDenied desc = PrivilegeX: permission deny to bob in the ` + "`default`" + ` database (http 403, code 65535)`
	)
	// why returns the reasons of the facts in order: load, rows, indexes, schema.
	whys := func(f *planner.Facts) [4]string {
		return [4]string{f.Load.Why, f.Rows.Why, f.Indexes.Why, f.Schema.Why}
	}
	for _, tt := range []struct {
		route   string
		handler http.HandlerFunc
		want    [4]string
	}{
		{collectionsState, answerWith(403, jsonType, denied), [4]string{0: "collections/get_load_state: " + why}},
		{collectionsState, answerWith(404, "text/plain", "404 page not found"), [4]string{0: "collections/get_load_state: no such route: too old a server, or not Milvus: 404 page not found (http 404)"}},
		{collectionsState, answerWith(200, jsonType, `{"code":0,"data":{}}`), [4]string{0: `collections/get_load_state: the answer has no usable "data": {} (http 200)`}},
		{entitiesQuery, answerWith(403, jsonType, denied), [4]string{}}, // get_stats answers
		{collectionsDescribe, answerWith(403, jsonType, denied), [4]string{2: "collections/describe: " + why, 3: "collections/describe: " + why}},
		{collectionsDescribe, answerWith(200, jsonType, `{"code":0,"data":{"collectionID":1,"fields":[]}}`),
			[4]string{2: "collections/describe shows no usable fields", 3: "collections/describe shows no usable fields"}},
		{collectionsDescribe, answerWith(200, jsonType, `{"code":100,"message":"can't find collection"}`),
			[4]string{2: "the collection does not exist (code 100)", 3: "the collection does not exist (code 100)"}},
		{indexesList, answerWith(200, jsonType, `{"code":1100,"message":"`+strings.Repeat("x", 500)+`"}`),
			[4]string{2: "indexes/list: " + strings.Repeat("x", maxWhy) + "... (http 200, code 1100)", 3: "indexes/list: " + strings.Repeat("x", maxWhy) + "... (http 200, code 1100)"}},
		{indexesDescribe, answerWith(200, jsonType, `{"code":0,"data":[]}`), [4]string{
			2: `indexes/describe: the answer has no usable "data": [] (http 200)`, 3: `indexes/describe: the answer has no usable "data": [] (http 200)`}},
	} {
		k := newCluster(t, emulator.V25)
		colours(t, k)
		k.meddleWith(tt.route, tt.handler)
		got := inspect(t, newClient(t, k.uri, nil), planner.Needs{Facts: []planner.Inspection{everything("blue")}}, liveOf("blue"))
		if diff := cmp.Diff(tt.want, whys(got.Collections["blue"].Facts)); diff != "" {
			t.Errorf("%s: %s", tt.route, diff)
		}
	}
}

// A user who may neither count nor see statistics learns why of both.
func TestInspectRowsUnknown(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		_, c := withUser(t, k.Profile())
		got := inspect(t, c, planner.Needs{Facts: []planner.Inspection{everything("blue")}}, liveOf("blue")).Collections["blue"].Facts
		if w := got.Rows.Why; !strings.Contains(w, `missing privilege "PrivilegeQuery"`) || !strings.Contains(w, `missing privilege "PrivilegeGetStatistics"`) {
			t.Errorf("rows: %q", w)
		}
		if w := got.Load.Why; !strings.Contains(w, `missing privilege "PrivilegeGetLoadState"`) {
			t.Errorf("load: %q", w)
		}
		if got.Indexes.Why != "" || len(got.Indexes.Fields) != 1 || got.Schema.Why != "" {
			t.Errorf("every user may see these: %+v, %+v", got.Indexes, got.Schema)
		}
	})
}

func TestInspectEndsWhenNothingWouldBeAnswered(t *testing.T) {
	k := newCluster(t, emulator.V26)
	colours(t, k)
	k.RequireToken("root:Milvus1")
	live := liveOf("blue")
	needs := planner.Needs{Facts: []planner.Inspection{everything("blue")}}
	if err := Inspect(t.Context(), newClient(t, k.uri, nil), needs, live, nil); !IsUnauthenticated(err) {
		t.Errorf("no token: %v", err)
	}
	uri, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	var e *Error
	if err := Inspect(t.Context(), newClient(t, uri, nil), needs, live, nil); !errors.As(err, &e) || e.Status != 0 {
		t.Errorf("no connection: %v", err)
	}
	if diff := cmp.Diff(liveOf("blue"), live); diff != "" {
		t.Errorf("live was changed: %s", diff)
	}
}

// Rows are numbers, also where a server writes 64 bits as text.
func TestCounts(t *testing.T) {
	for data, want := range map[string]int64{
		`[{"count(*)":123}]`:                 123,
		`[{"count(*)":"9007199254740993"}]`:  9007199254740993,
		`[{"count(*)":9223372036854775807}]`: 9223372036854775807,
		`[{"count(*)":-1}]`:                  -1,
		`[{"count(*)":1.5}]`:                 -1,
		`[{"count(*)":null}]`:                -1,
		`[{}]`:                               -1,
		`[]`:                                 -1,
		`null`:                               -1,
		`{"count(*)":1}`:                     -1,
	} {
		uri, _ := serve(t, answerWith(200, jsonType, `{"code":0,"cost":0,"data":`+data+`}`))
		n, err := newClient(t, uri, nil).count(t.Context(), "", "x")
		if (err == nil) != (want >= 0) || err == nil && n != want {
			t.Errorf("%s: %d, %v", data, n, err)
		}
	}
}

// Newer versions have fields within fields, and arrays of vectors.
func TestSchemaOfNestedFields(t *testing.T) {
	d := description{
		fields: []byte(`[{"name":"tags","type":"Array","elementType":"VarChar","params":[{"key":"max_capacity","value":"8"}]},
			{"name":"id","type":"Int64","primaryKey":true},{"name":"v","type":"BFloat16Vector","params":[{"key":"dim","value":16}]}]`),
		structs: []byte(`[{"name":"parts","type":"ArrayOfStruct","fields":[{"name":"emb","type":"ArrayOfVector","elementType":"FloatVector","params":[{"key":"dim","value":"4"}]}]}]`),
	}
	got, err := d.schema()
	want := []planner.Field{
		{Name: "id", Type: "Int64", Primary: true},
		{Name: "parts", Type: "ArrayOfStruct"},
		{Name: "parts[emb]", Type: "ArrayOfVector of FloatVector", Dim: "4"},
		{Name: "tags", Type: "Array of VarChar"},
		{Name: "v", Type: "BFloat16Vector", Dim: "16"},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v: %s", err, diff)
	}
	var vectors []string
	for _, f := range got {
		if f.Vector() {
			vectors = append(vectors, f.Name)
		}
	}
	if diff := cmp.Diff([]string{"parts[emb]", "v"}, vectors); diff != "" {
		t.Error(diff)
	}
	d.structs = []byte(`{}`)
	if _, err := d.schema(); err == nil {
		t.Error("structs that are not understood are left out silently")
	}
}

func TestGoldenFileIsReadBeforeAnythingIsAsked(t *testing.T) {
	k := newCluster(t, emulator.V26)
	bad := errors.New("no such file")
	needs := planner.Needs{
		Facts:  []planner.Inspection{everything("blue")},
		Golden: []planner.GoldenRun{{Database: "default", Alias: "a", Blue: "blue", Green: "green", Golden: &manifest.Golden{}}},
	}
	err := Inspect(t.Context(), newClient(t, k.uri, nil), needs, liveOf("blue"), func(*manifest.Golden) ([]GoldenQuery, error) { return nil, bad })
	if !errors.Is(err, bad) || len(k.took()) != 0 {
		t.Errorf("%v", err)
	}
}
