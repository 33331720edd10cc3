package milvus

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"aliasctl/executor"
)

// What a failed write means is decided here, and only here. The question is
// never "what went wrong" but "can it have happened":
//
//   - Nothing was sent, or the answer came before execution (a full queue, a
//     rate limit): Transient.
//   - Milvus itself wrote that it did not do it: Refused (see ForeignError for
//     what is known to be its own, and code.go for its codes).
//   - Milvus wrote, or TLS shows, that the next call would meet the same: Fatal.
//   - Everything else is Unknown: a timeout, a cut connection, and whatever
//     something in between answered, with any status. Real servers answered 408
//     and carried the change out seconds later (milvus-rest section 13.1).
//
// A body of Milvus speaks before the status: servers send 200 with every kind
// of error, and newer ones may be configured to send 4xx and 5xx with the same codes.

// RedirectError is the answer of something that sends the caller elsewhere. It
// is never followed: the token must not go to another host.
type RedirectError struct {
	Location string // without credentials and query
}

func (e *RedirectError) Error() string {
	if e.Location == "" {
		return "the server redirects, without saying where to"
	}
	return fmt.Sprintf("the server redirects to %q, which is not followed", e.Location)
}

// newRedirectError reduces a Location header to what may be shown.
func newRedirectError(r *Redactor, location string) *RedirectError {
	u, err := url.Parse(r.Redact(location))
	if err != nil {
		return &RedirectError{}
	}
	u.User, u.RawQuery, u.Fragment, u.Opaque = nil, "", "", ""
	return &RedirectError{Location: cut(printable(r.Foreign(u.String())), maxExcerpt)}
}

const (
	hintToken    = "check the token: an API key or user:password, in MILVUS_TOKEN or --token-file"
	hintNoToken  = "the cluster asks for a token: set MILVUS_TOKEN or --token-file"
	hintRoute    = "check host, port and path of the URI; Milvus before 2.3.13 or 2.4.0 has no aliases in its REST API"
	hintURI      = "check host, port and path of the URI: it has to reach Milvus itself, not a login page or another service"
	hintUseHTTPS = "write https:// in the URI: this port speaks TLS"
	hintUseHTTP  = "write http:// in the URI: this port does not speak TLS"
	hintCA       = "check the host name in the URI, and the server's certificate authority (--ca-file)"
	hintClient   = "the server refused the TLS connection: it may want a client certificate (--cert-file, --key-file)"
	hintDNS      = "check the host name in the URI"
	hintRefused  = "nothing listens there: check host and port of the URI, and that the server has finished starting"
	hintPort     = "check the port: something that does not speak HTTP/1 answers there (gRPC has its own port when TLS is on)"
	hintRESTPort = "check the port: with TLS on (tlsMode 1 or 2) Milvus serves REST on a port of its own, `proxy.http.port`; the port that it shares with gRPC cuts the connection"
	hintInName   = "check that the URI leads to Milvus itself; where something has the name of the password by chance, change the password"
	hintNewer    = "aliasctl does not know this code, so it may be older than the server: see whether a newer aliasctl exists"
	hintWords    = "aliasctl does not know this message, and its code alone does not show whether the call was carried out: look into the server's log"
	hintNames    = "check the URI and the database; where there are so many names, `--max-names N` reads them"
	hintIgnored  = "upgrade the server, or use only the default database"
)

// classifyAnswer fills in what a coded answer of Milvus means.
func (e *Error) classifyAnswer(a answer, tokenSent bool) {
	e.Code, e.Message = a.code, a.message
	switch {
	case e.Status == 401 || a.code == codeUnauthenticated || a.code == codeNotLoggedIn:
		e.unauthenticated(tokenSent)
	case e.Status == 403 || a.code == codeNotPermitted || denied().MatchString(a.message):
		e.denied()
		if a.code == codeUnexpected && !denied().MatchString(a.message) {
			e.hint, e.newer = hintWords, true
		}
	case e.Status == 408:
		e.class = executor.Unknown
	default:
		e.class = classOfCode(a.code, a.message)
		if !worded(a.code, a.message) && !lostInside().MatchString(a.message) {
			e.hint, e.newer = hintWords, true
		}
	}
	if unseen(a.code) {
		e.hint, e.newer = hintNewer, true
	}
}

// The words of messages whose code is not enough.
var (
	denied    = pattern(`(?i)PermissionDenied|permission deny`)
	privilege = pattern(`\bPrivilege[A-Za-z]+`)
	// A limiter that names another cause did not reject because of a rate:
	// 2.4.24 reports a missing collection so (milvus-rest section 14).
	notARate = pattern(`(?i)not found|not loaded|quota exceeded|\bden(y|ied)`)
	// An unclassified error (65535) that reports a call inside the server
	// whose end is unknown.
	lostInside = pattern(`(?i)context (deadline exceeded|canceled)|code = (Unavailable|DeadlineExceeded|Canceled|Aborted|Unknown|Internal)|` +
		`connection (reset|refused)|request timed? ?out|broken pipe|unexpected EOF|transport is closing|(no|lost) leader|leader changed|server (stopped|shutdown)`)
)

