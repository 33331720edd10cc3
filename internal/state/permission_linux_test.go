package state_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	statefile "aliasctl/internal/state"
)

// asNobody runs f as a user to whom permissions apply, also when the tests
// run as root. Only this thread changes its user, and it ends with f.
func asNobody(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread is not used again
		if os.Geteuid() == 0 {
			_ = syscall.Setfsuid(65534)
		}
		f()
	}()
	<-done
}

func TestWithoutPermission(t *testing.T) {
	dir, work := t.TempDir(), t.TempDir()
	for path, mode := range map[string]fs.FileMode{filepath.Dir(dir): 0o755, dir: 0o755, work: 0o777} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(work)
	for name, mode := range map[string]fs.FileMode{"s.json": 0o644, "hidden.json": 0} {
		path := filepath.Join(dir, name)
		save(t, open(t, path), numbered(1))
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)

	f := open(t, dir+"/s.json")
	asNobody(func() {
		if got := serial(t, f); got != 1 { // a dry run needs no more
			t.Errorf("read serial %d", got)
		}
		_, err := f.Lock(t.Context(), 0, statefile.Holder{})
		var lock *statefile.LockError
		if !errors.As(err, &lock) || !errors.Is(err, fs.ErrPermission) || !strings.HasSuffix(err.Error(), "permission denied") {
			t.Errorf("lock: %v", err)
		}
		err = f.Save(t.Context(), numbered(2))
		if !errors.Is(err, fs.ErrPermission) || !strings.HasSuffix(err.Error(), "cannot create a temporary file beside it: permission denied; the old state is untouched") {
			t.Errorf("save: %v", err)
		}
		if path, err := f.SaveErrored(numbered(2)); path != work+"/errored.s.json" || err != nil {
			t.Errorf("errored state at %q, %v", path, err)
		}
		if err := f.Writable(); !errors.Is(err, fs.ErrPermission) || !strings.HasSuffix(err.Error(), `s.json": permission denied`) {
			t.Errorf("writable: %v", err)
		}
		_, err = open(t, dir+"/hidden.json").Read(t.Context())
		if !errors.Is(err, fs.ErrPermission) || statefile.IsAbsent(err) || statefile.IsCorrupt(err) {
			t.Errorf("read what is hidden: %v", err)
		}
	})
	if got := serial(t, f); got != 1 {
		t.Errorf("serial %d is on disk", got)
	}
}
