package emulator

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// known reports whether the profile is one of those named.
func (p Profile) is(names ...string) bool { return slices.Contains(names, p.Name) }

// ok is the body of a success that answers nothing.
func (p Profile) ok() string {
	if p.Success == 200 {
		return `{"code":200,"data":{}}`
	}
	return `{"code":0,"data":{}}`
}

// overProfiles runs a test against a cluster of every profile: products is
// bound to products_v1, and there is a products_v2.
func overProfiles(t *testing.T, test func(t *testing.T, e *Emulator, url string)) {
	for _, p := range Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			e := pair(t, p)
			test(t, e, serve(t, e))
		})
	}
}

const notThere = "404 page not found"

// The calls that keep a collection in shape take an alias and leave it bound.
func TestMaintenanceCallsTakeAnAlias(t *testing.T) {
	overProfiles(t, func(t *testing.T, e *Emulator, url string) {
		p := e.Profile()
		old, noTruncate := p.is("2.3", "2.4"), p.is("2.3", "2.4", "2.5", "2.6.18")
		for _, c := range []struct {
			route, body, want string
			missing           bool
		}{
			{"collections/flush", `{"collectionName":"products"}`, p.ok(), old},
			{"collections/compact", `{"collectionName":"products"}`, `{"code":0,"data":{"compactionID":-1}}`, old},
			{"collections/get_compaction_state", `{"jobID":-1}`, `{"code":0,"data":{"compactionID":-1,"completedPlanNumber":0,"executingPlanNumber":0,"state":"Completed","timeoutPlanNumber":0}}`, old},
			{"collections/get_compaction_state", `{"collectionName":"products"}`, `{"code":1802,"message":"missing required parameters, error: Key: 'GetCompactionStateReq.JobID' Error:Field validation for 'JobID' failed on the 'required' tag"}`, old},
			{"collections/refresh_load", `{"collectionName":"products"}`, p.ok(), old},
			{"collections/alter_properties", `{"collectionName":"products","properties":{"collection.ttl.seconds":60}}`, p.ok(), old},
			{"collections/load", `{"collectionName":"products"}`, p.ok(), false},
			{"collections/truncate", `{"collectionName":"products"}`, p.ok(), noTruncate},
			{"collections/flush", `{"collectionName":"nothing"}`, `{"code":100,"message":"collection not found[database=default][collection=nothing]"}`, old},
			{"collections/truncate", `{"collectionName":"nothing"}`, `{"code":100,"message":"collection not found[database=default][collection=nothing]"}`, noTruncate},
		} {
			want := c.want
			if c.missing {
				want = notThere
			}
			if got := post(t, url, c.route, c.body); got != want {
				t.Errorf("%s %s\n got %s\nwant %s", c.route, c.body, got, want)
			}
		}
		if e.bound("products") != "products_v1" {
			t.Error("the alias has moved")
		}
		if got := post(t, url, "collections/describe", `{"collectionName":"products_v1"}`); strings.Contains(got, `"key":"collection.ttl.seconds","value":"60"`) == old {
			t.Errorf("the property: %s", got)
		}
		// Released, a refresh is refused in the code of its time.
		post(t, url, "collections/release", `{"collectionName":"products"}`)
		got, want := post(t, url, "collections/refresh_load", `{"collectionName":"products"}`), `{"code":101,"message":"call query coordinator LoadCollection: collection not loaded[`
		switch {
		case old:
			want = notThere
		case p.is("2.5"):
			want = strings.Replace(want, "101", "65535", 1)
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("refresh_load of a released collection: got %s, want %s", got, want)
		}
	})
}

func TestTruncateThroughAnAliasEmptiesTheCollectionBehindIt(t *testing.T) {
	for _, p := range []Profile{V26, V30} {
		e, err := Open(seedFile(t, `
databases:
  default:
    collections: [{name: products_v1, rows: 1200, dimension: 2, entities: [{id: 5000, vector: [0, 1]}]}, products_v2]
    aliases: {products: products_v1}
`), p)
		must(t, err)
		t.Cleanup(func() { e.Close() })
		url := serve(t, e)
		count := `{"collectionName":"products_v1","outputFields":["count(*)"]}`
		if got := post(t, url, "entities/query", count); !strings.Contains(got, `"count(*)":1201`) {
			t.Fatal(got)
		}
		post(t, url, "collections/truncate", `{"collectionName":"products"}`)
		for _, ask := range []struct{ route, body, want string }{
			{"entities/query", count, `{"code":0,"cost":0,"data":[{"count(*)":0}]}`},
			{"collections/get_stats", `{"collectionName":"products"}`, `{"code":0,"data":{"rowCount":0}}`},
			{"entities/search", `{"collectionName":"products","data":[[1,0]]}`, `"data":[]`},
		} {
			if got := post(t, url, ask.route, ask.body); !strings.Contains(got, ask.want) {
				t.Errorf("%s: %s", ask.route, got)
			}
		}
		if e.bound("products") != "products_v1" {
			t.Error("the alias has moved")
		}
	}
}

