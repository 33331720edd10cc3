// Package input reads the files that a run is given. In a pull request a stranger
// chooses what lies at their names: a link to a device that never answers, a FIFO
// without a writer, a file without an end. Read refuses by kind before it opens,
// bounds what it takes in, and ends when the run does.
//
// Every package that reads a file by a name of the user's calls it.
package input

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// The sizes that readers share, in bytes.
const (
	MaxToken       = 64 << 10
	MaxCertificate = 16 << 20 // the authorities of a whole system are under 1 MiB
	MaxSeed        = 64 << 20
	MaxState       = 256 << 20 // a million bindings have 150 MiB
	MaxPlan        = 512 << 20 // half a million steps, and the largest manifest
)

// KindError is a path at which something other than a file is.
type KindError struct {
	Path string
	Kind string // "a directory", "a device", ...
}

// Error leaves the path out: it may be a secret that was given by mistake.
func (e *KindError) Error() string { return "it is " + e.Kind + ", not a file" }

// TooLargeError is a file, or what a store has, with more bytes than its reader takes.
type TooLargeError struct {
	Path string
	Most int64
	Size int64 // 0 where it was not known before it was read
}

// Error leaves the path out, as KindError does.
func (e *TooLargeError) Error() string {
	unit, name := int64(1<<20), "MiB"
	if e.Most < unit {
		unit, name = 1<<10, "KiB"
	}
	text := fmt.Sprintf("it is larger than %d %s", e.Most/unit, name)
	if e.Size > 0 {
		text += fmt.Sprintf(": it has %d %s", (e.Size+unit-1)/unit, name)
	}
	return text
}

// IsTooLarge reports that err is a *TooLargeError.
func IsTooLarge(err error) bool {
	var e *TooLargeError
	return errors.As(err, &e)
}

// Read returns the content of the regular file at path, of at most that many bytes.
// A descriptor of this process (/dev/stdin, /dev/fd/63 as a shell's `<(...)` gives it,
// /proc/self/fd/3) may be anything but a directory. The error is a *KindError,
// a *TooLargeError, that of ctx as soon as it ends, or one of the file system.
//
// A byte order mark before the content is left out: PowerShell and some editors
// write one, and no format of ours knows it.
func Read(ctx context.Context, path string, most int64) ([]byte, error) {
	return until(ctx, func() ([]byte, error) { return unmarked(read(path, most)) })
}

// ReadStream is Read for a stream that is open already, as standard input. name
// is what its *TooLargeError calls it.
func ReadStream(ctx context.Context, r io.Reader, name string, most int64) ([]byte, error) {
	return until(ctx, func() ([]byte, error) { return unmarked(drain(r, name, 0, most)) })
}

// Body reads the body of an answer of at most that many bytes, as it is. size is what
// was announced of it, less than 1 for nothing: where that is more, a *TooLargeError comes
// before anything is read.
func Body(r io.Reader, size, most int64) ([]byte, error) {
	if size > most {
		return nil, &TooLargeError{Most: most, Size: size}
	}
	return drain(r, "", size, most)
}

// unmarked is content without a byte order mark.
func unmarked(data []byte, err error) ([]byte, error) {
	return bytes.TrimPrefix(data, []byte("\ufeff")), err
}

// until reads, but no longer than ctx lasts.
func until(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	if ctx.Done() == nil {
		return read()
	}
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() { // it may outlive the call: nothing interrupts a read of a dead disk
		data, err := read()
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func read(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := checkKind(path, info.Mode()); err != nil {
		return nil, err
	}
	// Without waiting: what is a file now may be a FIFO when it is opened.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil {
		return nil, err
	}
	if err := checkKind(path, info.Mode()); err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() && info.Size() > most {
		return nil, &TooLargeError{Path: path, Most: most, Size: info.Size()}
	}
	return drain(file, path, info.Size(), most)
}

// CheckKind refuses what Read would refuse by its kind. A path at which nothing is
// passes: opening it shows why.
func CheckKind(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return checkKind(path, info.Mode())
}

func checkKind(path string, mode fs.FileMode) error {
	kind := ""
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a directory"
	case Descriptor(path):
		return nil
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	default:
		kind = "something special"
	}
	return &KindError{path, kind}
}

var descriptors = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(/dev/(stdin|stdout|stderr|fd/[0-9]+)|/proc/(self|thread-self|[0-9]+)/fd/[0-9]+)$`)
})

// Descriptor reports that a path is the name of an open descriptor: whoever started
// the process has opened it, and no checkout can hold one.
func Descriptor(path string) bool { return descriptors().MatchString(filepath.Clean(path)) }

// drain reads r to its end; size is what is expected, 0 when unknown.
func drain(r io.Reader, path string, size, most int64) ([]byte, error) {
	r = io.LimitReader(r, most+1)
	data := slices.Grow([]byte(nil), int(min(max(size, 512), most))+1)
	for {
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > most:
			return nil, &TooLargeError{Path: path, Most: most}
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, err
		case len(data) == cap(data):
			data = slices.Grow(data, 1)
		}
	}
}

// JSONError is why JSON of a file cannot be decoded, without any of its content: a
// link may lead to a file with secrets, and encoding/json shows what it meets.
func JSONError(err error) error {
	var syntax *json.SyntaxError
	var misfit *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && strings.HasPrefix(syntax.Error(), "unexpected end"):
		return errors.New("the JSON ends too early")
	case errors.As(err, &syntax):
		return errors.New("it is not valid JSON")
	case errors.As(err, &misfit):
		found, _, _ := strings.Cut(misfit.Value, " ")
		return fmt.Errorf("it has a JSON %s in the wrong place", found)
	}
	return err
}
