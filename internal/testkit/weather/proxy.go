package weather

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Forward sends requests on to a server. Their host stays: it may be signed.
func Forward(server string) http.Handler {
	return &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: server})
		r.Out.Host = r.In.Host
	}}
}

// Sky stands before a server that keeps many states, each with a name that its
// addresses contain.
type Sky struct {
	mu      sync.Mutex
	proxies map[string]*Proxy
}

// Over stands before the server of one state from now on.
func (s *Sky) Over(name string, server http.Handler) *Proxy {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proxies == nil {
		s.proxies = make(map[string]*Proxy)
	}
	p := &Proxy{server: server}
	s.proxies[name] = p
	return p
}

func (s *Sky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	address, _ := url.PathUnescape(r.URL.String())
	s.mu.Lock()
	var found *Proxy
	for name, p := range s.proxies {
		if strings.Contains(address, name) {
			found = p
		}
	}
	s.mu.Unlock()
	if found == nil {
		http.Error(w, "no state of that name", http.StatusTeapot)
		return
	}
	found.ServeHTTP(w, r)
}

// Proxy is the way to one state.
type Proxy struct {
	server http.Handler
	past   *past // nil without Remember

	mu     sync.Mutex
	strike func(r *http.Request) (Strike, time.Duration)
	seen   []string
	lagged int
}

// Strikes decides from now on what becomes of a request, and after which delay; nil is
// fine weather.
func (p *Proxy) Strikes(strike func(r *http.Request) (Strike, time.Duration)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.strike, p.seen, p.lagged = strike, nil, 0
}

// Remember keeps what reads are answered from now on, which is what Older answers: each
// write then costs a read of all that was read before.
func (p *Proxy) Remember() { p.past = &past{server: p.server, reads: map[string]*read{}} }

// Requests are those since Strikes, as METHOD and path.
func (p *Proxy) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.seen...)
}

// Lagged is how many reads since Strikes were answered with another version than the
// latest.
func (p *Proxy) Lagged() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lagged
}

func (p *Proxy) next(r *http.Request) (Strike, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, r.Method+" "+r.URL.Path)
	if p.strike == nil {
		return Pass, 0
	}
	return p.strike(r)
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	strike, delay := p.next(r)
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return
		}
	}
	if strike == CutBefore {
		panic(http.ErrAbortHandler)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if strike == Older {
		if Reads(r) && p.past != nil && p.past.answer(w, r, body) {
			p.mu.Lock()
			p.lagged++
			p.mu.Unlock()
			return
		}
		strike = Pass
	}
	strike.Answer(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.server.ServeHTTP(w, r)
		switch {
		case p.past == nil:
		case Reads(r):
			p.past.look(r, body)
		default:
			p.past.lookAgain()
		}
	}))
}

// Reads reports that a request changes nothing. git reads by POST too.
func Reads(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || strings.HasSuffix(r.URL.Path, "/git-upload-pack")
}

// past is what each address has answered, version by version.
type past struct {
	server http.Handler
	mu     sync.Mutex
	reads  map[string]*read
}

type read struct {
	request  *http.Request
	body     []byte
	versions []*httptest.ResponseRecorder
}

func key(r *http.Request, body []byte) string {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	sum := sha256.Sum256(body)
	return method + " " + r.URL.String() + " " + string(sum[:])
}

// look remembers what a read is answered now. Objects of git never change: it is refs
// that lag.
func (p *past) look(r *http.Request, body []byte) {
	if r.Method == http.MethodHead || bytes.Contains(body, []byte("command=fetch")) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.reads[key(r, body)]
	if one == nil {
		one = &read{body: body}
		p.reads[key(r, body)] = one
	}
	one.request = r.Clone(context.Background())
	one.look(p.server)
}

// lookAgain looks at all addresses that were read before.
func (p *past) lookAgain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.reads {
		one.look(p.server)
	}
}

func (o *read) look(server http.Handler) {
	r := o.request.Clone(context.Background())
	r.Body = io.NopCloser(bytes.NewReader(o.body))
	now := httptest.NewRecorder()
	server.ServeHTTP(now, r)
	if n := len(o.versions); n == 0 || o.versions[n-1].Code != now.Code || !bytes.Equal(o.versions[n-1].Body.Bytes(), now.Body.Bytes()) {
		o.versions = append(o.versions, now)
	}
}

// answer answers a read with the version before the latest, if there is one.
func (p *past) answer(w http.ResponseWriter, r *http.Request, body []byte) bool {
	p.look(r, body)
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.reads[key(r, body)]
	if one == nil || len(one.versions) < 2 {
		return false
	}
	one.look(p.server)
	was := one.versions[len(one.versions)-2]
	for name, values := range was.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	w.WriteHeader(was.Code)
	if r.Method != http.MethodHead {
		_, _ = w.Write(was.Body.Bytes())
	}
	return true
}
