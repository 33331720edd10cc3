package faults

import (
	"fmt"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
)

// changesOfFolder are the file operations of a run: the lock, the temporary
// files and their renames.
const changesOfFolder = syscall.IN_CREATE | syscall.IN_MODIFY | syscall.IN_ATTRIB | syscall.IN_CLOSE_WRITE |
	syscall.IN_MOVED_FROM | syscall.IN_MOVED_TO | syscall.IN_DELETE

// TestKillAtFileOperations kills the real program when the kernel reports the
// n-th change in the folder of its state: between the operations of the two
// saves, of the lock, and of the clean-up (promises "Cut anywhere" and
// "Disk").
func TestKillAtFileOperations(t *testing.T) {
	dir := scene.Shared(t)
	events, err := killAtEvent(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if events < 12 {
		t.Fatalf("a run makes %d changes in its folder, two saves should make more", events)
	}
	repeat := 1
	if scene.FullSweep() {
		repeat = 20 // the kernel reports a moment later, and each time another one
	}
	var group errgroup.Group
	group.SetLimit(2)
	for n := 1; n <= events; n++ {
		if scene.LeftOut(n) {
			continue
		}
		for range repeat {
			group.Go(func() error {
				if _, err := killAtEvent(dir, n); err != nil {
					t.Errorf("killed at file operation %d: %v", n, err)
				}
				return nil
			})
		}
	}
	_ = group.Wait()
	t.Logf("kills at file operations: %d", events*repeat)
}

// killAtEvent kills a run at the n-th change in its folder, 0 for never, and
// returns how many changes there were.
func killAtEvent(dir string, n int) (events int, err error) {
	c, err := scene.Play(scene.RichStory, emulator.V26, dir, "--parallel", "8")
	if err != nil {
		return 0, err
	}
	defer c.End()
	c.Watch()
	queue, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err != nil {
		return 0, err
	}
	if _, err := syscall.InotifyAddWatch(queue, c.Dir, changesOfFolder); err != nil {
		return 0, err
	}
	p, counted := c.Spawn(), make(chan int)
	go func() {
		seen, buffer := 0, make([]byte, 4096)
		for {
			size, err := syscall.Read(queue, buffer)
			if err != nil || size <= 0 {
				break
			}
			last := false
			for at := 0; at < size; {
				// An event is a watch, a mask, a cookie, a length, and a name of that length.
				mask := uint32(buffer[at+4]) | uint32(buffer[at+5])<<8 | uint32(buffer[at+6])<<16 | uint32(buffer[at+7])<<24
				if last = mask&syscall.IN_IGNORED != 0; last {
					break
				}
				if seen++; seen == n {
					p.Die()
				}
				at += syscall.SizeofInotifyEvent + int(uint32(buffer[at+12])|uint32(buffer[at+13])<<8)
			}
			if last {
				break
			}
		}
		counted <- seen
	}()
	e, err := p.Whole()
	// To end the watch is an event of its own, behind all the others.
	syscall.InotifyRmWatch(queue, 1)
	events = <-counted
	syscall.Close(queue)
	switch {
	case err != nil:
		return events, err
	case n == 0 && e.Code != 0:
		return events, fmt.Errorf("a run that is not killed: %v", e)
	}
	return events, c.Settles()
}