// classifyForeign judges an answer that Milvus did not write by its status, as
// that of a read: of a write the outcome is unknown, whatever it holds.
func (e *Error) classifyForeign(path string, body []byte) {
	if e.class = executor.Transient; !e.foreign { // Milvus in trouble
		return
	}
	e.hint = hintForeign(e.Status, path)
	switch s := e.Status; {
	case s == 400 && bytes.Contains(body, []byte("HTTPS")):
		// What Go's and nginx' servers answer to plain HTTP on a TLS port.
		e.class, e.hint = executor.Fatal, hintUseHTTPS
		e.Err, e.Message = errors.New("plain http was spoken to a port that wants https"), ""
	case s == 401 || s == 404:
		e.class = executor.Fatal
	case s == 407:
		e.class, e.hint = executor.Fatal, "the proxy of "+proxyVariable("http")+" asks for credentials"
	case s >= 400 && s < 500 && s != 408 && s != 429:
		e.class = executor.Refused
	case success(s):
		e.hopeless = !errors.Is(e.Err, io.ErrUnexpectedEOF) && !errors.Is(e.Err, errEmpty)
		if errors.Is(e.Err, errEncoded) {
			e.hint = hintEncoded
		}
	}
}

func (e *Error) unauthenticated(tokenSent bool) {
	e.class, e.hint = executor.Fatal, hintNoToken
	if tokenSent {
		e.hint = hintToken
	}
}

func (e *Error) denied() {
	e.class = executor.Refused
	e.Privilege = privilege().FindString(e.Message)
	if e.Privilege != "" {
		e.hint = fmt.Sprintf("grant %q in this database to a role of this user", strings.TrimPrefix(e.Privilege, "Privilege"))
	}
}

// sending is what became known of a request on its way.
type sending struct {
	connected bool // it got a connection
	reused    bool // and that one had carried others
	write     bool
	scheme    string
}

// ambiguous reports that the answer may have come after the call was carried
// out.
func (s sending) ambiguous() bool { return s.write && s.connected }

func (s sending) hintProxy() string {
	return "check " + proxyVariable(s.scheme) + ", or except the cluster by NO_PROXY"
}

// classifyTransport judges a request that got no whole answer. err is what
// http.Transport or the body returned; ctx is the caller's.
func (e *Error) classifyTransport(ctx context.Context, err error, was sending, limit string) {
	var (
		op       *net.OpError
		dns      *net.DNSError
		record   tls.RecordHeaderError
		verify   *tls.CertificateVerificationError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
	)
	e.Err = err
	e.unanswered = ctx.Err() == nil
	dialing := errors.As(err, &op) && op.Op == "dial"
	fresh := was.connected && !was.reused
	switch {
	case ctx.Err() != nil:
		e.Err = context.Cause(ctx)
		e.class = executor.Unknown
		if !was.connected {
			e.class = executor.Transient
		}
		e.hopeless = true
	case errors.As(err, &dns):
		e.class, e.hint = executor.Fatal, hintDNS
		if op != nil && op.Op == "proxyconnect" {
			e.hint = was.hintProxy()
		}
	case op != nil && op.Op == "proxyconnect":
		e.class, e.hint = executor.Transient, was.hintProxy()
	case errors.As(err, &verify), errors.As(err, &unknown), errors.As(err, &hostname), errors.As(err, &invalid):
		e.class, e.hint = executor.Fatal, hintCA
	case errors.As(err, &record) && !was.ambiguous():
		e.class, e.hint = executor.Fatal, hintUseHTTP
		e.Err = fmt.Errorf("https was spoken to a port that answers without TLS: %w", err)
	case !was.connected && strings.HasPrefix(err.Error(), "tls: "):
		// What else a handshake fails for; crypto/tls has no types for it.
		e.class, e.hint = executor.Fatal, hintCA
	case op != nil && op.Op == "remote error" && !was.reused && (!was.ambiguous() || strings.Contains(err.Error(), "certificate")):
		// A TLS alert. With TLS 1.3 the one about a client certificate comes
		// after the request was written, and before the server looks at it.
		e.class, e.hint = executor.Fatal, hintClient
		if strings.Contains(err.Error(), "application protocol") {
			e.hint = hintRESTPort
		}
	case strings.Contains(err.Error(), "malformed HTTP") && was.write:
		e.class, e.hint, e.Err = executor.Unknown, hintPort, errNotHTTP
	case strings.Contains(err.Error(), "malformed HTTP") && fresh:
		// net/http has no type for this. Text that begins with a TLS record
		// comes from a server that answers plain HTTP with an alert.
		e.class, e.hint = executor.Fatal, hintPort
		if strings.Contains(err.Error(), `"\x15\x03`) {
			e.hint = hintUseHTTPS
			e.Err = errors.New("plain http was spoken to a port that wants https")
		}
	case errors.Is(err, errProxy):
		e.class, e.hint = executor.Fatal, was.hintProxy()
	case dialing || !was.connected:
		// A dial error stays proof that nothing was sent even after a
		// connection was had: net/http dials again only when it wrote nothing.
		e.class = executor.Transient
		if errors.Is(err, syscall.ECONNREFUSED) {
			e.hint = hintRefused
		}
	case errors.Is(err, context.DeadlineExceeded):
		e.class = executor.Unknown
		e.Err = fmt.Errorf("no complete answer within %s: %w", limit, context.DeadlineExceeded)
	case isTooLarge(err):
		e.class, e.hint, e.hopeless = executor.Unknown, hintURI, true
	default:
		e.class = executor.Unknown
		e.Err = fmt.Errorf("the connection was cut before the whole answer came: %w", err)
	}
	if was.scheme == "https" && !was.reused && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)) {
		e.hint = hintRESTPort
	}
}

// pattern is compiled when it is first asked for: most runs meet no error.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
