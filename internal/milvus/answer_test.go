package milvus

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"aliasctl/executor"
)

// What an answer means for a write, and how often a read asks again.
func TestAnswers(t *testing.T) {
	const (
		refused   = executor.Refused
		transient = executor.Transient
		fatal     = executor.Fatal
		unknown   = executor.Unknown
	)
	tests := []struct {
		name   string
		status int
		body   string
		class  executor.Class // of a write
		again  bool           // a read asks again
		want   string         // part of the message
	}{
		{"not found", 200, `{"code":100,"message":"collection not found[collection=t_gone]"}`, refused, false, "collection not found"},
		{"alias not found", 200, `{"code":1600,"message":"alias not found[database=default][alias=t_a]"}`, refused, false, "alias not found"},
		{"invalid name", 200, `{"code":1100,"message":"Invalid collection alias: 1 bad-name.  the first character of a collection alias must be an underscore or letter: invalid parameter"}`, refused, false, "code 1100"},
		{"guard", 200, `{"code":65535,"message":"unable to drop the collection [t_v2] because it has associated aliases [t_a]"}`, refused, false, "associated aliases"},
		{"no message", 200, `{"code":65535}`, unknown, false, `JSON of another service: {"code":65535}`},
		{"message of another type", 200, `{"code":5,"message":{"a":1}}`, unknown, false, `{"a":1}`},
		{"lost inside", 200, `{"code":65535,"message":"context deadline exceeded"}`, unknown, true, "deadline"},
		{"lost by gRPC", 200, `{"code":65535,"message":"rpc error: code = Unavailable desc = x"}`, unknown, true, "Unavailable"},

		{"not ready", 200, `{"code":1,"message":"service not ready"}`, transient, true, "not ready"},
		{"unavailable", 200, `{"code":2,"message":"service unavailable"}`, transient, true, "code 2"},
		{"queue", 200, `{"code":4,"message":"queue is full"}`, transient, true, "queue"},
		{"rate", 200, `{"code":8,"message":"rate limit exceeded[rate=1]"}`, transient, true, "rate"},
		{"quota", 200, `{"code":9,"message":"quota exceeded"}`, refused, false, "quota"},
		{"resource", 200, `{"code":12,"message":"resource insufficient"}`, transient, true, "code 12"},
		{"limiter", 200, `{"code":1807,"message":"request is rejected by limiter, error: rate limit exceeded[rate=0.1]"}`, transient, true, "limiter"},
		{"limiter with another cause", 200, `{"code":1807,"message":"request is rejected by limiter, error: collection not found[collection=x]"}`, refused, false, "limiter"},

		{"timeout in JSON", 408, `{"code":10001,"message":"request timeout"}`, unknown, true, "http 408, code 10001"},
		{"timeout in text", 408, `timeout`, unknown, true, "timeout"},
		{"canceled", 200, `{"code":10000,"message":"context canceled"}`, unknown, true, "code 10000"},

		{"no token", 401, `{"code":1800,"message":"user hasn't authenticated"}`, fatal, false, "hasn't authenticated"},
		{"no token, no Milvus", 401, `<html>login</html>`, unknown, false, "http 401"},
		{"no token by code", 200, `{"code":1800,"message":"user hasn't authenticated"}`, fatal, false, "code 1800"},
		{"denied", 403, "{\"code\":65535,\"message\":\"rpc error: code = PermissionDenied desc = PrivilegeCreateAlias: permission deny to bob in the `default` database\"}", refused, false, `missing privilege "PrivilegeCreateAlias"`},
		{"denied by a gateway", 403, `Forbidden`, unknown, false, "Forbidden"},
		{"no route", 404, `404 page not found`, unknown, false, "too old a server, or not Milvus"},
		{"no route of another API", 404, `{"detail":"Not Found"}`, unknown, false, `not an answer of Milvus`},
		{"missing, by newer status", 404, `{"code":100,"message":"collection not found"}`, refused, false, "http 404, code 100"},
		{"input, by newer status", 400, `{"code":1100,"message":"invalid parameter"}`, refused, false, "http 400, code 1100"},
		{"plain http to TLS, Go", 400, "Client sent an HTTP request to an HTTPS server.\n", unknown, false, "wants https"},
		{"plain http to TLS, nginx", 400, "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title>", unknown, false, "wants https"},
		{"method not allowed", 405, "", unknown, false, "http 405"},

		{"too many", 429, `slow down`, unknown, true, "slow down"},
		{"too many, by newer status", 429, `{"code":8,"message":"rate limit"}`, transient, true, "http 429, code 8"},
		{"too many, by a gateway", 429, `{"code":429,"message":"Too Many Requests"}`, unknown, true, "http 429"},
		{"quota, by newer status", 429, `{"code":9,"message":"quota exceeded"}`, refused, false, "quota"},

		{"panic", 500, `{"code":500}`, unknown, true, "http 500"},
		{"server error", 500, "", unknown, true, "http 500"},
		{"gateway", 502, "<html><h1>502 Bad Gateway</h1></html>", unknown, true, "502 Bad Gateway"},
		{"unavailable", 503, "no healthy upstream", unknown, true, "no healthy upstream"},
		{"gateway timeout", 504, "upstream request timeout", unknown, true, "http 504"},
		{"gateway in JSON", 503, `{"code":503,"message":"upstream"}`, unknown, true, "upstream"},
		{"retriable, by newer status", 503, `{"code":2,"message":"service unavailable"}`, unknown, true, `"code":2`},
		{"permanent, by newer status", 500, `{"code":65535,"message":"etcdserver: too many operations in txn request"}`, refused, false, "too many operations"},
		{"found out, by newer status", 500, `{"code":1600,"message":"alias not found"}`, refused, false, "code 1600"},
		{"success with the status of failure", 500, `{"code":0,"data":{}}`, unknown, true, "status of failure"},

		{"login page", 200, "<!DOCTYPE html><title>Sign in</title>", unknown, false, `not an answer of Milvus: a web page titled "Sign in" (http 200)`},
		{"text", 200, "ok", unknown, false, "not JSON"},
		{"array", 200, `[0]`, unknown, false, "not JSON"},
		{"two values", 200, `{"code":0,"data":[]}{"code":0,"data":[]}`, unknown, false, "not JSON"},
		{"empty", 200, "", unknown, true, "empty"},
		{"cut in the middle", 200, `{"code":0,"data":["t_a`, unknown, true, "not JSON"},
		{"code missing", 200, `{"data":[]}`, unknown, false, `without an integer "code"`},
		{"code null", 200, `{"code":null,"data":[]}`, unknown, false, `without an integer "code"`},
		{"code as text", 200, `{"code":"0","data":[]}`, unknown, false, `without an integer "code"`},
		{"code as float", 200, `{"code":0.0,"data":[]}`, unknown, false, `without an integer "code"`},
		{"code with exponent", 200, `{"code":2e2,"data":[]}`, unknown, false, `without an integer "code"`},
		{"code true", 200, `{"code":true,"data":[]}`, unknown, false, `without an integer "code"`},
		{"code in upper case", 200, `{"Code":0,"data":[]}`, unknown, false, `without an integer "code"`},
		{"code beyond 64 bits", 200, `{"code":18446744073709551616,"data":[]}`, unknown, false, `without an integer "code"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			uri, count := serve(t, answerWith(tt.status, jsonType, tt.body))
			c := newClient(t, uri, nil)
			err := c.AlterAlias(t.Context(), "default", "t_a", "t_v2")
			if err == nil {
				t.Fatal("the write succeeded")
			}
			if got := executor.ClassOf(err); got != tt.class {
				t.Errorf("class %v, want %v", got, tt.class)
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), `aliases/alter (database "default", alias "t_a", collection "t_v2")`) {
				t.Errorf("message %q, want %q in it", err, tt.want)
			}
			if got := count.Load(); got != 1 {
				t.Errorf("the write was sent %d times", got)
			}

			count.Store(0)
			_, err = c.ListAliases(t.Context(), "default")
			if err == nil {
				t.Fatal("the read succeeded")
			}
			if got := executor.ClassOf(err); got == unknown {
				t.Error("a failed read leaves nothing unknown")
			}
			want := int64(1)
			if tt.again {
				want = 1 + DefaultRetries
			}
			if got := count.Load(); got != want {
				t.Errorf("the read was sent %d times, want %d", got, want)
			}
		})
	}
}

func TestPredicates(t *testing.T) {
	uri, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Milvus-Trace-Id", "4bf92f35")
		switch r.URL.Path {
		case aliasesCreate:
			answerWith(200, jsonType, `{"code":1602,"message":"t_a is alias to another collection: t_v1: alias already exist[database=default][alias=t_a]"}`)(w, r)
		case aliasesAlter:
			answerWith(200, jsonType, `{"code":1600,"message":"alias not found"}`)(w, r)
		case aliasesDrop:
			answerWith(403, jsonType, `{"code":65535,"message":"PrivilegeDropAlias: permission deny to bob"}`)(w, r)
		case aliasesList:
			answerWith(200, jsonType, `{"code":800,"message":"database not found[database=x]"}`)(w, r)
		default:
			answerWith(401, jsonType, `{"code":1800,"message":"user hasn't authenticated"}`)(w, r)
		}
	})
	c := newClient(t, uri, nil)
	ctx := t.Context()

	err := c.CreateAlias(ctx, "", "t_a", "t_v2")
	if on, ok := executor.TakenBy(err); on != "t_v1" || !ok {
		t.Errorf("TakenBy: %q, %v", on, ok)
	}
	var e *Error
	if !errors.As(err, &e) || e.TraceID != "4bf92f35" || e.Code != CodeAliasTaken || e.Attempts != 1 || !strings.Contains(err.Error(), "trace 4bf92f35") {
		t.Errorf("%+v", e)
	}
	err = c.AlterAlias(ctx, "", "t_a", "t_v2")
	if !IsNotFound(err) || IsDenied(err) {
		t.Errorf("alter: %v", err)
	}
	if _, ok := executor.TakenBy(err); ok {
		t.Error("1600 is not taken")
	}
	if err := c.DropAlias(ctx, "", "t_a"); !IsDenied(err) || !errors.As(err, &e) || e.Privilege != "PrivilegeDropAlias" || !strings.Contains(e.Hint(), `grant "DropAlias"`) {
		t.Errorf("drop: %v", err)
	}
	if _, err := c.ListAliases(ctx, "x"); !IsDatabaseMissing(err) || IsNotFound(err) {
		t.Errorf("list: %v", err)
	}
	if _, err := c.ListDatabases(ctx); !IsUnauthenticated(err) || !errors.As(err, &e) || !strings.Contains(e.Hint(), "MILVUS_TOKEN") {
		t.Errorf("databases: %v", err)
	}
}

func TestExcerptIsPrintable(t *testing.T) {
	got := excerpt(nil, []byte("a\x1b[31m\r\nb\x00\xffc\u202e"+strings.Repeat("é", 300)), maxExcerpt)
	if strings.ContainsAny(got, "\x1b\r\n\x00\u202e") || len(got) > maxExcerpt+3 || !strings.HasPrefix(got, "a [31m b") {
		t.Errorf("%q", got)
	}
}
