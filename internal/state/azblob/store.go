// Package azblob keeps states in blobs of Azure Blob Storage.
//
// The lock is a lease of the blob of the state, granted by the service and ended
// by it when it is not renewed. Its id goes with every write of the run that has
// it, so that a run which has lost its lease cannot save: the service refuses.
// A lease needs a blob: before the first save that is an empty one, which counts
// as no state. KEY.lock has the name of the holder, for people.
//
// Each verb is one request of the SDK, whose own repetitions are off: they bring
// the success of the first back as a condition that is not met. Whole bodies go
// by Upload alone: UploadBuffer and UploadFile drop the conditions of large ones.
package azblob

import (
	"bytes"
	"context"
	"crypto/md5"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"aliasctl/internal/input"
	"aliasctl/internal/state"
)

const (
	// tryTimeout is the time for one request, and slowest (bytes a second)
	// what its body adds to that.
	tryTimeout = 30 * time.Second
	slowest    = 1 << 20

	// The metadata of a blob: whose write it is, and that it only has the lease.
	markKey   = "Aliasctl_write"
	vacantKey = "Aliasctl_vacant"
)

// Store is a container. Its credentials are looked for at the first request.
type Store struct {
	account, container string

	connect func() (*client, error)

	mu     sync.Mutex
	leased string // the blob whose lease this run has, "" for none
	lease  string // its id
	// vacant are the ETags of empty blobs that stand for no state, as last seen.
	vacant map[string]azcore.ETag
}

var (
	_ state.Locker   = (*Store)(nil)
	_ state.Unlisted = (*Store)(nil)
)

// Open takes a location apart,
//
//	azblob://ACCOUNT/CONTAINER/KEY?endpoint=URL&history=N
//
// with both parameters optional. name is the key of the state, history the
// copies that the location asks for.
func Open(location string) (s *Store, name string, history int, err error) {
	u, err := parseURL(location)
	if err != nil {
		return nil, "", 0, err
	}
	connect := sync.OnceValues(func() (*client, error) { return newClient(u) })
	return &Store{account: u.account, container: u.container, connect: connect, vacant: make(map[string]azcore.ETag)}, u.key, u.history, nil
}

// Lists is state.Unlisted's. azurite has no versions to test with
// (https://github.com/Azure/Azurite, README: "Blob Versions" are not supported).
func (s *Store) Lists(name string) string {
	return "az storage blob list --include v --account-name " + s.account + " --container-name " + s.container + " --prefix " + state.Quote(name)
}

