// Package stories runs the scripts of testdata/script/every-version against each version
// of Milvus.
package stories

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/acceptance/script"
	"aliasctl/internal/emulator"
)

func TestMain(m *testing.M) { program.Main(m) }

// The stories that every version of Milvus has to tell.
func TestStoriesOfEveryVersion(t *testing.T) {
	for _, profile := range emulator.Profiles() {
		t.Run(profile.Name, func(t *testing.T) {
			testscript.Run(t, script.Of("testdata/script/every-version", profile))
		})
	}
}
