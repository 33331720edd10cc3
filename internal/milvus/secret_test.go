package milvus

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"aliasctl/executor"
	"aliasctl/planner"
)

func TestRedirectIsNotFollowed(t *testing.T) {
	other, visits := serve(t, answerWith(200, jsonType, `{"code":0,"data":{}}`))
	for _, status := range []int{301, 302, 303, 307, 308} {
		uri, count := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", strings.Replace(other, "http://", "http://user:secret77@", 1)+"/login?token=root:hunter22")
			w.WriteHeader(status)
		})
		c := newClient(t, uri, func(cfg *Config) { cfg.Token = "root:hunter22" })
		err := c.AlterAlias(t.Context(), "", "t_a", "t_v2")
		var to *RedirectError
		if !errors.As(err, &to) || to.Location != other+"/login" || executor.ClassOf(err) != executor.Unknown || count.Load() != 1 {
			t.Errorf("%d: class %v, error %v", status, executor.ClassOf(err), err)
		}
		if _, _, err := c.AliasTarget(t.Context(), "", "t_a"); executor.ClassOf(err) != executor.Fatal || count.Load() != 2 {
			t.Errorf("%d: a read: class %v, error %v", status, executor.ClassOf(err), err)
		}
		if strings.Contains(err.Error(), "secret77") || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%d: the error shows credentials: %v", status, err)
		}
	}
	if visits.Load() != 0 {
		t.Errorf("the other host was visited %d times", visits.Load())
	}
}

func TestTokenIsSentAndNeverShown(t *testing.T) {
	const token = "root:hunter22/+x"
	uri, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer "+token {
			t.Errorf("Authorization: %q", got)
		}
		w.Header().Set("X-Milvus-Trace-Id", token)
		status := 200
		if r.URL.Path == aliasesDrop {
			status = 502
		}
		if r.URL.Path == aliasesAlter {
			w.Header().Set("Location", "http://127.0.0.1:1/"+token)
			status = 307
		}
		answerWith(status, "text/html", `{"code":65535,"message":"bad `+token+` hunter22/+x cm9vdDpodW50ZXIyMi8reA== root%3Ahunter22%2F%2Bx"}`)(w, r)
	})
	c := newClient(t, uri, func(cfg *Config) { cfg.Token = token })
	ctx := t.Context()
	for _, err := range []error{
		c.CreateAlias(ctx, "", "t_a", "t_b"),
		c.AlterAlias(ctx, "", "t_a", "t_b"),
		c.DropAlias(ctx, "", "t_a"),
		c.DropAlias(ctx, "", "hunter22/+x"),
	} {
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%v", err)
		}
		for _, secret := range []string{"hunter22", "cm9vdDpodW50ZXIyMi8reA"} {
			if text := err.Error() + e.Message + e.TraceID + e.Hint(); strings.Contains(text, secret) {
				t.Errorf("%s shows %q: %s", e.Call, secret, text)
			}
		}
	}
	// Text of net/http that quotes the server.
	broken, _ := speak(t, func(conn net.Conn, _ int64) bool {
		io.WriteString(conn, "you-are-"+token+"\r\n\r\n")
		return false
	})
	c = newClient(t, broken, func(cfg *Config) { cfg.Token = token })
	if _, err := c.ListAliases(ctx, ""); err == nil || strings.Contains(err.Error(), "hunter22") || !strings.Contains(err.Error(), Redacted) {
		t.Errorf("%v", err)
	}
}

// A cause whose text held the token can still be asked for what it is.
func TestRedactedCause(t *testing.T) {
	err := redactError(NewRedactor("root:hunter22"), &net.OpError{Op: "dial", Err: fmt.Errorf("hunter22: %w", syscall.ECONNREFUSED)})
	var op *net.OpError
	if strings.Contains(err.Error(), "hunter22") || !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &op) {
		t.Errorf("%v", err)
	}
}

// An excerpt is cut after the token is taken out: no part of it remains.
func TestExcerptOfAnEchoedToken(t *testing.T) {
	token := "root:" + strings.Repeat("hunter22", 10)
	for before := range 300 {
		body := strings.Repeat("x", before) + token + strings.Repeat(token, 50)
		if got := excerpt(NewRedactor(token), []byte(body), maxExcerpt); strings.Contains(got, "hunter") || strings.Contains(got, "root:") {
			t.Fatalf("after %d bytes: %q", before, got)
		}
	}
	longest := strings.Repeat("<", longestToken) // six bytes each in JSON
	r := NewRedactor(longest)
	body := strings.Repeat(inJSON(longest, true), 100)
	if got := excerpt(r, []byte(body), maxExcerpt); strings.Contains(got, "003") {
		t.Errorf("%q", got)
	}
}

// A server that gives the token back as a name is not believed: names go into
// reports, plans, manifests and the state.
func TestNoNameHoldsTheToken(t *testing.T) {
	const name = `hunter22/+x`
	answers := map[string]string{
		aliasesList:         `["t_a","my_%s_v1"]`,
		aliasesDescribe:     `{"dbName":"default","aliasName":"t_a","collectionName":"%s"}`,
		collectionsList:     `["%s"]`,
		databasesList:       `["default","%s"]`,
		indexesList:         `["ix"]`,
		indexesDescribe:     `[{"fieldName":"v","indexName":"ix","indexState":"%s"}]`,
		collectionsState:    `{"loadState":"%s"}`,
		collectionsDescribe: `{"collectionID":5,"fields":[{"name":"%s","type":"FloatVector"}]}`,
	}
	uri, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		answerWith(200, jsonType, `{"code":0,"data":`+strings.ReplaceAll(answers[r.URL.Path], "%s", name)+`}`)(w, r)
	})
	ctx := t.Context()
	ask := func(c *Client) map[string]error {
		_, aliases := c.ListAliases(ctx, "")
		_, of := c.AliasesOf(ctx, "", "t_v1")
		_, _, target := c.AliasTarget(ctx, "", "t_a")
		_, collections := c.ListCollections(ctx, "")
		_, databases := c.ListDatabases(ctx)
		_, indexes := c.indexes(ctx, "", "t_v1")
		_, _, load := c.LoadState(ctx, "", "t_v1")
		return map[string]error{"aliases": aliases, "aliases of": of, "target": target, "collections": collections, "databases": databases, "indexes": indexes, "load": load}
	}
	c := newClient(t, uri, func(cfg *Config) { cfg.Token = "root:" + name })
	for what, err := range ask(c) {
		if !errors.Is(err, errTokenInName) || executor.ClassOf(err) != executor.Refused || err.(*Error).Hint() == "" || strings.Contains(err.Error(), name) {
			t.Errorf("%s: class %v, error %v", what, executor.ClassOf(err), err)
		}
	}
	needs := planner.Needs{Facts: []planner.Inspection{{Database: "default", Collection: "t_v1", Schema: true}}}
	facts := inspect(t, c, needs, liveOf("t_v1")).Collections["t_v1"].Facts
	if s := facts.Schema; len(s.Fields) > 0 || !strings.HasSuffix(s.Why, errTokenInName.Error()) {
		t.Errorf("the schema: %+v", s)
	}
	for what, err := range ask(newClient(t, uri, nil)) {
		if err != nil {
			t.Errorf("%s, of a server that asks for no token: %v", what, err)
		}
	}
}
