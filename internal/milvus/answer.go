package milvus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxBody bounds an answer, but for lists of more names than DefaultMaxNames. The
// largest legitimate one lists 65,536 names of 255 bytes, 17 MiB.
const maxBody = 64 << 20

// The lengths in bytes at which a foreign text in a message is cut off.
const (
	maxExcerpt = 200
	maxMessage = 500
	maxTrace   = 100
)

// Causes of answers that cannot be used.
var (
	errEmpty     = errors.New("an empty body")
	errWebPage   = errors.New("a web page")
	errNotJSON   = errors.New("not JSON")
	errNoCode    = errors.New("JSON without an integer \"code\"")
	errOther     = errors.New("JSON of another service")
	errBadStatus = errors.New("a code of success with a status of failure")
	errEncoded   = errors.New("a body that cannot be read")
	errNotHTTP   = errors.New("the answer is not HTTP/1")
	errPanic     = errors.New("the server gave up on the call")
	errNoData    = errors.New("the answer has no usable \"data\"")

	errTokenInName = errors.New("a name in the answer holds the token, or its password")
)

// answer is the envelope of every answer of Milvus.
type answer struct {
	code    int
	message string
	data    json.RawMessage
	names   []string      // data, where the call asks for names; nil when it is no list of them
	worded  bool          // message is there, and a text
	fields  int           // how many it has
	other   bool          // one of them is of other APIs alone
	took    time.Duration // from sending the request to the last byte
}

// ok reports that the code is that of success: 0, and 200 on v1 and on v2 before
// 2.4.3 (milvus-rest section 1). No failure has either value.
func (a answer) ok() bool { return a.code == 0 || a.code == 200 }

// decodeAnswer reads an envelope, and the names in it where the call asks for
// them. The error is one of those above.
//
// Its fields are not read into a struct: struct fields match without regard to
// case, and `"Code":0` of some other service must not pass for success.
func decodeAnswer(body []byte, names bool) (a answer, err error) {
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		return answer{}, errEmpty
	case trimmed[0] == '<':
		return answer{}, errWebPage
	}
	var fields map[string]json.RawMessage
	if names {
		fields, a.names, err = decodeNames(body)
	} else {
		err = json.Unmarshal(body, &fields)
	}
	switch {
	case err != nil && trimmed[0] == '{' && endsEarly(err, len(body)):
		return answer{}, fmt.Errorf("%w: %w", errNotJSON, io.ErrUnexpectedEOF)
	case err != nil:
		return answer{}, errNotJSON
	}
	// Atoi takes neither a string, a float, null nor an absent field.
	if a.code, err = strconv.Atoi(string(fields["code"])); err != nil {
		return answer{}, errNoCode
	}
	a.data, a.fields = fields["data"], len(fields)
	for _, name := range []string{"msg", "success"} {
		_, found := fields[name]
		a.other = a.other || found
	}
	if raw := fields["message"]; len(raw) > 0 {
		a.worded = raw[0] == '"'
		if json.Unmarshal(raw, &a.message) != nil {
			a.message = string(raw)
		}
	}
	return a, nil
}

// endsEarly reports that JSON of that length was fine as far as it went.
func endsEarly(err error, length int) bool {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	return err == io.EOF || err == io.ErrUnexpectedEOF || ok && syntax.Offset >= int64(length)
}

// decodeNames reads an envelope whose data is a list of names. The list is nil
// when data is none.
func decodeNames(body []byte) (fields map[string]json.RawMessage, list []string, err error) {
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, nil, err
	}
	data := fields["data"]
	list = make([]string, 0, min(bytes.Count(data, comma)+1, mostNames))
	if len(data) == 0 || json.Unmarshal(data, &list) != nil {
		return fields, nil, nil
	}
	return fields, list, nil
}

// mostNames is how many names get their place at once: a number of commas is
// no promise of names, and Milvus lists 65,536 at most.
const mostNames = 1 << 16

var comma = []byte{','}

// excerptWindow is how much of a body is looked at for an excerpt. A part of a
// token may remain at the end of the window; even when all of it is the longest
// token in its longest spelling (48 KiB in JSON, for "<" is written \u003c),
// the redacted window is longer than the 200 bytes that are shown.
const excerptWindow = 4 << 20

// excerpt is the printable beginning of a foreign text, without the token.
func excerpt(r *Redactor, body []byte, limit int) string {
	window := body[:min(len(body), excerptWindow)]
	// First the token goes, then the text is cut: cutting first could leave a
	// part of it that the redactor does not know.
	return cut(printable(r.Foreign(string(window))), limit)
}

// printable puts one blank in place of line breaks and of everything that a
// terminal would act on.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// cut shortens a text to a number of bytes, on a character's boundary.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "..."
}
