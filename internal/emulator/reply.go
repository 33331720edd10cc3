package emulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// reply is an answer before it is written.
type reply struct {
	status      int
	contentType string
	body        []byte
}

const (
	jsonType  = "application/json; charset=utf-8"
	plainType = "text/plain; charset=utf-8"
)

// successBody is the body of a success. Message stands only in the answers
// where Milvus has one.
type successBody struct {
	Code    int     `json:"code"`
	Data    any     `json:"data"`
	Message *string `json:"message,omitempty"`
}

type failureBody struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func jsonReply(status int, body any) reply {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // every body is made of plain values
	}
	return reply{status, jsonType, text}
}

func failureReply(err error) reply {
	var f *Failure
	if !errors.As(err, &f) {
		f = fail(codeInternal, "%v", err)
	}
	return jsonReply(f.Status, failureBody{f.Code, f.Message})
}

// nothingFound is what the router answers by itself.
func nothingFound() reply {
	return reply{http.StatusNotFound, "text/plain", []byte("404 page not found")}
}

// done answers a call that returns nothing but its success.
func (x *exchange) done(err error) reply {
	if err != nil {
		return failureReply(err)
	}
	return reply{http.StatusOK, jsonType, x.route.doneBody}
}

// data answers a call with what it found.
func (x *exchange) data(found any, err error) reply {
	if err != nil {
		return failureReply(err)
	}
	return jsonReply(http.StatusOK, successBody{Code: x.route.success, Data: found})
}

func (r reply) write(w http.ResponseWriter) {
	h := w.Header()
	if r.contentType != "" {
		h["Content-Type"] = []string{r.contentType}
	}
	h["Content-Length"] = []string{strconv.Itoa(len(r.body))}
	w.WriteHeader(r.status)
	w.Write(r.body)
}
