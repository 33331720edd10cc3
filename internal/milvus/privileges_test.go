package milvus

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"aliasctl/internal/emulator"

	"github.com/google/go-cmp/cmp"
)

func privileges(t *testing.T, c *Client) map[string]Had {
	t.Helper()
	list, err := Privileges(t.Context(), c, "default")
	do(t, err)
	had := map[string]Had{}
	for _, p := range list {
		if p.For == "" || (p.Why != "") != (p.Had == HadUnknown) {
			t.Errorf("%+v", p)
		}
		had[p.Name] = p.Had
	}
	return had
}

func TestPrivileges(t *testing.T) {
	all := map[string]Had{
		"ListAliases": HadYes, "DescribeAlias": HadYes, "CreateAlias": HadYes, "DropAlias": HadYes,
		"DescribeCollection": HadYes, "DropCollection": HadYes,
		"GetLoadState": HadYes, "Load": HadYes, "Release": HadYes, "RenameCollection": HadYes, "SelectOwnership": HadYes, "ListPrivilegeGroups": HadYes,
	}
	// A denial of a name that nothing has tells nothing about those of a collection.
	single := map[string]bool{"GetLoadState": true, "Load": true, "Release": true}
	newer := []string{"GetLoadState", "Load", "Release", "RenameCollection", "SelectOwnership", "ListPrivilegeGroups"}
	overProfiles(t, func(t *testing.T, k *cluster) {
		shop(t, k)
		if diff := cmp.Diff(all, privileges(t, newClient(t, k.uri, nil))); diff != "" {
			t.Errorf("no authorization: %s", diff)
		}
		for _, tt := range []struct{ granted, missing []string }{
			{nil, []string{"DescribeAlias", "CreateAlias", "DropAlias", "DropCollection"}},
			{[]string{"DescribeAlias", "CreateAlias"}, []string{"DropAlias", "DropCollection"}},
			{[]string{"DescribeAlias", "CreateAlias", "DropAlias", "DropCollection"}, nil},
		} {
			want := maps.Clone(all)
			want["ManageOwnership"] = HadUnknown // whatever the token has
			for _, name := range append(slices.Clone(tt.missing), newer...) {
				want[name] = HadNo
				if single[name] {
					want[name] = HadUnknown
				}
			}
			if k.Profile().Name == emulator.V23.Name { // has no groups to list
				want["ListPrivilegeGroups"] = HadYes
			}
			_, c := withUser(t, k.Profile(), tt.granted...)
			if diff := cmp.Diff(want, privileges(t, c)); diff != "" {
				t.Errorf("granted %q: %s", tt.granted, diff)
			}
		}
		for _, name := range newer {
			if name == "ListPrivilegeGroups" && k.Profile().Name == emulator.V23.Name {
				continue
			}
			k, c := withUser(t, k.Profile())
			do(t, k.AddGrant("r", "*", "*", name))
			if had := privileges(t, c)[name]; had != HadYes {
				t.Errorf("granted %s: %s", name, had)
			}
		}
	})
}

// Whoever asks, by whichever API: the cluster stays as it was, and no name that
// is sent is one that somebody could have.
func TestPrivilegesChangeNothing(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		for _, api := range []CollectionAPI{CollectionV1, CollectionV2, CollectionAuto} {
			k := newCluster(t, k.Profile())
			shop(t, k)
			aliases, collections := k.Emulator.Bindings("default"), k.Collections("default")
			privileges(t, newClient(t, k.uri, func(cfg *Config) { cfg.CollectionAPI = api }))
			if diff := cmp.Diff(aliases, k.Emulator.Bindings("default")); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(collections, k.Collections("default")); diff != "" {
				t.Error(diff)
			}
			calls := k.took()
			for _, call := range calls {
				if !strings.Contains(call, `"aliasctl_nothing_`) && !strings.Contains(call, "/list") {
					t.Errorf("%s", call)
				}
			}
			if len(calls) != 12 {
				t.Errorf("%d calls", len(calls))
			}
		}
	})
}

func TestPrivilegesUnknown(t *testing.T) {
	k := newCluster(t, emulator.V26)
	k.meddleWith(aliasesCreate, answerWith(200, jsonType, `{"code":5,"message":"internal"}`))
	list, err := Privileges(t.Context(), newClient(t, k.uri, nil), "default")
	do(t, err)
	for _, p := range list {
		if p.Name == "CreateAlias" && (p.Had != HadUnknown || p.Why != "aliases/create: internal (http 200, code 5)") {
			t.Errorf("%+v", p)
		}
	}
	if _, err := Privileges(t.Context(), newClient(t, k.uri, nil), "nope"); !IsDatabaseMissing(err) {
		t.Errorf("%v", err)
	}
	k.RequireToken("root:Milvus1")
	if _, err := Privileges(t.Context(), newClient(t, k.uri, nil), "default"); !IsUnauthenticated(err) {
		t.Errorf("%v", err)
	}
	uri, _ := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := Privileges(t.Context(), newClient(t, uri, nil), "default"); err == nil {
		t.Error("no connection: no error")
	}
}
