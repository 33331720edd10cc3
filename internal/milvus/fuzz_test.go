package milvus

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"aliasctl/manifest"

	"aliasctl/internal/throttle"
)

// canned is a transport with one answer.
type canned struct {
	status int
	body   string
}

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode:    c.status,
		Header:        http.Header{"Location": {c.body}, "X-Milvus-Trace-Id": {c.body}},
		ContentLength: -1,
		Body:          io.NopCloser(strings.NewReader(c.body)),
	}, nil
}

func (canned) CloseIdleConnections() {}

// FuzzAnswer holds two laws over any answer: no call succeeds without an
// integer code of 0 or 200 in a JSON object and a status of success, and no
// error shows the token.
func FuzzAnswer(f *testing.F) {
	const secret = "hunter22/+x"
	for _, body := range []string{
		`{"code":0,"data":["t_a"]}`, `{"code":200,"data":{"has":true}}`, `{"code":0,"data":{}}`,
		`{"code":"0"}`, `{"code":0.0}`, `{"Code":0}`, `{"code":null}`, `{"code":-0}`, `{"data":[]}`, `[]`, ``, `<html>`,
		`{"code":1602,"message":"t_a is alias to another collection: t_b: alias already exist"}`,
		`{"code":65535,"message":"bad root:hunter22/+x"}`, `"root%3Ahunter22%2F%2Bx"`, `{"code":1e0}`,
		`{"code":0,"data":{"dbName":"default","aliasName":"t_a","collectionName":"t_b"}}`,
		`{"code":0,"data":{"collectionID":470624968101594097}}`, `{"code":0,"data":{"collectionID":4.7e17}}`,
		`{"code":0,"data":{"collectionID":1,"enableDynamicField":true,"fields":[{"name":"v","type":"FloatVector","params":[{"key":"dim","value":"8"}]}],"structFields":[]}}`,
		`{"code":0,"data":{"loadProgress":100,"loadState":"LoadStateLoaded"},"message":""}`, `{"code":0,"data":{"rowCount":123}}`,
		`{"code":0,"cost":0,"data":[{"count(*)":123}]}`, `{"code":0,"cost":0,"data":[{"id":1,"distance":0.83},{"id":"x","distance":-1e400}],"topks":[2]}`,
		`{"code":0,"data":[{"fieldName":"v","indexName":"ix","indexState":"Finished","metricType":"L2","pendingRows":0}]}`,
		`{"code":101,"message":"failed to query: collection not loaded[collection=1] root:hunter22/+x"}`, `{"code":0,"data":[null,{}]}`,
	} {
		for _, status := range []int{200, 307, 403, 404, 408, 500} {
			f.Add(status, body)
		}
	}
	c, err := New(Config{URI: "http://127.0.0.1:19530", Token: "root:" + secret})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		c := &Client{cfg: c.cfg, base: c.base, header: c.header, redactor: c.redactor, transport: canned{status: status, body: body}, throttle: throttle.New(0, nil)}
		ctx := t.Context()
		_, list := c.AliasesOf(ctx, "", "t_b")
		_, _, target := c.AliasTarget(ctx, "db", "t_a")
		_, _, id := c.CollectionID(ctx, "", "t_b")
		_, has := c.HasCollection(ctx, "", "t_b")
		_, _, state := c.LoadState(ctx, "", "t_b")
		_, count := c.count(ctx, "", "t_b")
		_, stats := c.stats(ctx, "", "t_b")
		d, _, _ := c.describe(ctx, "", "t_b")
		d.schema()
		_, indexes := c.indexes(ctx, "", "t_b")
		query, asked := c.Ask(ctx, "", "t_a", &manifest.Canary{Query: &manifest.Query{}})
		_, searched := c.Ask(ctx, "", "t_a", &manifest.Canary{Search: &manifest.Search{}})
		lawful := success(status) && successBody(body)
		// What the calls read as an answer besides success.
		soft := map[int]bool{CodeCollectionNotFound: true, CodeAliasNotFound: true, CodeDatabaseNotFound: true}
		a, _ := decodeAnswer([]byte(body), false)
		for i, err := range []error{
			list, target, id, has, c.AlterAlias(ctx, "", "t_a", "t_b"), c.DropCollection(ctx, "", "t_b"),
			state, count, stats, indexes, asked, searched, c.LoadCollection(ctx, "", "t_b"), c.ReleaseCollection(ctx, "", "t_b"),
		} {
			switch {
			case err == nil && !lawful && !soft[a.code]:
				t.Errorf("call %d: success by status %d, body %q", i, status, body)
			case err != nil && strings.Contains(err.Error(), secret):
				t.Errorf("call %d: the error shows the token: %v", i, err)
			}
		}
		for _, err := range []error{c.AlterAlias(ctx, "", "t_a", "t_b"), c.LoadCollection(ctx, "", "t_b"), state, count, asked} {
			if err == nil && !lawful {
				t.Errorf("success by status %d, body %q", status, body)
			}
			if err != nil && strings.Contains(whyOf(err), secret) {
				t.Errorf("the reason shows the token: %s", whyOf(err))
			}
		}
		if strings.Contains(query.Summary, secret) || len(query.Summary) > maxExcerpt+30 {
			t.Errorf("a summary for nobody: %q", query.Summary)
		}
	})
}

// FuzzEnvelope holds that reading an answer key by key finds what decoding it
// into a map does.
func FuzzEnvelope(f *testing.F) {
	for _, body := range []string{
		`{"code":0,"data":["t_a"]}`, `{"code":0,}`, `{}`, `{"code":0`, `{`, `{,}`, `{"code":0}x`, `{"code":0}"x`,
		`{"code" 0}`, `{"code":0 "data":[]}`, ` {"code" : 0 , "data" : null } `, `{"cod\u0065":0,"data":[1]}`,
		`{"code":1,"code":0,"data":{},"data":["t_a"],"message":null}`, `{"code":0,"data":["t_a"],"data":{"a":[{"b":"c"}]}}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := decodeAnswer([]byte(body), true)
		var fields map[string]json.RawMessage
		bad := json.Unmarshal([]byte(body), &fields)
		code, noCode := strconv.Atoi(string(fields["code"]))
		if ok := bad == nil && noCode == nil; ok != (err == nil) {
			t.Fatalf("%q: %v, the map: %v, %v", body, err, bad, noCode)
		}
		if err != nil {
			return
		}
		var names []string
		if json.Unmarshal(fields["data"], &names) != nil {
			names = nil
		}
		if got.code != code || string(got.data) != string(fields["data"]) || !slices.Equal(got.names, names) || (got.names == nil) != (names == nil) {
			t.Errorf("%q: %d %q %q, the map: %d %q %q", body, got.code, got.data, got.names, code, fields["data"], names)
		}
	})
}

// successBody is the law, spelled in another way than decodeAnswer.
func successBody(body string) bool {
	var fields map[string]any
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	if dec.Decode(&fields) != nil {
		return false
	}
	if _, err := dec.Token(); err != io.EOF {
		return false
	}
	n, ok := fields["code"].(json.Number)
	if !ok {
		return false
	}
	i, err := n.Int64()
	return err == nil && (i == 0 || i == 200)
}
