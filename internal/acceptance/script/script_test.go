package script

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
)

func TestMain(m *testing.M) { program.Main(m) }

func TestScripts(t *testing.T) {
	testscript.Run(t, Of("testdata/script", emulator.V26))
}

// The scripts are found where they are looked for.
func TestThereAreScripts(t *testing.T) {
	for _, pattern := range []string{"testdata/script/*.txtar", "testdata/script/every-version/*.txtar", "testdata/script/bucket/*.txtar"} {
		if found, err := filepath.Glob(pattern); err != nil || len(found) == 0 {
			t.Errorf("no scripts match %s (%v)", pattern, err)
		}
	}
}
