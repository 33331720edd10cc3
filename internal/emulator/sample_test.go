package emulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// rebuilds are one data set, a good rebuild of it, one that is slightly off
// and one of another model.
const rebuilds = `
databases:
  default:
    collections:
      - {name: blue, rows: 5000}
      - {name: green, rows: 5000}
      - {name: off, rows: 5000, noise: 0.1}
      - {name: alien, rows: 5000, noise: 1, metric: L2}
      - {name: tiny, dimension: 2, entities: [{id: 7, vector: [0, 1], title: seven}, {id: 9007199254740993, vector: [1, 0.5]}]}
      - {name: building, rows: 100, pending: 40}
    aliases: {products: blue}
`

// nearest are the ids that a search finds with the vector of row id.
func nearest(t *testing.T, url, collection string, id int) string {
	t.Helper()
	var stored struct {
		Data []struct{ Vector []float64 }
	}
	text := post(t, url, "entities/query", fmt.Sprintf(`{"collectionName":"blue","filter":"id in [%d]","outputFields":["vector"]}`, id))
	must(t, json.Unmarshal([]byte(text), &stored))
	vector, _ := json.Marshal(stored.Data[0].Vector)
	var found struct{ Data []struct{ ID int } }
	text = post(t, url, "entities/search", fmt.Sprintf(`{"collectionName":%q,"data":[%s],"limit":10}`, collection, vector))
	must(t, json.Unmarshal([]byte(text), &found))
	return fmt.Sprint(found.Data)
}

func TestSeededRebuildsAnswerAlikeButForNoise(t *testing.T) {
	e := New(V26)
	must(t, e.Fill(seedFile(t, rebuilds)))
	url := serve(t, e)
	off, alien := 0, 0
	for id := 1; id <= 20; id++ {
		blue := nearest(t, url, "products", id)
		if green := nearest(t, url, "green", id); green != blue {
			t.Errorf("row %d: green finds %s, blue %s", id, green, blue)
		}
		if !strings.HasPrefix(blue, fmt.Sprintf("[{%d} ", id)) {
			t.Errorf("row %d is not nearest to itself: %s", id, blue)
		}
		if nearest(t, url, "off", id) != blue {
			off++
		}
		if !strings.HasPrefix(nearest(t, url, "alien", id), fmt.Sprintf("[{%d} ", id)) {
			alien++
		}
	}
	if off == 0 || alien < 15 {
		t.Errorf("of 20 searches, noise changed %d and another model %d", off, alien)
	}
}

func TestSeededRowsAreRows(t *testing.T) {
	seed := seedFile(t, rebuilds)
	for i, steps := range [][]struct{ route, body, want string }{
		{
			{"entities/query", `{"collectionName":"products","outputFields":["count(*)"]}`, `{"code":0,"cost":0,"data":[{"count(*)":5000}]}`},
			{"entities/query", `{"collectionName":"blue","filter":"id > 998","outputFields":["id"]}`, `{"code":0,"cost":0,"data":[{"id":999},{"id":1000}]}`},
			{"entities/query", `{"collectionName":"blue","limit":2,"offset":2,"outputFields":["id"],"consistencyLevel":"Strong"}`, `{"code":0,"cost":0,"data":[{"id":3},{"id":4}]}`},
			{"entities/delete", `{"collectionName":"blue","filter":"id in [3, 4, 3]"}`, `{"code":0,"cost":0,"data":{}}`},
			{"entities/upsert", `{"collectionName":"products","data":[{"id":1,"vector":[1,0,0,0,0,0,0,0],"title":"one"}]}`, `{"code":0,"cost":0,"data":{"upsertCount":1,"upsertIds":[1]}}`},
			{"entities/delete", `{"collectionName":"blue"}`, `{"code":1802,"message":"missing required parameters, error: Key: 'CollectionFilterReq.Filter' Error:Field validation for 'Filter' failed on the 'required' tag"}`},
			{"entities/query", `{"collectionName":"tiny","filter":"id == 9007199254740993"}`, `{"code":0,"cost":0,"data":[{"id":9007199254740993}]}`},
			{"entities/query", `{"collectionName":"tiny","filter":"title != \"six\"","outputFields":["title"]}`, `{"code":0,"cost":0,"data":[{"id":7,"title":"seven"}]}`},
			{"entities/query", `{"collectionName":"blue","limit":-1}`, `{"code":1100,"message":"invalid max query result window, (offset+limit) should be in range [1, 16384], but got -1: invalid parameter"}`},
			{"entities/query", `{"collectionName":"blue","offset":-1}`, `{"code":1100,"message":"invalid max query result window, offset [-1] is invalid, should be gte than 0: invalid parameter"}`},
		},
		{ // in the next process
			{"entities/query", `{"collectionName":"blue","filter":"id <= 5","outputFields":["title"]}`, `{"code":0,"cost":0,"data":[{"id":2},{"id":5},{"id":1,"title":"one"}]}`},
			{"entities/query", `{"collectionName":"blue","outputFields":["count(*)"]}`, `{"code":0,"cost":0,"data":[{"count(*)":4998}]}`},
			{"entities/query", `{"collectionName":"tiny","filter":"id > 7","outputFields":["*"]}`, `{"code":0,"cost":0,"data":[{"id":9007199254740993,"vector":[1,0.5]}]}`},
			{"collections/release", `{"collectionName":"tiny"}`, `{"code":0,"data":{}}`},
		},
	} {
		e := open(t, seed)
		url := serve(t, e)
		for _, s := range steps {
			if got := post(t, url, s.route, s.body); got != s.want {
				t.Errorf("part %d: %s %s\n got %s\nwant %s", i, s.route, s.body, got, s.want)
			}
		}
		must(t, e.Close())
	}
}

func TestAnIndexThatIsNotReady(t *testing.T) {
	e := New(V26)
	must(t, e.Fill(seedFile(t, rebuilds)))
	got := post(t, serve(t, e), "indexes/describe", `{"collectionName":"building","indexName":"vector"}`)
	for _, want := range []string{`"indexState":"InProgress"`, `"indexedRows":60`, `"pendingRows":40`, `"totalRows":100`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}
