package state

// Lock is an exclusive lock on a state, held by this process.
type Lock struct {
	release func() error
	lost    <-chan struct{}
	err     func() error
}

// NewLock makes a lock that ends with its process and cannot be lost before.
// release is called once for each call of Release.
func NewLock(release func() error) *Lock { return &Lock{release: release} }

// Release ends the lock. Calling it again does nothing.
func (l *Lock) Release() error { return l.release() }

// Lost is closed when the lock is no longer ours, before another run can have
// it. Such a run must not begin another write; its saves are refused. The lock
// of a file cannot be lost: nil, which never is ready.
func (l *Lock) Lost() <-chan struct{} { return l.lost }

// Err is nil while the lock is held, and a *LostError once it is lost.
func (l *Lock) Err() error {
	if l.err == nil {
		return nil
	}
	return l.err()
}
