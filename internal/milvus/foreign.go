package milvus

import (
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Who wrote an answer decides what it is worth. Between this program and Milvus
// stand ingresses, gateways, service meshes and login proxies, and each of them
// answers in place of Milvus when it likes to, also after Milvus has carried the
// call out. So nothing but the words of Milvus proves that a write was refused.
//
// All recorded servers (2.4 to 3.0, 4,700 answers) write a failure as a JSON
// object of exactly two fields, an integer `code` and a text `message`, with
// 200, and with 401, 403 and 408 where those fit; the sources of 2.2 to 3.0 do
// the same. Others come close:
//
//   - Kubernetes' Status, and many gateways, repeat the HTTP status as `code`.
//     No code of Milvus equals the status that it comes with.
//   - Gateways of gRPC have a `code` of 1 to 16 beside `details`.
//   - APIs of all kinds have `code`, `message` and more.
//
// What cannot be distinguished from those is not taken for an answer of Milvus.

// ForeignError is an answer that Milvus did not write: a proxy, a gateway or
// another service did. Its texts are printable, and without the token.
type ForeignError struct {
	Server string // the header Server, "" when it has none
	Title  string // of a web page
	Err    error  // why it is none of Milvus
}

func (e *ForeignError) Error() string {
	what := e.Err.Error()
	if e.Title != "" {
		what += fmt.Sprintf(" titled %q", e.Title)
	}
	if e.Server != "" {
		return fmt.Sprintf("%q answered, not Milvus: %s", e.Server, what)
	}
	return "not an answer of Milvus: " + what
}

func (e *ForeignError) Unwrap() error { return e.Err }

// IsForeign reports that something else than Milvus answered.
func IsForeign(err error) bool {
	var e *ForeignError
	return errors.As(err, &e)
}

// failure reports that Milvus wrote a: the form is its own, and the code is no
// repetition of the status.
func (a answer) failure(status int) bool {
	return !a.ok() && a.worded && a.fields == 2 && a.code != status && a.code > 0
}

// refusal reports that a write was answered by Milvus beyond doubt. Codes of 200
// to 599 look like an HTTP status whatever comes with them, and no write of an
// alias or a drop has one; small ones are those of gRPC too, which has a status
// for each, where Milvus sends 200 (and is planned to send 429).
func (a answer) refusal(status int) bool {
	if !a.failure(status) {
		return false
	}
	switch c := a.code; {
	case c < 100:
		return status == http.StatusOK || status == http.StatusTooManyRequests
	case c < 200, c >= 600 && c < 3000:
		return true
	default:
		return c == codeCanceled || c == codeTimeout || c == codeUnexpected
	}
}

// acknowledges reports that Milvus wrote a as the success of a write.
func (a answer) acknowledges() bool {
	return a.ok() && a.message == "" && len(a.data) > 0 && a.data[0] == '{'
}

// answers reports that Milvus wrote a as the success of a read. All recorded ones
// come without a message, but for collections/describe, which tells so what the
// user may not see; APIs of all kinds say success with one.
func (a answer) answers(route string) bool {
	return a.ok() && !a.other && (a.message == "" || route == collectionsDescribe)
}

// missingRoute reports that an answer is what Milvus itself (gin) writes when it has
// no such route. Other servers in Go write it with a line break.
func missingRoute(status int, body []byte) bool {
	return status == http.StatusNotFound && string(body) == "404 page not found"
}

// timedOut reports that an answer is what Milvus before 2.5.4 writes when its own
// time limit has passed.
func timedOut(status int, body []byte) bool {
	return status == http.StatusRequestTimeout && string(body) == "timeout"
}

// maxHeader is where a header or a title in a message is cut off.
const maxHeader = 80

var title = pattern(`(?is)<title[^>]*>(.*?)</title`)

// foreign fills in that something else than Milvus answered: cause is why this
// is known, nil when the form of the answer shows it.
func (c *Client) foreign(e *Error, resp *http.Response, body []byte, cause error) {
	trimmed := bytes.TrimSpace(body)
	f := &ForeignError{Server: excerpt(c.redactor, []byte(resp.Header.Get("Server")), maxHeader), Err: cmp.Or(cause, errOther)}
	e.Err, e.foreign = f, true
	switch {
	case missingRoute(e.Status, body):
		e.missing = true
		e.Err, e.Message = errors.New("no such route: too old a server, or not Milvus"), string(body)
	case timedOut(e.Status, body):
		e.Err, e.Message, e.foreign = nil, string(body), false
	case e.Status == http.StatusInternalServerError && string(trimmed) == `{"code":500}`:
		e.Err, e.Message, e.foreign = errPanic, string(trimmed), false
	case errors.Is(cause, errWebPage) || mediaType(resp) == "text/html" && bytes.Contains(body, []byte("<")):
		f.Err = errWebPage
		if m := title().FindSubmatch(body[:min(len(body), excerptWindow)]); m != nil {
			f.Title = excerpt(c.redactor, []byte(html.UnescapeString(string(m[1]))), maxHeader)
		}
		if f.Title == "" {
			e.Message = excerpt(c.redactor, body, maxExcerpt)
		}
	case encodingOf(resp) != "":
		f.Err = fmt.Errorf("%w: its encoding is %q", errEncoded, excerpt(c.redactor, []byte(encodingOf(resp)), maxHeader))
	case !textual(body):
		f.Err = fmt.Errorf("%d bytes that are no text", len(body))
	default:
		e.Message = excerpt(c.redactor, body, maxExcerpt)
	}
}

func mediaType(resp *http.Response) string {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return kind
}

// encodingOf is how a body is still encoded, "" when it is as it was written.
// gzip is taken off by the transport.
func encodingOf(resp *http.Response) string {
	encoding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding")))
	if encoding == "identity" {
		return ""
	}
	return encoding
}

// textual reports that the beginning of a body can be shown: most of it prints.
func textual(body []byte) bool {
	window := body[:min(len(body), 4*maxExcerpt)]
	var odd, all int
	for len(window) > 0 {
		r, size := utf8.DecodeRune(window)
		if all++; r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			odd++
		}
		window = window[size:]
	}
	return 10*odd <= all
}

