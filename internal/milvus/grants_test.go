package milvus

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/executor"
	"aliasctl/internal/emulator"
	"aliasctl/planner"
)

func TestGrantsOfEveryVersion(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		colours(t, k)
		k.post(t, "roles/create", `{"roleName":"reader"}`)
		k.post(t, "roles/create", `{"roleName":"empty"}`)
		k.post(t, "roles/grant_privilege", `{"roleName":"reader","objectType":"Collection","objectName":"blue","privilege":"Query"}`)
		k.post(t, "roles/grant_privilege", `{"roleName":"reader","objectType":"Collection","objectName":"products","privilege":"Search"}`)
		c := newClient(t, k.uri, nil)
		k.took()
		live := liveOf("blue")
		got := inspect(t, c, planner.Needs{Grants: []string{"default"}}, live).Grants
		asked := k.took()
		older := k.Profile().Name < "2.6"
		of := map[bool]string{true: "products", false: "blue"}[older] // what a grant on the alias is stored under
		want := []planner.Role{
			{Name: "empty", Grants: []planner.Grant{}},
			{Name: "public", Grants: []planner.Grant{
				{Database: "*", ObjectType: "Collection", Object: "*", Privilege: "IndexDetail"},
				{Database: "*", ObjectType: "Global", Object: "*", Privilege: "DescribeCollection"},
				{Database: "*", ObjectType: "Global", Object: "*", Privilege: "ListAliases"}}},
			{Name: "reader", Grants: []planner.Grant{
				{Database: "default", ObjectType: "Collection", Object: "blue", Privilege: "Query"},
				{Database: "default", ObjectType: "Collection", Object: of, Privilege: "Search"}}},
		}
		if diff := cmp.Diff(want, got.Roles); diff != "" {
			t.Errorf("roles (-want +got)\n%s", diff)
		}
		if got.Older != older {
			t.Errorf("older: %v", got.Older)
		}
		if groups := k.Profile().Name != "2.3"; groups != slices.Contains(got.Groups["CollectionReadOnly"], "Search") {
			t.Errorf("groups: %v", got.Groups)
		}
		// The roles, the groups, each role but admin; and before 2.6 what shows the version.
		if n := len(asked); n < 5 || n > 20 || !older && n != 5 {
			t.Errorf("asked %d times: %q", n, asked)
		}
		inspect(t, c, planner.Needs{Grants: []string{"default"}}, live)
		if again := k.took(); len(again) != 0 {
			t.Errorf("asked again: %q", again)
		}
	})
}

// An operator may write the built-in groups anew, as they were before 2.6.
func TestGrantsOfRewrittenGroups(t *testing.T) {
	k := newCluster(t, emulator.V26)
	colours(t, k)
	c := newClient(t, k.uri, nil)
	if older, delayed, err := c.ageOf(t.Context(), map[string][]string{"CollectionReadOnly": {"Query"}}); older || !delayed || err != nil {
		t.Errorf("older: %v, delayed: %v, %v", older, delayed, err)
	}
}

func TestGrantsWithoutPrivileges(t *testing.T) {
	for _, profile := range emulator.Profiles() {
		for _, had := range [][]string{nil, {"SelectOwnership"}} {
			if had != nil && (profile.Name == "2.3" || profile.Name == "3.0") { // no groups; looks for it elsewhere
				continue
			}
			_, c := withUser(t, profile, had...)
			f := inspect(t, c, planner.Needs{Grants: []string{"default"}}, liveOf("blue")).Grants
			missing := map[bool]string{true: "SelectOwnership", false: "ListPrivilegeGroups"}[had == nil]
			if !strings.Contains(f.Why, missing) || !strings.Contains(f.Lift, `"SelectOwnership" and "ListPrivilegeGroups"`) || f.Roles != nil {
				t.Errorf("%s with %v: %+v", profile.Name, had, f)
			}
		}
	}
}

