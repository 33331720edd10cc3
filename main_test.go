package main

import (
	"testing"

	"aliasctl/internal/acceptance/program"
)

// The README is held against what the real program prints.
func TestMain(m *testing.M) { program.Main(m) }
