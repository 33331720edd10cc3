package milvus

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/emulator"

	"github.com/google/go-cmp/cmp"
)

func TestCalls(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		do(t,
			k.CreateCollection("default", "products_v1"),
			k.CreateCollection("default", "products_v2"),
			k.CreateDatabase("shop"),
			k.CreateCollection("shop", "reviews_v1"),
		)
		c := newClient(t, k.uri, nil)
		ctx := t.Context()

		do(t, c.CreateAlias(ctx, "default", "products", "products_v1"))
		do(t, c.CreateAlias(ctx, "default", "products", "products_v1")) // it is so already
		err := c.CreateAlias(ctx, "default", "products", "products_v2")
		if on, ok := executor.TakenBy(err); !ok || on != "products_v1" || executor.ClassOf(err) != executor.Refused {
			t.Errorf("create on another: %v, taken by %q", err, on)
		}
		if err := c.CreateAlias(ctx, "default", "products_v2", "products_v1"); !hasCode(err, 1601) {
			t.Errorf("create like a collection: %v", err)
		}
		if err := c.CreateAlias(ctx, "default", "other", "nope"); !hasCode(err, CodeCollectionNotFound) {
			t.Errorf("create on nothing: %v", err)
		}
		if err := c.AlterAlias(ctx, "default", "nope", "products_v1"); !hasCode(err, CodeAliasNotFound) {
			t.Errorf("alter of nothing: %v", err)
		}
		do(t, c.AlterAlias(ctx, "default", "products", "products_v2"))
		do(t, c.CreateAlias(ctx, "shop", "products", "reviews_v1"))

		target := func(database, alias string) string {
			t.Helper()
			to, found, err := c.AliasTarget(ctx, database, alias)
			do(t, err)
			if found != (to != "") {
				t.Errorf("AliasTarget: %q, %v", to, found)
			}
			return to
		}
		if got := []string{target("default", "products"), target("shop", "products"), target("default", "nope"), target("default", "products_v1")}; !slices.Equal(got, []string{"products_v2", "reviews_v1", "", ""}) {
			t.Errorf("targets: %q", got)
		}
		if _, _, err := c.AliasTarget(ctx, "nope", "products"); !IsDatabaseMissing(err) {
			t.Errorf("AliasTarget in no database: %v", err)
		}

		for collection, want := range map[string][]string{"products_v1": {}, "products_v2": {"products"}, "nope": nil} {
			got, err := c.AliasesOf(ctx, "default", collection)
			do(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("AliasesOf(%q): %s", collection, diff)
			}
		}
		if _, err := c.AliasesOf(ctx, "default", ""); err == nil {
			t.Error("AliasesOf of no name lists the whole database")
		}

		for name, want := range map[[2]string]bool{
			{"default", "products_v1"}: true, {"default", "products"}: true, {"default", "nope"}: false,
			{"shop", "reviews_v1"}: true, {"nope", "products_v1"}: false,
		} {
			got, err := c.HasCollection(ctx, name[0], name[1])
			if err != nil || got != want {
				t.Errorf("HasCollection(%q): %v, %v", name, got, err)
			}
		}

		for name, want := range k.Collections("default") {
			if id, found, err := c.CollectionID(ctx, "default", name); err != nil || !found || id != fmt.Sprint(want) {
				t.Errorf("CollectionID(%q): %s, %v, %v", name, id, found, err)
			}
		}
		if id, found, err := c.CollectionID(ctx, "default", "nope"); err != nil || found {
			t.Errorf("CollectionID of nothing: %s, %v, %v", id, found, err)
		}

		databases := []string{"default", "shop"} // 2.3 has no call that lists them
		if k.Profile().Name != "2.3" {
			databases, err = c.ListDatabases(ctx)
			do(t, err)
			slices.Sort(databases)
		}
		collections, err := c.ListCollections(ctx, "default")
		do(t, err)
		slices.Sort(collections)
		if diff := cmp.Diff([][]string{{"default", "shop"}, {"products_v1", "products_v2"}}, [][]string{databases, collections}); diff != "" {
			t.Error(diff)
		}

		if !k.Profile().Guard {
			return
		}
		err = c.DropCollection(ctx, "default", "products_v2")
		if !strings.Contains(fmt.Sprint(err), "has associated aliases") || executor.ClassOf(err) != executor.Refused {
			t.Errorf("drop of an aliased collection: %v", err)
		}
		do(t, c.DropAlias(ctx, "default", "products"), c.DropAlias(ctx, "default", "products"))
		do(t, c.DropCollection(ctx, "default", "products_v2"), c.DropCollection(ctx, "default", "products_v2"))
		if got, err := c.HasCollection(ctx, "default", "products_v2"); err != nil || got {
			t.Errorf("after the drop: %v, %v", got, err)
		}
	})
}

