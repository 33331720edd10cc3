// Package s3 keeps states in the objects of an S3 store, with the conditional
// writes that S3 has had since the end of 2024.
package s3

import (
	"context"
	"sync"

	"aliasctl/internal/state"
)

// Store is a bucket. Its credentials come from where S3 tools look for them,
// and are looked for at the first request.
type Store struct{ connect func() (*bucket, error) }

var _ state.Prover = (*Store)(nil)

// Open takes a location apart,
//
//	s3://BUCKET/KEY?endpoint=HOST:PORT&region=REGION&insecure=BOOL&path_style=BOOL&sse=AES256|aws:kms&kms_key_id=KEY&history=N
//
// with every parameter optional. name is the key of the state, history the
// copies that the location asks for.
func Open(location string) (s *Store, name string, history int, err error) {
	u, err := parseURL(location)
	if err != nil {
		return nil, "", 0, err
	}
	connect := sync.OnceValues(func() (*bucket, error) { return newBucket(u) })
	return &Store{connect}, u.key, u.history, nil
}

// Read is state.Store's. The body is left out by a HEAD.
func (s *Store) Read(ctx context.Context, name string, most int64) (state.Object, error) {
	b, err := s.connect()
	if err != nil {
		return state.Object{}, err
	}
	if most == 0 {
		return b.stat(ctx, name)
	}
	return b.read(ctx, name, most)
}

// Create is state.Store's.
func (s *Store) Create(ctx context.Context, name string, body []byte, mark string) (string, error) {
	return s.put(ctx, name, "", body, mark)
}

// Replace is state.Store's.
func (s *Store) Replace(ctx context.Context, name, revision string, body []byte, mark string) (string, error) {
	return s.put(ctx, name, revision, body, mark)
}

func (s *Store) put(ctx context.Context, name, revision string, body []byte, mark string) (string, error) {
	b, err := s.connect()
	if err != nil {
		return "", err
	}
	return b.put(ctx, name, revision, body, mark)
}

// Delete is state.Store's. The condition is left out: half of the stores do
// not know it there.
func (s *Store) Delete(ctx context.Context, name, _ string) error {
	b, err := s.connect()
	if err != nil {
		return err
	}
	return b.remove(ctx, name)
}
