//go:build unix

package input_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"aliasctl/internal/input"
)

// Kinds of files that a name may lead to, straight and through a link.
func TestReadRefusesByKind(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("file"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(at("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	for target, kind := range map[string]string{
		at("file"): "", at("fifo"): "a named pipe", at("socket"): "a socket", dir: "a directory",
		"/dev/zero": "a device", "/dev/ptmx": "a device", "/dev/null": "a device", "/dev/tty": "a device",
	} {
		link := at("link-" + filepath.Base(target))
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{target, link} {
			if _, err := os.Stat(path); err != nil {
				continue // not on this machine
			}
			data, err := input.Read(t.Context(), path, 100)
			var bad *input.KindError
			switch {
			case kind == "" && (err != nil || string(data) != "content"):
				t.Errorf("%s: %q, %v", path, data, err)
			case kind != "" && (!errors.As(err, &bad) || bad.Kind != kind):
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if _, err := input.Read(t.Context(), at("none"), 100); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
}

func TestReadIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for size, fits := range map[int]bool{0: true, 99: true, 100: true, 101: false, 5000: false} {
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
		data, err := input.Read(t.Context(), path, 100)
		if fits && (err != nil || len(data) != size) || !fits && !input.IsTooLarge(err) {
			t.Errorf("%d bytes: %d read, %v", size, len(data), err)
		}
		data, err = input.ReadStream(t.Context(), strings.NewReader(strings.Repeat("x", size)), "-", 100)
		if fits && (err != nil || len(data) != size) || !fits && !input.IsTooLarge(err) {
			t.Errorf("a stream of %d bytes: %d read, %v", size, len(data), err)
		}
	}
	// A file of /proc has no size.
	if data, err := input.Read(t.Context(), "/proc/self/status", 1<<20); err == nil && len(data) == 0 {
		t.Error("nothing was read of a file without a size")
	}
}

// What a shell gives for `<(...)` is read to its end, slowly if need be, and no
// longer than the run lasts.
func TestReadOfADescriptor(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func(w *os.File) {
		for _, part := range []string{"ver", "sion: ", "1\n"} {
			time.Sleep(20 * time.Millisecond)
			io.WriteString(w, part)
		}
		w.Close()
	}(w)
	path := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if data, err := input.Read(t.Context(), path, 100); err != nil || string(data) != "version: 1\n" {
		t.Errorf("%q, %v", data, err)
	}

	r, w, err = os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for _, path := range []string{fmt.Sprintf("/dev/fd/%d", r.Fd()), fmt.Sprintf("/proc/self/fd/%d", r.Fd())} {
		if _, err := input.Read(ctx, path, 100); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := input.ReadStream(ctx, r, "-", 100); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a stream: %v", err)
	}
}

func TestDescriptor(t *testing.T) {
	for path, want := range map[string]bool{
		"/dev/stdin": true, "/dev/fd/0": true, "/dev/fd/63": true, "/proc/self/fd/3": true, "/proc/12/fd/3": true,
		"/dev/../dev/fd/3": true, "/dev/fd/../ptmx": false, "/dev/fd/x": false, "/dev/ptmx": false, "dev/fd/3": false, "/dev/fd": false, "stdin": false,
	} {
		if got := input.Descriptor(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestReadLeavesOutTheByteOrderMark(t *testing.T) {
	for content, want := range map[string]string{
		"\ufeffroot:Milvus": "root:Milvus", "\ufeff": "", "a\ufeff": "a\ufeff", "\ufeff\ufeffa": "\ufeffa", "\xef\xbb": "\xef\xbb",
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if data, err := input.Read(t.Context(), path, 100); err != nil || string(data) != want {
			t.Errorf("%q: %q, %v", content, data, err)
		}
		if data, err := input.ReadStream(t.Context(), strings.NewReader(content), "-", 100); err != nil || string(data) != want {
			t.Errorf("%q as a stream: %q, %v", content, data, err)
		}
	}
}

// A body that announces too much is not read at all, and one that does not is read up
// to the bound.
func TestBodyIsBounded(t *testing.T) {
	const most = 1 << 16
	allocated := func(do func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for name, c := range map[string]struct {
		announced, has int64
		text           string // of the error
	}{
		"fits": {most, most, ""}, "fits, not announced": {-1, most, ""}, "empty": {0, 0, ""}, "announced as less": {10, most, ""},
		"announced": {1 << 40, 0, "larger than 64 KiB: it has 1073741824 KiB"}, "endless": {-1, 1 << 40, "larger than 64 KiB"}, "a liar": {10, 1 << 40, "larger than 64 KiB"},
	} {
		body := io.LimitReader(zeros{}, c.has)
		var data []byte
		var err error
		cost := allocated(func() { data, err = input.Body(body, c.announced, most) })
		if c.text == "" && (err != nil || int64(len(data)) != c.has) || c.text != "" && (!input.IsTooLarge(err) || !strings.Contains(err.Error(), c.text)) {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
		if cost > 6*most {
			t.Errorf("%s: %d bytes allocated", name, cost)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