func TestOptionsAreAnswered204(t *testing.T) {
	overProfiles(t, func(t *testing.T, e *Emulator, url string) {
		e.RequireToken("root:Milvus")
		for _, path := range []string{"/v2/vectordb/aliases/list", "/v1/vector/collections/drop", "/", "/nothing/"} {
			request, err := http.NewRequest(http.MethodOptions, url+path, nil)
			must(t, err)
			response, err := http.DefaultClient.Do(request)
			must(t, err)
			response.Body.Close()
			if response.StatusCode != http.StatusNoContent {
				t.Errorf("%s: %d", path, response.StatusCode)
			}
		}
	})
}

func TestBodiesHaveNoLimit(t *testing.T) {
	overProfiles(t, func(t *testing.T, e *Emulator, url string) {
		body := `{"aliasName":"products","collectionName":"products_v2","other":"` + strings.Repeat("x", 20<<20) + `"}`
		if got := post(t, url, "aliases/alter", body); got != e.profile.ok() {
			t.Errorf("got %.200s", got)
		}
	})
}

func TestKeysAreCaseInsensitiveAndTheLastWins(t *testing.T) {
	overProfiles(t, func(t *testing.T, e *Emulator, url string) {
		for body, want := range map[string]string{
			`{"ALIASNAME":"products","CollectionNAME":"products_v2"}`:                                 "products_v2",
			`{"aliasName":"products","collectionName":"products_v2","collectionName":"products_v1"}`:  "products_v1",
			`{"aliasName":"none","collectionName":"products_v2","AliasName":"products","dbname":""}`:  "products_v2",
			`{"aliasName":"products","collectionName":"products_v1","COLLECTIONNAME":null,"x":[]} {}`: "products_v1",
		} {
			must(t, e.AlterAlias(DefaultDatabase, "products", map[string]string{"products_v1": "products_v2", "products_v2": "products_v1"}[want]))
			if got := post(t, url, "aliases/alter", body); got != e.profile.ok() || e.bound("products") != want {
				t.Errorf("%s: %s, bound to %s", body, got, e.bound("products"))
			}
		}
	})
}

// Quick setup loads the collection by itself: at once up to 2.5, a moment later
// since.
func TestQuickSetupIsLoading(t *testing.T) {
	overProfiles(t, func(t *testing.T, e *Emulator, url string) {
		post(t, url, "collections/create", `{"collectionName":"fresh","dimension":4}`)
		state := func() string { return post(t, url, "collections/get_load_state", `{"collectionName":"fresh"}`) }
		first := state()
		if wait := !e.profile.is("2.3", "2.4", "2.5"); strings.Contains(first, `{"loadProgress":0,"loadState":"LoadStateLoading"}`) != wait {
			t.Errorf("right after: %s", first)
		}
		for end := time.Now().Add(5 * time.Second); !strings.Contains(state(), "LoadStateLoaded"); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("never loaded")
			}
		}
	})
}

func TestRenames(t *testing.T) {
	overProfiles(t, func(t *testing.T, e *Emulator, url string) {
		p := e.Profile()
		old, typed := p.is("2.3", "2.4", "2.5"), p.is("2.6", "3.0")
		itself := `{"code":65535,"message":"duplicated new collection name default:products_v1 with other collection name or alias"}`
		switch {
		case typed:
			itself = `{"code":1100,"message":"collection name or database name should be different: invalid parameter"}`
		case !old:
			itself = `{"code":65535,"message":"collection name or database name should be different"}`
		}
		if got := post(t, url, "collections/rename", `{"collectionName":"products_v1","newCollectionName":"products_v1"}`); got != itself {
			t.Errorf("to itself: %s", got)
		}
		missing := `{"code":100,"message":"collection not found[database=default][collection=none]"}`
		got := post(t, url, "collections/rename", `{"collectionName":"none","newCollectionName":"new"}`)
		if old {
			missing, got = `{"code":100,"message":"timestamp = 1: collection not found[database=1][collection=none]"}`, bigNumber.ReplaceAllString(got, "1")
		}
		if got != missing {
			t.Errorf("missing: %s", got)
		}
		elsewhere := `{"code":65535,"message":"target database:side not found"}`
		if typed {
			elsewhere = `{"code":800,"message":"target database side not found: database not found[database=side]"}`
		}
		if got := post(t, url, "collections/rename", `{"collectionName":"products_v2","newCollectionName":"new","newDbName":"side"}`); got != elsewhere {
			t.Errorf("to a missing database: %s", got)
		}
	})
}

