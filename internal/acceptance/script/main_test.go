// Package script runs the scripts of testdata/script: what a user types, against
// emulated clusters, and what has to come of it.
package script

import (
	"testing"

	"aliasctl/internal/acceptance/program"
)

func TestMain(m *testing.M) { program.Main(m) }
