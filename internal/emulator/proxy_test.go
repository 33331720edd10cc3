package emulator

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// twoProxies is products bound to products_v1, and products_v2 beside it, each
// with one row that has its number. One proxy hears of changes at once, the
// other after an hour.
func twoProxies(t *testing.T, p Profile) (e *Emulator, quick, slow string) {
	t.Helper()
	e = pair(t, p)
	url := serve(t, e)
	for i := range 2 {
		post(t, url, "entities/insert", fmt.Sprintf(`{"collectionName":"products_v%d","data":[{"id":%d,"vector":[1,0,0,0,0,0,0,0]}]}`, i+1, i+1))
	}
	return e, serve(t, e.AddProxy(0)), serve(t, e.AddProxy(time.Hour))
}

const (
	queryAlias = `{"collectionName":"products","filter":"id >= 0","outputFields":["id"]}`
	fromV1     = `{"code":0,"cost":0,"data":[{"id":1}]}`
	fromV2     = `{"code":0,"cost":0,"data":[{"id":2}]}`
)

func TestAStaleProxyGoesOnWithTheOldCollection(t *testing.T) {
	e, quick, slow := twoProxies(t, V26)
	v1 := e.Collections(DefaultDatabase)["products_v1"]
	noSuch := fmt.Sprintf(`{"code":100,"message":"collection not found[collection=%d]"}`, v1)
	const done = `{"code":0,"data":{}}`
	for _, s := range []struct{ through, route, body, want string }{
		{quick, "entities/query", queryAlias, fromV1},
		{slow, "entities/query", queryAlias, fromV1},
		{quick, "aliases/alter", toV2, done},
		{quick, "entities/query", queryAlias, fromV2},
		{slow, "entities/query", queryAlias, fromV1},
		// The calls on aliases are those of the coordinator.
		{slow, "aliases/describe", `{"aliasName":"products"}`, `{"code":0,"data":{"aliasName":"products","collectionName":"products_v2","dbName":"default"}}`},
		{slow, "aliases/list", `{"collectionName":"products_v1"}`, `{"code":0,"data":[]}`},

		{quick, "collections/drop", `{"collectionName":"products_v1"}`, done},
		{slow, "entities/query", queryAlias, noSuch},
		{slow, "entities/search", `{"collectionName":"products","data":[[1,0,0,0,0,0,0,0]]}`, noSuch},
		{slow, "collections/get_load_state", `{"collectionName":"products"}`, noSuch},
		{slow, "collections/has", `{"collectionName":"products"}`, `{"code":0,"data":{"has":true}}`},

		// A proxy knows of what was changed through itself.
		{slow, "aliases/alter", toV2, done},
		{slow, "entities/query", queryAlias, fromV2},
		{slow, "collections/has", `{"collectionName":"products_v1"}`, `{"code":0,"data":{"has":false}}`},
	} {
		if got := post(t, s.through, s.route, s.body); got != s.want {
			t.Errorf("%s %s\n got %s\nwant %s", s.route, s.body, got, s.want)
		}
	}
}

// TestALateReaderKeepsAProxyStale is a server before 2.6.6: a read between the
// expiry and the write brings the old collection back into the cache.
func TestALateReaderKeepsAProxyStale(t *testing.T) {
	e, quick, _ := twoProxies(t, V25)
	e.proxies[1].SetLag(300 * time.Millisecond)
	altered := make(chan error, 1)
	go func() { altered <- e.AlterAlias(DefaultDatabase, "products", "products_v2") }()
	for reading := true; reading; {
		select {
		case err := <-altered:
			must(t, err)
			reading = false
		default:
			if got := post(t, quick, "entities/query", queryAlias); got != fromV1 && got != fromV2 {
				t.Fatalf("got %s", got)
			}
		}
	}
	if got := post(t, quick, "entities/query", queryAlias); got != fromV1 {
		t.Errorf("not stale: %s", got)
	}
	// The drop of what it holds is the next change that it hears of.
	e.proxies[1].SetLag(0)
	must(t, e.DropCollection(DefaultDatabase, "products_v1"))
	if got := post(t, quick, "entities/query", queryAlias); got != fromV2 {
		t.Errorf("still stale: %s", got)
	}
}

func TestALagIsNotForEver(t *testing.T) {
	e, _, slow := twoProxies(t, V26)
	e.proxies[1].SetLag(20 * time.Millisecond)
	post(t, slow, "entities/query", queryAlias)
	must(t, e.AlterAlias(DefaultDatabase, "products", "products_v2"))
	for start := time.Now(); post(t, slow, "entities/query", queryAlias) != fromV2; {
		if time.Since(start) > time.Minute {
			t.Fatal("the proxy never hears of the change")
		}
	}
}

func TestDescribeIsAsStaleAsTheVersion(t *testing.T) {
	for _, profile := range Profiles() {
		e, _, slow := twoProxies(t, profile)
		describe := func() string { return post(t, slow, "collections/describe", `{"collectionName":"products"}`) }
		ids := e.Collections(DefaultDatabase)
		describe()
		post(t, slow, "entities/query", queryAlias)
		e.profile.ExpiresFirst = false
		must(t, e.AlterAlias(DefaultDatabase, "products", "products_v2"))
		want := ids["products_v1"]
		if profile.DescribesFresh {
			want = ids["products_v2"]
		}
		if got := describe(); !strings.Contains(got, fmt.Sprintf(`"collectionID":%d,`, want)) {
			t.Errorf("%s: want id %d in %s", profile.Name, want, got)
		}
	}
}

func TestProxiesHearOfOtherProcesses(t *testing.T) {
	seed := seedFile(t, blueGreen)
	here, elsewhere := open(t, seed), open(t, seed)
	url := serve(t, here.AddProxy(0))
	ids := here.Collections(DefaultDatabase)
	for _, target := range []string{"products_v1", "products_v2", "products_v1"} {
		must(t, elsewhere.AlterAlias(DefaultDatabase, "products", target))
		if got := post(t, url, "collections/describe", `{"collectionName":"products"}`); !strings.Contains(got, fmt.Sprintf(`"collectionID":%d,`, ids[target])) {
			t.Errorf("want %s in %s", target, got)
		}
	}
}
