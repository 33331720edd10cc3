package emulator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func code(err error) int {
	var f *Failure
	if errors.As(err, &f) {
		return f.Code
	}
	return 0
}

// TestAnUnguardedDropLeavesADanglingAlias is a server before 2.4.23 or 2.5.5.
func TestAnUnguardedDropLeavesADanglingAlias(t *testing.T) {
	old := V24
	old.Guard = false
	e := pair(t, old)
	must(t, e.DropCollection(DefaultDatabase, "products_v1"))
	url := serve(t, e)
	const body = `{"aliasName":"products","collectionName":"products_v2"}`
	steps := []struct{ route, body, want string }{
		{"aliases/list", `{}`, `{"code":0,"data":[]}`},
		{"aliases/describe", body, `{"code":1600,"message":"alias not found[database=default][alias=products]"}`},
		{"collections/has", `{"collectionName":"products"}`, `{"code":0,"data":{"has":false}}`},
		{"aliases/create", body, `{"code":1602,"message":"products is alias to another collection: products_v1: alias already exist[database=default][alias=products]"}`},
		{"collections/create", `{"collectionName":"products_v1","dimension":8}`, `{"code":0,"data":{}}`},
		{"aliases/describe", body, `{"code":1600,"message":"alias not found[database=default][alias=products]"}`}, // it stays dead
		{"aliases/alter", body, `{"code":0,"data":{}}`},
		{"aliases/list", `{}`, `{"code":0,"data":["products"]}`},
	}
	for _, s := range steps {
		if got := post(t, url, s.route, s.body); got != s.want {
			t.Errorf("%s\n got %s\nwant %s", s.route, got, s.want)
		}
	}
}

func TestAZombieIsHealedByDropToo(t *testing.T) {
	e := pair(t, V25)
	must(t, e.MakeZombie(DefaultDatabase, "ghost", "gone"))
	if err := e.CreateAlias(DefaultDatabase, "ghost", "products_v1"); code(err) != codeAliasExists {
		t.Errorf("got %v", err)
	}
	must(t, e.DropAlias(DefaultDatabase, "ghost"))
	must(t, e.CreateAlias(DefaultDatabase, "ghost", "products_v1"))
}

func TestRenameCarriesAliases(t *testing.T) {
	e := pair(t, V26)
	must(t, e.RenameCollection(DefaultDatabase, "products_v1", "products_old"))
	must(t, e.CreateCollection(DefaultDatabase, "products_v1"))
	if got := e.bound("products"); got != "products_old" {
		t.Errorf("bound to %s", got)
	}
}

func TestServersWithoutV1(t *testing.T) {
	p := V26
	p.NoV1 = true
	request := recorded{Method: "POST", Path: "/v1/vector/collections/drop", Body: `{"collectionName":"products_v2"}`}
	got, err := request.replay(noRedirects, serve(t, pair(t, p)), "")
	if must(t, err); got.Status != 404 || got.Response != "404 page not found" {
		t.Errorf("got %d %s", got.Status, got.Response)
	}
}

func TestServersWithSuccess200(t *testing.T) {
	p := V24
	p.Success = 200
	if got := post(t, serve(t, pair(t, p)), "aliases/alter", toV2); got != `{"code":200,"data":{}}` {
		t.Errorf("got %s", got)
	}
}

// pair is a cluster with products -> products_v1 and a products_v2 to go to.
func pair(t testing.TB, profile Profile) *Emulator {
	t.Helper()
	e := New(profile)
	must(t, e.CreateCollection(DefaultDatabase, "products_v1"))
	must(t, e.CreateCollection(DefaultDatabase, "products_v2"))
	must(t, e.CreateAlias(DefaultDatabase, "products", "products_v1"))
	return e
}

func (e *Emulator) bound(alias string) string { return e.Bindings(DefaultDatabase)[alias] }

const toV2 = `{"aliasName":"products","collectionName":"products_v2"}`

