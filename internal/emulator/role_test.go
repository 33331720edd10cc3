package emulator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// asks sends calls to a cluster as one user or another.
type asks struct {
	t   *testing.T
	e   *Emulator
	url string
}

func (a asks) as(token, route, body string) string {
	a.t.Helper()
	request := recorded{Method: "POST", Path: "/v2/vectordb/" + route, Body: body,
		Header: map[string]string{"Authorization": "Bearer " + token}}
	got, err := request.replay(noRedirects, a.url, "")
	must(a.t, err)
	return got.Response
}

func (a asks) root(route, body string) {
	a.t.Helper()
	if got := a.as("root:Milvus", route, body); !strings.HasPrefix(got, `{"code":0`) {
		a.t.Fatalf("%s %s: %s", route, body, got)
	}
}

// mayRead reports whether the reader may query a name.
func (a asks) mayRead(name string) bool {
	got := a.as("reader:Passw0rd", "entities/query", `{"collectionName":"`+name+`","filter":"id > 0"}`)
	denied := strings.Contains(got, "PrivilegeQuery: permission deny to reader")
	if !denied && !strings.HasPrefix(got, `{"code":0`) {
		a.t.Fatalf("query of %s: %s", name, got)
	}
	return !denied
}

// guarded is a cluster with products_v1 and products_v2, the alias products on the
// first, and a reader with a role.
func guarded(t *testing.T, p Profile) asks {
	e := pair(t, p)
	e.RequireToken("root:Milvus")
	must(t, e.AlterAlias("default", "products", "products_v1"))
	a := asks{t, e, serve(t, e)}
	a.root("users/create", `{"userName":"reader","password":"Passw0rd"}`)
	a.root("roles/create", `{"roleName":"r"}`)
	a.root("users/grant_role", `{"userName":"reader","roleName":"r"}`)
	return a
}

const (
	single = `{"roleName":"r","objectType":"Collection","objectName":"NAME","privilege":"Query"}`
	group  = `{"roleName":"r","collectionName":"NAME","privilege":"CollectionReadOnly","dbName":"default"}`
)

func (a asks) grant(how, name string) {
	a.t.Helper()
	route := "roles/grant_privilege"
	if how == group {
		route += "_v2"
	}
	a.root(route, strings.Replace(how, "NAME", name, 1))
}

// TestWhoReadsAfterASwitch grants a reader what it reads and moves the alias: what
// then counts is the name of the request, or the collection behind it
// (milvus-rest section 16, points 10 to 12).
func TestWhoReadsAfterASwitch(t *testing.T) {
	for _, p := range []Profile{V24, V25, V2618, V26, V30} {
		for _, how := range []string{single, group} {
			for name, at := range map[string]string{"alias": "products", "blue": "products_v1", "both": "products_v1 products_v2"} {
				a := guarded(t, p)
				for _, object := range strings.Fields(at) {
					a.grant(how, object)
				}
				resolves := p.ResolvesGrants
				before, after := a.mayRead("products"), false
				must(t, a.e.AlterAlias("default", "products", "products_v2"))
				after = a.mayRead("products")
				wantBefore, wantAfter := resolves || name == "alias", name == "both" && resolves || name == "alias" && !resolves
				if before != wantBefore || after != wantAfter {
					t.Errorf("%s, %s, grant on %s: reads before %v and after %v, want %v and %v",
						p.Name, how, name, before, after, wantBefore, wantAfter)
				}
			}
		}
	}
}

// TestWhoReadsAfterARename renames the collection that a reader reads and makes
// an alias of its old name (milvus-rest section 16, points 16 and 17).
func TestWhoReadsAfterARename(t *testing.T) {
	for _, p := range []Profile{V24, V25, V26, V30} {
		for _, how := range []string{single, group} {
			a := guarded(t, p)
			must(t, a.e.DropAlias("default", "products"))
			a.grant(how, "products_v1")
			must(t, a.e.RenameCollection("default", "products_v1", "products_v0"))
			must(t, a.e.CreateAlias("default", "products_v1", "products_v0"))
			old, new := a.mayRead("products_v1"), a.mayRead("products_v0")
			wantOld, wantNew := true, false // entries stay at the old name
			if p.MovesGrants {
				wantOld, wantNew = how == single, how == single
			}
			if old != wantOld || new != wantNew {
				t.Errorf("%s, %s: reads the old name %v and the new one %v, want %v and %v", p.Name, how, old, new, wantOld, wantNew)
			}
			a.grant(how, "products_v0")
			if !a.mayRead("products_v0") {
				t.Errorf("%s, %s: does not read the new name after a grant on it", p.Name, how)
			}
		}
	}
}

// TestWhoReadsACollectionMadeAnew drops the collection that a reader reads and
// makes it again (milvus-rest section 16, point 15).
func TestWhoReadsACollectionMadeAnew(t *testing.T) {
	for _, p := range []Profile{V24, V25, V26, V30} {
		for _, how := range []string{single, group} {
			a := guarded(t, p)
			must(t, a.e.DropAlias("default", "products"))
			a.grant(how, "products_v1")
			must(t, a.e.DropCollection("default", "products_v1"))
			must(t, a.e.CreateCollection("default", "products_v1"))
			if got, want := a.mayRead("products_v1"), how == group || !p.MovesGrants; got != want {
				t.Errorf("%s, %s: reads %v, want %v", p.Name, how, got, want)
			}
		}
	}
}

// TestGroupsOpenWhatTheyHold changes a group after it was granted.
func TestGroupsOpenWhatTheyHold(t *testing.T) {
	a := guarded(t, V30)
	a.root("privilege_groups/create", `{"privilegeGroupName":"readers"}`)
	a.root("roles/grant_privilege_v2", strings.NewReplacer("NAME", "products_v1", "CollectionReadOnly", "readers").Replace(group))
	var seen []bool
	for _, do := range []string{"add_privileges_to_group", "remove_privileges_from_group"} {
		seen = append(seen, a.mayRead("products_v1"))
		a.root("privilege_groups/"+do, `{"privilegeGroupName":"readers","privileges":["Query"]}`)
	}
	if seen = append(seen, a.mayRead("products_v1")); seen[0] || !seen[1] || seen[2] {
		t.Errorf("without, with and again without Query the reader reads %v", seen)
	}
}

// TestRolesAreKept finds in a reopened copy what was granted before.
func TestRolesAreKept(t *testing.T) {
	seed := filepath.Join(t.TempDir(), "seed.yaml")
	must(t, os.WriteFile(seed, []byte(blueGreen), 0o600))
	e, err := Open(seed, V30)
	must(t, err)
	a := asks{t, e, serve(t, e)}
	a.root("users/create", `{"userName":"reader","password":"Passw0rd"}`)
	a.root("roles/create", `{"roleName":"r"}`)
	a.root("users/grant_role", `{"userName":"reader","roleName":"r"}`)
	a.root("privilege_groups/create", `{"privilegeGroupName":"readers"}`)
	a.grant(single, "products_v1")
	ask := func() string {
		return a.as("", "roles/describe", `{"roleName":"r"}`) + a.as("", "users/describe", `{"userName":"reader"}`) +
			a.as("", "privilege_groups/list", `{}`)
	}
	before := ask()
	must(t, e.Close())
	e, err = Open(seed, V30)
	must(t, err)
	defer e.Close()
	a.url = serve(t, e)
	if after := ask(); after != before || !strings.Contains(after, `"privilege":"Query"`) || !strings.Contains(after, `["r"]`) || !strings.Contains(after, `"readers"`) {
		t.Errorf("before %s\nafter  %s", before, after)
	}
}
