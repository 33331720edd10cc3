package state_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
)

var deploy = statefile.Holder{Host: "ci-7", PID: 4711, User: "deploy", Command: "aliasctl sync --apply", Started: noon}

func TestSelf(t *testing.T) {
	h := statefile.Self([]string{"/usr/bin/aliasctl", "sync", "--only", "a b", "-f", "it's.yaml"}, noon.In(time.FixedZone("", 3600)))
	if h.PID != os.Getpid() || h.Host == "" || h.User == "" || !h.Started.Equal(noon) {
		t.Errorf("got %+v", h)
	}
	if want := `/usr/bin/aliasctl sync --only 'a b' -f 'it'\''s.yaml'`; h.Command != want {
		t.Errorf("got %s, want %s", h.Command, want)
	}
	long := statefile.Self([]string{strings.Repeat("é", 4000)}, noon)
	if len(long.Command) > 1010 || !strings.HasSuffix(long.Command, "é...") {
		t.Errorf("%d bytes, ending in %q", len(long.Command), long.Command[len(long.Command)-10:])
	}
}

func TestTheHolderTellsItsRunInCI(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{nil, ""},
		{map[string]string{"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "shop/search", "GITHUB_RUN_ID": "42"}, "https://github.example/shop/search/actions/runs/42"},
		{map[string]string{"GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "42"}, ""},
		{map[string]string{"CI_JOB_URL": "https://gitlab.example/shop/search/-/jobs/7"}, "https://gitlab.example/shop/search/-/jobs/7"},
		{map[string]string{"CI_JOB_URL": "https://ci:token@gitlab.example/jobs/7"}, ""},
		{map[string]string{"CI_JOB_URL": "https://gitlab.example/jobs/7?private_token=x"}, ""},
		{map[string]string{"CI_JOB_URL": "7"}, ""},
	} {
		for _, name := range []string{"GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "CI_JOB_URL"} {
			t.Setenv(name, tt.env[name])
		}
		h := statefile.Self(nil, noon)
		if h.Run != tt.want {
			t.Errorf("%v: got %q, want %q", tt.env, h.Run, tt.want)
		}
		if tt.want != "" && !strings.HasSuffix(h.String(), fmt.Sprintf(" (%q)", tt.want)) {
			t.Errorf("the run is not told: %s", h)
		}
	}
}

// The holder is read from a file that another process writes at that time.
func TestAHolderThatCannotBeRead(t *testing.T) {
	whole, err := json.Marshal(deploy)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ content, want string }{
		{"", "another process, which left no name"},
		{string(whole[:20]), "another process, which left no name"},
		{"\x00\xff garbage", "another process, which left no name"},
		{string(whole) + "\n" + `old","started":"2020-01-01T00:00:00Z"}`, `"deploy" on host "ci-7"`},
		{`{"user":"a\u001b[2Jb\nc"}`, `"a\x1b[2Jb\nc"`},
	} {
		path := t.TempDir() + "/s.json"
		l := acquire(t, path)
		if err := os.WriteFile(path+".lock", []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := local.Acquire(t.Context(), path, 0, deploy)
		if !statefile.IsLocked(err) || !strings.Contains(err.Error(), "is locked by "+tt.want) {
			t.Errorf("%q: %v", tt.content, err)
		}
		_ = l.Release()
	}
}
