package process

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Interrupts turns signals into two contexts. The first SIGINT, SIGTERM
// or SIGHUP ends soft: whatever only reads or waits stops at once, and an apply
// starts no new step. The second ends hard: the run ends where it is, which is
// as safe as being killed. A later SIGHUP is no second one: when a terminal goes
// away, the kernel and the shell send one each.
type Interrupts struct {
	Soft, Hard context.Context
	Stop       func()
}

// longestWord is how long the end of a run waits for the lines on a signal.
const longestWord = 100 * time.Millisecond

// Watch watches for signals until Stop is called, and where the process ends then
// (last) until it has ended. onFirst tells of the first signal.
func Watch(last bool, onFirst func()) *Interrupts {
	soft, endSoft := context.WithCancel(context.Background())
	hard, endHard := context.WithCancel(context.Background())
	caught := make(chan os.Signal, 2)
	done, said := make(chan struct{}), make(chan struct{})
	watched := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup wants it to stay so
		watched = append(watched, syscall.SIGHUP)
	}
	signal.Notify(caught, watched...)
	go func() {
		for {
			var got os.Signal
			select {
			case got = <-caught:
			case <-done:
				return
			}
			switch {
			case soft.Err() == nil:
				endSoft()
				go func() { // perhaps for ever: standard error may have no reader
					defer close(said)
					onFirst()
				}()
			case got != syscall.SIGHUP:
				endHard()
				return
			}
		}
	}()
	return &Interrupts{Soft: soft, Hard: hard, Stop: func() {
		if !last {
			// The program itself goes on catching until it has exited: a signal
			// in its last instant must not replace its exit code.
			signal.Stop(caught)
		}
		close(done)
		if soft.Err() != nil {
			select {
			case <-said:
			case <-time.After(longestWord):
			}
		}
		endSoft()
		endHard()
	}}
}
