package emulator

import (
	"encoding/base64"
	"testing"
)

func TestTokens(t *testing.T) {
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, c := range []struct {
		token, header string
		ok            bool
	}{
		{"root:Milvus", "Bearer root:Milvus", true},
		{"root:Milvus", basic("root:Milvus"), true},
		{"root:Milvus", "root:Milvus", true},
		{"root:Milvus", "", false},
		{"root:Milvus", "Bearer root:", false},
		{"root:Milvus", "Bearer root:milvus", false},
		{"ops:a:b:c", "Bearer ops:a:b:c", true}, // the first colon ends the name
		{"ops:a:b:c", "Bearer ops:a", false},
		{"ops:secret", "Bearer root:Milvus", false}, // nobody gets in but the token
		{"ops:secret", "Bearer root:", false},
		{"key-0123456789", "Bearer key-0123456789", true},
		{"key-0123456789", "Bearer key-012345678", false},
	} {
		e := New(V26)
		e.RequireToken(c.token)
		request := recorded{Method: "POST", Path: "/v2/vectordb/aliases/create", Body: `{}`,
			Header: map[string]string{"Authorization": c.header}}
		got, err := request.replay(noRedirects, serve(t, e), "")
		must(t, err)
		if ok := got.Status == 200; ok != c.ok {
			t.Errorf("%q with %q: status %d", c.token, c.header, got.Status)
		}
	}
}

// TestGrantsAndRevocations follows one user from no privilege to one and back.
func TestGrantsAndRevocations(t *testing.T) {
	e := pair(t, V26)
	e.RequireToken("root:Milvus")
	url := serve(t, e)
	as := func(token, route, body string) string {
		t.Helper()
		request := recorded{Method: "POST", Path: "/v2/vectordb/" + route, Body: body,
			Header: map[string]string{"Authorization": "Bearer " + token}}
		got, err := request.replay(noRedirects, url, "")
		must(t, err)
		return got.Response
	}
	const (
		root, ops = "root:Milvus", "ops:Passw0rd"
		done      = `{"code":0,"data":{}}`
		denied    = `{"code":65535,"message":"rpc error: code = PermissionDenied desc = PrivilegeDropAlias: permission deny to ops in the ` + "`default`" + ` database"}`
		drop      = `{"aliasName":"products"}`
		right     = `{"roleName":"retire","objectType":"Global","objectName":"*","privilege":"DropAlias"}`
		one       = `{"roleName":"retire","objectType":"Collection","objectName":"products_v2","privilege":"Query"}`
		member    = `{"userName":"ops","roleName":"retire"}`
	)
	for _, s := range []struct{ token, route, body, want string }{
		{root, "users/create", `{"userName":"ops","password":"Passw0rd"}`, done},
		{root, "roles/create", `{"roleName":"retire"}`, done},
		{root, "users/grant_role", member, done},
		{ops, "aliases/drop", drop, denied},
		{root, "roles/grant_privilege", right, done},
		{ops, "aliases/drop", drop, done},
		{ops, "collections/list", `{}`, `{"code":0,"data":[]}`},
		{root, "roles/grant_privilege", one, done},
		{ops, "collections/list", `{}`, `{"code":0,"data":["products_v2"]}`},
		{root, "roles/describe", `{"roleName":"retire"}`, `{"code":0,"data":[` +
			`{"dbName":"default","grantor":"root","objectName":"products_v2","objectType":"Collection","privilege":"Query"},` +
			`{"dbName":"default","grantor":"root","objectName":"*","objectType":"Global","privilege":"DropAlias"}],"description":""}`},
		{root, "users/describe", `{"userName":"ops"}`, `{"code":0,"data":["retire"],"description":""}`},
		{root, "roles/revoke_privilege", right, done},
		{ops, "aliases/drop", drop, denied},
		{root, "users/grant_role", `{"userName":"ops","roleName":"admin"}`, done},
		{ops, "aliases/drop", drop, done},
		{root, "users/drop", `{"userName":"ops"}`, done},
		{ops, "aliases/drop", drop, `{"code":1800,"message":"user hasn't authenticated"}`},
		{root, "roles/drop", `{"roleName":"retire"}`, `{"code":1100,"message":"failed to check if drop role: fail to drop the role that it has privileges. Use REVOKE API to revoke privileges: invalid parameter"}`},
		{root, "roles/revoke_privilege", one, done},
		{root, "roles/drop", `{"roleName":"retire"}`, done},
		{root, "roles/list", `{}`, `{"code":0,"data":["admin","public"]}`},
	} {
		if got := as(s.token, s.route, s.body); got != s.want {
			t.Errorf("%s %s\n got %s\nwant %s", s.route, s.body, got, s.want)
		}
	}
}
