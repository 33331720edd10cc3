//go:build unix

package state_test

import (
	"syscall"
	"testing"
)

const (
	stopSignal     = syscall.SIGSTOP
	continueSignal = syscall.SIGCONT
)

func setUmask(mask int) (old int) { return syscall.Umask(mask) }

func makePipe(t *testing.T, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}
