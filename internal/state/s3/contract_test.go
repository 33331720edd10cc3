package s3_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"aliasctl/internal/state"
	"aliasctl/internal/state/contract"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/testkit/gateway"
)

// The stores that are accepted keep the whole contract.

func keeps(t *testing.T, server gateway.Server, traits ...contract.Trait) {
	address := server.Start(t)
	contract.Test(t, func(name string) string { return gateway.Location(address, name) }, traits...)
}

func TestContractOnVersitygw(t *testing.T) { keeps(t, gateway.Versitygw) }
func TestContractOnGofakes3(t *testing.T)  { keeps(t, gateway.Gofakes3) }
func TestContractOnRclone(t *testing.T)    { keeps(t, gateway.RcloneLocal) }
func TestContractOnMinIO(t *testing.T)     { keeps(t, gateway.MinIO) }
func TestContractOnSeaweedFS(t *testing.T) { keeps(t, gateway.SeaweedFS, contract.Slow) }

// The others are refused before anything is written, by a lock, a save and a
// look at the store alike, and nothing is left in them.

func refused(t *testing.T, server gateway.Server, whys ...string) {
	address := server.Start(t)
	for what, do := range map[string]func(state.Location) error{
		"lock": func(l state.Location) error { _, err := l.Lock(t.Context(), 0, contract.Holder); return err },
		"save": func(l state.Location) error { return l.Save(t.Context(), contract.State(1, 3)) },
	} {
		l, err := stores.Open(gateway.Location(address, what+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var unconditional *state.UnconditionalError
		err = do(l)
		if !errors.As(err, &unconditional) {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%s: %s", what, unconditional.Why)
		known := false
		for _, why := range whys {
			known = known || strings.Contains(unconditional.Why, why)
		}
		if !known {
			t.Errorf("%s: %s", what, unconditional.Why)
		}
	}
	client, err := gateway.Client(address)
	if err != nil {
		t.Fatal(err)
	}
	for info := range client.ListObjects(t.Context(), gateway.Bucket, minio.ListObjectsOptions{Recursive: true}) {
		t.Errorf("left in the bucket: %s, %v", info.Key, info.Err)
	}
}

func TestRcloneOverMemoryIsRefused(t *testing.T) {
	refused(t, gateway.RcloneMemory, "were told that they had", "another's was stored")
}

func TestS3rverIsRefused(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "S3RVER")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "S3RVER")
	refused(t, gateway.S3rver, "it ignores If-Match")
}

func TestVersionsOnGofakes3(t *testing.T) {
	address := gateway.Gofakes3.Start(t)
	client, err := gateway.Client(address)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.EnableVersioning(t.Context(), gateway.Bucket); err != nil {
		t.Fatal(err)
	}
	contract.Versions(t, func(name string) string { return gateway.Location(address, name) })
}
