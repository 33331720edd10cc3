// Package stores has the real program keep its state in every kind of store
// that it knows, on the servers at hand.
package stores

import (
	"bytes"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/testkit/gateway"
	"aliasctl/internal/testkit/gitserver"
	"aliasctl/internal/testkit/stateserver"
)

func TestMain(m *testing.M) { program.Main(m) }

// store is a place for states.
type store struct {
	location    func(name string) string
	environment []string
	buckets     func(t *testing.T) []string // what an S3 server has; nil for another
}

// kinds start a server each.
var kinds = map[string]func(t *testing.T) store{
	"file": func(t *testing.T) store {
		dir := t.TempDir()
		return store{location: func(name string) string { return filepath.Join(dir, name) }}
	},
	"s3":             s3On(gateway.Versitygw),
	"s3 on gofakes3": s3On(gateway.Gofakes3),
	"gs": func(t *testing.T) store {
		address := gateway.FakeGCS.Start(t)
		return store{location: func(name string) string { return "gs://" + gateway.Bucket + "/" + name }, environment: []string{"STORAGE_EMULATOR_HOST=" + address}}
	},
	"azblob": func(t *testing.T) store {
		address := gateway.Azurite.Start(t)
		return store{location: func(name string) string { return gateway.AzureLocation(address, name) }, environment: []string{"AZURE_STORAGE_KEY=" + gateway.AzureKey}}
	},
	"git": func(t *testing.T) store {
		return store{location: gitserver.Start(t, nil).File, environment: []string{"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}}
	},
	"http": func(t *testing.T) store {
		url := (&stateserver.Server{}).Start(t)
		return store{location: func(name string) string { return url + "/" + name + "?insecure=true" }}
	},
	"gitlab": func(t *testing.T) store {
		const token = "token-of-the-job"
		url := (&stateserver.Server{GitLab: true, Token: token}).Start(t)
		return store{location: func(name string) string { return "gitlab:" + name },
			environment: []string{"CI_API_V4_URL=" + url + "/api/v4", "CI_PROJECT_ID=" + path.Base(stateserver.Project), "CI_JOB_TOKEN=" + token}}
	},
}

// dear are servers of kinds that STORES=all starts.
var dear = map[string]func(t *testing.T) store{
	"s3 on minio":     s3On(gateway.MinIO),
	"s3 on seaweedfs": s3On(gateway.SeaweedFS),
	"s3 on radosgw":   s3On(gateway.Radosgw),
}

func s3On(server gateway.Server) func(t *testing.T) store {
	return func(t *testing.T) store {
		address := server.Start(t)
		user, secret := server.Credentials()
		return store{
			location:    func(name string) string { return gateway.Location(address, name) },
			environment: []string{"AWS_ACCESS_KEY_ID=" + user, "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_EC2_METADATA_DISABLED=true"},
			buckets: func(t *testing.T) (names []string) {
				client, err := server.Client(address)
				program.Must(t, err)
				all, err := client.ListBuckets(t.Context())
				program.Must(t, err)
				for _, bucket := range all {
					names = append(names, bucket.Name)
				}
				return names
			},
		}
	}
}

// run is one run of the program.
func run(t *testing.T, environment []string, line ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command("aliasctl", line...)
	cmd.Dir = t.TempDir()
	cmd.Env = program.Environment(environment...)
	var out, told bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &told
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), told.String()
}
