package stores

import (
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit/gateway"
)

// A bucket that does not exist is a mistyped one, and no first run, although some
// servers make it on the first write: each command refuses it and names it, and
// makes none.
func TestAMissingBucketIsNoFirstRun(t *testing.T) {
	servers := map[string]func(t *testing.T) store{
		"rclone":             s3On(gateway.RcloneLocal),
		"rclone over memory": s3On(gateway.RcloneMemory),
		"s3rver":             s3On(gateway.S3rver),
		"swift":              s3On(gateway.Swift),
	}
	maps.Copy(servers, dear)
	for _, kind := range []string{"s3", "s3 on gofakes3", "gs", "azblob"} {
		servers[kind] = kinds[kind]
	}
	cluster := httptest.NewServer(scene.Story{Existing: []string{"default/products_v1"}}.Build(emulator.V26))
	t.Cleanup(cluster.Close)
	dir := t.TempDir()
	manifest, source := filepath.Join(dir, "aliases.yaml"), filepath.Join(dir, "source.json")
	program.Must(t, os.WriteFile(manifest, []byte("version: 1\naliases:\n  products: products_v1\n"), 0o644))
	if code, _, told := run(t, nil, "sync", "--apply", "-f", manifest, "--uri", cluster.URL, "--state", source); code != 0 {
		t.Fatal(told)
	}
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			missing := strings.Replace(s.location("prod.json"), "/"+gateway.Bucket+"/", "/staets/", 1)
			for _, line := range [][]string{
				{"sync", "-f", manifest, "--uri", cluster.URL, "--state", missing},
				{"sync", "--apply", "-f", manifest, "--uri", cluster.URL, "--state", missing},
				{"doctor", "-f", manifest, "--uri", cluster.URL, "--state", missing},
				{"drift", "-f", manifest, "--uri", cluster.URL, "--state", missing},
				{"state", "show", "--state", missing},
				{"state", "show", "--history", "--state", missing},
				{"state", "pull", "--state", missing},
				{"state", "push", "--state", missing, source},
				{"state", "migrate", source, missing},
				{"state", "migrate", missing, filepath.Join(t.TempDir(), "there.json")},
				{"lock", "show", "--state", missing},
				{"lock", "release", "an-id", "--state", missing},
			} {
				if name == "azblob" && slices.Contains(line, "--history") {
					continue // is not asked
				}
				code, out, told := run(t, s.environment, line...)
				if line[0] == "doctor" {
					told += out
				} else if out != "" {
					t.Errorf("%q printed %s", line, out)
				}
				if code != 1 || !strings.Contains(told, "create the ") || strings.Contains(told, "first run") {
					t.Errorf("%q: exit code %d: %s", line, code, told)
				}
			}
			if s.buckets == nil {
				return
			}
			if all := s.buckets(t); len(all) != 1 || all[0] != gateway.Bucket {
				t.Errorf("buckets after it: %q", all)
			}
		})
	}
}

// A state that was removed from a bucket is noted as that: the lock object remembers it.
func TestARemovedStateIsNoted(t *testing.T) {
	server := gateway.Gofakes3
	address := server.Start(t)
	user, secret := server.Credentials()
	environment := []string{"AWS_ACCESS_KEY_ID=" + user, "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_EC2_METADATA_DISABLED=true"}
	c := newStandingCluster(t)
	do := func(line ...string) (code int, told string) {
		code, stdout, stderr := run(t, environment, append(line, "--state", gateway.Location(address, "prod.json"))...)
		return code, strings.Join(strings.Fields(stdout+stderr), " ")
	}
	apply, plan := []string{"sync", "--apply", "-f", c.manifest, "--uri", c.URL}, []string{"sync", "-f", c.manifest, "--uri", c.URL}
	if code, told := do(apply...); code != 0 || strings.Contains(told, "was saved") {
		t.Fatalf("the first run: exit %d: %s", code, told)
	}
	client, err := server.Client(address)
	program.Must(t, err)
	program.Must(t, client.RemoveObject(t.Context(), gateway.Bucket, "prod.json", minio.RemoveObjectOptions{}))
	for _, line := range [][]string{plan, apply} {
		if code, told := do(line...); code != 0 || !strings.Contains(told, "where serial 1 was saved: it was removed, or a replica of the store lags behind") {
			t.Errorf("%q: exit %d: %s", line, code, told)
		}
	}
	if code, told := do(plan...); code != 0 || strings.Contains(told, "was removed") {
		t.Errorf("after it: exit %d: %s", code, told)
	}
}