// What is no answer of Milvus, or not what was asked for, is no knowledge.
func TestGrantsThatCannotBeUsed(t *testing.T) {
	for name, tt := range map[string]struct{ route, answer string }{
		"no list of roles":      {"roles/list", `{"code":0,"data":{}}`},
		"null for grants":       {"roles/describe", `{"code":0,"data":null}`},
		"a grant on nothing":    {"roles/describe", `{"code":0,"data":[{"dbName":"default","objectType":"Collection","objectName":"","privilege":"Query"}]}`},
		"a grant of nothing":    {"roles/describe", `{"code":0,"data":[{"dbName":"default","objectType":"Collection","objectName":"blue"}]}`},
		"no groups":             {"privilege_groups/list", `{"code":0,"data":{}}`},
		"a gateway hides them":  {"privilege_groups/list", "404"},
		"a role that is gone":   {"roles/describe", `{"code":1100,"message":"the role \"r\" does not exist: invalid parameter"}`},
		"the password in names": {"roles/describe", `{"code":0,"data":[{"dbName":"default","objectType":"Collection","objectName":"s3cret-word","privilege":"Query"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			k := newCluster(t, emulator.V26)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case !strings.HasSuffix(r.URL.Path, tt.route):
					k.ServeHTTP(w, r)
				case tt.answer == "404":
					http.NotFound(w, r)
				default:
					w.Header().Set("Content-Type", "application/json")
					_, _ = w.Write([]byte(tt.answer))
				}
			}))
			t.Cleanup(server.Close)
			c := newClient(t, server.URL, func(cfg *Config) { cfg.Token = "root:s3cret-word" })
			f := inspect(t, c, planner.Needs{Grants: []string{"default"}}, liveOf("blue")).Grants
			if f.Why == "" || f.Roles != nil || strings.Contains(f.Why, "s3cret") {
				t.Errorf("%+v", f)
			}
		})
	}
}

// Privileges and groups are granted and revoked, again without harm; of a group only
// where there are some.
func TestGrantAndRevoke(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		colours(t, k)
		k.post(t, "roles/create", `{"roleName":"reader"}`)
		c := newClient(t, k.uri, nil)
		has := func() (all []string) {
			grants, err := c.RoleGrants(t.Context(), "default", "reader")
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range grants {
				all = append(all, g.Database+"/"+g.Object+" "+g.ObjectType+" "+g.Privilege)
			}
			return all
		}
		single := planner.Grant{Database: "default", ObjectType: "Collection", Object: "green", Privilege: "Query"}
		group := planner.Grant{Database: "default", ObjectType: "Global", Object: "green", Privilege: "CollectionReadOnly"}
		want := []string{"default/green Collection Query"}
		do(t, c.Grant(t.Context(), "reader", single), c.Grant(t.Context(), "reader", single))
		if err := c.Grant(t.Context(), "reader", group); err == nil {
			want = append(want, "default/green Global CollectionReadOnly")
		} else if k.Profile().Name != "2.3" || !IsRouteMissing(err) {
			t.Errorf("a group: %v", err)
		}
		if got := has(); !slices.Equal(got, want) {
			t.Errorf("granted %q, want %q", got, want)
		}
		do(t, c.Revoke(t.Context(), "reader", single), c.Revoke(t.Context(), "reader", single))
		if len(want) > 1 {
			do(t, c.Revoke(t.Context(), "reader", group))
		}
		if got := has(); got != nil {
			t.Errorf("left: %q", got)
		}
		if err := c.Grant(t.Context(), "nobody", single); executor.ClassOf(err) != executor.Refused {
			t.Errorf("a role that is not there: %v", err)
		}
	})
}

// What a grant lacks is named.
func TestGrantWithoutThePrivilege(t *testing.T) {
	_, c := withUser(t, emulator.V26, "SelectOwnership")
	err := c.Grant(t.Context(), "r", planner.Grant{Database: "default", ObjectType: "Collection", Object: "green", Privilege: "Query"})
	var e *Error
	if !errors.As(err, &e) || e.Privilege != "PrivilegeManageOwnership" || e.Class() != executor.Refused || !strings.Contains(e.Hint(), "ManageOwnership") {
		t.Errorf("%v", err)
	}
}
