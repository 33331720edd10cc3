// Package sweeps lets every request of a story fail in every way: those of a rich run,
// and those of each kind of step, loads, releases, displaced names, grants and renames,
// where the program also dies at each. What the README promises of the step holds.
package sweeps

import (
	"testing"

	"aliasctl/internal/acceptance/program"
)

func TestMain(m *testing.M) { program.Main(m) }
