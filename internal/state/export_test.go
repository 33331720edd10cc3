package state

import (
	"testing"
	"time"
)

// SetPatience shortens for how long an object tries again what fails.
func SetPatience(t testing.TB, l Location, patience time.Duration) {
	t.Helper()
	b, err := l.(*Object).connect()
	if err != nil {
		t.Fatal(err)
	}
	b.patience = patience
}
