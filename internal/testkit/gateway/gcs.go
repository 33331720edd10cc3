package gateway

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// FakeGCS keeps objects in memory and speaks Cloud Storage's JSON API. It keeps
// the conditions of uploads, and of nothing else; it asks for no credentials.
// Clients find it by STORAGE_EMULATOR_HOST.
var FakeGCS = Server{name: "fake-gcs-server", tool: "github.com/fsouza/fake-gcs-server",
	args: func(address, _ string) []string {
		host, port, _ := net.SplitHostPort(address)
		return []string{"-backend", "memory", "-scheme", "http", "-host", host, "-port", port, "-log-level", "error"}
	},
	makes: func(ctx context.Context, address string) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/storage/v1/b?project=test",
			strings.NewReader(`{"name": "`+Bucket+`", "versioning": {"enabled": true}}`))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s does not make a bucket: %s", address, resp.Status)
		}
		return nil
	}}
