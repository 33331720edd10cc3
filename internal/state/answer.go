package state

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Unanswered is the error of a request over HTTP that got no whole answer, in
// words that name neither its address nor anything that was sent. The advice is
// for a store whose host is in the location.
func Unanswered(err error) *StoreError {
	e := &StoreError{Class: Doubtful, Message: "the server is not reached: " + innermost(err),
		Advice: "check the host in --state, the network and the server, then run the same command again", Err: err}
	certificate, record, name := (*tls.CertificateVerificationError)(nil), tls.RecordHeaderError{}, (*net.DNSError)(nil)
	switch {
	case errors.Is(err, context.Canceled):
		e.Class, e.Message, e.Advice = Final, "it was interrupted", ""
	case errors.Is(err, context.DeadlineExceeded):
		e.Message = "the server does not answer in time"
	case errors.As(err, &certificate):
		e.Class, e.Advice = Final, "set SSL_CERT_FILE to the file with its CA, or check the host in --state"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		e.Class, e.Advice = Final, "the server speaks plain http there: check the port, or write http:// and insecure=true"
	case errors.As(err, &name) && name.IsNotFound:
		e.Class, e.Message = Final, "its host name does not exist"
	}
	return e
}

// innermost is the error of the network, without the address.
func innermost(err error) string {
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}

// Age is the time between the last write of an object and the answer with these
// headers, both by the clock of the store; 0 where it does not tell.
func Age(header http.Header) time.Duration {
	written, err := http.ParseTime(header.Get("Last-Modified"))
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	return max(1, now.Sub(written)) // within one second; 0 would be no clock
}

// RetryAfter is how long an answer asks to wait, in either of the two forms of
// the header; 0 where it does not ask.
func RetryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return max(0, time.Duration(min(seconds, 3600))*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
