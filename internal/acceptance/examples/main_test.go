// Package examples runs what stands in examples/ and in the action.
package examples

import (
	"testing"

	"aliasctl/internal/acceptance/program"
)

func TestMain(m *testing.M) { program.Main(m) }
