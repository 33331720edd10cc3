package statefile_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sys/unix"

	"aliasctl/internal/statefile"
)

// The credentials of the S3 server of the tests.
const (
	testUser   = "tester"
	testSecret = "not-a-secret-of-anybody"
)

// gateway is a real S3 server (versitygw) on loopback with one bucket,
// "states".
type gateway struct{ address string }

// location names an object in the bucket.
func (g *gateway) location(key string) string {
	return "s3://states/" + key + "?endpoint=" + g.address + "&insecure=true&region=us-east-1"
}

// object opens one for one run, with a lease that suits a test.
func (g *gateway) object(t testing.TB, key string, lease time.Duration) statefile.Location {
	t.Helper()
	return object(t, g.location(key), lease)
}

func object(t testing.TB, location string, lease time.Duration) statefile.Location {
	t.Helper()
	o, err := statefile.OpenWith(location, statefile.Options{Lease: lease})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// client is a plain S3 client, to look behind the scenes.
func (g *gateway) client(t testing.TB) *minio.Client {
	t.Helper()
	c, err := minio.New(g.address, &minio.Options{Creds: credentials.NewStaticV4(testUser, testSecret, ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// keys lists the bucket.
func (g *gateway) keys(t testing.TB) []string {
	t.Helper()
	var keys []string
	for info := range g.client(t).ListObjects(t.Context(), "states", minio.ListObjectsOptions{Recursive: true}) {
		if info.Err != nil {
			t.Fatal(info.Err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

// startGateway starts a server for one test. Where it cannot be built the test
// is skipped, but not in CI.
func startGateway(t *testing.T) *gateway {
	t.Helper()
	binary, err := gatewayBinary()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no S3 server to test against: %v", err)
		}
		t.Skipf("no S3 server to test against: %v", err)
	}
	dir, err := attributesDir(t)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no place for an S3 server: %v", err)
		}
		t.Skipf("no place for an S3 server: %v", err)
	}
	for range 5 { // another process may take the port
		if g := tryGateway(t, binary, dir); g != nil {
			if err := g.client(t).MakeBucket(t.Context(), "states", minio.MakeBucketOptions{}); err != nil {
				t.Fatal(err)
			}
			return g
		}
	}
	t.Fatal("versitygw does not start")
	return nil
}

func tryGateway(t *testing.T, binary, dir string) *gateway {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	var said strings.Builder
	cmd := exec.Command(binary, "--port", address, "--quiet", "posix", dir)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+testUser, "ROOT_SECRET_KEY="+testSecret)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	stop := func() { _ = cmd.Process.Kill(); <-ended }
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			t.Logf("versitygw ended: %s", said.String())
			return nil
		default:
		}
		resp, err := http.Get("http://" + address + "/")
		if err == nil {
			_ = resp.Body.Close()
			t.Cleanup(stop)
			return &gateway{address}
		}
	}
	stop()
	return nil
}

// attributesDir is a folder whose files can have extended attributes, in which
// the server keeps the metadata of objects.
func attributesDir(t *testing.T) (string, error) {
	dir := t.TempDir()
	err := unix.Setxattr(dir, "user.aliasctl", []byte("1"), 0)
	if err == nil {
		return dir, nil
	}
	here, mkdirErr := os.MkdirTemp(".", ".s3-*")
	if mkdirErr != nil {
		return "", errors.Join(err, mkdirErr)
	}
	t.Cleanup(func() { _ = os.RemoveAll(here) })
	return here, unix.Setxattr(here, "user.aliasctl", []byte("1"), 0)
}

// gatewayBinary builds the server from its module, once for each version of it.
var gatewayBinary = sync.OnceValues(func() (string, error) {
	source, err := filepath.Abs("../../testdata/versitygw")
	if err != nil {
		return "", err
	}
	sums, err := os.ReadFile(filepath.Join(source, "go.sum"))
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "aliasctl-test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(sums, runtime.Version()...))
	binary := filepath.Join(dir, "versitygw-"+hex.EncodeToString(sum[:8]))
	// Of two packages that are tested at once, one builds.
	lock := flock.New(binary + ".lock")
	if err := lock.Lock(); err != nil {
		return "", err
	}
	defer func() { _ = lock.Unlock() }()
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	fmt.Fprintln(os.Stderr, "building versitygw, an S3 server to test against: about two minutes, once")
	ctx, cancel := context.WithTimeout(context.Background(), 9*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-C", source, "-trimpath", "-ldflags=-s -w", "-o", binary+".new", "github.com/versity/versitygw/cmd/versitygw")
	build.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("versitygw cannot be built: %w: %s", err, out)
	}
	return binary, os.Rename(binary+".new", binary)
})