func TestWhatIsSent(t *testing.T) {
	k := newCluster(t, emulator.V26)
	ctx := t.Context()
	plain := newClient(t, k.uri, nil)
	named := newClient(t, k.uri+"/", func(cfg *Config) { cfg.NameDefault = true })
	do(t, k.CreateDatabase("shop"))
	for _, c := range []*Client{plain, named} {
		c.ListAliases(ctx, "")
		c.ListAliases(ctx, "default")
		c.ListAliases(ctx, "shop")
		c.ListDatabases(ctx)
		c.AlterAlias(ctx, "default", "a", "b")
	}
	want := []string{
		`aliases/alter {"aliasName":"a","collectionName":"b"}`,
		`aliases/alter {"dbName":"default","aliasName":"a","collectionName":"b"}`,
		`aliases/list {"dbName":"default"}`,
		`aliases/list {"dbName":"default"}`,
		`aliases/list {"dbName":"shop"}`,
		`aliases/list {"dbName":"shop"}`,
		`aliases/list {}`,
		`aliases/list {}`,
		`databases/list {}`,
		`databases/list {}`,
	}
	if diff := cmp.Diff(want, k.took()); diff != "" {
		t.Error(diff)
	}
}

func TestHeaders(t *testing.T) {
	var got http.Header
	uri, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		answerWith(200, jsonType, `{"code":0,"data":[]}`)(w, r)
	})
	c := newClient(t, uri, nil)
	if _, err := c.ListAliases(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if got.Get("Authorization") != "" || got.Get("Request-Timeout") != "" || got.Get("User-Agent") != "aliasctl" {
		t.Errorf("%v", got)
	}
	c = newClient(t, uri, func(cfg *Config) { cfg.RequestTimeout, cfg.UserAgent = 45*time.Second, "aliasctl/1.2" })
	if _, err := c.ListAliases(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if got.Get("Request-Timeout") != "45" || got.Get("User-Agent") != "aliasctl/1.2" {
		t.Errorf("%v", got)
	}
}

func TestPathPrefix(t *testing.T) {
	var path string
	uri, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.EscapedPath()
		answerWith(200, jsonType, `{"code":0,"data":[]}`)(w, r)
	})
	if _, err := newClient(t, uri+"/team%2Fa/milvus/", nil).ListAliases(t.Context(), ""); err != nil || path != "/team%2Fa/milvus/v2/vectordb/aliases/list" {
		t.Errorf("%q, %v", path, err)
	}
}

// Each call sends one request. A server without the v2 route is known from the
// first answer of its own; what a proxy says of a path counts for one collection.
func TestCollectionAPI(t *testing.T) {
	const v1, v2 = `/v1/vector/collections/drop {"collectionName":"old"}`, `collections/drop {"collectionName":"old"}`
	own := answerWith(404, "text/plain", "404 page not found")
	proxy := answerWith(404, "text/html", "default backend - 404")
	tests := []struct {
		name   string
		api    CollectionAPI
		v1, v2 http.HandlerFunc // nil for that of Milvus
		calls  []string         // of four drops
		errs   int              // of them fail, all with an unknown outcome
		detour int
	}{
		{"as it is", CollectionAuto, nil, nil, []string{v2, v2, v2, v2}, 0, 0},
		{"an old server", CollectionAuto, nil, own, []string{v1, v1, v1, v2}, 1, 1},
		{"a proxy", CollectionAuto, nil, proxy, []string{v1, v1, v2, v2}, 2, 2},
		{"a proxy without both", CollectionAuto, proxy, proxy, []string{v1, v1, v2, v2}, 4, 2},
		{"no v1", CollectionAuto, proxy, nil, []string{v2, v2, v2, v2}, 0, 0},
		{"v1 is asked for", CollectionV1, nil, nil, []string{v1, v1, v1, v1}, 0, 0},
		{"v1 is asked for and not there", CollectionV1, own, nil, []string{v1, v1, v1, v1}, 4, 0},
		{"v2 is asked for", CollectionV2, proxy, nil, []string{v2, v2, v2, v2}, 0, 0},
		{"v2 is asked for and not there", CollectionV2, nil, own, []string{v2, v2, v2, v2}, 4, 0},
	}
	for _, tt := range tests {
		k := newCluster(t, emulator.V26)
		do(t, k.CreateCollection("default", "old"))
		k.meddle = func(w http.ResponseWriter, route string, _ request) bool {
			handler := map[string]http.HandlerFunc{collectionsDropV1: tt.v1, collectionsDrop: tt.v2}[route]
			if handler != nil {
				handler(w, nil)
			}
			return handler != nil
		}
		c := newClient(t, k.uri, func(cfg *Config) { cfg.CollectionAPI = tt.api })
		errs, detours := 0, 0
		for range 4 {
			err := c.DropCollection(t.Context(), "", "old")
			if err != nil {
				errs++
				if executor.ClassOf(err) != executor.Unknown {
					t.Errorf("%s: class %v of %v", tt.name, executor.ClassOf(err), err)
				}
			}
			if e := (*Error)(nil); errors.As(err, &e) {
				if _, ok := e.Detour(); ok {
					detours++
				}
			}
		}
		if errs != tt.errs || detours != tt.detour {
			t.Errorf("%s: %d errors, %d detours", tt.name, errs, detours)
		}
		if diff := cmp.Diff(tt.calls, k.took()); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// Milvus 2.3.13, 2.3.14 and 2.4.0 describe and drop in the default database,
// whichever is asked for.
func TestServerThatIgnoresTheDatabase(t *testing.T) {
	uri, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		answerWith(200, jsonType, `{"code":200,"data":{"dbName":"default","aliasName":"products","collectionName":"products_v1"}}`)(w, r)
	})
	c := newClient(t, uri, nil)
	var ignored *DatabaseIgnoredError
	if _, _, err := c.AliasTarget(t.Context(), "shop", "products"); !errors.As(err, &ignored) || ignored.Asked != "shop" {
		t.Errorf("%v", err)
	}
	if to, found, err := c.AliasTarget(t.Context(), "", "products"); err != nil || !found || to != "products_v1" {
		t.Errorf("%q, %v, %v", to, found, err)
	}
	uri, _ = serve(t, answerWith(200, jsonType, `{"code":1600,"message":"alias not found[database=default][alias=products]"}`))
	c = newClient(t, uri, nil)
	if _, _, err := c.AliasTarget(t.Context(), "shop", "products"); !errors.As(err, &ignored) {
		t.Errorf("%v", err)
	}
	if _, found, err := c.AliasTarget(t.Context(), "default", "products"); err != nil || found {
		t.Errorf("%v, %v", found, err)
	}
}