// Read is state.Store's.
func (s *Store) Read(ctx context.Context, name string, most int64) (state.Object, error) {
	c, err := s.connect()
	if err != nil {
		return state.Object{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout+time.Duration(most/slowest)*time.Second)
	defer cancel()
	if most == 0 {
		there, err := c.blob(name).GetProperties(ctx, nil)
		if err != nil {
			return s.unlessAbsent(name, c.explain(err, reading))
		}
		return s.object(name, there.ETag, there.Metadata, there.ContentLength, state.Object{})
	}
	there, err := c.blob(name).DownloadStream(ctx, nil)
	if err != nil {
		return s.unlessAbsent(name, c.explain(err, reading))
	}
	defer there.Body.Close()
	announced := int64(0)
	if there.ContentLength != nil {
		announced = *there.ContentLength
	}
	body, err := input.Body(there.Body, announced, most)
	switch {
	case input.IsTooLarge(err):
		return state.Object{}, state.TooLarge(err)
	case err != nil:
		return state.Object{}, c.explain(err, reading)
	}
	if sum := md5.Sum(body); len(there.ContentMD5) > 0 && !bytes.Equal(there.ContentMD5, sum[:]) {
		return state.Object{}, &state.StoreError{Class: state.Busy, Message: "the blob does not fit its Content-MD5",
			Advice: "check the proxies between here and the store, then run the same command again"}
	}
	object := state.Object{Body: body}
	if there.Date != nil && there.LastModified != nil {
		object.Age = max(1, there.Date.Sub(*there.LastModified))
	}
	return s.object(name, there.ETag, there.Metadata, there.ContentLength, object)
}

// object completes what was read. A blob that only has the lease is none.
func (s *Store) object(name string, etag *azcore.ETag, metadata map[string]*string, length *int64, object state.Object) (state.Object, error) {
	if etag == nil || *etag == "" {
		return state.Object{}, &state.StoreError{Message: "it gives the blob no ETag", Advice: "check endpoint in --state: it does not answer as Azure Blob Storage does"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if length != nil && *length == 0 && metadata[vacantKey] != nil {
		s.vacant[name] = *etag
		return state.Object{}, nil
	}
	delete(s.vacant, name)
	object.Revision = string(*etag)
	if mark := metadata[markKey]; mark != nil {
		object.Mark = *mark
	}
	return object, nil
}

func (s *Store) unlessAbsent(name string, e *state.StoreError) (state.Object, error) {
	if e.Code == string(bloberror.BlobNotFound) {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.vacant, name)
		return state.Object{}, nil
	}
	return state.Object{}, e
}

// Create is state.Store's. Where a blob only has the lease it is replaced, and
// what is last known of it may be old: taking the lock does not change it, but
// another first save does.
func (s *Store) Create(ctx context.Context, name string, body []byte, mark string) (string, error) {
	for {
		before := s.vacancy(name)
		revision, err := s.upload(ctx, name, before, body, map[string]*string{markKey: &mark})
		if !isRefused(err) {
			return revision, err
		}
		there, readErr := s.Read(ctx, name, 0)
		if readErr != nil || there.Revision != "" || s.vacancy(name) == before {
			return "", err
		}
	}
}

func (s *Store) vacancy(name string) azcore.ETag {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.vacant[name]
}

// Replace is state.Store's.
func (s *Store) Replace(ctx context.Context, name, revision string, body []byte, mark string) (string, error) {
	if revision == "" {
		return "", &state.StoreError{Message: "there is no revision to replace"}
	}
	return s.upload(ctx, name, azcore.ETag(revision), body, map[string]*string{markKey: &mark})
}

// upload writes a blob on the condition that it has this ETag, or that there is
// none if it is "".
func (s *Store) upload(ctx context.Context, name string, etag azcore.ETag, body []byte, metadata map[string]*string) (string, error) {
	conditions := &blob.ModifiedAccessConditions{}
	if any := azcore.ETagAny; etag == "" {
		conditions.IfNoneMatch = &any
	} else {
		conditions.IfMatch = &etag
	}
	return s.put(ctx, name, conditions, body, metadata)
}

func (s *Store) put(ctx context.Context, name string, conditions *blob.ModifiedAccessConditions, body []byte, metadata map[string]*string) (string, error) {
	c, err := s.connect()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout+time.Duration(len(body)/slowest)*time.Second)
	defer cancel()
	json := "application/json"
	done, err := c.blob(name).Upload(ctx, streaming.NopCloser(bytes.NewReader(body)), &blockblob.UploadOptions{
		HTTPHeaders: &blob.HTTPHeaders{BlobContentType: &json},
		Metadata:    metadata,
		AccessConditions: &blob.AccessConditions{
			ModifiedAccessConditions: conditions,
			LeaseAccessConditions:    s.fence(name),
		},
		TransactionalValidation: blob.TransferValidationTypeComputeCRC64(),
	})
	switch {
	case err != nil:
		return "", c.explain(err, writing)
	case done.ETag == nil || *done.ETag == "":
		return "", &state.StoreError{Message: "it gives the blob no ETag"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.vacant, name)
	return string(*done.ETag), nil
}

// fence is the lease that a write needs.
func (s *Store) fence(name string) *blob.LeaseAccessConditions {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leased != name || name == "" {
		return nil
	}
	id := s.lease
	return &blob.LeaseAccessConditions{LeaseID: &id}
}

// Delete is state.Store's.
func (s *Store) Delete(ctx context.Context, name, revision string) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	etag := azcore.ETag(revision)
	_, err = c.blob(name).Delete(ctx, &blob.DeleteOptions{AccessConditions: &blob.AccessConditions{
		ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: &etag}, LeaseAccessConditions: s.fence(name)}})
	if err != nil && !bloberror.HasCode(err, bloberror.BlobNotFound) {
		return c.explain(err, removing)
	}
	return nil
}
