package cli

import (
	"bytes"
	"io"
)

// redactingWriter takes the token out of what is written, line by line: a
// server may give it back as the name of something. A token has no line break.
type redactingWriter struct {
	streams *streams
	to      io.Writer
	line    []byte
}

// redacted is w without the token, as far as one is known. flush writes what
// is left of the last line.
func (s *streams) redacted(w io.Writer) (out io.Writer, flush func() error) {
	if s.redactor == nil {
		return w, func() error { return nil }
	}
	r := &redactingWriter{streams: s, to: w}
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
	_, err := io.WriteString(r.to, r.streams.redact(string(r.line)))
	r.line = r.line[:0]
	return err
}
