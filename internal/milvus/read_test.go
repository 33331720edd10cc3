package milvus

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aliasctl/internal/emulator"
	"aliasctl/planner"

	"github.com/google/go-cmp/cmp"
)

func set(names ...string) map[string]struct{} {
	m := map[string]struct{}{}
	for _, n := range names {
		m[n] = struct{}{}
	}
	return m
}

// read reads one database and hides the ids, which differ from run to run,
// behind the word "id".
func read(t *testing.T, c *Client, scope planner.DatabaseScope) *planner.LiveDatabase {
	t.Helper()
	live, err := Read(t.Context(), c, planner.Scope{Databases: []planner.DatabaseScope{scope}})
	if err != nil {
		t.Fatal(err)
	}
	d := live.Databases[scope.Name]
	for name, collection := range d.Collections {
		if collection.ID != "" {
			collection.ID = "id"
			d.Collections[name] = collection
		}
	}
	if !scope.Names { // for a suggestion alone (TestReadNames)
		d.Names = nil
	}
	return d
}

// shop is a cluster with one alias that is bound as expected, one that was
// moved, one unmanaged, and collections of every kind.
func shop(t *testing.T, k *cluster) {
	t.Helper()
	do(t,
		k.CreateCollection("default", "products_v1"),
		k.CreateCollection("default", "products_v2"),
		k.CreateCollection("default", "reviews_v1"),
		k.CreateCollection("default", "elsewhere"),
		k.CreateCollection("default", "untouched"),
		k.CreateAlias("default", "products", "products_v1"),
		k.CreateAlias("default", "moved", "elsewhere"),
		k.CreateAlias("default", "theirs", "reviews_v1"),
		k.CreateAlias("default", "ours", "reviews_v1"),
	)
}

