package emulator

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// scripted answers a request for which something may be planned.
func (x *exchange) scripted(w http.ResponseWriter, n int64) {
	s, r := &x.e.script, x.request(n)
	s.log.add(r)
	s.land(func(l landing) bool { return l.at != 0 && l.at <= n })
	meets := s.meet(r)

	for _, do := range meets.hooks[Before] {
		do(r)
	}
	if f := meets.faults[Before]; f != nil && !x.strikeBefore(w, f) {
		return
	}
	answer := x.answer()
	for _, do := range meets.hooks[After] {
		do(r)
	}
	if f := meets.faults[After]; f != nil {
		x.strike(w, f, answer)
		return
	}
	answer.write(w)
}

func (x *exchange) request(n int64) Request {
	r := Request{N: n, Method: x.http.Method, Path: x.http.URL.Path}
	if x.route != nil {
		r.Route, r.Writes = x.route.name, x.route.writes
		r.Database, r.Alias, r.Collection = x.names.DbName, x.names.AliasName, x.names.CollectionName
	}
	return r
}

// strikeBefore is a fault before the effect. It says whether the call goes on.
func (x *exchange) strikeBefore(w http.ResponseWriter, f *Fault) bool {
	switch f.Kind {
	case Delay:
		return x.stall(w, f.Delay)
	case Late:
		x.e.script.later(*f, x.land)
		x.e.profile.timedOut().write(w)
	default:
		answer := nothingFound()
		if x.route != nil { // what would have been said, if it had happened
			answer = reply{http.StatusOK, jsonType, x.route.doneBody}
		}
		x.strike(w, f, answer)
	}
	return false
}

// land carries the call out although its client was told that it timed out.
func (x *exchange) land() { x.answer() }

// stall is a server whose metadata store does not answer for a while. A call
// that waits longer than its time limit is answered with 408. Whether it is
// carried out afterwards, also when the client has left, is up to the version
// (milvus-rest section 13.1).
func (x *exchange) stall(w http.ResponseWriter, d time.Duration) bool {
	limit := defaultTimeout
	if x.route != nil && !x.route.v1 {
		header := x.http.Header.Get("Request-Timeout")
		if asked, err := x.e.timeouts.limit(&x.e.profile, x.route.path, header); err == nil {
			limit = asked
		}
	}
	end := time.Now().Add(d)
	waited := x.sleep(min(d, limit))
	if waited && d < limit {
		return true
	}
	if x.e.profile.LandsLate {
		time.AfterFunc(time.Until(end), x.land)
	}
	if waited {
		x.e.profile.timedOut().write(w)
	}
	return false
}

// sleep says whether the client is still there afterwards.
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

const (
	loginPage = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form method=post>" +
		"<input name=user><input name=password type=password></form></body></html>"
	gatewayPage = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
	htmlType    = "text/html; charset=utf-8"
	hugeSize    = 65 << 20
)

// strike sends what a fault makes of an answer.
func (x *exchange) strike(w http.ResponseWriter, f *Fault, answer reply) {
	switch f.Kind {
	case Reset:
		reset(w)
	case Hang:
		<-x.http.Context().Done()
	case Delay:
		if x.sleep(f.Delay) {
			answer.write(w)
		}
	case Truncated:
		raw(w, "HTTP/1.1", answer.status, answer.contentType, answer.body[:len(answer.body)/2], len(answer.body))
	case HTTP10:
		raw(w, "HTTP/1.0", answer.status, answer.contentType, answer.body, len(answer.body))
	case Drip:
		x.drip(w, answer, f.Delay)
	case Huge:
		huge(w, f.Size)
	case Endless:
		endless(w)
	case Redirect:
		w.Header().Set("Location", f.URL)
		reply{status: http.StatusTemporaryRedirect}.write(w)
	default:
		x.replaced(f, answer).write(w)
	}
}

// replaced is the answer of the faults that send another one in one piece.
func (x *exchange) replaced(f *Fault, answer reply) reply {
	switch f.Kind {
	case Late, Timeout:
		return x.e.profile.timedOut()
	case PlainTimeout:
		return (&Profile{PlainTimeout: true}).timedOut()
	case JSONTimeout:
		return (&Profile{}).timedOut()
	case Code:
		status := f.Status
		if status == 0 {
			status = http.StatusOK
		}
		return jsonReply(status, failureBody{f.Code, f.Message})
	case TooMany:
		return reply{http.StatusTooManyRequests, plainType, []byte("slow down")}
	case ServerError:
		return reply{http.StatusInternalServerError, jsonType, []byte(`{"code":500}`)}
	case BadGateway:
		return reply{http.StatusBadGateway, htmlType, []byte(gatewayPage)}
	case Unavailable:
		return reply{http.StatusServiceUnavailable, plainType, []byte("no healthy upstream")}
	case Empty:
		return reply{answer.status, jsonType, nil}
	case HTML:
		return reply{http.StatusOK, htmlType, []byte(loginPage)}
	case WrongType:
		return reply{answer.status, htmlType, answer.body}
	case NoCode:
		return reply{http.StatusOK, jsonType, []byte(`{"data":{}}`)}
	case StringCode:
		return reply{http.StatusOK, jsonType, []byte(`{"code":"0","data":{}}`)}
	case Echo:
		return jsonReply(http.StatusOK, failureBody{codeUnexpected,
			"cannot use the token " + x.http.Header.Get("Authorization")})
	}
	panic("unknown kind of fault " + strconv.Quote(string(f.Kind)))
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

// raw writes an answer by hand and closes the connection.
func raw(w http.ResponseWriter, protocol string, status int, contentType string, body []byte, length int) {
	conn, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	fmt.Fprintf(buffer, "%s %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		protocol, status, http.StatusText(status), contentType, length, body)
	buffer.Flush()
}

func (x *exchange) drip(w http.ResponseWriter, answer reply, pause time.Duration) {
	if pause == 0 {
		pause = 100 * time.Millisecond
	}
	h := w.Header()
	h.Set("Content-Type", answer.contentType)
	h.Set("Content-Length", strconv.Itoa(len(answer.body)))
	w.WriteHeader(answer.status)
	flush := http.NewResponseController(w)
	for i := range answer.body {
		if flush.Flush() != nil || !x.sleep(pause) {
			return
		}
		w.Write(answer.body[i : i+1])
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
