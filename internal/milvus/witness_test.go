package milvus

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"aliasctl/executor"
	"aliasctl/internal/testkit"
	"aliasctl/planner"
)

// stranger is a transport that answers everything alike.
type stranger struct {
	status int
	header http.Header
	body   string
	sent   int
}

func (c *stranger) RoundTrip(req *http.Request) (*http.Response, error) {
	c.sent++
	io.Copy(io.Discard, req.Body)
	return &http.Response{
		StatusCode: c.status, Header: c.header, Request: req,
		ContentLength: int64(len(c.body)), Body: io.NopCloser(strings.NewReader(c.body)),
	}, nil
}

func (c *stranger) CloseIdleConnections() {}

// writes is every call that changes a cluster.
var writes = map[string]func(c *Client, ctx context.Context) error{
	"aliases/create":      func(c *Client, ctx context.Context) error { return c.CreateAlias(ctx, "", "t_a", "t_v2") },
	"aliases/alter":       func(c *Client, ctx context.Context) error { return c.AlterAlias(ctx, "", "t_a", "t_v2") },
	"aliases/drop":        func(c *Client, ctx context.Context) error { return c.DropAlias(ctx, "", "t_a") },
	"collections/drop":    func(c *Client, ctx context.Context) error { return c.DropCollection(ctx, "", "t_v1") },
	"collections/load":    func(c *Client, ctx context.Context) error { return c.LoadCollection(ctx, "", "t_v1") },
	"collections/release": func(c *Client, ctx context.Context) error { return c.ReleaseCollection(ctx, "", "t_v1") },
	"collections/rename":  func(c *Client, ctx context.Context) error { return c.RenameCollection(ctx, "", "t_v1", "t_v0") },
	"roles/grant": func(c *Client, ctx context.Context) error {
		return c.Grant(ctx, "t_r", planner.Grant{ObjectType: "Collection", Object: "t_v1", Privilege: "Query"})
	},
	"roles/revoke": func(c *Client, ctx context.Context) error {
		return c.Revoke(ctx, "t_r", planner.Grant{ObjectType: "Global", Object: "t_v1", Privilege: "CollectionReadOnly"})
	},
	"v1 collections/drop": func(c *Client, ctx context.Context) error {
		c.cfg.CollectionAPI = CollectionV1
		return c.DropCollection(ctx, "", "t_v1")
	},
}

// An answer after a write is a witness, not a verdict: whatever something else
// than Milvus writes, with whatever status, the outcome is unknown. This is
// every write, every status, every body.
func TestWhatMilvusDidNotWriteLeavesAWriteUnknown(t *testing.T) {
	n := 0
	clients := map[string]*Client{}
	for route := range writes {
		clients[route] = newClient(t, "http://127.0.0.1:1", nil)
	}
	for status := 200; status < 600; status++ {
		for kind, body := range testkit.ForeignBodies {
			if strings.Contains(body, "%[1]d") {
				body = fmt.Sprintf(body, status)
			}
			fake := &stranger{status: status, header: http.Header{"Server": {"nginx"}}, body: body}
			for route, write := range writes {
				c := clients[route]
				c.transport, fake.sent = fake, 0
				c.v2Gone.Store(false)
				c.turnedOff.Clear()
				err := write(c, t.Context())
				n++
				var e *Error
				if !errors.As(err, &e) || executor.ClassOf(err) != executor.Unknown || fake.sent != 1 {
					t.Fatalf("%s, %d, %s: class %v of %v after %d requests", route, status, kind, executor.ClassOf(err), err, fake.sent)
				}
				if IsDenied(err) || IsUnauthenticated(err) || IsNotFound(err) {
					t.Fatalf("%s, %d, %s: taken for a word of Milvus: %v", route, status, kind, err)
				}
				if noisy(err.Error()) {
					t.Fatalf("%s, %d, %s: noise: %q", route, status, kind, err)
				}
			}
		}
	}
	t.Logf("%d answers", n)
}

