// Package command tries what a person or a job meets around the commands: terminals,
// pipes, environment variables, help, the start.
package command

import (
	"testing"

	"aliasctl/internal/acceptance/program"
)

func TestMain(m *testing.M) { program.Main(m) }