// TestCatalogHolds runs random calls and compares the catalogue after each
// with a model that is two maps, one of them by id.
func TestCatalogHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		profile := rapid.SampledFrom(Profiles()).Draw(t, "profile")
		profile.Guard = rapid.Bool().Draw(t, "guard")
		c := newCatalog(&profile, firstID(), new(atomic.Uint64))
		name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		collections := map[string]int64{} // name -> id
		bound := map[string]int64{}       // alias -> id, also of what is gone
		seen := map[int64]bool{}
		t.Repeat(map[string]func(*rapid.T){
			"create collection": func(t *rapid.T) {
				n := name.Draw(t, "name")
				_, isAlias := bound[n]
				err := c.createCollection(DefaultDatabase, n, quickSetup("8", ""))
				if (err != nil) != isAlias {
					t.Fatalf("create collection %s: %v", n, err)
				}
				if _, exists := collections[n]; err == nil && !exists {
					id := c.databases[DefaultDatabase].collections[n].id
					if seen[id] {
						t.Fatalf("id %d is used again", id)
					}
					seen[id], collections[n] = true, id
				}
			},
			"drop collection": func(t *rapid.T) {
				n := name.Draw(t, "name")
				id, exists := collections[n]
				aliased := slices.Contains(slices.Collect(maps.Values(bound)), id)
				to, isAlias := bound[n]
				isAlias = isAlias && slices.Contains(slices.Collect(maps.Values(collections)), to)
				err := c.dropCollection(DefaultDatabase, n)
				if want := isAlias || exists && aliased && profile.Guard; (err != nil) != want {
					t.Fatalf("drop collection %s: %v", n, err)
				}
				if err == nil {
					delete(collections, n)
				}
			},
			"rename": func(t *rapid.T) {
				n, to := name.Draw(t, "name"), name.Draw(t, "to")
				if err := c.renameCollection(DefaultDatabase, n, "", to); err == nil {
					collections[to] = collections[n]
					delete(collections, n)
				}
			},
			"bind": func(t *rapid.T) {
				alias, target := name.Draw(t, "alias"), name.Draw(t, "target")
				alter := rapid.Bool().Draw(t, "alter")
				do := c.createAlias
				if alter {
					do = c.alterAlias
				}
				err := do(DefaultDatabase, alias, target)
				id, ok := collections[target]
				if through, isAlias := bound[target]; isAlias && profile.ResolvesTargets && slices.Contains(slices.Collect(maps.Values(collections)), through) {
					id, ok = through, true
				}
				_, clash := collections[alias]
				old, exists := bound[alias]
				if want := ok && !clash && (alter && exists || !alter && (!exists || old == id)); (err == nil) != want {
					t.Fatalf("bind %s to %s (alter %v): %v", alias, target, alter, err)
				}
				if err == nil {
					bound[alias] = id
				}
			},
			"drop alias": func(t *rapid.T) {
				alias := name.Draw(t, "alias")
				if err := c.dropAlias(DefaultDatabase, alias); err != nil {
					t.Fatal(err)
				}
				delete(bound, alias)
			},
			"save and load": func(t *rapid.T) {
				saved := c.encode("seed")
				c = newCatalog(&profile, 0, new(atomic.Uint64))
				if seed, err := c.decode(saved); err != nil || seed != "seed" {
					t.Fatal(seed, err)
				}
				if diff := cmp.Diff(string(saved), string(c.encode("seed"))); diff != "" {
					t.Fatal(diff)
				}
			},
			"": func(t *rapid.T) { checkCatalog(t, c, collections, bound) },
		})
	})
}

func checkCatalog(t *rapid.T, c *catalog, collections, bound map[string]int64) {
	names := map[int64]string{}
	for name, id := range collections {
		names[id] = name
	}
	targets := map[string]string{} // of what is not dangling
	perCollection := map[string][]string{}
	for alias, id := range bound {
		if name, ok := names[id]; ok {
			targets[alias] = name
			perCollection[name] = append(perCollection[name], alias)
		}
	}
	listed, err := c.listAliases(DefaultDatabase, "")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(listed)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(targets)), listed, emptyIsNil); diff != "" {
		t.Fatalf("list: %s", diff)
	}
	for alias := range bound {
		target, err := c.describeAlias(DefaultDatabase, alias)
		if want, ok := targets[alias]; target != want || (err == nil) != ok {
			t.Fatalf("describe %s: %q, %v; want %q", alias, target, err, want)
		}
	}
	for name := range collections {
		of, err := c.listAliases(DefaultDatabase, name)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(of)
		slices.Sort(perCollection[name])
		if diff := cmp.Diff(perCollection[name], of, emptyIsNil); diff != "" {
			t.Fatalf("aliases of %s: %s", name, diff)
		}
	}
}

var emptyIsNil = cmp.Transformer("empty", func(s []string) string { return fmt.Sprint(len(s), s) })

// TestListsHaveNoOrder wants every name once, at any turn, and another order
// now and then.
func TestListsHaveNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var set nameSet
		model := map[string]bool{}
		for _, name := range rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g"})).Draw(t, "names") {
			if rapid.Bool().Draw(t, "remove") {
				set.remove(name)
				delete(model, name)
			} else {
				set.add(name)
				model[name] = true
			}
		}
		turn := rapid.Uint64().Draw(t, "turn")
		got := set.list(turn)
		if again := set.list(turn); !slices.Equal(got, again) {
			t.Fatalf("one turn, two orders: %v, %v", got, again)
		}
		slices.Sort(got)
		if want := slices.Sorted(maps.Keys(model)); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})

	e := New(V26)
	for i := range 5 {
		must(t, e.CreateCollection(DefaultDatabase, fmt.Sprintf("c%d", i)))
	}
	url, orders := serve(t, e), map[string]bool{}
	for range 20 {
		orders[post(t, url, "collections/list", `{}`)] = true
	}
	if len(orders) < 5 {
		t.Errorf("only %d orders in 20 lists: a client could rely on them", len(orders))
	}
}
