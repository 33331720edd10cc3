package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// interrupts turns signals into two contexts. The first SIGINT, SIGTERM
// or SIGHUP ends soft: whatever only reads or waits stops at once, and an apply
// starts no new step. The second ends hard: the run ends where it is, which is
// as safe as being killed. A later SIGHUP is no second one: when a terminal goes
// away, the kernel and the shell send one each.
type interrupts struct {
	soft, hard context.Context
	stop       func()
}

// longestWord is how long the end of a run waits for what is said of a signal.
const longestWord = 100 * time.Millisecond

// watchSignals watches until stop is called. onFirst tells of the first signal.
func (s *streams) watchSignals(onFirst func()) *interrupts {
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
				go func() { // perhaps for ever: nobody has to read standard error
					defer close(said)
					onFirst()
				}()
			case got != syscall.SIGHUP:
				endHard()
				return
			}
		}
	}()
	return &interrupts{soft: soft, hard: hard, stop: func() {
		if !s.owned {
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
