package milvus

import (
	"bytes"
	"cmp"
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

// maxBody bounds an answer. The largest legitimate one lists 65,536 names of
// 255 bytes, 17 MiB.
const maxBody = 64 << 20

// The lengths in bytes at which a foreign text in a message is cut off.
const (
	maxExcerpt = 200
	maxMessage = 2000
	maxTrace   = 100
)

// Causes of answers that cannot be used.
var (
	errTooLarge = errors.New("the answer is larger than 64 MiB")
	errEmpty    = errors.New("the answer is empty")
	errWebPage  = errors.New("the answer is a web page, not one of Milvus")
	errNotJSON  = errors.New("the answer is not JSON")
	errNoCode   = errors.New("the answer has no integer \"code\"")
	errNoData   = errors.New("the answer has no usable \"data\"")
)

// answer is the envelope of every answer of Milvus.
type answer struct {
	code    int
	message string
	data    json.RawMessage
	names   []string      // data, where the call asks for names; nil when it is no list of them
	took    time.Duration // from sending the request to the last byte
}

// ok says that the code is that of success: 0, and 200 on v1 and on v2 before
// 2.4.3 (milvus-rest section 1). No failure has either value.
func (a answer) ok() bool { return a.code == 0 || a.code == 200 }

// decodeAnswer reads an envelope, and in the same pass the names in it where
// the call asks for them: a list of all aliases may be most of what a run
// reads. The error is one of those above.
//
// The keys are read one by one and not into a struct: struct fields match
// without regard to case, and `"Code":0` of some other service must not pass
// for success.
func decodeAnswer(body []byte, names bool) (answer, error) {
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		return answer{}, errEmpty
	case trimmed[0] == '<':
		return answer{}, errWebPage
	}
	a, code, err := decodeEnvelope(body, names)
	if err != nil {
		if (err == io.EOF || err == io.ErrUnexpectedEOF) && trimmed[0] == '{' {
			return answer{}, fmt.Errorf("%w: %w", errNotJSON, io.ErrUnexpectedEOF)
		}
		return answer{}, errNotJSON
	}
	// Atoi takes neither a string, a float, null nor an absent field.
	if a.code, err = strconv.Atoi(code); err != nil {
		return answer{}, errNoCode
	}
	return a, nil
}

const blanks = " \t\r\n" // of JSON

// mostNames is how many names get their place at once: a number of commas is
// no promise of names, and Milvus lists 65,536 at most.
const mostNames = 1 << 16

var comma = []byte{','}

// decodeEnvelope decodes one JSON object and returns its code as it is
// written. Of a key that comes twice the last counts.
func decodeEnvelope(body []byte, names bool) (a answer, code string, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return a, "", cmp.Or(err, errNotJSON)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return a, "", err
		}
		start := dec.InputOffset()
		var raw json.RawMessage
		if key == "data" && names {
			a.names = make([]string, 0, min(bytes.Count(body, comma)+1, mostNames))
			err = dec.Decode(&a.names)
			if _, other := errors.AsType[*json.UnmarshalTypeError](err); other {
				a.names, err = nil, nil
			}
			raw = bytes.TrimLeft(body[start:dec.InputOffset()], ":"+blanks)
		} else {
			err = dec.Decode(&raw)
		}
		if err != nil {
			return a, "", err
		}
		switch key {
		case "code":
			code = string(raw)
		case "data":
			a.data = raw
		case "message":
			a.message = ""
			if json.Unmarshal(raw, &a.message) != nil {
				a.message = string(raw)
			}
		}
	}
	if _, err := dec.Token(); err != nil {
		return a, "", err
	}
	if rest := body[dec.InputOffset():]; len(bytes.TrimLeft(rest, blanks)) > 0 {
		return a, "", errNotJSON
	}
	return a, code, nil
}

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
	return cut(printable(r.Redact(string(window))), limit)
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