func TestDescribeTellsStructFields(t *testing.T) {
	overProfiles(t, func(t *testing.T, e *Emulator, url string) {
		got := post(t, url, "collections/describe", `{"collectionName":"products_v1"}`)
		if want := e.profile.is("2.6", "3.0"); strings.Contains(got, `"structFields":[]`) != want {
			t.Error(got)
		}
	})
}

func TestConsistencyLevel(t *testing.T) {
	overProfiles(t, func(t *testing.T, e *Emulator, url string) {
		for _, level := range []string{"Strong", "Session", "Bounded", "Eventually", "Customized"} {
			if got := post(t, url, "collections/create", `{"collectionName":"c_`+level+`","dimension":4,"params":{"consistencyLevel":"`+level+`"}}`); got != e.profile.ok() {
				t.Error(got)
			}
			if got := post(t, url, "collections/describe", `{"collectionName":"c_`+level+`"}`); !strings.Contains(got, `"consistencyLevel":"`+level+`"`) {
				t.Error(got)
			}
		}
		const refused = `{"code":1100,"message":"consistencyLevel can only be [Strong, Session, Bounded, Eventually, Customized], default: Bounded: invalid parameter[expected=Strong, Session, Bounded, Eventually, Customized][actual=strong]"}`
		if got := post(t, url, "collections/create", `{"collectionName":"c","dimension":4,"params":{"consistencyLevel":"strong"}}`); got != refused {
			t.Error(got)
		}
	})
}

const shelf = `{"collectionName":"shelf","dimension":2}`

func TestRowsByKeyAndBySeveralSearches(t *testing.T) {
	overProfiles(t, func(t *testing.T, e *Emulator, url string) {
		post(t, url, "collections/create", shelf)
		must(t, e.CreateAlias(DefaultDatabase, "library", "shelf"))
		post(t, url, "entities/insert", `{"collectionName":"shelf","data":[{"id":1,"vector":[1,0],"title":"one"},{"id":2,"vector":[0,1],"title":"two"},{"id":3,"vector":[0.9,0.1],"title":"three"}]}`)
		ok := `{"code":0,`
		if e.profile.Success == 200 {
			ok = `{"code":200,`
		}
		topks := ""
		if e.profile.shape.topks {
			topks = `,"topks":[2]`
		}
		for _, c := range []struct{ route, body, want string }{
			{"get", `{"collectionName":"library","id":2,"outputFields":["title"]}`, ok + `"cost":0,"data":[{"id":2,"title":"two"}]}`},
			{"get", `{"collectionName":"shelf","id":["3",1],"outputFields":["title"]}`, ok + `"cost":0,"data":[{"id":1,"title":"one"},{"id":3,"title":"three"}]}`},
			{"get", `{"collectionName":"shelf","id":[9]}`, ok + `"cost":0,"data":[]}`},
			{"get", `{"collectionName":"shelf"}`, `{"code":1802,"message":"missing required parameters, error: Key: 'CollectionIDReq.ID' Error:Field validation for 'ID' failed on the 'required' tag"}`},
			{"get", `{"collectionName":"none","id":1}`, `{"code":100,"message":"can't find collection[database=default][collection=none]"}`},
			{"get", `{"collectionName":"shelf","id":"x"}`, `{"code":1806,`},
			{"hybrid_search", `{"collectionName":"library","search":[{"data":[[1,0]],"annsField":"vector","limit":3},{"data":[[0.9,0.1]],"limit":1}],"rerank":{"strategy":"rrf","params":{"k":60}},"limit":2,"outputFields":["title"]}`,
				ok + `"cost":0,"data":[{"distance":0.03252247488101534,"id":3,"title":"three"},{"distance":0.01639344262295082,"id":1,"title":"one"}]` + topks + `}`},
			{"hybrid_search", `{"collectionName":"shelf","search":[{"data":[[1,0]],"limit":3},{"data":[[0,1]],"limit":3}],"rerank":{"strategy":"weighted","params":{"weights":[0,1]}},"limit":2}`, `"data":[{"distance":1,"id":2}`},
			{"hybrid_search", `{"collectionName":"none","search":[{"data":[[1,0]]}]}`, `{"code":100,"message":"can't find collection[database=default][collection=none]"}`},
		} {
			if got := post(t, url, "entities/"+c.route, c.body); got != c.want && !strings.Contains(got, c.want) {
				t.Errorf("%s %s\n got %s\nwant %s", c.route, c.body, got, c.want)
			}
		}
		post(t, url, "collections/release", `{"collectionName":"shelf"}`)
		for route, body := range map[string]string{
			"get": `{"collectionName":"library","id":2}`, "query": `{"collectionName":"library","filter":"id > 0"}`,
			"search": `{"collectionName":"library","data":[[1,0]]}`, "hybrid_search": `{"collectionName":"library","search":[{"data":[[1,0]]}]}`,
		} {
			if got := post(t, url, "entities/"+route, body); !strings.HasPrefix(got, `{"code":101,`) || !strings.Contains(got, "collection not loaded[collection=") {
				t.Errorf("%s of a released collection: %s", route, got)
			}
		}
	})
}

