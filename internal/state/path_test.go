package state_test

import (
	"os"
	"testing"

	statefile "aliasctl/internal/state"
)

func TestDefaultPath(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/prod.d", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		manifests []string
		want      string
		ok        bool
	}{
		{nil, "aliases.state.json", true},
		{[]string{"aliases.yaml"}, "aliases.state.json", true},
		{[]string{"deploy/prod.eu.yml"}, "deploy/prod.eu.state.json", true},
		{[]string{"v1.2/aliases"}, "v1.2/aliases.state.json", true},
		{[]string{dir + "/prod.d"}, dir + "/prod.d/aliases.state.json", true},
		{[]string{dir + "/prod.d/"}, dir + "/prod.d/aliases.state.json", true},
		{[]string{dir + "/none.d"}, dir + "/none.state.json", true},
		{[]string{"-"}, "", false},
		{[]string{"a.yaml", "b.yaml"}, "", false},
	} {
		if got, ok := statefile.DefaultPath(tt.manifests); got != tt.want || ok != tt.ok {
			t.Errorf("%q: got %q, %v", tt.manifests, got, ok)
		}
	}
}
