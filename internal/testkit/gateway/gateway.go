// Package gateway starts real object stores on loopback for tests: those of
// states in objects use them, and the scripts of the program. Most of them speak
// S3; fake-gcs-server speaks Cloud Storage's JSON API and azurite Azure's.
package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
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

// Server is a kind of object store that can be built here.
type Server struct {
	name   string // of the folder in testdata with its module
	tool   string // the package to build; "" for a program of npm
	script string // of that program, in its module; "" for bin/NAME.js
	args   func(address, dir string) []string
	// makes makes the bucket; nil for that of an S3 server.
	makes func(ctx context.Context, address string) error
	// dear is a server whose build takes minutes: tests use it where STORES=all is
	// set.
	dear bool
}

var (
	// Versitygw keeps objects in files, with their metadata in attributes.
	Versitygw = Server{name: "versitygw", tool: "github.com/versity/versitygw/cmd/versitygw",
		args: func(address, dir string) []string { return []string{"--port", address, "--quiet", "posix", dir} }}
	// Gofakes3 keeps objects in memory.
	Gofakes3 = Server{name: "gofakes3", tool: "github.com/johannesboyne/gofakes3/cmd/gofakes3",
		args: func(address, _ string) []string { return []string{"-host", address, "-backend", "memory"} }}
	// RcloneLocal serves a folder.
	RcloneLocal = Server{name: "rclone", tool: ".", // with two of its backends
		args: func(address, dir string) []string {
			return []string{"serve", "s3", "--addr", address, "--auth-key", User + "," + Secret, "--config", "", dir}
		}}
	// RcloneMemory serves its memory, and keeps conditions only for one client
	// at a time.
	RcloneMemory = Server{name: "rclone", tool: ".", // with two of its backends
		args: func(address, _ string) []string {
			return []string{"serve", "s3", "--addr", address, "--auth-key", User + "," + Secret, "--config", "", ":memory:"}
		}}
	// MinIO is the last open module of it. Six minutes of a core to build.
	MinIO = Server{name: "minio", tool: "github.com/minio/minio", dear: true,
		args: func(address, dir string) []string {
			return []string{"server", "--quiet", "--address", address, "--console-address", "127.0.0.1:0", dir}
		}}
	// SeaweedFS is a master, a volume server, a filer and an S3 gateway in one process.
	// Ten minutes of a core to build.
	SeaweedFS = Server{name: "seaweedfs", tool: "github.com/seaweedfs/seaweedfs/weed", dear: true,
		args: func(address, dir string) []string {
			host, port, _ := net.SplitHostPort(address)
			line := []string{"server", "-dir", dir, "-ip", host, "-ip.bind", host, "-filer", "-s3", "-s3.port", port}
			for _, name := range []string{"s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc"} {
				free, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
				if err != nil {
					continue // then it says itself which port is taken
				}
				_, port, _ := net.SplitHostPort(free.Addr().String())
				line = append(line, "-"+name, port)
				defer free.Close()
			}
			return line
		}}
	// S3rver ignores conditions.
	S3rver = Server{name: "s3rver", args: func(address, dir string) []string {
		host, port, _ := net.SplitHostPort(address)
		return []string{"--directory", dir, "--address", host, "--port", port, "--silent"}
	}}
)

// Start starts versitygw for one test, and returns its address.
func Start(t *testing.T) (address string) {
	t.Helper()
	return Versitygw.Start(t)
}

// Start starts a server for one test, and returns its address. Where it cannot
// be built the test is skipped with the reason, but not in CI.
func (s Server) Start(t *testing.T) (address string) {
	t.Helper()
	if s.dear && os.Getenv("STORES") != "all" {
		t.Skipf("%s takes minutes to build: STORES=all has it too", s.name)
	}
	skip := t.Skipf
	if os.Getenv("CI") != "" {
		skip = t.Fatalf
	}
	program, err := s.program()
	if err != nil {
		skip("no %s to test against: %v", s.name, err)
	}
	dir, err := attributesDir(t)
	if err != nil {
		skip("no place for an object store: %v", err)
	}
	makes := s.makes
	if makes == nil {
		makes = makeBucket
	}
	for range 5 { // another process may take the port
		if address := s.try(t, program, dir); address != "" {
			for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
				err := makes(t.Context(), address)
				if err == nil {
					return address
				}
				if time.Now().After(deadline) {
					t.Fatal(err)
				}
			}
		}
	}
	t.Fatalf("%s does not start", s.name)
	return ""
}

func makeBucket(ctx context.Context, address string) error {
	client, err := Client(address)
	if err != nil {
		return err
	}
	return client.MakeBucket(ctx, Bucket, minio.MakeBucketOptions{})
}

// Client is a plain S3 client of such a server.
func Client(address string) (*minio.Client, error) {
	creds := credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.Static{Value: credentials.Value{AccessKeyID: User, SecretAccessKey: Secret, SignerType: credentials.SignatureV4}}})
	return minio.New(address, &minio.Options{Creds: creds, Region: Region})
}

// try returns "" where the server ends at once.
func (s Server) try(t *testing.T, program []string, dir string) (address string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = free.Addr().String()
	_ = free.Close()
	var said strings.Builder
	cmd := exec.Command(program[0], append(program[1:], s.args(address, dir)...)...)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+User, "ROOT_SECRET_KEY="+Secret,
		"AWS_ACCESS_KEY_ID="+User, "AWS_SECRET_ACCESS_KEY="+Secret, // SeaweedFS
		"MINIO_ROOT_USER="+User, "MINIO_ROOT_PASSWORD="+Secret, "MINIO_CI_CD=1", "MINIO_UPDATE=off")
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
			t.Logf("%s ended: %s", s.name, said.String())
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
	err := markFile(dir)
	if err == nil {
		return dir, nil
	}
	here, mkdirErr := os.MkdirTemp(".", ".s3-*")
	if mkdirErr != nil {
		return "", errors.Join(err, mkdirErr)
	}
	t.Cleanup(func() { _ = os.RemoveAll(here) })
	return here, markFile(here)
}
