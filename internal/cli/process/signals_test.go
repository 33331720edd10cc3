//go:build unix

package process

import (
	"syscall"
	"testing"
	"time"
)

// When a terminal goes away, the kernel and the shell send a SIGHUP each: the
// later one is not the second signal that ends a run where it is.
func TestAHangUpIsNoSecondSignal(t *testing.T) {
	signals := Watch(false, func() {})
	defer signals.Stop()
	send := func(signal syscall.Signal) {
		if err := syscall.Kill(syscall.Getpid(), signal); err != nil {
			t.Fatal(err)
		}
	}
	send(syscall.SIGHUP)
	<-signals.Soft.Done()
	send(syscall.SIGHUP)
	select {
	case <-signals.Hard.Done():
		t.Fatal("the second SIGHUP has ended it")
	case <-time.After(200 * time.Millisecond):
	}
	send(syscall.SIGTERM)
	<-signals.Hard.Done()
}
