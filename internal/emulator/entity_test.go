package emulator

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

func TestRowsCanBeQueriedAndSearched(t *testing.T) {
	e := New(V26)
	url := serve(t, e)
	const done = `{"code":0,"data":{}}`
	for _, s := range []struct{ route, body, want string }{
		{"collections/create", `{"collectionName":"c","dimension":2,"metricType":"L2"}`, done},
		{"entities/insert", `{"collectionName":"c","data":[{"id":1,"vector":[0,0],"title":"one"},{"id":2,"vector":[1,0],"title":"two"},{"id":3,"vector":[5,5]}]}`,
			`{"code":0,"cost":0,"data":{"insertCount":3,"insertIds":[1,2,3]}}`},
		{"entities/query", `{"collectionName":"c","filter":"id >= 2 and title == \"two\"","outputFields":["title"]}`,
			`{"code":0,"cost":0,"data":[{"id":2,"title":"two"}]}`},
		{"entities/query", `{"collectionName":"c","filter":"id in [3, 1]","limit":1,"outputFields":["id"]}`, `{"code":0,"cost":0,"data":[{"id":1}]}`},
		{"entities/query", `{"collectionName":"c","filter":"id < 2 or id > 2","outputFields":["count(*)"]}`, `{"code":0,"cost":0,"data":[{"count(*)":2}]}`},
		{"entities/query", `{"collectionName":"c","outputFields":["count(*)"]}`, `{"code":0,"cost":0,"data":[{"count(*)":3}]}`},
		{"entities/query", `{"collectionName":"c","filter":"id ~ 2"}`,
			`{"code":1100,"message":"failed to create query plan: cannot parse expression: id ~ 2, error: the embedded cluster knows only comparisons of a field with a literal and lists with ` + "`in`, joined by `and` or `or`" + `: invalid parameter"}`},
		{"entities/search", `{"collectionName":"c","data":[[0.9,0]],"limit":2,"outputFields":["title"]}`,
			`{"code":0,"cost":0,"data":[{"distance":0.009999999999999995,"id":2,"title":"two"},{"distance":0.81,"id":1,"title":"one"}],"topks":[2]}`},
		{"entities/search", `{"collectionName":"c","data":[[0,0],[5,5]],"limit":1}`,
			`{"code":0,"cost":0,"data":[{"distance":0,"id":1},{"distance":0,"id":3}],"topks":[1,1]}`},
		{"entities/insert", `{"collectionName":"c","data":[{"id":4}]}`,
			`{"code":1804,"message":"fail to deal the insert data, error: fieldName vector should not be null or missing"}`},
		{"entities/insert", `{"collectionName":"c","data":[{"id":4,"vector":[1,2,3]}]}`,
			`{"code":1804,"message":"fail to deal the insert data, error: []float32 size 3 doesn't equal to vector dimension 2 of FloatVector: invalid parameter"}`},
		{"entities/upsert", `{"collectionName":"c","data":{"id":3,"vector":[9,9],"title":"new"}}`, `{"code":0,"cost":0,"data":{"upsertCount":1,"upsertIds":[3]}}`},
		{"entities/delete", `{"collectionName":"c","filter":"id in [1, 2]"}`, `{"code":0,"cost":0,"data":{}}`},
		{"entities/query", `{"collectionName":"c","outputFields":["*"]}`, `{"code":0,"cost":0,"data":[{"id":3,"title":"new","vector":[9,9]}]}`},
	} {
		if got := post(t, url, s.route, s.body); got != s.want {
			t.Errorf("%s %s\n got %s\nwant %s", s.route, s.body, got, s.want)
		}
	}
}

