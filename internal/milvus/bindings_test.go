package milvus

import (
	"fmt"
	"net/http"
	"testing"

	"aliasctl/internal/emulator"

	"github.com/google/go-cmp/cmp"
)

func bindings(t *testing.T, k *cluster, database string) map[string]string {
	t.Helper()
	got, err := Bindings(t.Context(), newClient(t, k.uri, nil), database)
	do(t, err)
	return got
}

func TestBindings(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		shop(t, k)
		do(t, k.CreateDatabase("empty"), k.MakeZombie("default", "zombie", "dropped"))
		want := map[string]string{"products": "products_v1", "moved": "elsewhere", "theirs": "reviews_v1", "ours": "reviews_v1"}
		if diff := cmp.Diff(want, bindings(t, k, "default")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]string{}, bindings(t, k, "empty")); diff != "" {
			t.Error(diff)
		}
		if _, err := Bindings(t.Context(), newClient(t, k.uri, nil), "nope"); !IsDatabaseMissing(err) {
			t.Errorf("%v", err)
		}
	})
}

// Whichever is less: a list for each collection or a question for each alias.
func TestBindingsCounts(t *testing.T) {
	for _, tt := range []struct{ aliases, collections, calls int }{
		{0, 3, 1},
		{1, 3, 2},
		{2, 40, 2 + 2},
		{200, 10, 2 + 10},
	} {
		k := newCluster(t, emulator.V25)
		want := map[string]string{}
		for i := range tt.collections {
			do(t, k.CreateCollection("default", fmt.Sprintf("c%d", i)))
		}
		for i := range tt.aliases {
			alias, to := fmt.Sprintf("a%d", i), fmt.Sprintf("c%d", i%tt.collections)
			do(t, k.CreateAlias("default", alias, to))
			want[alias] = to
		}
		if diff := cmp.Diff(want, bindings(t, k, "default")); diff != "" {
			t.Error(diff)
		}
		if calls := k.took(); len(calls) != tt.calls {
			t.Errorf("%d aliases on %d collections: %d calls", tt.aliases, tt.collections, len(calls))
		}
	}
}

// A user sees a part of the collections and all aliases: the others are asked
// for one by one.
func TestBindingsOfHiddenCollections(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		shop(t, k)
		k.meddleWith(collectionsList, answerWith(200, jsonType, `{"code":0,"data":["reviews_v1"]}`))
		want := map[string]string{"products": "products_v1", "moved": "elsewhere", "theirs": "reviews_v1", "ours": "reviews_v1"}
		if diff := cmp.Diff(want, bindings(t, k, "default")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{
			`aliases/describe {"aliasName":"moved"}`, `aliases/describe {"aliasName":"products"}`,
			`aliases/list {"collectionName":"reviews_v1"}`, `aliases/list {}`, `collections/list {}`,
		}, k.took()); diff != "" {
			t.Error(diff)
		}
	})
}

// An alias is moved between the lists: two of them have it, or none.
func TestBindingsWhileAnAliasMoves(t *testing.T) {
	for _, first := range []string{"c0", "c1"} { // the list that is asked for first
		k := newCluster(t, emulator.V26)
		do(t, k.CreateCollection("default", "c0"), k.CreateCollection("default", "c1"),
			k.CreateAlias("default", "x", "c0"), k.CreateAlias("default", "a", "c0"), k.CreateAlias("default", "b", "c1"))
		lists := 0
		k.meddle = func(w http.ResponseWriter, route string, body request) bool {
			switch {
			case route == collectionsList && first == "c0":
				answerWith(200, jsonType, `{"code":0,"data":["c0","c1"]}`)(w, nil)
				return true
			case route == collectionsList:
				answerWith(200, jsonType, `{"code":0,"data":["c1","c0"]}`)(w, nil)
				return true
			case route == aliasesList && body.CollectionName != "":
				if lists++; lists == 2 {
					do(t, k.AlterAlias("default", "x", "c1"), k.DropAlias("default", "b"))
				}
			}
			return false
		}
		c := newClient(t, k.uri, func(cfg *Config) { cfg.Parallel = 1 })
		got, err := Bindings(t.Context(), c, "default")
		if diff := cmp.Diff("c1", got["x"]); err != nil || diff != "" || got["a"] != "c0" {
			t.Errorf("%s first: %v: %v", first, got, err)
		}
		// The alias that was dropped is still in a list that was read before.
		if b, listed := got["b"]; listed != (first == "c1") || listed && b != "c1" {
			t.Errorf("%s first: %v", first, got)
		}
	}
}
