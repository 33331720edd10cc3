package emulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ServerOptions are the choices of Start. The zero value is plain HTTP.
type ServerOptions struct {
	TLS *tls.Config // with a certificate: serve HTTPS
	// ErrorLog gets what goes wrong with connections; nil drops it.
	ErrorLog *log.Logger
	// OnHTTP2 is called with the address of a client that speaks HTTP/2, which
	// is refused: as a rule it wants gRPC. nil is not called.
	OnHTTP2 func(client string)
}

// Server is a handler that listens.
type Server struct {
	http *http.Server
	url  string
	done chan error
}

// Start serves a handler (an Emulator, or something around one) on an address
// such as "127.0.0.1:19530"; port 0 takes a free one. It returns once
// connections are accepted.
func Start(h http.Handler, listen string, opts ServerOptions) (*Server, error) {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q: %w", listen, err)
	}
	if opts.ErrorLog == nil {
		opts.ErrorLog = log.New(io.Discard, "", 0)
	}
	s := &Server{
		http: &http.Server{Handler: &restOnly{h, opts.OnHTTP2}, ErrorLog: opts.ErrorLog, ReadHeaderTimeout: 10 * time.Second},
		url:  "http://" + listener.Addr().String(),
		done: make(chan error, 1),
	}
	if opts.TLS != nil {
		s.url = "https://" + listener.Addr().String()
		listener = tls.NewListener(listener, opts.TLS)
	}
	go func() { s.done <- s.http.Serve(listener) }()
	return s, nil
}

// URL is where the server listens, without a trailing slash.
func (s *Server) URL() string { return s.url }

// Wait returns when the server ends: nil after Close, else why it stopped
// accepting connections.
func (s *Server) Wait() error {
	err := <-s.done
	s.done <- err
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// grace is how long running requests may take to end. It is short, because
// connections that a client opened and never used count as running.
const grace = 200 * time.Millisecond

// Close gives running requests a moment to end and cuts what is left.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if s.http.Shutdown(ctx) == nil {
		return nil
	}
	return s.http.Close()
}

// restOnly passes on what speaks HTTP/1, as REST clients do.
type restOnly struct {
	http.Handler
	onHTTP2 func(client string)
}

// ServeHTTP knows the preface of HTTP/2 as a request: net/http hands it on.
func (h *restOnly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != "PRI" || r.ProtoMajor != 2 {
		h.Handler.ServeHTTP(w, r)
		return
	}
	if h.onHTTP2 != nil {
		h.onHTTP2(r.RemoteAddr)
	}
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	// What is not read would make a reset of the close, which could overtake
	// the farewell.
	connection.SetDeadline(time.Now().Add(farewellTime))
	if _, err := connection.Write(farewell()); err != nil {
		return
	}
	if half, ok := connection.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	io.Copy(io.Discard, connection)
}

const farewellTime = time.Second

// farewell is what an HTTP/2 server sends to end a connection: empty settings,
// and a GOAWAY that asks for HTTP/1.1 (RFC 9113, sections 6.5 and 6.8).
func farewell() []byte {
	const (
		settings, goAway = 4, 7
		http11Required   = 0xd
		reason           = "aliasctl dev serves Milvus' REST API over HTTP/1.1, no gRPC"
	)
	frames := []byte{0, 0, 0, settings, 0, 0, 0, 0, 0}
	frames = append(frames, 0, 0, byte(8+len(reason)), goAway, 0, 0, 0, 0, 0)
	frames = append(frames, 0, 0, 0, 0, 0, 0, 0, http11Required)
	return append(frames, reason...)
}

// ServeHTTP answers one call of the REST API.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.serve(w, r, nil) }

// serve answers a call that came through a proxy, or through none.
func (e *Emulator) serve(w http.ResponseWriter, r *http.Request, through *Proxy) {
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent) // of every path, whoever asks
		return
	}
	x := exchange{e: e, proxy: through, http: r, route: e.route(r.Method, r.URL.Path)}
	if x.route == nil {
		if path, ok := strings.CutSuffix(r.URL.Path, "/"); ok && e.route(r.Method, path) != nil {
			redirect(w, r, path)
			return
		}
	}
	x.read()
	x.answer().write(w)
}