func TestRead(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		shop(t, k)
		c := newClient(t, k.uri, nil)
		got := read(t, c, planner.DatabaseScope{
			Name: "default",
			Aliases: map[string]string{
				"products":  "products_v1",
				"moved":     "reviews_v1",
				"ours":      "products_v1", // found in the list of a retiree
				"gone":      "products_v1", // not there
				"new":       "products_v2", // not there
				"elsewher":  "nope",        // not there, nor is its home
				"untouched": "products_v2", // a collection has the name
			},
			Targets:  []string{"moved", "nope", "products_v2"},
			Retirees: []string{"gone_v0", "reviews_v1", "theirs"},
		})
		want := &planner.LiveDatabase{
			Bindings: map[string]string{"products": "products_v1", "moved": "elsewhere", "ours": "reviews_v1"},
			Aliases:  set("products", "moved", "theirs", "ours"),
			Collections: map[string]planner.LiveCollection{
				"products_v1": {}, "products_v2": {}, "elsewhere": {}, "untouched": {},
				"reviews_v1": {ID: "id", Aliases: []string{"ours", "theirs"}},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestReadAsksOnlyWhatItMust(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		shop(t, k)
		c := newClient(t, k.uri, nil)

		t.Run("no change", func(t *testing.T) {
			k.took()
			read(t, c, planner.DatabaseScope{
				Name:    "default",
				Aliases: map[string]string{"products": "products_v1", "ours": "reviews_v1"},
				Targets: []string{"products_v1", "reviews_v1"},
			})
			want := []string{
				`aliases/list {"collectionName":"products_v1"}`,
				`aliases/list {"collectionName":"reviews_v1"}`,
				`aliases/list {}`,
			}
			if diff := cmp.Diff(want, k.took()); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("everything", func(t *testing.T) {
			k.took()
			read(t, c, planner.DatabaseScope{
				Name: "default",
				Aliases: map[string]string{
					"products": "products_v1",
					"moved":    "products_v1",
					"ours":     "moved", // an alias as home: 2.6 would answer for what is behind it
					"absent":   "reviews_v1",
				},
				Targets:  []string{"missing", "products_v2"},
				Retirees: []string{"untouched"},
			})
			want := []string{
				`aliases/describe {"aliasName":"moved"}`,
				`aliases/describe {"aliasName":"ours"}`,
				`aliases/list {"collectionName":"products_v1"}`,
				`aliases/list {"collectionName":"untouched"}`,
				`aliases/list {}`,
				`collections/describe {"collectionName":"untouched"}`,
				`collections/has {"collectionName":"missing"}`,
				`collections/list {}`,
			}
			if diff := cmp.Diff(want, k.took()); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("nothing", func(t *testing.T) {
			live, err := Read(t.Context(), c, planner.Scope{})
			if err != nil || len(live.Databases) != 0 || len(k.took()) != 0 {
				t.Errorf("%v, %v", live, err)
			}
		})
	})
}

func TestReadMissingDatabase(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		do(t, k.CreateDatabase("empty"))
		scope := func(name string) planner.DatabaseScope {
			return planner.DatabaseScope{Name: name, Aliases: map[string]string{"products": "products_v1"}, Targets: []string{"products_v1"}, Retirees: []string{"old"}}
		}
		live, err := Read(t.Context(), newClient(t, k.uri, nil), planner.Scope{Databases: []planner.DatabaseScope{scope("default"), scope("empty"), scope("nope")}})
		if err != nil {
			t.Fatal(err)
		}
		none := planner.LiveDatabase{Bindings: map[string]string{}, Aliases: set(), Collections: map[string]planner.LiveCollection{}}
		missing := none
		missing.Missing = true
		want := &planner.Live{Databases: map[string]*planner.LiveDatabase{"default": &none, "empty": &none, "nope": &missing}}
		if diff := cmp.Diff(want, live); diff != "" {
			t.Error(diff)
		}
	})
}

// A user without privileges gets an empty list of collections, and success.
func TestReadWithFilteredCollections(t *testing.T) {
	for name, visible := range map[string]string{"nothing": `[]`, "one": `["reviews_v1"]`} {
		t.Run(name, func(t *testing.T) {
			overProfiles(t, func(t *testing.T, k *cluster) {
				shop(t, k)
				k.meddle = func(w http.ResponseWriter, route string, _ request) bool {
					if route == collectionsList {
						answerWith(200, jsonType, `{"code":0,"data":`+visible+`}`)(w, nil)
						return true
					}
					return false
				}
				c := newClient(t, k.uri, nil)
				got := read(t, c, planner.DatabaseScope{
					Name:     "default",
					Aliases:  map[string]string{"products": "products_v1", "fresh": "nope", "untouched": "products_v2"},
					Targets:  []string{"moved", "nope", "products_v2"},
					Retirees: []string{"elsewhere"},
				})
				want := &planner.LiveDatabase{
					Bindings: map[string]string{"products": "products_v1"},
					Aliases:  set("products", "moved", "theirs", "ours"),
					Collections: map[string]planner.LiveCollection{
						"products_v1": {}, "products_v2": {}, "untouched": {},
						"elsewhere": {ID: "id", Aliases: []string{"moved"}},
					},
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Where a pattern retires, the names of all collections are read, once.
func TestReadNames(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		shop(t, k)
		do(t, k.CreateDatabase("empty"))
		c := newClient(t, k.uri, nil)
		scope := planner.DatabaseScope{Name: "default", Names: true, Aliases: map[string]string{"products": "products_v1"}, Targets: []string{"products_v1"}}
		k.took()
		got := read(t, c, scope)
		if diff := cmp.Diff([]string{"elsewhere", "products_v1", "products_v2", "reviews_v1", "untouched"}, got.Names); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{`aliases/list {"collectionName":"products_v1"}`, `aliases/list {}`, `collections/list {}`}, k.took()); diff != "" {
			t.Error(diff)
		}
		scope.Targets = append(scope.Targets, "nope")
		if got := read(t, c, scope); len(got.Names) != 5 || len(k.took()) != 4 {
			t.Errorf("%q", got.Names)
		}
		scope.Name = "empty"
		if got := read(t, c, scope); len(got.Names) != 0 {
			t.Errorf("%q", got.Names)
		}
		// Not asked for: they are known where a wanted name does not exist.
		scope.Name, scope.Names = "default", false
		for target, want := range map[string]int{"nope": 5, "products_v1": 0} {
			scope.Targets = []string{target}
			live, err := Read(t.Context(), c, planner.Scope{Databases: []planner.DatabaseScope{scope}})
			if err != nil || len(live.Databases["default"].Names) != want {
				t.Errorf("%s: %v, %q", target, err, live.Databases["default"].Names)
			}
		}
	})
}

// N aliases on M collections: 2 + M requests and one for each surprise.
func TestReadCounts(t *testing.T) {
	const aliases, collections, surprises = 2000, 20, 7
	k := newCluster(t, emulator.V25)
	scope := planner.DatabaseScope{Name: "default", Aliases: map[string]string{}}
	do(t, k.CreateCollection("default", "elsewhere"))
	for i := range collections {
		name := fmt.Sprintf("c%d", i)
		do(t, k.CreateCollection("default", name))
		scope.Targets = append(scope.Targets, name)
	}
	want := map[string]string{}
	for i := range aliases {
		alias, home := fmt.Sprintf("a%d", i), fmt.Sprintf("c%d", i%collections)
		scope.Aliases[alias] = home
		if i < surprises {
			home = "elsewhere"
		}
		want[alias] = home
		do(t, k.CreateAlias("default", alias, home))
	}
	for i := range aliases {
		scope.Aliases[fmt.Sprintf("absent%d", i)] = fmt.Sprintf("c%d", i%collections)
	}
	c := newClient(t, k.uri, nil)
	got := read(t, c, scope)
	if diff := cmp.Diff(want, got.Bindings); diff != "" {
		t.Error(diff)
	}
	if calls := k.took(); len(calls) > 2+collections+surprises {
		t.Errorf("%d requests for %d aliases on %d collections with %d surprises", len(calls), aliases, collections, surprises)
	}
}

func TestReadKeepsToParallel(t *testing.T) {
	const parallel = 3
	k := newCluster(t, emulator.V26)
	var inFlight, most atomic.Int64
	k.meddle = func(w http.ResponseWriter, route string, body request) bool {
		n := inFlight.Add(1)
		defer inFlight.Add(-1)
		for {
			old := most.Load()
			if n <= old || most.CompareAndSwap(old, n) {
				break
			}
		}
		time.Sleep(2 * time.Millisecond) // long enough for the others to arrive
		answerWith(200, jsonType, `{"code":0,"data":[]}`)(w, nil)
		return true
	}
	var scope planner.Scope
	for i := range 30 {
		scope.Databases = append(scope.Databases, planner.DatabaseScope{Name: fmt.Sprintf("db%02d", i), Aliases: map[string]string{"a": "c"}})
	}
	c := newClient(t, k.uri, func(cfg *Config) { cfg.Parallel = parallel })
	if _, err := Read(t.Context(), c, scope); err != nil {
		t.Fatal(err)
	}
	if most.Load() > parallel {
		t.Errorf("%d requests were in flight", most.Load())
	}
	if most.Load() < 2 {
		t.Error("nothing was asked in parallel")
	}
}

func TestReadFails(t *testing.T) {
	for _, route := range []string{aliasesList, aliasesDescribe, collectionsList, collectionsHas, collectionsDescribe} {
		k := newCluster(t, emulator.V26)
		shop(t, k)
		k.meddle = func(w http.ResponseWriter, r string, _ request) bool {
			if r == route {
				answerWith(403, jsonType, `{"code":65535,"message":"PrivilegeX: permission deny to bob"}`)(w, nil)
			}
			return r == route
		}
		live, err := Read(t.Context(), newClient(t, k.uri, nil), planner.Scope{Databases: []planner.DatabaseScope{{
			Name:     "default",
			Aliases:  map[string]string{"moved": "products_v1"},
			Targets:  []string{"nope"},
			Retirees: []string{"reviews_v1"},
		}}})
		var e *Error
		if live != nil || !errors.As(err, &e) || e.Privilege != "PrivilegeX" || !strings.HasSuffix(route, e.Call) {
			t.Errorf("%s: %v, %v", route, live, err)
		}
	}
}