// TestACollectionIsBuiltStepByStep is the story of a rebuild: create without
// an index, fill, index, load.
func TestACollectionIsBuiltStepByStep(t *testing.T) {
	url := serve(t, New(V26))
	const done = `{"code":0,"data":{}}`
	for _, s := range []struct{ route, body, want string }{
		{"collections/create", `{"collectionName":"c","schema":{"autoId":true,"fields":[{"fieldName":"pk","dataType":"VarChar","isPrimary":true,"elementTypeParams":{"max_length":64}},{"fieldName":"v","dataType":"FloatVector","elementTypeParams":{"dim":2}}]}}`, done},
		{"collections/load", `{"collectionName":"c"}`, `{"code":700,"message":"index not found[collection=c]"}`},
		{"indexes/create", `{"collectionName":"c","indexParams":[{"fieldName":"w"}]}`, `{"code":1100,"message":"cannot create index on non-exist field: w: invalid parameter"}`},
		{"indexes/create", `{"collectionName":"c","indexParams":[{"fieldName":"v","metricType":"IP","indexType":"HNSW"}]}`, done},
		{"indexes/list", `{"collectionName":"c"}`, `{"code":0,"data":["v"]}`},
		{"collections/load", `{"collectionName":"c"}`, done},
		{"indexes/drop", `{"collectionName":"c","indexName":"v"}`, `{"code":1100,"message":"index cannot be dropped, collection is loaded, please release it first: invalid parameter"}`},
		{"collections/release", `{"collectionName":"c"}`, done},
		{"indexes/drop", `{"collectionName":"c","indexName":"v"}`, done},
		{"indexes/list", `{"collectionName":"c"}`, `{"code":0,"data":[]}`},
	} {
		if got := post(t, url, s.route, s.body); got != s.want {
			t.Errorf("%s %s\n got %s\nwant %s", s.route, s.body, got, s.want)
		}
	}
}

func TestNearestComesFirst(t *testing.T) {
	for metric, want := range map[string]string{
		"COSINE": `{"code":0,"cost":0,"data":[{"distance":1,"id":1},{"distance":0,"id":2}],"topks":[2]}`,
		"IP":     `{"code":0,"cost":0,"data":[{"distance":2,"id":1},{"distance":0,"id":2}],"topks":[2]}`,
		"L2":     `{"code":0,"cost":0,"data":[{"distance":1,"id":1},{"distance":10,"id":2}],"topks":[2]}`,
	} {
		url := serve(t, New(V26))
		post(t, url, "collections/create", `{"collectionName":"c","dimension":2,"metricType":"`+metric+`"}`)
		post(t, url, "entities/insert", `{"collectionName":"c","data":[{"id":2,"vector":[0,3]},{"id":1,"vector":[2,0]}]}`)
		if got := post(t, url, "entities/search", `{"collectionName":"c","data":[[1,0]],"limit":5}`); got != want {
			t.Errorf("%s\n got %s\nwant %s", metric, got, want)
		}
	}
}

func TestALoadTakesItsTime(t *testing.T) {
	e := New(V26)
	e.SetLoadTime(time.Hour)
	must(t, e.CreateCollection(DefaultDatabase, "c"))
	url := serve(t, e)
	const loading = `{"code":0,"data":{"loadProgress":0,"loadState":"LoadStateLoading"},"message":""}`
	if got := post(t, url, "collections/get_load_state", `{"collectionName":"c"}`); got != loading {
		t.Errorf("got %s", got)
	}
	e.SetLoadTime(0)
	post(t, url, "collections/release", `{"collectionName":"c"}`)
	post(t, url, "collections/load", `{"collectionName":"c"}`)
	const loaded = `{"code":0,"data":{"loadProgress":100,"loadState":"LoadStateLoaded"},"message":""}`
	if got := post(t, url, "collections/get_load_state", `{"collectionName":"c"}`); got != loaded {
		t.Errorf("got %s", got)
	}
}

func TestALoadShowsItsProgress(t *testing.T) {
	e := New(V26)
	e.SetLoadTime(200 * time.Millisecond)
	must(t, e.CreateCollection(DefaultDatabase, "c"))
	url := serve(t, e)
	var seen []int
	for start := time.Now(); len(seen) == 0 || seen[len(seen)-1] < 100; {
		var answer struct{ Data struct{ LoadProgress int } }
		must(t, json.Unmarshal([]byte(post(t, url, "collections/get_load_state", `{"collectionName":"c"}`)), &answer))
		seen = append(seen, answer.Data.LoadProgress)
		if time.Since(start) > time.Minute {
			t.Fatalf("still at %d percent", seen[len(seen)-1])
		}
	}
	if !slices.IsSorted(seen) || len(slices.Compact(seen)) < 4 {
		t.Errorf("progress was %v", seen)
	}
}
