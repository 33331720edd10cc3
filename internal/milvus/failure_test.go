package milvus

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"aliasctl/executor"
	"github.com/cenkalti/backoff/v5"
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
		{"invalid name", 200, `{"code":1100,"message":"Invalid collection alias: 1 bad-name."}`, refused, false, "code 1100"},
		{"guard", 200, `{"code":65535,"message":"unable to drop the collection [t_v2] because it has associated aliases [t_a]"}`, refused, false, "associated aliases"},
		{"no message", 200, `{"code":65535}`, refused, false, "code 65535"},
		{"message of another type", 200, `{"code":5,"message":{"a":1}}`, refused, false, `{"a":1}`},
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
		{"no token, no Milvus", 401, `<html>login</html>`, fatal, false, "http 401"},
		{"no token by code", 200, `{"code":1800,"message":"user hasn't authenticated"}`, fatal, false, "code 1800"},
		{"denied", 403, "{\"code\":65535,\"message\":\"rpc error: code = PermissionDenied desc = PrivilegeCreateAlias: permission deny to bob in the `default` database\"}", refused, false, `missing privilege "PrivilegeCreateAlias"`},
		{"denied by a gateway", 403, `Forbidden`, refused, false, "Forbidden"},
		{"no route", 404, `404 page not found`, fatal, false, "too old a server, or not Milvus"},
		{"no route of another API", 404, `{"detail":"Not Found"}`, fatal, false, "not Milvus"},
		{"missing, by newer status", 404, `{"code":100,"message":"collection not found"}`, refused, false, "http 404, code 100"},
		{"input, by newer status", 400, `{"code":1100,"message":"invalid parameter"}`, refused, false, "http 400, code 1100"},
		{"plain http to TLS, Go", 400, "Client sent an HTTP request to an HTTPS server.\n", fatal, false, "wants https"},
		{"plain http to TLS, nginx", 400, "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title>", fatal, false, "wants https"},
		{"method not allowed", 405, "", refused, false, "http 405"},

		{"too many", 429, `slow down`, transient, true, "slow down"},
		{"too many, by newer status", 429, `{"code":8,"message":"rate limit"}`, transient, true, "http 429, code 8"},
		{"too many, by a gateway", 429, `{"code":429,"message":"Too Many Requests"}`, transient, true, "http 429"},
		{"quota, by newer status", 429, `{"code":9,"message":"quota exceeded"}`, refused, false, "quota"},

		{"panic", 500, `{"code":500}`, unknown, true, "http 500"},
		{"server error", 500, "", unknown, true, "http 500"},
		{"gateway", 502, "<html><h1>502 Bad Gateway</h1></html>", unknown, true, "502 Bad Gateway"},
		{"unavailable", 503, "no healthy upstream", unknown, true, "no healthy upstream"},
		{"gateway timeout", 504, "upstream request timeout", unknown, true, "http 504"},
		{"gateway in JSON", 503, `{"code":503,"message":"upstream"}`, unknown, true, "upstream"},
		{"retriable, by newer status", 503, `{"code":2,"message":"service unavailable"}`, transient, true, "code 2"},
		{"permanent, by newer status", 500, `{"code":65535,"message":"etcdserver: too many operations in txn request"}`, refused, false, "too many operations"},
		{"found out, by newer status", 500, `{"code":1600,"message":"alias not found"}`, refused, false, "code 1600"},
		{"success with the status of failure", 500, `{"code":0,"data":{}}`, unknown, true, "status of failure"},

		{"login page", 200, "<!DOCTYPE html><title>Sign in</title>", unknown, false, "a web page, not one of Milvus: <!DOCTYPE html>"},
		{"text", 200, "ok", unknown, false, "not JSON"},
		{"array", 200, `[0]`, unknown, false, "not JSON"},
		{"two values", 200, `{"code":0,"data":[]}{"code":0,"data":[]}`, unknown, false, "not JSON"},
		{"empty", 200, "", unknown, true, "empty"},
		{"cut in the middle", 200, `{"code":0,"data":["t_a`, unknown, true, "not JSON"},
		{"code missing", 200, `{"data":[]}`, unknown, false, `no integer "code"`},
		{"code null", 200, `{"code":null,"data":[]}`, unknown, false, `no integer "code"`},
		{"code as text", 200, `{"code":"0","data":[]}`, unknown, false, `no integer "code"`},
		{"code as float", 200, `{"code":0.0,"data":[]}`, unknown, false, `no integer "code"`},
		{"code with exponent", 200, `{"code":2e2,"data":[]}`, unknown, false, `no integer "code"`},
		{"code true", 200, `{"code":true,"data":[]}`, unknown, false, `no integer "code"`},
		{"code in upper case", 200, `{"Code":0,"data":[]}`, unknown, false, `no integer "code"`},
		{"code beyond 64 bits", 200, `{"code":18446744073709551616,"data":[]}`, unknown, false, `no integer "code"`},
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