// milvusRefusals are what recorded servers answer to writes, and what newer ones
// are planned to.
var milvusRefusals = []struct {
	status int
	body   string
	class  executor.Class
}{
	{200, `{"code":100,"message":"collection not found[collection=t_v2]"}`, executor.Refused},
	{200, `{"code":700,"message":"index not found[collection=t_v2]"}`, executor.Refused},
	{200, `{"code":800,"message":"database not found[database=x]"}`, executor.Refused},
	{200, `{"code":1100,"message":"Invalid collection alias: 1a. the first character of a collection alias must be an underscore or letter: invalid parameter"}`, executor.Refused},
	{200, `{"code":1600,"message":"alias not found[database=default][alias=t_a]"}`, executor.Refused},
	{200, `{"code":1601,"message":"alias and collection name conflict"}`, executor.Refused},
	{200, `{"code":1602,"message":"t_a is alias to another collection: t_v1: alias already exist"}`, executor.Refused},
	{200, `{"code":1801,"message":"can only accept json format request"}`, executor.Refused},
	{200, `{"code":1802,"message":"missing required parameters"}`, executor.Refused},
	{200, `{"code":1807,"message":"request is rejected by limiter, error: rate limit exceeded"}`, executor.Transient},
	{429, `{"code":1807,"message":"request is rejected by limiter, error: rate limit exceeded"}`, executor.Transient},
	{200, `{"code":65535,"message":"unable to drop the collection [t_v1] because it has associated aliases [t_a]"}`, executor.Refused},
	{500, `{"code":65535,"message":"cannot drop the collection via alias = t_a"}`, executor.Refused},
	{401, `{"code":1800,"message":"user hasn't authenticated"}`, executor.Fatal},
	{403, "{\"code\":65535,\"message\":\"rpc error: code = PermissionDenied desc = PrivilegeDropAlias: permission deny to bob in the `default` database\"}", executor.Refused},
	{200, `{"code":1,"message":"service not ready"}`, executor.Transient},
	{200, `{"code":4,"message":"queue is full"}`, executor.Transient},
	{408, `{"code":10001,"message":"request timeout"}`, executor.Unknown},
	{408, `timeout`, executor.Unknown},
	{200, `{"code":10000,"message":"context canceled"}`, executor.Unknown},
}

func TestWhatMilvusWroteIsTakenAtItsWord(t *testing.T) {
	for _, tt := range milvusRefusals {
		for route, write := range writes {
			c := newClient(t, "http://127.0.0.1:1", nil)
			c.transport = &stranger{status: tt.status, header: http.Header{}, body: tt.body}
			err := write(c, t.Context())
			if strings.HasPrefix(route, "v1") && strings.HasPrefix(tt.body, `{"code":100,`) {
				if err != nil { // what is gone is gone
					t.Errorf("%s, %s: %v", route, tt.body, err)
				}
				continue
			}
			if executor.ClassOf(err) != tt.class || IsForeign(err) || err == nil {
				t.Errorf("%s, %d %s: class %v of %v", route, tt.status, tt.body, executor.ClassOf(err), err)
			}
		}
	}
}

// Who answered is told by name, and what to check with it.
func TestWhoAnswered(t *testing.T) {
	const page = "<html>\n<head><title>%s</title></head><body><center><h1>x</h1></center><hr><center>nginx</center></body></html>"
	for _, tt := range []struct {
		status               int
		server, body         string
		want, hint, noneOfIt string
	}{
		{502, "nginx/1.25", fmt.Sprintf(page, "502 Bad Gateway"), `"nginx/1.25" answered, not Milvus: a web page titled "502 Bad Gateway" (http 502`, "GRPC", "<"},
		{503, "", "no healthy upstream", `not an answer of Milvus: not JSON: no healthy upstream (http 503`, "GRPC", ""},
		{504, "envoy", "upstream request timeout", `"envoy" answered, not Milvus: not JSON: upstream request timeout (http 504`, "30s", ""},
		{403, "istio-envoy", "RBAC: access denied", `"istio-envoy" answered, not Milvus: not JSON: RBAC: access denied (http 403)`, "`POST /milvus/v2/vectordb/aliases/list`", "privilege"},
		{404, "nginx", fmt.Sprintf(page, "404 &lt;Not&gt; Found"), `a web page titled "404 <Not> Found" (http 404)`, "path of the URI", ""},
		{401, "", "<html><title>Log in</title>", `not an answer of Milvus: a web page titled "Log in" (http 401)`, "MILVUS_TOKEN", ""},
		{404, "", "404 page not found", "no such route: too old a server, or not Milvus: 404 page not found (http 404)", "2.3.13", ""},
		{500, "kong", `{"message":"An unexpected error occurred"}`, `"kong" answered, not Milvus: JSON without an integer "code"`, "log", ""},
		{200, "\x1b[31mred", "hello", `"[31mred" answered`, "URI", "\x1b"},
	} {
		c := newClient(t, "http://127.0.0.1:1/milvus", nil)
		c.transport = &stranger{status: tt.status, header: http.Header{"Server": {tt.server}}, body: tt.body}
		_, err := c.ListAliases(t.Context(), "")
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(e.Hint(), tt.hint) ||
			tt.noneOfIt != "" && strings.Contains(err.Error()+e.Hint(), tt.noneOfIt) {
			t.Errorf("%d: %v\nhint: %s", tt.status, err, e.Hint())
		}
	}
}

