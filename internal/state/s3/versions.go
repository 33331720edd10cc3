package s3

import (
	"context"
	"slices"
	"time"

	"github.com/minio/minio-go/v7"

	"aliasctl/internal/input"
	"aliasctl/internal/state"
)

var _ state.Versioned = (*Store)(nil)

// Versions is state.Versioned's, in a bucket with versioning.
func (s *Store) Versions(ctx context.Context, name string, most int) ([]state.Version, error) {
	b, err := s.connect()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	var all []state.Version
	latest := 0 // its place in all
	for info := range b.core.Client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: name, Recursive: true, WithVersions: true}) {
		switch {
		case info.Err != nil:
			told := b.explain(info.Err, reading)
			if told.Status == 403 {
				told.Advice = "check the credentials, and allow s3:ListBucketVersions on the bucket and s3:GetObjectVersion on the state"
			}
			return nil, told
		case info.Key == name && !info.IsDeleteMarker:
			if info.IsLatest {
				latest = len(all)
			}
			all = append(all, state.Version{ID: info.VersionID, Written: info.LastModified})
		}
	}
	// AWS lists the newest first, gofakes3 the oldest, and the times may be whole seconds.
	if latest > 0 && latest == len(all)-1 {
		slices.Reverse(all)
	}
	slices.SortStableFunc(all, func(a, b state.Version) int { return b.Written.Compare(a.Written) })
	return all[:min(most, len(all))], nil
}

// ReadVersion is state.Versioned's.
func (s *Store) ReadVersion(ctx context.Context, name, id string, most int64) (state.Object, error) {
	b, err := s.connect()
	if err != nil {
		return state.Object{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout+time.Duration(most/slowest)*time.Second)
	defer cancel()
	body, info, _, err := b.core.GetObject(ctx, b.name, name, minio.GetObjectOptions{VersionID: id})
	if err != nil {
		return b.unlessAbsent(err)
	}
	defer body.Close()
	text, err := input.Body(body, info.Size, most)
	switch {
	case input.IsTooLarge(err):
		return state.Object{}, state.TooLarge(err)
	case err != nil:
		return state.Object{}, b.explain(err, reading)
	}
	return state.Object{Revision: info.ETag, Body: text}, nil
}
