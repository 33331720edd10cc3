// Package gateway starts real object stores on loopback for tests: those of
// states in objects use them, and the scripts of the program. Most of them speak
// S3; fake-gcs-server speaks Cloud Storage's JSON API and azurite Azure's.
package gateway

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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
	// installed are the programs that testdata/NAME/start starts, and packages
	// those of Debian that have them, for a server that is not built here.
	installed []string
	packages  string
	args      func(address, dir string) []string
	// user is its own user and secret, where that of all is not taken.
	user, secret string
	// makes makes the bucket; nil for that of an S3 server.
	makes func(ctx context.Context, address string) error
	// dear is a server whose build takes minutes, or which wants packages that few
	// machines have: tests use it where STORES=all is set.
	dear bool
}

var (
	// Versitygw keeps objects in files, with their metadata in attributes.
	Versitygw = Server{name: "versitygw", tool: "github.com/versity/versitygw/cmd/versitygw",
		args: func(address, dir string) []string { return []string{"--port", address, "--quiet", "posix", dir} }}
	// VersitygwVersions also keeps versions, in a folder of their own. It creates
	// nothing over a delete marker.
	VersitygwVersions = Server{name: "versitygw", tool: "github.com/versity/versitygw/cmd/versitygw",
		args: func(address, dir string) []string {
			objects, versions := filepath.Join(dir, "objects"), filepath.Join(dir, "versions")
			_, _ = os.Mkdir(objects, 0o755), os.Mkdir(versions, 0o755) // else it names what is missing
			return []string{"--port", address, "--quiet", "posix", "--versioning-dir", versions, objects}
		}}
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
			names := []string{"s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc"}
			for i, port := range freePorts(host, len(names)) {
				line = append(line, "-"+names[i], port)
			}
			return line
		}}
	// Radosgw is Ceph's gateway over a monitor and an OSD in memory. It takes an ETag
	// without quotes only, and ignores If-None-Match in a bucket with versions.
	Radosgw = Server{name: "radosgw", dear: true, packages: "radosgw, ceph-mon and ceph-osd",
		installed: []string{"radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph"},
		args: func(address, dir string) []string {
			host, _, _ := net.SplitHostPort(address)
			return append([]string{address, dir}, freePorts(host, 1)...)
		}}
	// Swift is OpenStack's store with its S3 API. It does not know conditional
	// writes, and its users belong to accounts.
	Swift = Server{name: "swift", user: "test:" + User, dear: true, packages: "swift-proxy, swift-account, swift-container, swift-object and memcached",
		installed: []string{"swift-proxy-server", "swift-account-server", "swift-container-server", "swift-object-server", "memcached"},
		args: func(address, dir string) []string {
			host, _, _ := net.SplitHostPort(address)
			return append([]string{address, dir}, freePorts(host, 4)...)
		}}
	// S3rver ignores conditions.
	S3rver = Server{name: "s3rver", user: "S3RVER", secret: "S3RVER", args: func(address, dir string) []string {
		host, port, _ := net.SplitHostPort(address)
		return []string{"--directory", dir, "--address", host, "--port", port, "--silent"}
	}}
)

// freePorts are ports that nothing listens on, but for what takes one in between.
func freePorts(host string, n int) (ports []string) {
	for range n {
		free, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			continue // then the server reports which port is taken
		}
		_, port, _ := net.SplitHostPort(free.Addr().String())
		ports = append(ports, port)
		defer free.Close()
	}
	return ports
}

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
		why := "takes minutes to build"
		if s.installed != nil {
			why = "needs Debian's packages " + s.packages
		}
		t.Skipf("%s %s: STORES=all has it too", s.name, why)
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
		makes = s.makeBucket
	}
	for range 5 { // another process may take the port
		if address := s.try(t, program, dir); address != "" {
			for deadline := time.Now().Add(s.patience()); ; time.Sleep(100 * time.Millisecond) {
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

// patience is how long a server may take to answer its first request.
func (s Server) patience() time.Duration {
	if s.dear {
		return 2 * time.Minute
	}
	return 30 * time.Second
}

func (s Server) makeBucket(ctx context.Context, address string) error {
	client, err := s.Client(address)
	if err != nil {
		return err
	}
	return client.MakeBucket(ctx, Bucket, minio.MakeBucketOptions{})
}

// Credentials are those of its user.
func (s Server) Credentials() (user, secret string) {
	return cmp.Or(s.user, User), cmp.Or(s.secret, Secret)
}

// Client is a plain S3 client of the server at an address.
func (s Server) Client(address string) (*minio.Client, error) {
	user, secret := s.Credentials()
	return minio.New(address, &minio.Options{Creds: credentials.NewStaticV4(user, secret, ""), Region: Region})
}

// Client is a plain S3 client of a server with the usual user.
func Client(address string) (*minio.Client, error) { return Server{}.Client(address) }

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
	end := func() { _ = cmd.Process.Kill() }
	if s.installed != nil { // several processes, which end with their input
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		end = func() { _ = stdin.Close() }
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	stop := func() { end(); <-ended }
	for deadline := time.Now().Add(s.patience()); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
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
	t.Logf("%s does not answer: %s", s.name, said.String())
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