// answer takes the steps that a Milvus proxy takes, in its order: who calls,
// is there such a path, how long may it take, is the body right, is it allowed,
// and only then the call itself.
func (x *exchange) answer() reply {
	caller, err := x.e.access.authenticate(x.http.Header.Get("Authorization"))
	if err != nil {
		return failureReply(err)
	}
	x.caller = caller
	if x.route == nil {
		return nothingFound()
	}
	if !x.route.v1 {
		limit, err := x.e.timeouts.limit(&x.e.profile, x.route.path, x.http.Header.Get("Request-Timeout"))
		if err != nil {
			return failureReply(err)
		}
		if limit <= 0 {
			return x.e.profile.timedOut()
		}
	}
	if x.badly != nil {
		return failureReply(x.badly)
	}
	if err := x.checkDatabase(); err != nil {
		return failureReply(err)
	}
	if err := x.permitted(); err != nil {
		return failureReply(err)
	}
	return x.route.handle(x)
}

// checkDatabase looks for the database before the call does
// (Profile.ChecksDatabase).
func (x *exchange) checkDatabase() error {
	if room, _, _ := strings.Cut(x.route.name, "/"); !x.e.profile.ChecksDatabase || x.route.v1 || room == "users" || room == "roles" || room == "privilege_groups" {
		return nil
	}
	return x.e.view(func(c *catalog) error {
		if c.databases[x.names.DbName] == nil {
			return databaseMissing(x.names.DbName)
		}
		return nil
	})
}

// redirect sends a path with a trailing slash to the one without, as the
// router of Milvus does before anything else.
func redirect(w http.ResponseWriter, r *http.Request, path string) {
	status := http.StatusTemporaryRedirect
	if r.Method == http.MethodGet {
		status = http.StatusMovedPermanently
	}
	http.Redirect(w, r, path, status)
}

// defaultTimeout is how long Milvus works on a v2 call at most.
const defaultTimeout = 30 * time.Second

// timeouts are the limits that stick to a route (Profile.StickyTimeout).
type timeouts struct{ sticky sync.Map } // path to time.Duration

// limit returns how long a call may take, from its Request-Timeout header in
// seconds. On a sticky profile the header counts for every later call of the
// path, also for those without one.
func (t *timeouts) limit(p *Profile, path, header string) (time.Duration, error) {
	limit := defaultTimeout
	if p.StickyTimeout {
		if stuck, ok := t.sticky.Load(path); ok {
			limit = stuck.(time.Duration)
		}
	}
	if header == "" {
		return limit, nil
	}
	seconds, err := strconv.ParseInt(header, 10, 64)
	if err != nil {
		if p.StrictTimeout {
			return 0, invalid("Request-Timeout parse failed, err: %v", err)
		}
		return limit, nil
	}
	limit = time.Duration(seconds) * time.Second // overflows as in Milvus
	if p.StickyTimeout {
		t.sticky.Store(path, limit)
	}
	return limit, nil
}

// TimeLimit returns how long a request may take. On a sticky profile it sticks
// to the path, as when the request is answered.
func (e *Emulator) TimeLimit(r *http.Request) time.Duration {
	if of := e.route(r.Method, r.URL.Path); of != nil && !of.v1 {
		if asked, err := e.timeouts.limit(&e.profile, of.path, r.Header.Get("Request-Timeout")); err == nil {
			return asked
		}
	}
	return defaultTimeout
}

// TimeOut answers as when the time limit has passed: 408, outcome unknown.
func (p *Profile) TimeOut(w http.ResponseWriter) { p.timedOut().write(w) }

// timedOut is the answer when the limit has passed: 408, outcome unknown.
func (p *Profile) timedOut() reply {
	if p.PlainTimeout {
		return reply{http.StatusRequestTimeout, plainType, []byte("timeout")}
	}
	return jsonReply(http.StatusRequestTimeout, failureBody{codeTimeout, "request timeout"})
}