func TestRowsNeedData(t *testing.T) {
	overProfiles(t, func(t *testing.T, e *Emulator, url string) {
		tag := func(request string) string {
			return `{"code":1802,"message":"missing required parameters, error: Key: '` + request + `.Data' Error:Field validation for 'Data' failed on the 'required' tag"}`
		}
		search := tag("SearchReqV2")
		if e.profile.is("3.0") {
			search = `{"code":1802,"message":"either 'ids' (for primary key search) or 'data' (for vector search) must be provided"}`
		}
		for _, body := range []string{`{"collectionName":"products"}`, `{"collectionName":"products","data":null}`} {
			for route, want := range map[string]string{"search": search, "insert": tag("CollectionDataReq"), "upsert": tag("CollectionDataReq")} {
				if got := post(t, url, "entities/"+route, body); got != want {
					t.Errorf("%s %s\n got %s\nwant %s", route, body, got, want)
				}
			}
		}
	})
}

// 2.3 looks for the database before everything else, in words of its own, and
// has no calls on databases.
func TestAnUnknownDatabase(t *testing.T) {
	overProfiles(t, func(t *testing.T, e *Emulator, url string) {
		want := `{"code":800,"message":"database not found[database=nowhere]"}`
		if e.profile.is("2.3") {
			want = `{"code":800,"message":"database not found, database: nowhere"}`
		}
		if got := post(t, url, "aliases/list", `{"dbName":"nowhere"}`); got != want {
			t.Error(got)
		}
		if got := post(t, url, "databases/list", `{}`); (got == notThere) != e.profile.is("2.3") {
			t.Error(got)
		}
	})
}

func TestRolesInTheWordsOfTheirTime(t *testing.T) {
	overProfiles(t, func(t *testing.T, e *Emulator, url string) {
		const unknown = "not found the role, maybe the role isn't existed or internal system error"
		const inUse = "fail to drop the role that it has privileges. Use REVOKE API to revoke privileges"
		words := func(old, typed string) string {
			if e.profile.TypedErrors {
				return `{"code":1100,"message":"` + typed + `: invalid parameter"}`
			}
			return `{"code":65535,"message":"` + old + `"}`
		}
		right := `{"roleName":"r","objectType":"Global","objectName":"*","privilege":"DropAlias"}`
		for _, c := range []struct{ route, body, want string }{
			{"roles/create", `{"roleName":"r"}`, e.profile.ok()},
			{"roles/create", `{"roleName":"r"}`, words(`role [name:\"r\"] already exists`, `role [name:\"r\"] already exists`)},
			{"roles/describe", `{"roleName":"none"}`, words(unknown, `the role \"none\" does not exist`)},
			{"roles/drop", `{"roleName":"none"}`, words(unknown, unknown)},
			{"users/grant_role", `{"userName":"root","roleName":"none"}`, words(unknown, unknown)},
			{"roles/grant_privilege", right, e.profile.ok()},
			{"roles/drop", `{"roleName":"r"}`, words(inUse, "failed to check if drop role: "+inUse)},
			{"roles/revoke_privilege", right, e.profile.ok()},
			{"roles/drop", `{"roleName":"r"}`, e.profile.ok()},
		} {
			if got := post(t, url, c.route, c.body); got != c.want {
				t.Errorf("%s %s\n got %s\nwant %s", c.route, c.body, got, c.want)
			}
		}
		got := post(t, url, "users/describe", `{"userName":"root"}`)
		if want := e.profile.is("2.6", "3.0"); strings.Contains(got, `"description":""`) != want {
			t.Error(got)
		}
	})
}
