// Package weather is what goes wrong between a run and the store of its state: a
// proxy that strikes requests on their way to a real server.
package weather

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
)

// Strike is what becomes of one request.
type Strike int

// The strikes. Those named After let the server carry the request out.
const (
	Pass       Strike = iota
	CutBefore         // no answer
	CutAfter          // no answer
	BusyBefore        // 503 with Retry-After
	BadAfter          // 502
	HalfAnswer        // it ends in the middle
	Older             // a read is answered by a replica that lags one version behind
)

var names = [...]string{"pass", "cut before", "cut after", "503 before", "502 after", "half an answer", "an older answer"}

func (s Strike) String() string { return names[s] }

// Answer answers a request for a server, but for Older.
func (s Strike) Answer(w http.ResponseWriter, r *http.Request, server http.Handler) {
	switch s {
	case Pass:
		server.ServeHTTP(w, r)
		return
	case CutBefore:
		panic(http.ErrAbortHandler)
	case BusyBefore:
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context())))
	switch s {
	case BadAfter:
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html>bad gateway</html>")
		return
	case HalfAnswer:
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", fmt.Sprint(answer.Body.Len()+1))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
	}
	panic(http.ErrAbortHandler)
}
