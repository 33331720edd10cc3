package azblob

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	"github.com/google/uuid"

	"aliasctl/internal/state"
)

// What Azure grants.
const (
	shortestLease = 15 * time.Second
	longestLease  = time.Minute
)

// record is the content of KEY.lock. It decides nothing: the lease does, and
// its id is compared by the service.
type record struct {
	ID     string       `json:"id,omitempty"` // "" for none
	Holder state.Holder `json:"holder,omitzero"`
	Lease  float64      `json:"lease_seconds,omitempty"`
}

func (s *Store) leaseOf(c *client, name, id string) (*lease.BlobClient, error) {
	return lease.NewBlobClient(c.blob(name), &lease.BlobClientOptions{LeaseID: &id})
}

// TakeLock is state.Locker's. The id of the lease is that of the run, so that a
// repetition after a lost answer is granted what the first try was.
func (s *Store) TakeLock(ctx context.Context, name string, request state.LockRequest) (state.HeldLock, error) {
	c, err := s.connect()
	if err != nil {
		return nil, err
	}
	at, err := s.leaseOf(c, name, request.ID)
	if err != nil {
		return nil, c.explain(err, locking)
	}
	length := min(max(request.Lease, shortestLease), longestLease)
	length = time.Duration(math.Ceil(length.Seconds())) * time.Second
	acquire := func() error {
		ctx, cancel := context.WithTimeout(ctx, tryTimeout)
		defer cancel()
		_, err := at.AcquireLease(ctx, int32(length.Seconds()), nil)
		return err
	}
	err = acquire()
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		vacant := "1"
		if _, err := s.upload(ctx, name, "", nil, map[string]*string{vacantKey: &vacant}); err != nil && !isRefused(err) {
			return nil, err
		}
		err = acquire()
	}
	switch {
	case bloberror.HasCode(err, bloberror.LeaseAlreadyPresent, bloberror.LeaseIsBreakingAndCannotBeAcquired):
		held := &state.LockedError{}
		if now, _, err := s.recorded(ctx, name); err == nil {
			held.ID, held.Holder = now.ID, now.Holder
		}
		return nil, held
	case err != nil:
		return nil, c.explain(err, locking)
	}
	lock := &heldLock{store: s, client: c, at: at, name: name, length: length}
	if err := s.record(ctx, name, "", record{ID: request.ID, Holder: request.Holder, Lease: length.Seconds()}); err != nil {
		_ = lock.Release(context.WithoutCancel(ctx))
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leased, s.lease = name, request.ID
	return lock, nil
}

// record writes who has the lock, in place of the record with this revision or, if that
// is "", of any.
func (s *Store) record(ctx context.Context, name, revision string, r record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	var conditions *blob.ModifiedAccessConditions
	if etag := azcore.ETag(revision); etag != "" {
		conditions = &blob.ModifiedAccessConditions{IfMatch: &etag}
	}
	_, err = s.put(ctx, name+".lock", conditions, append(text, '\n'), nil)
	return err
}

// recorded is who has the lock, as far as that is known, and the revision that says so.
func (s *Store) recorded(ctx context.Context, name string) (r record, revision string, err error) {
	there, err := s.Read(ctx, name+".lock", 64<<10)
	if err == nil && there.Revision != "" && json.Unmarshal(there.Body, &r) != nil {
		r = record{}
	}
	return r, there.Revision, err
}

// heldLock is a lease.
type heldLock struct {
	store  *Store
	client *client
	at     *lease.BlobClient
	name   string
	length time.Duration
}

var _ state.HeldLock = (*heldLock)(nil)

func (l *heldLock) Lease() time.Duration { return l.length }

func (l *heldLock) Renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	if _, err := l.at.RenewLease(ctx, nil); err != nil {
		return l.client.explain(err, locking)
	}
	return nil
}

// Release clears the record after the lease has ended: while a lease cannot be released,
// the record has the id that frees it. The record of the next holder stays.
func (l *heldLock) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	now, revision, readErr := l.store.recorded(ctx, l.name)
	if _, err := l.at.ReleaseLease(ctx, nil); err != nil {
		return l.client.explain(err, locking)
	}
	if readErr == nil && now.ID == *l.at.LeaseID() {
		_ = l.store.record(ctx, l.name, revision, record{}) // what stays is compared with the lease
	}
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	if l.store.lease == *l.at.LeaseID() {
		l.store.leased, l.store.lease = "", ""
	}
	return nil
}

// LockStatus is state.Locker's.
func (s *Store) LockStatus(ctx context.Context, name string) (state.LockStatus, error) {
	c, err := s.connect()
	if err != nil {
		return state.LockStatus{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	there, err := c.blob(name).GetProperties(ctx, nil)
	switch {
	case bloberror.HasCode(err, bloberror.BlobNotFound):
		return state.LockStatus{}, nil
	case err != nil:
		return state.LockStatus{}, c.explain(err, reading)
	case there.LeaseState == nil || *there.LeaseState != lease.StateTypeLeased && *there.LeaseState != lease.StateTypeBreaking:
		return state.LockStatus{}, nil
	}
	now, _, err := s.recorded(ctx, name)
	if err != nil {
		return state.LockStatus{}, err
	}
	return state.LockStatus{Held: true, ID: now.ID, Holder: now.Holder, Lease: time.Duration(now.Lease * float64(time.Second))}, nil
}

// BreakLock is Location's. It releases the lease by its id, which the service
// compares: that of another run stays.
func (s *Store) BreakLock(ctx context.Context, name, id string) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	released := &state.StoreError{Class: state.Refused}
	if uuid.Validate(id) == nil {
		at, err := s.leaseOf(c, name, id)
		if err != nil {
			return c.explain(err, locking)
		}
		err = (&heldLock{store: s, client: c, at: at, name: name}).Release(ctx)
		if err == nil || !errors.As(err, &released) {
			return err
		}
	}
	if released.Class != state.Refused {
		return released
	}
	status, err := s.LockStatus(ctx, name)
	if err != nil {
		return err
	}
	held := &state.NotHeldError{ID: id, Holder: status.Holder, Now: status.ID}
	if status.Held && (held.Now == "" || held.Now == id) {
		held.Now = "unknown" // to aliasctl: another program has the lease
	}
	return held
}
