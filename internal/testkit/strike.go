package testkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"aliasctl/internal/emulator"
)

// strikeBefore is a fault before the effect. It reports whether the call goes
// on as usual.
func (x *exchange) strikeBefore(w http.ResponseWriter, f *Fault) bool {
	switch f.Kind {
	case Delay:
		return x.stall(w, f.Delay)
	case Late:
		x.faults.script.later(*f, x.land)
		x.faults.timeout().write(w)
	case Frozen, Restarted:
		return x.endure(w, x.faults.script.fail(f))
	case SlowProxy:
		if x.faults.like.Profile().ExpiresFirst {
			return x.stall(w, f.Delay)
		}
		x.awaitProxy(w, f.Delay, x.answer())
	default:
		x.strike(w, f, x.faults.done(x.request))
	}
	return false
}

// strikeAfter is a fault after the effect.
func (x *exchange) strikeAfter(w http.ResponseWriter, f *Fault, given answer) {
	switch f.Kind {
	case Frozen:
		select {
		case <-x.faults.script.fail(f).over:
			given.write(w)
		case <-x.http.Context().Done():
		}
	case Restarted:
		x.faults.script.fail(f)
		reset(w)
	case SlowProxy:
		x.awaitProxy(w, f.Delay, given)
	default:
		x.strike(w, f, given)
	}
}

// done is what the server would answer if the call had happened.
func (f *Faults) done(r Request) answer {
	if r.Route == "" {
		return answerOf(http.StatusNotFound, "text/plain", "404 page not found")
	}
	success := f.like.Profile().Success
	if strings.HasPrefix(r.Route, "v1/") {
		success = http.StatusOK
	}
	return answerOf(http.StatusOK, jsonType, fmt.Sprintf(`{"code":%d,"data":{}}`, success))
}

// timeout is the 408 of the version.
func (f *Faults) timeout() answer {
	p := f.like.Profile()
	return timeoutOf(&p)
}

func timeoutOf(p *emulator.Profile) answer {
	w := httptest.NewRecorder()
	p.TimeOut(w)
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}

// stall is a server whose metadata store does not answer for a while. A call
// that waits longer than its time limit is answered with 408. Whether it is
// carried out afterwards, also when the client has left, is up to the version
// (milvus-rest section 13.1).
func (x *exchange) stall(w http.ResponseWriter, d time.Duration) bool {
	limit := x.faults.like.TimeLimit(x.http)
	end := time.Now().Add(d)
	waited := x.sleep(min(d, limit))
	if waited && d < limit {
		return true
	}
	if x.faults.like.Profile().LandsLate {
		time.AfterFunc(time.Until(end), x.land)
	}
	if waited {
		x.faults.timeout().write(w)
	}
	return false
}

// awaitProxy answers a change once every proxy has heard of it (milvus-rest
// section 15, M11).
func (x *exchange) awaitProxy(w http.ResponseWriter, d time.Duration, given answer) {
	limit := x.faults.like.TimeLimit(x.http)
	if !x.sleep(min(d, limit)) {
		return
	}
	if d >= limit {
		given = x.faults.timeout()
	}
	given.write(w)
}

const (
	loginPage = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form method=post>" +
		"<input name=user><input name=password type=password></form></body></html>"
	gatewayPage = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
	hugeSize    = 65 << 20
)

// strike sends what a fault makes of an answer.
func (x *exchange) strike(w http.ResponseWriter, f *Fault, given answer) {
	switch f.Kind {
	case Reset:
		reset(w)
	case Hang:
		<-x.http.Context().Done()
	case Delay:
		if x.sleep(f.Delay) {
			given.write(w)
		}
	case Truncated:
		raw(w, "HTTP/1.1", given, len(given.body)/2)
	case HTTP10:
		raw(w, "HTTP/1.0", given, len(given.body))
	case Drip:
		x.drip(w, given, f.Delay)
	case Huge:
		huge(w, f.Size)
	case Endless:
		endless(w)
	case Redirect:
		w.Header().Set("Location", f.URL)
		answer{status: http.StatusTemporaryRedirect}.write(w)
	default:
		x.replaced(f, given).write(w)
	}
}

