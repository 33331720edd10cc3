package atomicfile

import (
	"errors"
	"testing"
	"time"
)

// A name that a reader keeps busy is tried again, and not for ever; another error
// is final at once.
func TestRenameWaitsForReaders(t *testing.T) {
	busy, full := errors.New("busy"), errors.New("disk full")
	for _, tt := range []struct {
		name   string
		errs   []error // of the tries; then always the last
		want   error
		tries  int
		waited time.Duration
	}{
		{"free", []error{nil}, nil, 1, 0},
		{"read for a moment", []error{busy, busy, nil}, nil, 3, 2 * renamePause},
		{"read for ever", []error{busy}, busy, renameTries, (renameTries - 1) * renamePause},
		{"full", []error{full}, full, 1, 0},
		{"read, then full", []error{busy, full}, full, 2, renamePause},
	} {
		tries, waited := 0, time.Duration(0)
		err := renamed(func() error {
			tries++
			return tt.errs[min(tries, len(tt.errs))-1]
		}, func(err error) bool { return errors.Is(err, busy) }, func(d time.Duration) { waited += d })
		if err != tt.want || tries != tt.tries || waited != tt.waited {
			t.Errorf("%s: %v after %d tries and %v, want %v, %d, %v", tt.name, err, tries, waited, tt.want, tt.tries, tt.waited)
		}
	}
}