// Compressed answers are read, whoever compresses them; what cannot be read is
// named and not shown.
func TestCompressedAnswers(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	io.WriteString(w, `{"code":0,"data":["t_a"]}`)
	w.Close()
	for name, tt := range map[string]struct {
		encoding string
		body     []byte
		want     string // of the error, "" for an answer
	}{
		"gzip":         {"gzip", zipped.Bytes(), ""},
		"none":         {"", []byte(`{"code":0,"data":["t_a"]}`), ""},
		"identity":     {"identity", []byte(`{"code":0,"data":["t_a"]}`), ""},
		"br":           {"br", zipped.Bytes(), `its encoding is "br"`},
		"gzip it isnt": {"gzip", []byte(`{"code":0,"data":["t_a"]}`), "its gzip is broken"},
		"unnamed":      {"", zipped.Bytes(), "bytes that are no text"},
		"cut":          {"gzip", zipped.Bytes()[:zipped.Len()-12], "cut"},
	} {
		uri, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Accept-Encoding"); got != "gzip" {
				t.Errorf("%s: Accept-Encoding %q", name, got)
			}
			if tt.encoding != "" {
				w.Header().Set("Content-Encoding", tt.encoding)
			}
			w.Header().Set("Content-Type", jsonType)
			w.Write(tt.body)
		})
		c := newClient(t, uri, nil)
		list, err := c.ListAliases(t.Context(), "")
		if tt.want == "" {
			if err != nil || len(list) != 1 {
				t.Errorf("%s: %v, %v", name, list, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) || noisy(err.Error()) {
			t.Errorf("%s: %q", name, err)
		}
		if err := c.AlterAlias(t.Context(), "", "t_a", "t_v2"); executor.ClassOf(err) != executor.Unknown || err == nil {
			t.Errorf("%s: class %v of %v", name, executor.ClassOf(err), err)
		}
	}
}

// The failures that real servers answered to these writes, word for word.
func TestRecordedRefusalsAreOfMilvus(t *testing.T) {
	files, err := filepath.Glob("../../testdata/transcripts/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	seen := map[string]int{}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := json.NewDecoder(f)
		for {
			var line struct {
				Path, Response string
				Status         int
				ContentType    string `json:"content_type"`
			}
			if err := lines.Decode(&line); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(file, err)
			}
			route := strings.TrimPrefix(strings.Replace(line.Path, "/v1/vector/", "v1 ", 1), prefixV2)
			write, ok := writes[route]
			if !ok || line.Status == 404 || line.Status == 307 {
				continue
			}
			c := newClient(t, "http://127.0.0.1:1", nil)
			c.transport = &stranger{status: line.Status, header: http.Header{"Content-Type": {line.ContentType}}, body: line.Response}
			err := write(c, t.Context())
			seen[route]++
			if IsForeign(err) || (executor.ClassOf(err) == executor.Unknown && err != nil) != (line.Status == 408) {
				t.Errorf("%s, %s, %d %s: class %v of %v", file, route, line.Status, line.Response, executor.ClassOf(err), err)
			}
		}
	}
	t.Log(seen)
}

// noisy finds bytes of a compressed body in a message.
func noisy(message string) bool {
	return !utf8.ValidString(message) || strings.ContainsAny(message, "\x00\x1f\ufffd")
}