// Faults below and beside HTTP. A write is sent once and its outcome unknown,
// unless something proves the opposite.
func TestBrokenConnections(t *testing.T) {
	tests := []struct {
		name  string
		talk  func(conn net.Conn, n int64) bool
		class executor.Class
		want  string
	}{
		{"reset after the request", func(conn net.Conn, _ int64) bool { reset(conn); return false }, executor.Unknown, "cut"},
		{"closed after the request", func(net.Conn, int64) bool { return false }, executor.Unknown, "cut"},
		{"cut in the headers", func(conn net.Conn, _ int64) bool {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Le")
			return false
		}, executor.Unknown, "cut"},
		{"cut in the body", func(conn net.Conn, _ int64) bool {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"code\":0,\"da")
			return false
		}, executor.Unknown, "cut"},
		{"cut in a chunk", func(conn net.Conn, _ int64) bool {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{\"code\":0,\"da")
			return false
		}, executor.Unknown, "cut"},
		{"HTTP/1.0 cut in the body", func(conn net.Conn, _ int64) bool {
			io.WriteString(conn, "HTTP/1.0 200 OK\r\n\r\n{\"code\":0,\"da")
			return false
		}, executor.Unknown, "not JSON"},
		{"HTTP/1.0 cut before the body", func(conn net.Conn, _ int64) bool {
			io.WriteString(conn, "HTTP/1.0 200 OK\r\n\r\n")
			return false
		}, executor.Unknown, "empty"},
		{"gRPC port", func(conn net.Conn, _ int64) bool {
			io.WriteString(conn, "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00\r\n\r\n")
			return false
		}, executor.Fatal, "malformed"},
		{"TLS alert", func(conn net.Conn, _ int64) bool {
			io.WriteString(conn, "\x15\x03\x01\x00\x02\x02\x46\r\n")
			return false
		}, executor.Fatal, "wants https"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			uri, count := speak(t, tt.talk)
			c := newClient(t, uri, nil)
			err := c.AlterAlias(t.Context(), "default", "t_a", "t_v2")
			if err == nil || executor.ClassOf(err) != tt.class || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("class %v, error %v; want %v, %q", executor.ClassOf(err), err, tt.class, tt.want)
			}
			if got := count.Load(); got != 1 {
				t.Errorf("the write was sent %d times", got)
			}
		})
	}
}

