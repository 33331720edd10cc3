// Package process is what the program has of its process: standard streams whose
// reader may go away, signals, profiles. Package cli uses it.
package process

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"
)

// pipe is standard output or standard error. A reader that has gone away
// (`| head -1`) has seen what it wanted: what is written after that is dropped, and
// is no error, so that an apply ends as it would have.
type pipe struct {
	file   *os.File
	closed atomic.Bool
}

// UnlessClosed makes a pipe of a stream of the process; others are as they are.
func UnlessClosed(w io.Writer) io.Writer {
	if file, ok := w.(*os.File); ok {
		return &pipe{file: file}
	}
	return w
}

// Write drops what has no reader any more.
func (p *pipe) Write(text []byte) (int, error) {
	if p.closed.Load() {
		return len(text), nil
	}
	n, err := p.file.Write(text)
	if errors.Is(err, syscall.EPIPE) {
		p.closed.Store(true)
		return len(text), nil
	}
	return n, err
}

// Fd lets a terminal be recognised.
func (p *pipe) Fd() uintptr { return p.file.Fd() }
