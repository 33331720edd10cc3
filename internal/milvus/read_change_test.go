package milvus

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"aliasctl/internal/emulator"
	"aliasctl/internal/throttle"
	"aliasctl/planner"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Somebody moves, drops and creates aliases between the answers.
func TestReadWhileThingsChange(t *testing.T) {
	type change struct {
		after string // the call directly before the change
		do    func(k *cluster) error
	}
	scope := planner.DatabaseScope{
		Name:     "default",
		Aliases:  map[string]string{"products": "products_v1", "fresh": "products_v2", "moved": "products_v2"},
		Targets:  []string{"products_v2"},
		Retirees: []string{"reviews_v1"},
	}
	tests := []struct {
		name   string
		change change
		want   func(*planner.LiveDatabase)
	}{
		{"an alias is moved away", change{`aliases/list {}`, func(k *cluster) error { return k.AlterAlias("default", "products", "elsewhere") }},
			func(d *planner.LiveDatabase) { d.Bindings["products"] = "elsewhere" }},
		{"an alias is dropped", change{`aliases/list {}`, func(k *cluster) error { return k.DropAlias("default", "products") }},
			func(d *planner.LiveDatabase) { delete(d.Bindings, "products"); delete(d.Aliases, "products") }},
		{"an alias appears", change{`aliases/list {}`, func(k *cluster) error { return k.CreateAlias("default", "fresh", "products_v1") }},
			func(d *planner.LiveDatabase) { d.Bindings["fresh"] = "products_v1"; d.Aliases["fresh"] = struct{}{} }},
		{"the retiree is made anew", change{`collections/describe {"collectionName":"reviews_v1"}`, func(k *cluster) error {
			return errors.Join(k.DropAlias("default", "theirs"), k.DropAlias("default", "ours"), k.DropCollection("default", "reviews_v1"), k.CreateCollection("default", "reviews_v1"))
		}}, func(d *planner.LiveDatabase) {
			d.Collections["reviews_v1"] = planner.LiveCollection{ID: "id", Aliases: []string{}}
		}},
		{"the retiree is dropped", change{`collections/describe {"collectionName":"reviews_v1"}`, func(k *cluster) error {
			return errors.Join(k.DropAlias("default", "theirs"), k.DropAlias("default", "ours"), k.DropCollection("default", "reviews_v1"))
		}}, func(d *planner.LiveDatabase) { delete(d.Collections, "reviews_v1") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			overProfiles(t, func(t *testing.T, k *cluster) {
				shop(t, k)
				c := newClient(t, k.uri, func(cfg *Config) { cfg.Parallel = 1 })
				want := read(t, c, scope)
				tt.want(want)
				done := false
				k.meddle = func(_ http.ResponseWriter, _ string, _ request) bool {
					k.mu.Lock()
					calls := k.calls
					k.mu.Unlock()
					if n := len(calls); !done && n > 1 && calls[n-2] == tt.change.after {
						done = true
						if err := tt.change.do(k); err != nil {
							t.Error(err)
						}
					}
					return false
				}
				k.took()
				got := read(t, c, scope)
				if !done {
					t.Fatal("the change was not made")
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Two changes in one read leave a list that says what is no longer so: only
// the answer of describe is taken then.
func TestReadWhileThingsChangeTwice(t *testing.T) {
	scope := planner.DatabaseScope{
		Name:    "default",
		Aliases: map[string]string{"products": "products_v1", "moved": "products_v2"},
	}
	tests := []struct {
		name    string
		changes map[string]func(k *cluster) error // by the call directly before each
		want    func(*planner.LiveDatabase)
	}{
		{"an alias is moved and moved back", map[string]func(k *cluster) error{
			`aliases/list {"collectionName":"products_v1"}`: func(k *cluster) error { return k.AlterAlias("default", "products", "products_v2") },
			`aliases/list {"collectionName":"products_v2"}`: func(k *cluster) error { return k.AlterAlias("default", "products", "products_v1") },
		}, func(*planner.LiveDatabase) {}},
		{"an alias is moved and dropped", map[string]func(k *cluster) error{
			`aliases/list {"collectionName":"products_v1"}`: func(k *cluster) error { return k.AlterAlias("default", "products", "products_v2") },
			`aliases/list {"collectionName":"products_v2"}`: func(k *cluster) error { return k.DropAlias("default", "products") },
		}, func(d *planner.LiveDatabase) { delete(d.Bindings, "products"); delete(d.Aliases, "products") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			overProfiles(t, func(t *testing.T, k *cluster) {
				shop(t, k)
				do(t, k.AlterAlias("default", "moved", "products_v2"))
				c := newClient(t, k.uri, func(cfg *Config) { cfg.Parallel = 1 })
				want := read(t, c, scope)
				tt.want(want)
				made := 0
				k.meddle = func(_ http.ResponseWriter, _ string, _ request) bool {
					k.mu.Lock()
					calls := k.calls
					k.mu.Unlock()
					if n := len(calls); n > 1 && tt.changes[calls[n-2]] != nil {
						made++
						if err := tt.changes[calls[n-2]](k); err != nil {
							t.Error(err)
						}
					}
					return false
				}
				k.took()
				got := read(t, c, scope)
				if made != len(tt.changes) {
					t.Fatalf("%d changes were made", made)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// A retiree that was missing at first sight and shows up later in the same
// read is read in full: without its aliases a plan would take it for unused.
func TestReadLateRetiree(t *testing.T) {
	k := newCluster(t, emulator.V26)
	shop(t, k)
	first := true
	k.meddle = func(w http.ResponseWriter, route string, _ request) bool {
		if route == collectionsDescribe && first {
			first = false
			answerWith(200, jsonType, `{"code":100,"message":"can't find collection"}`)(w, nil)
			return true
		}
		return false
	}
	got := read(t, newClient(t, k.uri, nil), planner.DatabaseScope{
		Name:     "default",
		Aliases:  map[string]string{"ours": "products_v1"},
		Retirees: []string{"reviews_v1"},
	})
	want := planner.LiveCollection{ID: "id", Aliases: []string{"ours", "theirs"}}
	if diff := cmp.Diff(want, got.Collections["reviews_v1"]); diff != "" {
		t.Error(diff)
	}
}

// On any cluster and any scope, Read says what the cluster holds.
func TestReadProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := emulator.New(rapid.SampledFrom(profiles).Draw(rt, "profile"))
		names := []string{"n0", "n1", "n2", "n3", "n4", "n5", "n6"}
		collections := rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[string]).Draw(rt, "collections")
		for _, name := range collections {
			do(t, k.CreateCollection("default", name))
		}
		if len(collections) > 0 {
			for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[string]).Draw(rt, "aliases") {
				// Where a collection has the name, there is no alias.
				k.CreateAlias("default", name, rapid.SampledFrom(collections).Draw(rt, "target"))
			}
		}
		scope := planner.DatabaseScope{
			Name:     "default",
			Aliases:  rapid.MapOf(rapid.SampledFrom(names), rapid.SampledFrom(names)).Draw(rt, "scope"),
			Targets:  slices.Sorted(slices.Values(rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[string]).Draw(rt, "targets"))),
			Retirees: slices.Sorted(slices.Values(rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[string]).Draw(rt, "retirees"))),
		}
		c := &Client{cfg: Config{Timeout: time.Minute, MaxNames: DefaultMaxNames}, base: "http://127.0.0.1", transport: inProcess{k}, throttle: throttle.New(8, nil)}
		live, err := Read(t.Context(), c, planner.Scope{Databases: []planner.DatabaseScope{scope}})
		if err != nil {
			rt.Fatal(err)
		}
		d, truth := live.Databases["default"], k.Bindings("default")
		want := map[string]string{}
		for alias := range scope.Aliases {
			if target, ok := truth[alias]; ok {
				want[alias] = target
			}
		}
		if diff := cmp.Diff(want, d.Bindings); diff != "" {
			rt.Errorf("bindings: %s", diff)
		}
		if diff := cmp.Diff(set(slices.Collect(maps.Keys(truth))...), d.Aliases); diff != "" {
			rt.Errorf("aliases: %s", diff)
		}
		ids := k.Collections("default")
		for name := range d.Collections {
			if _, ok := ids[name]; !ok {
				rt.Errorf("collection %q does not exist", name)
			}
		}
		for _, name := range slices.Concat(scope.Targets, scope.Retirees, slices.Collect(maps.Keys(scope.Aliases))) {
			if _, ok := ids[name]; ok {
				if _, ok := d.Collections[name]; !ok {
					rt.Errorf("collection %q exists", name)
				}
			}
		}
		for _, name := range scope.Retirees {
			id, ok := ids[name]
			if !ok {
				continue
			}
			aliases := []string{}
			for alias, target := range truth {
				if target == name {
					aliases = append(aliases, alias)
				}
			}
			slices.Sort(aliases)
			if diff := cmp.Diff(planner.LiveCollection{ID: fmt.Sprint(id), Aliases: aliases}, d.Collections[name]); diff != "" {
				rt.Errorf("retiree %q: %s", name, diff)
			}
		}
	})
}

// inProcess serves a client from a handler without a socket, and lets answers
// overtake each other.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if rand.IntN(4) == 0 {
		time.Sleep(time.Microsecond)
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func (inProcess) CloseIdleConnections() {}