// net/http repeats some requests by itself when a kept connection turns out to
// be closed. It must not do that to a write that the server has seen.
func TestWriteOnAStaleConnectionIsSentOnce(t *testing.T) {
	uri, count := speak(t, func(conn net.Conn, n int64) bool {
		if n == 1 {
			io.WriteString(conn, whole(`{"code":0,"data":[]}`))
			return true
		}
		return false // closes after it has read the request
	})
	c := newClient(t, uri, nil)
	if _, err := c.ListAliases(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	err := c.AlterAlias(t.Context(), "", "t_a", "t_v2")
	if executor.ClassOf(err) != executor.Unknown || err == nil {
		t.Errorf("class %v, error %v", executor.ClassOf(err), err)
	}
	if got := count.Load(); got != 2 {
		t.Errorf("%d requests arrived, want 2: one read, one write", got)
	}
}

func TestReadSurvivesCutConnections(t *testing.T) {
	uri, count := speak(t, func(conn net.Conn, n int64) bool {
		if n < 4 {
			reset(conn)
			return false
		}
		io.WriteString(conn, whole(`{"code":0,"data":["t_a"]}`))
		return true
	})
	list, err := newClient(t, uri, nil).ListAliases(t.Context(), "")
	if err != nil || len(list) != 1 || count.Load() != 4 {
		t.Errorf("%v, %v after %d requests", list, err, count.Load())
	}
}

func TestNoRetries(t *testing.T) {
	uri, count := serve(t, answerWith(503, "text/plain", "no"))
	c := newClient(t, uri, func(cfg *Config) { cfg.Retries = 0 })
	if _, err := c.ListAliases(t.Context(), ""); err == nil || count.Load() != 1 {
		t.Errorf("%v after %d requests", err, count.Load())
	}
}

func TestHTTP10(t *testing.T) {
	uri, _ := speak(t, func(conn net.Conn, n int64) bool {
		io.WriteString(conn, "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n{\"code\":200,\"data\":[\"t_a\"]}")
		return false
	})
	list, err := newClient(t, uri, nil).ListAliases(t.Context(), "")
	if err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestRefusedConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	uri := "http://" + l.Addr().String()
	l.Close()
	c := newClient(t, uri, nil)
	err = c.AlterAlias(t.Context(), "", "t_a", "t_v2")
	if executor.ClassOf(err) != executor.Transient || !strings.Contains(err.Error(), "refused") {
		t.Errorf("class %v, error %v", executor.ClassOf(err), err)
	}
	_, err = c.ListAliases(t.Context(), "")
	var e *Error
	if !errors.As(err, &e) || e.Attempts != 1+DefaultRetries || e.Hint() == "" {
		t.Errorf("%v", err)
	}

	// The pauses of a refused connection are three seconds in all, not ten: the
	// first one of these would exceed that.
	c.firstPause = 7 * time.Second
	start := time.Now()
	if _, err = c.ListAliases(t.Context(), ""); !errors.As(err, &e) || e.Attempts != 1 || time.Since(start) > 3*time.Second {
		t.Errorf("%v after %s", err, time.Since(start))
	}
}

func TestBudget(t *testing.T) {
	for range 100 {
		pauses := newBudget(250 * time.Millisecond)
		var sum time.Duration
		n := 0
		for {
			pause := pauses.NextBackOff()
			if pause == backoff.Stop {
				break
			}
			sum += pause
			n++
		}
		if sum > patience || n < 3 {
			t.Fatalf("%d pauses, %s in all", n, sum)
		}
	}
}

func TestUnknownHost(t *testing.T) {
	c := newClient(t, "http://no-such-host.invalid:19530", nil)
	start := time.Now()
	_, err := c.ListAliases(t.Context(), "")
	var e *Error
	if !errors.As(err, &e) || e.Class() != executor.Fatal || e.Attempts != 1 || !strings.Contains(e.Hint(), "host name") {
		t.Errorf("%v after %s", err, time.Since(start))
	}
}

func TestCanceled(t *testing.T) {
	uri, count := serve(t, answerWith(200, jsonType, `{"code":0,"data":{}}`))
	c := newClient(t, uri, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := c.AlterAlias(ctx, "", "t_a", "t_v2")
	if executor.ClassOf(err) != executor.Transient || !errors.Is(err, context.Canceled) || count.Load() != 0 {
		t.Errorf("class %v, error %v, %d requests", executor.ClassOf(err), err, count.Load())
	}
	if _, err = c.ListAliases(ctx, ""); !errors.Is(err, context.Canceled) || count.Load() != 0 {
		t.Errorf("error %v, %d requests", err, count.Load())
	}
}

func TestCanceledOnTheWay(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	uri, count := serve(t, func(http.ResponseWriter, *http.Request) { cancel(); <-done })
	defer close(done)
	err := newClient(t, uri, nil).AlterAlias(ctx, "", "t_a", "t_v2")
	if err == nil || executor.ClassOf(err) != executor.Unknown || !errors.Is(err, context.Canceled) || count.Load() != 1 {
		t.Errorf("class %v, error %v, %d requests", executor.ClassOf(err), err, count.Load())
	}
}

func TestCanceledInAPause(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	uri, count := serve(t, func(w http.ResponseWriter, r *http.Request) {
		answerWith(503, "text/plain", "no")(w, r)
		time.AfterFunc(50*time.Millisecond, cancel)
	})
	c := newClient(t, uri, nil)
	c.firstPause = time.Minute / 10
	start := time.Now()
	if _, err := c.ListAliases(ctx, ""); !errors.Is(err, context.Canceled) || count.Load() != 1 || time.Since(start) > 2*time.Second {
		t.Errorf("%v, %d requests, %s", err, count.Load(), time.Since(start))
	}
}

// Slow, endless and huge answers end in bounded time and memory, and are asked
// for once.
func TestSlowAndHugeAnswers(t *testing.T) {
	drip := func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"code":0,"data":["`)
		for r.Context().Err() == nil {
			io.WriteString(w, "a")
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	endless := func(w http.ResponseWriter, r *http.Request) {
		block := []byte(strings.Repeat("a", 1<<16))
		io.WriteString(w, `{"code":0,"data":["`)
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
	announced := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "99999999999")
		io.WriteString(w, `{"code":0,"data":[]}`)
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
		timeout time.Duration
		want    string
	}{
		{"drip", drip, 200 * time.Millisecond, "no whole answer within 200ms"},
		{"silent", silent, 200 * time.Millisecond, "no whole answer within 200ms"},
		{"endless", endless, 30 * time.Second, "larger than 64 MiB"},
		{"announced as huge", announced, 30 * time.Second, "larger than 64 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			uri, count := serve(t, tt.handler)
			c := newClient(t, uri, func(cfg *Config) { cfg.Timeout = tt.timeout })
			start := time.Now()
			_, err := c.ListAliases(t.Context(), "")
			if err == nil || !strings.Contains(err.Error(), tt.want) || count.Load() != 1 {
				t.Errorf("%v after %d requests", err, count.Load())
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
			err = c.AlterAlias(t.Context(), "", "t_a", "t_v2")
			if err == nil || executor.ClassOf(err) != executor.Unknown {
				t.Errorf("class %v, error %v", executor.ClassOf(err), err)
			}
		})
	}
}

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
		if !errors.As(err, &to) || to.Location != other+"/login" || executor.ClassOf(err) != executor.Fatal || count.Load() != 1 {
			t.Errorf("%d: class %v, error %v", status, executor.ClassOf(err), err)
		}
		if strings.Contains(err.Error(), "secret77") || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%d: the error shows credentials: %v", status, err)
		}
	}
	if visits.Load() != 0 {
		t.Errorf("the other host was visited %d times", visits.Load())
	}
}

