// Package install has the tests of what is installed: how the program is built,
// what it prints of its build, and what it reads of earlier versions.
package install

import (
	"testing"

	"aliasctl/internal/acceptance/program"
)

func TestMain(m *testing.M) { program.Main(m) }
