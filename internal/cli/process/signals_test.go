//go:build unix

package process

import (
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// When a terminal goes away, the kernel and the shell send a SIGHUP each: the
// later one is not the second signal that ends a run where it is.
func TestAHangUpIsNoSecondSignal(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("under nohup a SIGHUP is ignored, here as in the program")
	}
	signals := Watch(false, func() {})
	defer signals.Stop()
	send := func(s syscall.Signal) {
		if err := syscall.Kill(syscall.Getpid(), s); err != nil {
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
