//go:build linux || darwin

// Package gateway is a real S3 server (versitygw) on loopback for tests: those
// of states in objects use it, and the scripts of the program.
package gateway

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
)

// What the server knows: one user, and one bucket.
const (
	User   = "tester"
	Secret = "not-a-secret-of-anybody"
	Bucket = "states"
	Region = "us-east-1"
)

// Location names an object in the bucket.
func Location(address, key string) string {
	return "s3://" + Bucket + "/" + key + "?endpoint=" + address + "&insecure=true&region=" + Region
}

// Start starts a server for one test, and returns its address. Where it cannot
// be built the test is skipped, but not in CI.
func Start(t *testing.T) (address string) {
	t.Helper()
	server, err := binary()
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
		if address := try(t, server, dir); address != "" {
			client, err := Client(address)
			if err == nil {
				err = client.MakeBucket(t.Context(), Bucket, minio.MakeBucketOptions{})
			}
			if err != nil {
				t.Fatal(err)
			}
			return address
		}
	}
	t.Fatal("versitygw does not start")
	return ""
}

// Client is a plain S3 client of such a server.
func Client(address string) (*minio.Client, error) {
	return minio.New(address, &minio.Options{Creds: credentials.NewStaticV4(User, Secret, ""), Region: Region})
}

// try returns "" where the server ends at once.
func try(t *testing.T, server, dir string) (address string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = free.Addr().String()
	_ = free.Close()
	var said strings.Builder
	cmd := exec.Command(server, "--port", address, "--quiet", "posix", dir)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+User, "ROOT_SECRET_KEY="+Secret)
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
			return ""
		default:
		}
		resp, err := http.Get("http://" + address + "/")
		if err == nil {
			_ = resp.Body.Close()
			t.Cleanup(stop)
			return address
		}
	}
	stop()
	return ""
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

// binary builds the server from its module, once for each version of it.
var binary = sync.OnceValues(func() (string, error) {
	source, err := module()
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
	built := filepath.Join(dir, "versitygw-"+hex.EncodeToString(sum[:8]))
	// Of two packages that are tested at once, one builds.
	lock := flock.New(built + ".lock")
	if err := lock.Lock(); err != nil {
		return "", err
	}
	defer func() { _ = lock.Unlock() }()
	if _, err := os.Stat(built); err == nil {
		return built, nil
	}
	fmt.Fprintln(os.Stderr, "building versitygw, an S3 server to test against: about two minutes, once")
	ctx, cancel := context.WithTimeout(context.Background(), 9*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-C", source, "-trimpath", "-ldflags=-s -w", "-o", built+".new", "github.com/versity/versitygw/cmd/versitygw")
	build.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("versitygw cannot be built: %w: %s", err, out)
	}
	return built, os.Rename(built+".new", built)
})

// module finds the server's module from the folder of any test.
func module() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		source := filepath.Join(dir, "testdata", "versitygw")
		if _, err := os.Stat(filepath.Join(source, "go.mod")); err == nil {
			return source, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("there is no testdata/versitygw above")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}