func TestIDsAreExact(t *testing.T) {
	for body, want := range map[string]string{
		`{"collectionID":9223372036854775807}`:  "9223372036854775807",
		`{"collectionID":9007199254740993}`:     "9007199254740993",
		`{"collectionID":"470624968101594097"}`: "470624968101594097",
		`{"collectionID":4.70624968101594e17}`:  "",
		`{"collectionID":9223372036854775808}`:  "",
		`{"collectionID":0}`:                    "",
		`{"collectionID":-1}`:                   "",
		`{}`:                                    "",
		`null`:                                  "",
	} {
		uri, count := serve(t, answerWith(200, jsonType, `{"code":0,"data":`+body+`}`))
		id, found, err := newClient(t, uri, nil).CollectionID(t.Context(), "", "x")
		if id != want || found != (want != "") || (err == nil) != (want != "") || count.Load() != 1 {
			t.Errorf("%s: %q, %v, %v", body, id, found, err)
		}
	}
}

// An answer that says success and leaves out what was asked for is an error:
// "no aliases" permits a drop, and "has not" ends one.
func TestUnusableData(t *testing.T) {
	for _, data := range []string{``, `,"data":null`, `,"data":{}`, `,"data":[1]`, `,"data":"t_a"`, `,"data":{"has":null,"collectionName":""}`, `,"data":{"has":"true","collectionName":1}`} {
		uri, _ := serve(t, answerWith(200, jsonType, `{"code":0`+data+`}`))
		c := newClient(t, uri, nil)
		ctx := t.Context()
		_, list := c.AliasesOf(ctx, "", "x")
		_, has := c.HasCollection(ctx, "", "x")
		_, _, target := c.AliasTarget(ctx, "", "x")
		for _, err := range []error{list, has, target} {
			if !errors.Is(err, errNoData) {
				t.Errorf("%q: %v", data, err)
			}
		}
	}
	uri, _ := serve(t, answerWith(200, jsonType, `{"code":0,"data":{"dbName":"default","aliasName":"other","collectionName":"c"}}`))
	if _, _, err := newClient(t, uri, nil).AliasTarget(t.Context(), "", "x"); !errors.Is(err, errNoData) {
		t.Errorf("an answer about another alias: %v", err)
	}
}

func TestTokens(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		k.RequireToken("root:hunter22")
		for token, ok := range map[string]bool{"root:hunter22": true, "root:wrong66": false, "": false} {
			c := newClient(t, k.uri, func(cfg *Config) { cfg.Token = token })
			_, err := c.ListAliases(t.Context(), "")
			if ok != (err == nil) || !ok && (!IsUnauthenticated(err) || executor.ClassOf(err) != executor.Fatal) {
				t.Errorf("token %q: %v", token, err)
			}
		}
	})
}