// replaced is the answer of the faults that send another one in one piece.
func (x *exchange) replaced(f *Fault, given answer) answer {
	switch f.Kind {
	case Late, Timeout:
		return x.faults.timeout()
	case PlainTimeout:
		return timeoutOf(&emulator.Profile{PlainTimeout: true})
	case JSONTimeout:
		return timeoutOf(&emulator.Profile{})
	case Code:
		status := f.Status
		if status == 0 {
			status = http.StatusOK
		}
		return failure(status, f.Code, f.Message)
	case TooMany:
		return answerOf(http.StatusTooManyRequests, plainType, "slow down")
	case ServerError:
		return answerOf(http.StatusInternalServerError, jsonType, `{"code":500}`)
	case BadGateway:
		return answerOf(http.StatusBadGateway, htmlType, gatewayPage)
	case Unavailable:
		return answerOf(http.StatusServiceUnavailable, plainType, "no healthy upstream")
	case Empty:
		return answerOf(given.status, jsonType, "")
	case HTML:
		return answerOf(http.StatusOK, htmlType, loginPage)
	case WrongType:
		return answerOf(given.status, htmlType, string(given.body))
	case NoCode:
		return answerOf(http.StatusOK, jsonType, `{"data":{}}`)
	case StringCode:
		return answerOf(http.StatusOK, jsonType, `{"code":"0","data":{}}`)
	case Foreign:
		status := f.Status
		if status == 0 {
			status = http.StatusNotFound
		}
		return answerOf(status, jsonType, f.Body)
	case Echo:
		return failure(http.StatusOK, codeUnexpected, "cannot use the token "+x.http.Header.Get("Authorization"))
	}
	panic("unknown kind of fault " + strconv.Quote(string(f.Kind)))
}

// codeUnexpected is what Milvus answers where it has no code of its own.
const codeUnexpected = 65535

func failure(status, code int, message string) answer {
	text, err := json.Marshal(struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}{code, message})
	if err != nil {
		panic(err) // a number and a text
	}
	return answerOf(status, jsonType, string(text))
}

// reset cuts the connection without a word.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0) // a RST instead of a FIN
	}
	conn.Close()
}

// raw writes the first bytes of an answer by hand and closes the connection.
func raw(w http.ResponseWriter, protocol string, given answer, bytes int) {
	conn, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	fmt.Fprintf(buffer, "%s %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		protocol, given.status, http.StatusText(given.status), given.contentType(), len(given.body), given.body[:bytes])
	buffer.Flush()
}

func (x *exchange) drip(w http.ResponseWriter, given answer, pause time.Duration) {
	if pause == 0 {
		pause = 100 * time.Millisecond
	}
	h := w.Header()
	h.Set("Content-Type", given.contentType())
	h.Set("Content-Length", strconv.Itoa(len(given.body)))
	w.WriteHeader(given.status)
	flush := http.NewResponseController(w)
	for i := range given.body {
		if flush.Flush() != nil || !x.sleep(pause) {
			return
		}
		w.Write(given.body[i : i+1])
	}
}

// huge is a valid success, if anybody reads it to its end.
func huge(w http.ResponseWriter, size int64) {
	if size == 0 {
		size = hugeSize
	}
	const head, tail = `{"code":0,"data":{},"pad":"`, `"}`
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Content-Length", strconv.FormatInt(max(size, int64(len(head+tail))), 10))
	w.Write([]byte(head))
	block := bytes.Repeat([]byte("x"), 64<<10)
	for left := size - int64(len(head+tail)); left > 0; left -= int64(len(block)) {
		if _, err := w.Write(block[:min(left, int64(len(block)))]); err != nil {
			return
		}
	}
	w.Write([]byte(tail))
}

func endless(w http.ResponseWriter) {
	w.Header().Set("Content-Type", jsonType)
	w.Write([]byte(`{"code":0,"data":{}`))
	for blanks := []byte(strings.Repeat(" ", 64<<10)); ; {
		if _, err := w.Write(blanks); err != nil {
			return
		}
	}
}
