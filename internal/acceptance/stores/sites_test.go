package stores

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/state"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/testkit/gateway"
	"aliasctl/internal/testkit/gitserver"
	"aliasctl/internal/testkit/stateserver"
	"aliasctl/internal/testkit/weather"
)

// site is a state in a store, which runs meet under a sky.
type site struct {
	name        string
	server      http.Handler
	location    string
	environment []string
}

// sites start a server each, and return what makes the site of one state. The
// environment is that of this process too.
var sites = map[string]func(t *testing.T, sky *weather.Sky, address string) func(name string) site{
	"s3": func(t *testing.T, sky *weather.Sky, address string) func(string) site {
		server := gateway.Start(t)
		setenv(t, "AWS_ACCESS_KEY_ID", gateway.User)
		setenv(t, "AWS_SECRET_ACCESS_KEY", gateway.Secret)
		trust := trusted(t, sky, server, address)
		return func(name string) site {
			trust(name)
			return site{name, weather.Forward(server), gateway.Location(address, name),
				[]string{"AWS_ACCESS_KEY_ID=" + gateway.User, "AWS_SECRET_ACCESS_KEY=" + gateway.Secret, "AWS_EC2_METADATA_DISABLED=true"}}
		}
	},
	"gs": func(t *testing.T, _ *weather.Sky, address string) func(string) site {
		server := gateway.FakeGCS.Start(t)
		setenv(t, "STORAGE_EMULATOR_HOST", address)
		return func(name string) site {
			location := "gs://" + gateway.Bucket + "/" + name
			return site{name, weather.Forward(server), location, []string{"STORAGE_EMULATOR_HOST=" + address}}
		}
	},
	"azblob": func(t *testing.T, _ *weather.Sky, address string) func(string) site {
		server := gateway.Azurite.Start(t)
		setenv(t, "AZURE_STORAGE_KEY", gateway.AzureKey)
		return func(name string) site {
			return site{name, weather.Forward(server), gateway.AzureLocation(address, name),
				[]string{"AZURE_STORAGE_KEY=" + gateway.AzureKey}}
		}
	},
	"git": func(t *testing.T, _ *weather.Sky, address string) func(string) site {
		setenv(t, "GIT_CONFIG_NOSYSTEM", "1")
		setenv(t, "GIT_CONFIG_GLOBAL", os.DevNull)
		return func(name string) site {
			var server http.Handler
			repository := gitserver.Start(t, func(h http.Handler) http.Handler { server = http.StripPrefix("/"+name, h); return h })
			return site{name, server,
				"git::http://" + address + "/" + name + "/deploy.git//prod.json?insecure=true&ref=" + repository.Branch,
				[]string{"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}}
		}
	},
	"http": func(t *testing.T, _ *weather.Sky, address string) func(string) site {
		server := weather.Forward(strings.TrimPrefix((&stateserver.Server{}).Start(t), "http://"))
		return func(name string) site {
			return site{name, server, "http://" + address + "/" + name + "?insecure=true", []string{}}
		}
	},
	"gitlab": func(t *testing.T, _ *weather.Sky, address string) func(string) site {
		const token = "token-of-the-job"
		server := weather.Forward(strings.TrimPrefix((&stateserver.Server{GitLab: true, Token: token}).Start(t), "http://"))
		api, project := "http://"+address+"/api/v4", path.Base(stateserver.Project)
		setenv(t, "CI_API_V4_URL", api)
		setenv(t, "CI_PROJECT_ID", project)
		setenv(t, "CI_JOB_TOKEN", token)
		return func(name string) site {
			return site{name, server, "gitlab:" + name, []string{"CI_API_V4_URL=" + api, "CI_PROJECT_ID=" + project, "CI_JOB_TOKEN=" + token}}
		}
	},
}

// trusted returns what spares a state the trial of its store: the lock object of
// another one at that address remembers it.
func trusted(t *testing.T, sky *weather.Sky, server, address string) func(name string) {
	sky.Over("trusted.json", weather.Forward(server))
	l, err := stores.Open(gateway.Location(address, "trusted.json"))
	program.Must(t, err)
	lock, err := l.Lock(t.Context(), time.Minute, state.Holder{})
	program.Must(t, err)
	program.Must(t, lock.Release())
	client, err := gateway.Client(server)
	program.Must(t, err)
	there, err := client.GetObject(t.Context(), gateway.Bucket, "trusted.json.lock", minio.GetObjectOptions{})
	program.Must(t, err)
	body, err := io.ReadAll(there)
	program.Must(t, err)
	return func(name string) {
		_, err := client.PutObject(t.Context(), gateway.Bucket, name+".lock", bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{})
		program.Must(t, err)
	}
}

// setenv is t.Setenv for kinds side by side: each has variables of its own.
func setenv(t *testing.T, name, value string) {
	before, was := os.LookupEnv(name)
	program.Must(t, os.Setenv(name, value))
	t.Cleanup(func() {
		if was {
			_ = os.Setenv(name, before)
		} else {
			_ = os.Unsetenv(name)
		}
	})
}
