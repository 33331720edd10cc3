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
	took    time.Duration // from sending the request to the last byte
}

// ok says that the code is that of success: 0, and 200 on v1 and on v2 before
// 2.4.3 (milvus-rest section 1). No failure has either value.
func (a answer) ok() bool { return a.code == 0 || a.code == 200 }

// decodeAnswer reads an envelope. The error is one of those above.
//
// A map is decoded and not a struct: struct fields match without regard to
// case, and `"Code":0` of some other service must not pass for success.
func decodeAnswer(body []byte) (answer, error) {
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		return answer{}, errEmpty
	case trimmed[0] == '<':
		return answer{}, errWebPage
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) && syntax.Offset >= int64(len(body)) && trimmed[0] == '{' {
			return answer{}, fmt.Errorf("%w: %w", errNotJSON, io.ErrUnexpectedEOF)
		}
		return answer{}, errNotJSON
	}
	// Atoi takes neither a string, a float, null nor an absent field.
	code, err := strconv.Atoi(string(fields["code"]))
	if err != nil {
		return answer{}, errNoCode
	}
	a := answer{code: code, data: fields["data"]}
	if raw := fields["message"]; len(raw) > 0 && json.Unmarshal(raw, &a.message) != nil {
		a.message = string(raw)
	}
	return a, nil
}

// names decodes the data of a list. An absent or null list is an error, not an
// empty one: "no aliases" is what permits a drop.
func names(data json.RawMessage) ([]string, error) {
	var list []string
	if err := json.Unmarshal(data, &list); err != nil || list == nil {
		return nil, errNoData
	}
	return list, nil
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