// Why a proxy in front of Milvus fails, the commonest cause first.
const (
	behindGRPC = "the commonest cause is an ingress or mesh that speaks GRPC to the backend: the REST API (/v2/vectordb) needs HTTP as backend protocol"

	hintBadGateway  = "check what the proxy in front of Milvus forwards to: " + behindGRPC
	hintUnavailable = "check that Milvus is up, and that the proxy in front of it has it as a healthy backend: " + behindGRPC
	hintSlowGateway = "check that Milvus is up, and that the proxy in front of it waits longer than 30s: " + behindGRPC
	hintGatewayAuth = "check the token (MILVUS_TOKEN or --token-file); if it is a gateway that asks for a login, let this path pass to Milvus"
	hintTooMany     = "the proxy in front of Milvus limits requests: lower --parallel, or raise its limit"
	hintEncoded     = "let the proxy in front of Milvus leave answers as they are, or compress them with gzip"
	hintProxyLog    = "look into the log of what answered; the URI has to reach Milvus itself"
)

// hintForeign is what to check when something else than Milvus answered.
func hintForeign(status int, path string) string {
	switch status {
	case http.StatusUnauthorized:
		return hintGatewayAuth
	case http.StatusForbidden, http.StatusMethodNotAllowed:
		return fmt.Sprintf("let the gateway or firewall in front of Milvus pass `POST %s`; check host, port and path of the URI", path)
	case http.StatusNotFound:
		return hintRoute
	case http.StatusTooManyRequests:
		return hintTooMany
	case http.StatusBadGateway:
		return hintBadGateway
	case http.StatusServiceUnavailable:
		return hintUnavailable
	case http.StatusGatewayTimeout:
		return hintSlowGateway
	}
	if status >= 500 {
		return hintProxyLog
	}
	return hintURI
}

// Foreign reports that something else than Milvus answered.
func (e *Error) Foreign() bool { return e.foreign }

// Unreachable reports that Milvus gave no answer at all: nothing did, or something
// in between did, or Milvus is not ready. It may pass.
func (e *Error) Unreachable() bool {
	return e.foreign && !e.missing || e.unanswered || e.Code == codeNotReady || e.Code == codeUnavailable
}

// Again reports that a write of unknown outcome, which does not show, may get
// further when it is sent once more.
func (e *Error) Again() bool {
	switch {
	case !e.foreign, e.detour:
		return true
	case e.Status == http.StatusRequestTimeout, e.Status == http.StatusTooEarly, e.Status == http.StatusTooManyRequests, e.Status >= 500:
		return true
	case success(e.Status):
		return errors.Is(e.Err, io.ErrUnexpectedEOF) || errors.Is(e.Err, errEmpty)
	}
	return false
}

// Detour reports that a drop met a server without that route, and that the next
// drop of the same collection takes another one. certain: it was
// Milvus itself that answered so: nothing was executed.
func (e *Error) Detour() (certain, ok bool) { return e.missing, e.detour }

// badCompression reports that a body is not compressed as its header claims.
func badCompression(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
}

// RetryAfter is how long the server wants to be left alone, 0 for unsaid.
func (e *Error) RetryAfter() time.Duration { return e.retryAfter }
