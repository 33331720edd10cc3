// Package secrets looks for the token in everything that the program writes.
package secrets

import (
	"testing"

	"aliasctl/internal/acceptance/program"
)

func TestMain(m *testing.M) { program.Main(m) }
