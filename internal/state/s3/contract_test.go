package s3_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"aliasctl/internal/state"
	"aliasctl/internal/state/contract"
	"aliasctl/internal/state/s3"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/testkit/gateway"
)

// The stores that are accepted keep the whole contract.

func keeps(t *testing.T, server gateway.Server, traits ...contract.Trait) {
	var address string
	if !contract.IsChild() { // else it would be left behind when the child is killed
		address = server.Start(t)
	}
	contract.Test(t, func(name string) string { return gateway.Location(address, name) }, traits...)
}

func TestContractOnVersitygw(t *testing.T) { keeps(t, gateway.Versitygw) }
func TestContractOnGofakes3(t *testing.T)  { keeps(t, gateway.Gofakes3) }
func TestContractOnRclone(t *testing.T)    { keeps(t, gateway.RcloneLocal) }
func TestContractOnMinIO(t *testing.T)     { keeps(t, gateway.MinIO) }
func TestContractOnSeaweedFS(t *testing.T) { keeps(t, gateway.SeaweedFS, contract.Slow) }
func TestContractOnRadosgw(t *testing.T)   { keeps(t, gateway.Radosgw, contract.Slow) }

// A body that minio-go would send in parts, without the condition on the last
// request, is one request too.
func TestALargeStateIsOneConditionalPut(t *testing.T) {
	user, secret := gateway.Gofakes3.Credentials()
	t.Setenv("AWS_ACCESS_KEY_ID", user)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	store, name, _, err := s3.Open(gateway.Location(gateway.Gofakes3.Start(t), "large.json"))
	if err != nil {
		t.Fatal(err)
	}
	large := bytes.Repeat([]byte("x"), 17<<20)
	first, err := store.Create(t.Context(), name, []byte("1\n"), "mark")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Create(t.Context(), name, large, "mark"); err == nil {
		t.Error("it was created over another")
	}
	second, err := store.Replace(t.Context(), name, first, large, "mark")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Replace(t.Context(), name, first, large, "mark"); err == nil {
		t.Error("it was written over a later one")
	}
	if there, err := store.Read(t.Context(), name, 32<<20); err != nil || there.Revision != second || !bytes.Equal(there.Body, large) {
		t.Errorf("%s with %d bytes, %v; want %s", there.Revision, len(there.Body), err, second)
	}
}

// The others are refused before anything is written, by a lock, a save and a
// look at the store alike, and nothing is left in them.

func refused(t *testing.T, server gateway.Server, address string, whys ...string) {
	t.Helper()
	user, secret := server.Credentials()
	t.Setenv("AWS_ACCESS_KEY_ID", user)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
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
	client, err := server.Client(address)
	if err != nil {
		t.Fatal(err)
	}
	for info := range client.ListObjects(t.Context(), gateway.Bucket, minio.ListObjectsOptions{Recursive: true}) {
		t.Errorf("left in the bucket: %s, %v", info.Key, info.Err)
	}
}

func TestRcloneOverMemoryIsRefused(t *testing.T) {
	refused(t, gateway.RcloneMemory, gateway.RcloneMemory.Start(t), "were told that they had", "another's was stored")
}

func TestS3rverIsRefused(t *testing.T) {
	refused(t, gateway.S3rver, gateway.S3rver.Start(t), "it ignores If-Match")
}

func TestSwiftIsRefused(t *testing.T) {
	refused(t, gateway.Swift, gateway.Swift.Start(t), "501 NotImplemented")
}

func TestRadosgwWithVersionsIsRefused(t *testing.T) {
	address := gateway.Radosgw.Start(t)
	versioned(t, address)
	refused(t, gateway.Radosgw, address, "it ignores If-None-Match")
}
