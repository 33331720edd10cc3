package atomicfile

import "time"

const (
	renamePause = 10 * time.Millisecond
	renameTries = 200 // two seconds in all
)

// Rename calls a function that renames onto an existing name until the name is free
// to be replaced. On Windows it is not while anyone reads the file, or a virus
// scanner or an indexer looks at it; that takes a moment. Elsewhere it is at once.
func Rename(rename func() error) error { return renamed(rename, inUse, time.Sleep) }

func renamed(rename func() error, inUse func(error) bool, sleep func(time.Duration)) error {
	err := rename()
	for n := 1; err != nil && inUse(err) && n < renameTries; n++ {
		sleep(renamePause)
		err = rename()
	}
	return err
}
