package state_test

import (
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/stores"
	s3 "aliasctl/internal/testkit/gateway"
)

// gateway is a real S3 server with one bucket.
type gateway struct{ address string }

func startGateway(t *testing.T) *gateway {
	t.Helper()
	return &gateway{s3.Start(t)}
}

// location names an object in the bucket.
func (g *gateway) location(key string) string { return s3.Location(g.address, key) }

// object opens one for one run, with a lease that suits a test.
func (g *gateway) object(t testing.TB, key string, lease time.Duration) statefile.Location {
	t.Helper()
	return object(t, g.location(key), lease)
}

func object(t testing.TB, location string, lease time.Duration) statefile.Location {
	t.Helper()
	o, err := stores.OpenWith(location, statefile.Options{Lease: lease})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// client is a plain S3 client, to look behind the scenes.
func (g *gateway) client(t testing.TB) *minio.Client {
	t.Helper()
	c, err := s3.Client(g.address)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// keys lists the bucket.
func (g *gateway) keys(t testing.TB) []string {
	t.Helper()
	var keys []string
	for info := range g.client(t).ListObjects(t.Context(), s3.Bucket, minio.ListObjectsOptions{Recursive: true}) {
		if info.Err != nil {
			t.Fatal(info.Err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}