func TestTLS(t *testing.T) {
	handler := answerWith(200, jsonType, `{"code":0,"data":[]}`)
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = quiet
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writePEM(t, ca, s.Certificate())

	list := func(uri string, change func(*Config)) (*Error, error) {
		c := newClient(t, uri, change)
		_, err := c.ListAliases(t.Context(), "")
		var e *Error
		errors.As(err, &e)
		return e, err
	}
	fatal := func(name, hint string, e *Error) {
		t.Helper()
		if e == nil || e.Class() != executor.Fatal || e.Attempts != 1 || !strings.Contains(e.Hint(), hint) {
			t.Errorf("%s: %v, hint %q", name, e, e.Hint())
		}
	}
	if _, err := list(s.URL, func(cfg *Config) { cfg.CAFile = ca }); err != nil {
		t.Errorf("trusted: %v", err)
	}
	if _, err := list(s.URL, func(cfg *Config) { cfg.InsecureSkipVerify = true }); err != nil {
		t.Errorf("not verified: %v", err)
	}
	e, _ := list(s.URL, nil)
	fatal("unknown authority", "--ca-file", e)
	// The certificate is good for 127.0.0.1 and example.com, not for this name.
	e, _ = list(strings.Replace(s.URL, "127.0.0.1", "localhost", 1), func(cfg *Config) { cfg.CAFile = ca })
	fatal("wrong host", "host name", e)
	e, _ = list(strings.Replace(s.URL, "https", "http", 1), nil)
	fatal("http to https", "https://", e)

	plain, count := serve(t, handler)
	e, _ = list(strings.Replace(plain, "http", "https", 1), nil)
	fatal("https to http", "http://", e)
	if count.Load() != 0 {
		t.Error("https to http: a request arrived")
	}

	mutual := httptest.NewUnstartedServer(handler)
	mutual.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	mutual.Config.ErrorLog = quiet
	mutual.StartTLS()
	t.Cleanup(mutual.Close)
	e, _ = list(mutual.URL, func(cfg *Config) { cfg.InsecureSkipVerify = true })
	fatal("client certificate", "--cert-file", e)

	old := httptest.NewUnstartedServer(handler)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.Config.ErrorLog = quiet
	old.StartTLS()
	t.Cleanup(old.Close)
	e, _ = list(old.URL, func(cfg *Config) { cfg.InsecureSkipVerify = true })
	fatal("TLS 1.1", "TLS", e)
}

func writePEM(t *testing.T, path string, cert *x509.Certificate) {
	t.Helper()
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		t.Fatal(err)
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
	if err := c.DropAlias(ctx, "", "t_a"); err == nil || strings.Contains(err.Error(), "hunter22") || !strings.Contains(err.Error(), Redacted) {
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

func TestExcerptIsPrintable(t *testing.T) {
	got := excerpt(nil, []byte("a\x1b[31m\r\nb\x00\xffc\u202e"+strings.Repeat("é", 300)), maxExcerpt)
	if strings.ContainsAny(got, "\x1b\r\n\x00\u202e") || len(got) > maxExcerpt+3 || !strings.HasPrefix(got, "a [31m b") {
		t.Errorf("%q", got)
	}
}
