package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
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

// Failure is an error as a Milvus server answers it: a code and a message, in
// an HTTP status that is 200 for everything but authorization.
type Failure struct {
	Status  int
	Code    int
	Message string
}

func (f *Failure) Error() string { return fmt.Sprintf("%s (code %d)", f.Message, f.Code) }

// The codes that the emulator answers (milvus-rest section 2.1).
const (
	codeInternal           = 5
	codeCollectionNotFound = 100
	codeNotLoaded          = 101
	codeIndexNotFound      = 700
	codeDatabaseNotFound   = 800
	codeDatabaseName       = 802
	codeInvalid            = 1100
	codeAliasNotFound      = 1600
	codeAliasConflict      = 1601
	codeAliasExists        = 1602
	codeNotAuthenticated   = 1800
	codeBadJSON            = 1801
	codeMissingParameter   = 1802
	codeBadRow             = 1804
	codeBadKey             = 1806
	codeLimited            = 1807
	codeTimeout            = 10001
	codeUnexpected         = 65535
)

func fail(code int, format string, args ...any) *Failure {
	return &Failure{Status: http.StatusOK, Code: code, Message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *Failure {
	return fail(codeInvalid, format+": invalid parameter", args...)
}

// unclassified is an error that Milvus gave no code of its own before 3.0.
func (p *Profile) unclassified(format string, args ...any) *Failure {
	if p.TypedErrors {
		return invalid(format, args...)
	}
	return fail(codeUnexpected, format, args...)
}

func databaseNotFound(database string) *Failure {
	return fail(codeDatabaseNotFound, "database not found[database=%s]", database)
}

// databaseMissing is the same in the words of the REST handler.
func databaseMissing(database string) *Failure {
	return fail(codeDatabaseNotFound, "database not found, database: %s", database)
}

// targetDatabaseNotFound is the answer to a rename into another database.
func (p *Profile) targetDatabaseNotFound(database string) *Failure {
	if p.TypedErrors {
		return fail(codeDatabaseNotFound, "target database %s not found: %v", database, databaseNotFound(database).Message)
	}
	return fail(codeUnexpected, "target database:%s not found", database)
}

// Collections are not found in four voices, by the layer that looked.

func collectionNotFoundAt(database int64, collection string) *Failure {
	return fail(codeCollectionNotFound, "timestamp = %d: collection not found[database=%d][collection=%s]",
		timestamp(), database, collection)
}

func collectionNotFound(collection string) *Failure {
	return fail(codeCollectionNotFound, "collection not found[collection=%s]", collection)
}

func collectionNotFoundIn(database, collection string) *Failure {
	return fail(codeCollectionNotFound, "collection not found[database=%s][collection=%s]", database, collection)
}

func cannotFindCollection(database, collection string) *Failure {
	return fail(codeCollectionNotFound, "can't find collection[database=%s][collection=%s]", database, collection)
}

func indexNotFound(collection string) *Failure {
	return fail(codeIndexNotFound, "index not found[collection=%s]", collection)
}

func aliasNotFound(database, alias string) *Failure {
	return fail(codeAliasNotFound, "alias not found[database=%s][alias=%s]", database, alias)
}

func aliasConflict(database, alias string) *Failure {
	return fail(codeAliasConflict, "alias and collection name conflict[database=%s][alias=%s]", database, alias)
}
