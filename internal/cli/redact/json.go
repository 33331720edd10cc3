// Package redact takes what must not be shown, the token, out of answers. A redactor
// is a function that does it to one text.
//
// Package cli prints through it.
package redact

import (
	"bytes"
	"encoding/json"
	"io"

	"aliasctl/internal/safetext"
)

// redactingWriter takes the token out of the texts in JSON that is written, line by
// line: no text goes over a line break. Fields, numbers and the words that machines
// go by stay, whatever the token is.
type redactingWriter struct {
	redact func(string) string
	to     io.Writer
	line   []byte
	field  string // the last one
}

// JSON is w for JSON without the token. flush writes what is left of the last line.
func JSON(w io.Writer, redact func(string) string) (out io.Writer, flush func() error) {
	r := &redactingWriter{redact: redact, to: w}
	return r, r.flush
}

func (r *redactingWriter) Write(p []byte) (int, error) {
	n := len(p)
	for {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			r.line = append(r.line, p...)
			return n, nil
		}
		r.line = append(r.line, p[:end+1]...)
		p = p[end+1:]
		if err := r.flush(); err != nil {
			return 0, err
		}
	}
}

func (r *redactingWriter) flush() error {
	if len(r.line) == 0 {
		return nil
	}
	_, err := r.to.Write(r.redacted(r.line))
	r.line = r.line[:0]
	return err
}

// words are the fields whose values are words of ours.
var words = map[string]bool{"op": true, "live": true, "kind": true, "check": true, "verdict": true, "guard": true, "outcome": true, "stands": true, "digest": true}

// redacted is a line of JSON without the token in its texts.
func (r *redactingWriter) redacted(line []byte) []byte {
	var out []byte
	for {
		start := bytes.IndexByte(line, '"')
		if start < 0 {
			return append(out, line...)
		}
		end := start + 1
		for end < len(line) && line[end] != '"' {
			if line[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(line))
		literal, rest := line[start:end], line[end:]
		out = append(out, line[:start]...)
		var text string
		switch err := json.Unmarshal(literal, &text); {
		case err != nil: // no JSON after all
			literal = []byte(r.redact(string(literal)))
		case bytes.HasPrefix(bytes.TrimLeft(rest, " "), []byte(":")):
			r.field = text
		case !words[r.field]:
			if safe := r.redact(text); safe != text {
				literal, _ = json.Marshal(safe)
				literal = safetext.JSON(literal)
			}
		}
		out, line = append(out, literal...), rest
	}
}
