package s3_test

import (
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"aliasctl/internal/state"
	"aliasctl/internal/state/contract"
	"aliasctl/internal/testkit/gateway"
)

// versioned has the bucket keep versions from now on.
func versioned(t *testing.T, address string) *minio.Client {
	t.Helper()
	client, err := gateway.Client(address)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.EnableVersioning(t.Context(), gateway.Bucket); err != nil {
		t.Fatal(err)
	}
	return client
}

// Each server that keeps versions lists them. What was deleted there is reported as
// that, but by gofakes3, which does not show it; a store that creates nothing in its
// place reports at once how to bring it back.
func TestVersions(t *testing.T) {
	for name, tt := range map[string]struct {
		server        gateway.Server
		shows, buries bool
	}{
		"versitygw": {gateway.VersitygwVersions, true, true},
		"gofakes3":  {gateway.Gofakes3, false, false},
		"minio":     {gateway.MinIO, true, false},
		"seaweedfs": {gateway.SeaweedFS, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			address := tt.server.Start(t)
			client := versioned(t, address)
			location := func(name string) string { return gateway.Location(address, name) }
			contract.Versions(t, location)

			l := contract.Open(t, location("deleted.json"))
			if err := l.Save(t.Context(), contract.State(1, 3)); err != nil {
				t.Fatal(contract.Told(err))
			}
			if err := client.RemoveObject(t.Context(), gateway.Bucket, "deleted.json", minio.RemoveObjectOptions{}); err != nil {
				t.Fatal(err)
			}
			next := contract.Open(t, location("deleted.json"))
			if _, err := next.Read(t.Context()); !state.IsAbsent(err) || state.IsDeleted(err) != tt.shows {
				t.Errorf("of what was deleted: %s", contract.Told(err))
			} else if tt.shows {
				contract.Expect(t, err, "it was deleted", "remove the delete marker")
			}
			begun := time.Now()
			err := next.Save(t.Context(), contract.State(2, 3))
			if took := time.Since(begun); !tt.buries && err != nil || tt.buries && (err == nil || took > 5*time.Second) {
				t.Errorf("in its place, after %v: %s", took, contract.Told(err))
			} else if tt.buries {
				contract.Expect(t, err, "412 PreconditionFailed", "remove its delete marker")
			}
		})
	}
}
