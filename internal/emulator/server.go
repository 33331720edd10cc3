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
	"time"
)

// ServerOptions are the choices of Start. The zero value is plain HTTP.
type ServerOptions struct {
	TLS *tls.Config // with a certificate: serve HTTPS
	// ErrorLog gets what goes wrong with connections; nil is nobody.
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
// and a GOAWAY that says to use HTTP/1.1 (RFC 9113, sections 6.5 and 6.8).
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
