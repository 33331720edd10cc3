package milvus

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// newClient returns a Client of a test server, with pauses too short to notice.
func newClient(t *testing.T, uri string, change func(*Config)) *Client {
	t.Helper()
	cfg := Config{URI: uri, Retries: DefaultRetries, Timeout: 5 * time.Second}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c.firstPause = time.Millisecond
	t.Cleanup(c.Close)
	return c
}

// serve is a server that answers every request by handler, and counts them.
func serve(t *testing.T, handler http.HandlerFunc) (uri string, count *atomic.Int64) {
	t.Helper()
	count = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count.Add(1)
		io.Copy(io.Discard, r.Body)
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, count
}

// answerWith is a handler with one answer for all.
func answerWith(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

const jsonType = "application/json; charset=utf-8"

// speak is a server below HTTP: after each request it has the connection to
// itself, and whether it stays open is what talk returns. n counts requests
// from 1.
func speak(t *testing.T, talk func(conn net.Conn, n int64) (keep bool)) (uri string, count *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	count = new(atomic.Int64)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for {
					req, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.Copy(io.Discard, req.Body)
					if !talk(conn, count.Add(1)) {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String(), count
}

// whole is a whole HTTP answer with a body of JSON.
func whole(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// reset makes the next Close of a connection a TCP reset.
func reset(conn net.Conn) { conn.(*net.TCPConn).SetLinger(0) }

// quiet is the log of a server whose complaints are what the test wants.
var quiet = log.New(io.Discard, "", 0)
