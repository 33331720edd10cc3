package testkit

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// exchange is one request on its way through the faults.
type exchange struct {
	faults  *Faults
	server  http.Handler
	http    *http.Request
	body    []byte
	request Request
}

// serve answers a request that came for a server.
func (f *Faults) serve(w http.ResponseWriter, r *http.Request, server http.Handler) {
	s := &f.script
	if !s.active.Load() {
		s.log.arrived(f.like.Understand(r, nil).Writes)
		server.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	x := &exchange{faults: f, server: server, http: r, body: body}
	call := f.like.Understand(r, body)
	x.request = Request{s.log.arrived(call.Writes), r.Method, r.URL.Path, call}
	x.scripted(w)
}

func (x *exchange) scripted(w http.ResponseWriter) {
	s, r := &x.faults.script, x.request
	s.log.add(r)
	s.land(func(l landing) bool { return l.at != 0 && l.at <= r.N })
	if o := s.current(); o != nil && !x.endure(w, o) {
		return
	}
	meets := s.meet(r)

	for _, do := range meets.hooks[Before] {
		do(r)
	}
	if f := meets.faults[Before]; f != nil && !x.strikeBefore(w, f) {
		return
	}
	given := x.answer()
	for _, do := range meets.hooks[After] {
		do(r)
	}
	if f := meets.faults[After]; f != nil {
		x.strikeAfter(w, f, given)
		return
	}
	given.write(w)
}

// answer lets the server carry the call out. The server does not learn that
// the client has left: the faults decide what becomes of such a call.
func (x *exchange) answer() answer {
	r := x.http.Clone(context.WithoutCancel(x.http.Context()))
	r.Body = io.NopCloser(bytes.NewReader(x.body))
	w := httptest.NewRecorder()
	x.server.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}

// land carries the call out although its client has no answer from it.
func (x *exchange) land() { x.answer() }

// sleep reports whether the client is still there afterwards.
func (x *exchange) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-x.http.Context().Done():
		return false
	}
}

// answer is what a server answered, or a fault in its place.
type answer struct {
	status int
	header http.Header
	body   []byte
}

const (
	jsonType  = "application/json; charset=utf-8"
	plainType = "text/plain; charset=utf-8"
	htmlType  = "text/html; charset=utf-8"
)

func answerOf(status int, contentType, body string) answer {
	return answer{status, http.Header{"Content-Type": {contentType}}, []byte(body)}
}

func (a answer) contentType() string { return a.header.Get("Content-Type") }

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	w.Write(a.body)
}
