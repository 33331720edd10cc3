package state_test

import (
	"syscall"
	"testing"
)

// There are no signals that stop a process and let it go on.
const stopSignal, continueSignal = syscall.SIGKILL, syscall.SIGKILL

func setUmask(int) (old int) { return 0 }

func makePipe(t *testing.T, _ string) {
	t.Helper()
	t.Skip("no named pipes in folders on Windows")
}
