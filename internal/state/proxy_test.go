package state_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	s3store "aliasctl/internal/state/s3"
)

// What a proxy does to a request.
type storeFault string

const (
	none       storeFault = ""
	cutBefore  storeFault = "cut before it"
	cutAfter   storeFault = "cut after it"
	busyBefore storeFault = "503 before it"
	badAfter   storeFault = "502 after it"
	halfBody   storeFault = "half of the answer"
	twice      storeFault = "sent twice" // by a proxy that tries again by itself
	late       storeFault = "cut, and carried out later"
)

// lateness is about the first pause of a run that tries again, so that a late
// request lands before its repetition or after it.
const lateness = 50 * time.Millisecond

// storeProxy stands between a run and its store and does things to requests.
type storeProxy struct {
	address string
	mu      sync.Mutex
	fault   func(n int, r *http.Request) storeFault
	log     []string // "METHOD key"
	pending sync.WaitGroup
}

// through starts a proxy in front of the gateway.
func (g *gateway) through(t testing.TB) *storeProxy {
	t.Helper()
	target := &url.URL{Scheme: "http", Host: g.address}
	// The host stays: it is part of what is signed.
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	p := &storeProxy{fault: func(int, *http.Request) storeFault { return none }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.URL.Path, "/states/")
		// The trial of a store is many requests at once in no order: it has a
		// test of its own.
		fault := none
		if !strings.Contains(key, s3store.TrialInfix) {
			p.mu.Lock()
			p.log = append(p.log, r.Method+" "+key)
			fault = p.fault(len(p.log), r)
			p.mu.Unlock()
		}
		switch fault {
		case none:
			forward.ServeHTTP(w, r)
		case cutBefore:
			cut(w)
		case busyBefore:
			w.WriteHeader(http.StatusServiceUnavailable)
		case late:
			body, err := io.ReadAll(r.Body)
			if err == nil {
				r = r.Clone(context.WithoutCancel(r.Context()))
				r.Body = io.NopCloser(bytes.NewReader(body))
				p.pending.Go(func() {
					time.Sleep(lateness)
					forward.ServeHTTP(httptest.NewRecorder(), r)
				})
			}
			cut(w)
		case twice:
			body, err := io.ReadAll(r.Body)
			if err != nil {
				cut(w)
			}
			again := r.Clone(r.Context())
			r.Body, again.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
			forward.ServeHTTP(httptest.NewRecorder(), r)
			forward.ServeHTTP(w, again)
		default:
			answer := httptest.NewRecorder()
			forward.ServeHTTP(answer, r)
			switch fault {
			case cutAfter:
				cut(w)
			case badAfter:
				w.WriteHeader(http.StatusBadGateway)
				_, _ = w.Write([]byte("<html>bad gateway</html>"))
			case halfBody:
				for name, values := range answer.Header() {
					w.Header()[name] = values
				}
				w.WriteHeader(answer.Code)
				body := answer.Body.Bytes()
				_, _ = w.Write(body[:len(body)/2])
				cut(w)
			}
		}
	}))
	t.Cleanup(server.Close)
	p.address = server.Listener.Addr().String()
	return p
}

// cut ends the connection without an answer, or in the middle of one.
func cut(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func (p *storeProxy) location(key string) string {
	return (&gateway{p.address}).location(key)
}

func (p *storeProxy) inject(fault func(n int, r *http.Request) storeFault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.log = fault, nil
}

func (p *storeProxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.log...)
}

// eventually polls for what takes a moment.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after 30 seconds", what)
		}
	}
}
