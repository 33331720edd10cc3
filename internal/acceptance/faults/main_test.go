// Package faults plays stories while requests, disks and processes fail at every
// instant: what the README promises holds wherever a run is cut.
package faults

import (
	"testing"

	"aliasctl/internal/acceptance/program"
)

func TestMain(m *testing.M) { program.Main(m) }
