package milvus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"aliasctl/executor"
)

// SizeError is an answer with more bytes than its call may have.
type SizeError struct {
	Most int64
	Size int64 // as it was announced, 0 where it was not
}

func (e *SizeError) Error() string {
	text := fmt.Sprintf("the answer is larger than %d MiB", e.Most>>20)
	if e.Size > 0 {
		text += fmt.Sprintf(": it has %d MiB", e.Size>>20)
	}
	return text
}

// NamesError is a list with more names than Config.MaxNames.
type NamesError struct{ Most, Found int }

func (e *NamesError) Error() string {
	return fmt.Sprintf("the answer lists %d names, more than %d", e.Found, e.Most)
}

// bodyBound is how many bytes an answer to a call may have.
func (c *Client) bodyBound(k call) int64 {
	const perName = 64
	if k.names {
		return max(maxBody, perName*int64(c.cfg.MaxNames))
	}
	return maxBody
}

// tooLarge is the advice for an answer that is too large.
func (k call) tooLarge() string {
	if k.names {
		return hintNames
	}
	return hintURI
}

// readBody reads an answer of at most so many bytes, and nothing of one that
// announces more. What came before an error is returned with it.
func readBody(resp *http.Response, most int64) ([]byte, error) {
	if resp.ContentLength > most {
		return nil, &SizeError{Most: most, Size: resp.ContentLength}
	}
	var b bytes.Buffer
	if n := resp.ContentLength; n > 0 && n < 1<<20 {
		b.Grow(int(n) + bytes.MinRead) // of more than that the bytes have to come first
	}
	_, err := b.ReadFrom(io.LimitReader(resp.Body, most+1))
	if err == nil && int64(b.Len()) > most {
		err = &SizeError{Most: most}
	}
	return b.Bytes(), err
}

func isTooLarge(err error) bool {
	var e *SizeError
	return errors.As(err, &e)
}

// tooManyNames is the error of a list that is longer than it may be, nil for any
// other body. Names are what an answer turns into most memory: each gets a place in
// several maps.
func (c *Client) tooManyNames(k call, body []byte) *Error {
	if !k.names || bytes.Count(body, comma) < c.cfg.MaxNames {
		return nil
	}
	found := countNames(body)
	if found <= c.cfg.MaxNames {
		return nil
	}
	e := k.newError()
	e.Err = &NamesError{Most: c.cfg.MaxNames, Found: found}
	e.class, e.hint, e.hopeless = executor.Refused, hintNames, true
	return e
}

// countNames counts the elements of the longest list right within the object that a
// body is. It keeps nothing and believes nothing: the body may be no JSON.
func countNames(body []byte) int {
	longest, n, depth, quoted := 0, 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			n = 1
		case c == '}' || c == ']':
			depth--
		case c == ',' && depth == 2:
			n++
			longest = max(longest, n)
		}
	}
	return longest
}
