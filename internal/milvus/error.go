package milvus

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"aliasctl/executor"
)

// The codes that a caller may want to tell apart (milvus-rest section 2.1).
const (
	CodeCollectionNotFound = 100
	CodeDatabaseNotFound   = 800
	CodeAliasNotFound      = 1600
	CodeAliasIsCollection  = 1601 // a collection has that name
	CodeAliasTaken         = 1602 // bound to another collection
)

// Codes that only this package has to know.
const (
	codeNotReady        = 1
	codeUnavailable     = 2
	codeQueueFull       = 4
	codeInternal        = 5
	codeRateLimit       = 8
	codeNoResource      = 12
	codeNotLoaded       = 101
	codeIndexNotFound   = 700
	codeInvalid         = 1100
	codeNotLoggedIn     = 1400
	codeNotPermitted    = 1401
	codeUnauthenticated = 1800
	codeLimiter         = 1807
	codeCanceled        = 10000
	codeTimeout         = 10001
	codeUnexpected      = 65535
)

// Error is a call that did not succeed. Its text and all its fields are free
// of the token.
type Error struct {
	Call       string // the route below the API's root, e.g. "aliases/alter"
	Database   string
	Alias      string
	Collection string

	Status   int    // the HTTP status, 0 when there was no answer
	Code     int    // of the Milvus body, 0 when there was none
	Message  string // of the Milvus body, or the first 200 bytes of another one
	TraceID  string // header X-Milvus-Trace-Id of newer servers
	Attempts int    // requests made, 0 when none was
	// Privilege is the one that a 403 names, e.g. "PrivilegeCreateAlias".
	Privilege string

	Err error // what happened on this side; nil when Milvus itself refused

	class executor.Class
	hint  string
	// hopeless reports that asking again is no use although the class is not
	// Refused or Fatal: it is a read, or a write whose answer makes no sense.
	hopeless bool
	// retryAfter is how long the server wants to be left alone, 0 for unsaid.
	retryAfter time.Duration

	vain       bool // the server has refused everything for as long as a read waits
	foreign    bool // something else than Milvus answered
	newer      bool // its code, or its words where they count, are those of no known server
	missing    bool // it is the 404 that Milvus itself writes
	unanswered bool // nothing answered
	detour     bool // the next drop of the same collection takes another route
}

var _ error = (*Error)(nil)

// Error is CALL (NAMES): WHY (NUMBERS).
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Call)
	sep := " ("
	for _, n := range [...]struct{ what, name string }{
		{"database", e.Database}, {"alias", e.Alias}, {"collection", e.Collection},
	} {
		if n.name != "" {
			fmt.Fprintf(&b, "%s%s %q", sep, n.what, n.name)
			sep = ", "
		}
	}
	if sep == ", " {
		b.WriteString(")")
	}
	if e.Privilege != "" {
		fmt.Fprintf(&b, ": missing privilege %q", e.Privilege)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	sep = " ("
	number := func(format string, v any) {
		fmt.Fprintf(&b, sep+format, v)
		sep = ", "
	}
	if e.Status != 0 {
		number("http %d", e.Status)
	}
	if e.Code != 0 {
		number("code %d", e.Code)
	}
	if e.Attempts > 1 {
		number("%d attempts", e.Attempts)
	}
	if e.TraceID != "" {
		number("trace %s", e.TraceID)
	}
	if sep == ", " {
		b.WriteString(")")
	}
	return b.String()
}

// Unwrap returns what happened on this side, if anything.
func (e *Error) Unwrap() error { return e.Err }

// Class reports what the error of a write means for the cluster. A failed read
// changed nothing: it is never Unknown.
func (e *Error) Class() executor.Class { return e.class }

// busy reports that the server, or what is in front of it, had no room for the call.
func (e *Error) busy() bool {
	switch e.Code {
	case codeRateLimit, codeNoResource, codeQueueFull:
		return true
	case codeLimiter:
		return e.class == executor.Transient
	}
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable
}

// Hint is the advice that goes with the error, "" for none.
func (e *Error) Hint() string { return e.hint }

// takenBy finds the present target in the message of code 1602: "A is alias to
// another collection: C: alias already exist[...]", the same text in all
// versions that have the code.
var takenBy = pattern(`is alias to another collection: ([^:\s]+): alias already exist`)

// TakenBy reports whether a create was refused because the alias is bound
// already, and the collection that the message names. That one may have been
// dropped: 2.5.27 keeps such an alias hidden (milvus-rest section 13.1).
func (e *Error) TakenBy() (collection string, ok bool) {
	if e.Code != CodeAliasTaken {
		return "", false
	}
	if m := takenBy().FindStringSubmatch(e.Message); m != nil {
		return m[1], true
	}
	return "", true
}

// IsNotFound reports that Milvus knows no such alias or collection.
func IsNotFound(err error) bool {
	return hasCode(err, CodeCollectionNotFound) || hasCode(err, CodeAliasNotFound)
}

// IsDatabaseMissing reports that Milvus knows no such database.
func IsDatabaseMissing(err error) bool { return hasCode(err, CodeDatabaseNotFound) }

// IsDenied reports that Milvus misses a privilege of the user; Error.Privilege
// names it. A gateway that denies a path shows nothing about privileges.
func IsDenied(err error) bool {
	var e *Error
	return errors.As(err, &e) && !e.foreign && (e.Status == 403 || e.Code == codeNotPermitted || e.Privilege != "")
}

// IsUnauthenticated reports that Milvus did not accept the token, or needs one.
func IsUnauthenticated(err error) bool {
	var e *Error
	return errors.As(err, &e) && !e.foreign && (e.Status == 401 || e.Code == codeUnauthenticated || e.Code == codeNotLoggedIn)
}

func hasCode(err error, code int) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// hidden is a cause whose own text holds the token: it can be asked with
// errors.Is and errors.As, but shows only the redacted text.
type hidden struct {
	text string
	err  error
}

func (h *hidden) Error() string        { return h.text }
func (h *hidden) Is(target error) bool { return errors.Is(h.err, target) }
func (h *hidden) As(target any) bool   { return errors.As(h.err, target) }

// redactError returns err with a text that is free of the token.
func redactError(r *Redactor, err error) error {
	if err == nil {
		return nil
	}
	plain := err.Error()
	if text := r.Foreign(plain); text != plain {
		return &hidden{text: text, err: err}
	}
	return err
}
