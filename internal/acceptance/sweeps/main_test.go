// Package sweeps plays a story of each newer kind of step, loads, releases, displaced
// names, grants and renames, while every request of it fails in every way and the
// program dies at each: what the README promises of the step holds.
package sweeps

import (
	"testing"

	"aliasctl/internal/acceptance/program"
)

func TestMain(m *testing.M) { program.Main(m) }
