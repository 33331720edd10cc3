package milvus

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"aliasctl/executor"

	"github.com/cenkalti/backoff/v5"
)

// Faults below and beside HTTP. A write is sent once and its outcome unknown,
// unless something proves the opposite.
func TestBrokenConnections(t *testing.T) {
	says := func(text string) func(net.Conn, int64) bool {
		return func(conn net.Conn, _ int64) bool {
			io.WriteString(conn, text)
			return false
		}
	}
	tests := []struct {
		name  string
		talk  func(conn net.Conn, n int64) bool
		class executor.Class
		want  string
	}{
		{"reset after the request", func(conn net.Conn, _ int64) bool { reset(conn); return false }, executor.Unknown, "cut"},
		{"closed after the request", func(net.Conn, int64) bool { return false }, executor.Unknown, "cut"},
		{"cut in the headers", says("HTTP/1.1 200 OK\r\nContent-Le"), executor.Unknown, "cut"},
		{"cut in the body", says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"code\":0,\"da"), executor.Unknown, "cut"},
		{"cut in a chunk", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{\"code\":0,\"da"), executor.Unknown, "cut"},
		{"HTTP/1.0 cut in the body", says("HTTP/1.0 200 OK\r\n\r\n{\"code\":0,\"da"), executor.Unknown, "not JSON"},
		{"HTTP/1.0 cut before the body", says("HTTP/1.0 200 OK\r\n\r\n"), executor.Unknown, "empty"},
		{"gRPC port", says("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00\r\n\r\n"), executor.Unknown, "not HTTP/1"},
		{"TLS alert", says("\x15\x03\x01\x00\x02\x02\x46\r\n"), executor.Unknown, "not HTTP/1"},
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
	c.firstPause = time.Minute
	start := time.Now()
	if _, err = c.ListAliases(t.Context(), ""); !errors.As(err, &e) || e.Attempts != 1 || time.Since(start) > c.firstPause/2 {
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
	c.firstPause = patience / 2
	start := time.Now()
	if _, err := c.ListAliases(ctx, ""); !errors.Is(err, context.Canceled) || count.Load() != 1 || time.Since(start) > c.firstPause/2 {
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
		{"drip", drip, 200 * time.Millisecond, "no complete answer within 200ms"},
		{"silent", silent, 200 * time.Millisecond, "no complete answer within 200ms"},
		{"endless", endless, 5 * time.Minute, "larger than 64 MiB"},
		{"announced as huge", announced, 5 * time.Minute, "larger than 64 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			uri, count := serve(t, tt.handler)
			c := newClient(t, uri, func(cfg *Config) { cfg.Timeout = tt.timeout })
			_, err := c.ListAliases(t.Context(), "")
			if err == nil || !strings.Contains(err.Error(), tt.want) || count.Load() != 1 {
				t.Errorf("%v after %d requests", err, count.Load())
			}
			err = c.AlterAlias(t.Context(), "", "t_a", "t_v2")
			if err == nil || executor.ClassOf(err) != executor.Unknown {
				t.Errorf("class %v, error %v", executor.ClassOf(err), err)
			}
		})
	}
}
