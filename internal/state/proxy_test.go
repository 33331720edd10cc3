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

	"github.com/minio/minio-go/v7"

	s3store "aliasctl/internal/state/s3"
	s3 "aliasctl/internal/testkit/gateway"
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
	older      storeFault = "answered by a replica that lags a version behind"
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
	delay   time.Duration
	trusted []byte // a lock object that remembers that the store was tried
	written map[string][]version
	pending sync.WaitGroup
}

// version is what an object once was.
type version struct {
	etag, mark string
	body       []byte
	at         time.Time
}

// record remembers what a write has made of an object. The order of two writes
// of one object is that of their answers, which is that of the server where
// each replaces the one before.
func (p *storeProxy) record(key string, r *http.Request, body []byte, answer http.Header) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written[key] = append(p.written[key], version{answer.Get("ETag"), r.Header.Get("X-Amz-Meta-Aliasctl-Write"), body, time.Now()})
}

// answerOlder answers a read with the version before the last.
func (p *storeProxy) answerOlder(w http.ResponseWriter, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.written[key]
	if len(all) < 2 {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("<Error><Code>NoSuchKey</Code></Error>"))
		return
	}
	v := all[len(all)-2]
	w.Header().Set("ETag", v.etag)
	w.Header().Set("X-Amz-Meta-Aliasctl-Write", v.mark)
	w.Header().Set("Last-Modified", v.at.UTC().Format(http.TimeFormat))
	_, _ = w.Write(v.body)
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
	p := &storeProxy{fault: func(int, *http.Request) storeFault { return none }, written: make(map[string][]version)}
	pass := func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			forward.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			cut(w)
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		forward.ServeHTTP(answer, r)
		if answer.Code == http.StatusOK {
			p.record(strings.TrimPrefix(r.URL.Path, "/states/"), r, body, answer.Header())
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.URL.Path, "/states/")
		// The trial of a store is many requests at once in no order: it has a
		// test of its own.
		fault := none
		var delay time.Duration
		if !strings.Contains(key, s3store.TrialInfix) {
			p.mu.Lock()
			p.log = append(p.log, r.Method+" "+key)
			fault, delay = p.fault(len(p.log), r), p.delay
			p.mu.Unlock()
			time.Sleep(delay)
		}
		switch fault {
		case none:
			pass(w, r)
		case older:
			p.answerOlder(w, key)
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
			pass(answer, r)
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

// trust spares a state the trial of its store.
func (p *storeProxy) trust(t testing.TB, g *gateway, name string) {
	t.Helper()
	if p.trusted == nil {
		l, err := object(t, p.location("trusted.json"), longLease).Lock(t.Context(), 0, deploy)
		if err == nil {
			err = l.Release()
		}
		if err != nil {
			t.Fatal(err)
		}
		there, err := g.client(t).GetObject(t.Context(), s3.Bucket, "trusted.json.lock", minio.GetObjectOptions{})
		if err == nil {
			p.trusted, err = io.ReadAll(there)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := g.client(t).PutObject(t.Context(), s3.Bucket, name+".lock", bytes.NewReader(p.trusted), int64(len(p.trusted)), minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
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
