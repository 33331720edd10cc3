package git_test

import (
	"os"
	"testing"

	"aliasctl/internal/state/git"
)

func TestMain(m *testing.M) {
	for name, value := range map[string]string{"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull,
		"ALIASCTL_GIT_TOKEN": "", "ALIASCTL_GIT_USERNAME": ""} {
		os.Setenv(name, value)
	}
	code := m.Run()
	git.Clean()
	os.Exit(code)
}
